# SPDX-License-Identifier: GPL-3.0-or-later
"""Models in the sidebar: the part, and the buttons that say which one answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import StringProperty

from . import draw_models
from .blender import REMOTE, opened
from .draw_searches import sheet
from .operators import SHEET_COLUMNS, SHEET_PX, in_a_terminal
from .panels import VoxelPanel, columns

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Returned = set[OperatorReturnItems]


class VOXEL_PT_models(VoxelPanel, bpy.types.Panel):  # type: ignore[misc]
    bl_label = "Models"
    bl_parent_id = "VOXEL_PT_main"
    bl_order = 4
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        REMOTE.models_seen = True
        draw_models.models(self.layout, REMOTE.view.models, columns(context))


class Moves:
    """An operator that moves the pointer to the live model."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if REMOTE.view.models.busy:
            cls.poll_message_set("Another move is under way")  # type: ignore[attr-defined]
        return not REMOTE.view.models.busy


class OfModel(Moves):
    """One about a model."""

    if TYPE_CHECKING:
        model: str
    else:
        model: StringProperty(name="Model", options={"HIDDEN", "SKIP_SAVE"})


def _move(operator: Any, *words: str) -> Returned:
    opened()
    try:
        REMOTE.move(*words)
    except OSError as error:
        operator.report({"ERROR"}, f"The command could not start: {error}")
        return {"CANCELLED"}
    return {"FINISHED"}


class VOXEL_OT_promote(OfModel, bpy.types.Operator):  # type: ignore[misc]
    bl_idname = "voxel.promote"
    bl_label = "Promote"

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        told = "Let this model answer, if its files are whole and no evaluation shows that it is worse"
        return told + in_a_terminal(REMOTE.deploy_words("promote", properties.model))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Returned:
        live = REMOTE.view.models.live
        message = (
            f"It answers from now on, in place of {live}. Roll Back undoes that" if live else "It answers from now on"
        )
        return context.window_manager.invoke_confirm(
            self, event, title=f"Promote {self.model}?", message=message, confirm_text="Promote", icon="QUESTION"
        )

    def execute(self, context: bpy.types.Context) -> Returned:
        return _move(self, "promote", self.model)


class VOXEL_OT_promote_anyway(OfModel, bpy.types.Operator):  # type: ignore[misc]
    bl_idname = "voxel.promote_anyway"
    bl_label = "Promote Anyway..."

    if TYPE_CHECKING:
        reason: str
    else:
        reason: StringProperty(
            name="Reason", description="Why it is to answer all the same", maxlen=500, options={"SKIP_SAVE"}
        )

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        told = "Overrule what stands against this model, with a reason that is kept"
        return told + in_a_terminal(REMOTE.deploy_words("promote", properties.model, "--force", "REASON"))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Returned:
        return context.window_manager.invoke_props_dialog(
            self, width=SHEET_PX, title=f"Promote {self.model} Anyway", confirm_text="Promote"
        )

    def draw(self, context: bpy.types.Context) -> None:
        if note := REMOTE.view.models.note:
            sheet(self.layout, note[1][1:], SHEET_COLUMNS)
        self.layout.activate_init = True
        self.layout.prop(self, "reason")

    def execute(self, context: bpy.types.Context) -> Returned:
        if not self.reason.strip():
            self.report({"ERROR"}, "Give a reason: it stays in the history of the models")
            return {"CANCELLED"}
        return _move(self, "promote", self.model, f"--force={self.reason.strip()}")


class VOXEL_OT_roll_back(Moves, bpy.types.Operator):
    bl_idname = "voxel.roll_back"
    bl_label = "Roll Back"

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        return "Let the model answer again that did before" + in_a_terminal(REMOTE.deploy_words("rollback"))

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not REMOTE.view.models.back:
            cls.poll_message_set("No model was live before")
            return False
        return super().poll(context)

    def execute(self, context: bpy.types.Context) -> Returned:
        return _move(self, "rollback")


CLASSES = (VOXEL_OT_promote, VOXEL_OT_promote_anyway, VOXEL_OT_roll_back, VOXEL_PT_models)
