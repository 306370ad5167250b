# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage deploy: which models there are and which one answers, how two compare in use, and what is watched."""
