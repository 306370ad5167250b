# SPDX-License-Identifier: GPL-3.0-or-later
"""Examples of the dataset in the sidebar, before anything is spent on it: the panel and its button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import IntProperty

from . import draw_examples
from .blender import REMOTE
from .panels import VoxelPanel, columns

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Returned = set[OperatorReturnItems]


class VOXEL_PT_examples(VoxelPanel, bpy.types.Panel):  # type: ignore[misc]
    bl_label = "Preview"
    bl_parent_id = "VOXEL_PT_main"
    bl_order = 2
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return REMOTE.view.example is not None

    def draw(self, context: bpy.types.Context) -> None:
        if shown := REMOTE.view.example:
            draw_examples.example(self.layout, shown, columns(context))


class VOXEL_OT_next_example(bpy.types.Operator):
    bl_idname = "voxel.next_example"
    bl_label = "Next Example"

    if TYPE_CHECKING:
        step: int
    else:
        step: IntProperty(name="Step", description="How many examples further", default=1, options={"SKIP_SAVE"})

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        return "Show the example before" if properties.step < 0 else "Show the next example of the dataset"

    def execute(self, context: bpy.types.Context) -> Returned:
        REMOTE.preview.step(self.step)
        REMOTE.refresh()
        return {"FINISHED"}


CLASSES = (VOXEL_OT_next_example, VOXEL_PT_examples)
