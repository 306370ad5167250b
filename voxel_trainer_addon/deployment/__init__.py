# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage deploy: for now the register of tuned models; the assistant comes later."""
