# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluate in the sidebar: the part and its button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from . import draw_evaluating
from .blender import REMOTE, opened, program
from .operators import in_a_terminal
from .panels import VoxelPanel, columns
from .view_evaluating import NO_MODEL

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Returned = set[OperatorReturnItems]


class VOXEL_PT_evaluate(VoxelPanel, bpy.types.Panel):  # type: ignore[misc]
    bl_label = "Evaluate"
    bl_parent_id = "VOXEL_PT_main"
    bl_order = 3
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        REMOTE.models_seen = True
        draw_evaluating.evaluating(self.layout, REMOTE.view, context.window_manager.voxel, columns(context))


class VOXEL_OT_evaluate(bpy.types.Operator):
    bl_idname = "voxel.evaluate"
    bl_label = "Evaluate"

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        return (
            "Ask the model and those that it has to beat the same held-out prompts, run the answers in Blender and say "
            "whether it is better. Answers are kept, so nobody is asked twice" + in_a_terminal(REMOTE.evaluate_words())
        )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        why = "A run is under way in this data folder" if REMOTE.view.phase.alive else ""
        why = why or ("" if REMOTE.view.evaluating.subject else NO_MODEL)
        if why:
            cls.poll_message_set(why)
        return not why

    def execute(self, context: bpy.types.Context) -> Returned:
        opened()
        try:
            REMOTE.evaluate(program())
        except OSError as error:
            self.report({"ERROR"}, f"The evaluation could not start: {error}")
            return {"CANCELLED"}
        return {"FINISHED"}


CLASSES = (VOXEL_OT_evaluate, VOXEL_PT_evaluate)
