# SPDX-License-Identifier: GPL-3.0-or-later
"""The headless command: argv to a plan, events to a terminal or to JSON lines."""
