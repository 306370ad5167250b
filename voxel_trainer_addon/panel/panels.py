# SPDX-License-Identifier: GPL-3.0-or-later
"""The tab Voxel in the 3D viewport's sidebar."""

from __future__ import annotations

import bpy

from . import draw
from .blender import REMOTE

CHARACTER_PX = 6
MARGIN_PX = 40


def columns(context: bpy.types.Context) -> int:
    """How many characters stand side by side in the region."""
    scale = context.preferences.system.ui_scale
    return max(20, int((context.region.width - MARGIN_PX * scale) / (CHARACTER_PX * scale)))


class VoxelPanel:
    """Where the panels stand."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Voxel"


class VOXEL_PT_main(VoxelPanel, bpy.types.Panel):  # type: ignore[misc]
    bl_label = "Voxel Trainer"

    def draw(self, context: bpy.types.Context) -> None:
        REMOTE.seen = True
        draw.main(self.layout, REMOTE.view, context.window_manager.voxel, columns(context))


class VOXEL_PT_options(VoxelPanel, bpy.types.Panel):  # type: ignore[misc]
    bl_label = "Options"
    bl_parent_id = "VOXEL_PT_main"
    bl_order = 1  # the searches come first
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        draw.options(self.layout, REMOTE.view, context.window_manager.voxel)


class VOXEL_PT_aside(VoxelPanel, bpy.types.Panel):  # type: ignore[misc]
    bl_label = ""
    bl_parent_id = "VOXEL_PT_main"
    bl_order = 5
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(REMOTE.view.asides)

    def draw_header(self, context: bpy.types.Context) -> None:
        self.layout.label(text=f"Set Aside ({REMOTE.view.aside_count:,})")

    def draw(self, context: bpy.types.Context) -> None:
        draw.asides(self.layout, REMOTE.view, columns(context))


CLASSES = (VOXEL_PT_main, VOXEL_PT_options, VOXEL_PT_aside)
