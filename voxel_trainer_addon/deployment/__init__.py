# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage deploy: which models there are and which one answers, its server, how two compare in use, what is watched."""
