# SPDX-License-Identifier: GPL-3.0-or-later
"""Background Blenders that do one thing at a time: `pool` starts and watches them, `inside` is the program they run."""
