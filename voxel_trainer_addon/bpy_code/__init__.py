# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of bpy code, taken apart without running it."""
