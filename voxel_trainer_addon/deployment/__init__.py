# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage deploy: which tuned models there are, and the server that answers by them."""
