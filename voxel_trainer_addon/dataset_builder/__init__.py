# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage dataset: from records to proven pairs of request and code, split without leaks."""
