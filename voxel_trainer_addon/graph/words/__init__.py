# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node tree is and does, in plain sentences that can each be checked against it."""
