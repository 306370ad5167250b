# SPDX-License-Identifier: GPL-3.0-or-later
"""Training in the sidebar: its curve as a picture that is drawn anew now and then, and the buttons beside it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import FloatProperty, IntProperty, StringProperty

from . import curve, draw_training
from .blender import REMOTE, opened, program
from .icons import Icons
from .panels import VoxelPanel, columns
from .view_training import Training

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Returned = set[OperatorReturnItems]

EVERY_S = 2.0
PICTURE = "curve"


class Picture:
    """The curve as an icon of ours, at most one every `EVERY_S` seconds."""

    def __init__(self) -> None:
        self._icons = Icons()
        self._drawn: tuple[Any, ...] = ()
        self._at = 0.0

    @property
    def icon(self) -> int:
        return self._icons[PICTURE]

    def look(self, shown: Training | None) -> bool:
        """Draw what is new, where it is time to; whether the picture is another one now."""
        wanted = (shown.job, shown.train, shown.held, shown.seconds) if shown else ()
        if not shown or wanted == self._drawn or time.monotonic() - self._at < EVERY_S:
            return False
        self._icons.clear()
        self._icons.draw(PICTURE, curve.picture(shown.train, shown.held, shown.seconds))
        self._drawn, self._at = wanted, time.monotonic()
        return True

    def forget(self) -> None:
        self._icons.forget()
        self._drawn, self._at = (), 0.0


CURVE = Picture()


class VOXEL_PT_training(VoxelPanel, bpy.types.Panel):  # type: ignore[misc]
    bl_label = "Training"
    bl_parent_id = "VOXEL_PT_main"
    bl_order = 0

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return REMOTE.view.training is not None

    def draw(self, context: bpy.types.Context) -> None:
        if shown := REMOTE.view.training:
            alive = REMOTE.view.phase.alive
            draw_training.training(self.layout, shown, CURVE.icon, columns(context), alive=alive)


class VOXEL_OT_open_log(bpy.types.Operator):
    bl_idname = "voxel.open_log"
    bl_label = "Open Log"
    bl_description = "Open all that the trainer said, line by line"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(REMOTE.view.training and REMOTE.view.training.log)

    def execute(self, context: bpy.types.Context) -> Returned:
        path = REMOTE.log()
        if path is None:
            self.report({"ERROR"}, "The log of this job is not there any more")
            return {"CANCELLED"}
        bpy.ops.wm.path_open(filepath=str(path))
        return {"FINISHED"}


def _train(operator: Any, changes: list[str]) -> Returned:
    opened()
    try:
        REMOTE.train_again(program(), operator.job, changes)
    except OSError as error:
        operator.report({"ERROR"}, f"The training could not start: {error}")
        return {"CANCELLED"}
    return {"FINISHED"}


class VOXEL_OT_train_again(bpy.types.Operator):
    bl_idname = "voxel.train_again"
    bl_label = "Run Again"
    bl_description = "Train this job once more by its record: the same rows, seed and plan"

    if TYPE_CHECKING:
        job: str
    else:
        job: StringProperty(name="Job", options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not REMOTE.view.phase.alive

    def execute(self, context: bpy.types.Context) -> Returned:
        return _train(self, [])


class VOXEL_OT_train_with_changes(bpy.types.Operator):
    bl_idname = "voxel.train_with_changes"
    bl_label = "Run with Changes"
    bl_description = "Train this job once more, with another seed, rate, rank or time"

    if TYPE_CHECKING:
        job: str
        seed: int
        rate: float
        rank: int
        minutes: float
    else:
        job: StringProperty(name="Job", options={"HIDDEN", "SKIP_SAVE"})
        seed: IntProperty(name="Seed", description="Which rows, and in what order", min=-1, default=-1)
        rate: FloatProperty(name="Rate", description="Learning rate", min=0.0, max=0.1, precision=6, default=0.0)
        rank: IntProperty(name="Rank", description="Rank of a LoRA adapter", min=0, max=256, default=0)
        minutes: FloatProperty(name="Minutes", description="Time for training", min=0.0, default=0.0)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not REMOTE.view.phase.alive

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Returned:
        return context.window_manager.invoke_props_dialog(self, title="Run with Changes", confirm_text="Train")

    def draw(self, context: bpy.types.Context) -> None:
        fields = self.layout.column()
        fields.use_property_split = True
        for name in ("seed", "rate", "rank", "minutes"):
            fields.prop(self, name)
        fields.label(text="What is left as it stands stays as the job had it", icon="INFO")

    def execute(self, context: bpy.types.Context) -> Returned:
        changes = ["--seed", str(self.seed)] if self.seed >= 0 else []
        changes += ["--rate", f"{self.rate:g}"] if self.rate else []
        changes += ["--rank", str(self.rank)] if self.rank else []
        changes += ["--train-time", f"{self.minutes:g}m"] if self.minutes else []
        return _train(self, changes)


CLASSES = (VOXEL_OT_open_log, VOXEL_OT_train_again, VOXEL_OT_train_with_changes, VOXEL_PT_training)


def look() -> bool:
    """Draw the curve anew where it is time to; whether the sidebar must be drawn again."""
    return CURVE.look(REMOTE.view.training)
