# SPDX-License-Identifier: GPL-3.0-or-later
"""The heart: node trees as plain data, their canonical form, the Python that makes them. Only `blender/` knows bpy."""
