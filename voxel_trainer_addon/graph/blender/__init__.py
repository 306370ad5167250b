# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's node trees and the plain graph: the only part of the graph that knows bpy."""
