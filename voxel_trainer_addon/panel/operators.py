# SPDX-License-Identifier: GPL-3.0-or-later
"""The buttons. Each one asks the remote control for one thing and says in a sentence when that cannot be."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import EnumProperty, StringProperty

from ..runs import Needs, Phase, training_needs
from ..runs.code_copy import script
from ..searches import TERMS
from .blender import REMOTE, offline, opened, program
from .draw import wrapped
from .draw_searches import sheet

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Returned = set[OperatorReturnItems]

SHEET_PX = 460
SHEET_COLUMNS = 62


def command(words: Sequence[str]) -> str:
    """The line for a terminal that gives `words` to the headless command."""
    return shlex.join(program().command(script(), words))


def in_a_terminal(words: Sequence[str]) -> str:
    """The end of a tooltip."""
    return f"\n\nThe same in a terminal: {command(words)}"


class VOXEL_OT_start(bpy.types.Operator):
    bl_idname = "voxel.start"
    bl_label = "Harvest & Train"

    if TYPE_CHECKING:
        training: str
    else:
        training: EnumProperty(
            name="Training",
            items=(
                ("TRAIN", "Set Up and Train", "Download what training needs, then go through all stages"),
                ("LATER", "Dataset Only", "Harvest, parse and build the dataset; nothing is downloaded"),
            ),
            default="LATER",
            options={"SKIP_SAVE"},
        )

    needs: Needs | None = None
    terms: tuple[str, ...] = ()

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        return (
            "Turn .blend files into a dataset, tune a model on it and compare before and after. It works in the "
            "background and goes on when Blender is closed" + in_a_terminal(REMOTE.words(train=True))
        )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if REMOTE.view.phase.alive:
            cls.poll_message_set("A run is under way in this data folder")
            return False
        if REMOTE.view.lacking:
            cls.poll_message_set(REMOTE.view.lacking)
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Returned:
        opened()
        self.needs = _needs()
        self.training = "TRAIN"
        self.terms = unread_terms()
        if self.needs is None and not self.terms:
            return self.execute(context)
        if self.needs and offline():
            self.training = "LATER"
        title = "Before Training" if self.needs else "Before the First Search"
        confirm = "Train Anyway" if self.needs and self.needs.large else "Start"
        return context.window_manager.invoke_props_dialog(self, width=SHEET_PX, title=title, confirm_text=confirm)

    def draw(self, context: bpy.types.Context) -> None:
        column = self.layout.column()
        sheet(column, [*self.terms, *(self.needs.sentences() if self.needs else ())], SHEET_COLUMNS)
        if not self.needs:
            return
        choice = self.layout.row()
        if why := offline():
            wrapped(column, why, SHEET_COLUMNS, "INFO")
            choice.enabled = False
        choice.prop(self, "training", expand=True)

    def execute(self, context: bpy.types.Context) -> Returned:
        opened()
        folder = REMOTE.choices.folder
        if folder and not Path(folder).is_dir():
            self.report({"ERROR"}, f"There is no folder {folder}. Choose another one")
            return {"CANCELLED"}
        train = self.training == "TRAIN" or _needs() is None
        if train and self.needs and self.needs.large:
            REMOTE.choices.anyway = REMOTE.asked().model
        REMOTE.choices.terms |= bool(self.terms)
        try:
            REMOTE.start(program(), train=train)
        except OSError as error:
            self.report({"ERROR"}, f"The run could not start: {error}")
            return {"CANCELLED"}
        return {"FINISHED"}


def _needs() -> Needs | None:
    asked = REMOTE.asked()
    return training_needs(asked.train_env, asked.model, asked.anyway)


def unread_terms() -> tuple[str, ...]:
    """What is said before GitHub is searched for the first time; nothing where it was said, or is not to be asked."""
    if REMOTE.choices.terms or not REMOTE.view.searches.asks_github:
        return ()
    return (
        "The searches ask GitHub under your token: first what there is, then single files that may be used by their "
        "licence. Each keeps its licence, author and address.",
        TERMS,
    )


class VOXEL_OT_pause(bpy.types.Operator):
    bl_idname = "voxel.pause"
    bl_label = "Pause"
    bl_description = "Finish the work in hand and take nothing new until you resume"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        # while a run is starting too: it reads the wish when it is there
        return REMOTE.view.phase in (Phase.STARTING, Phase.RUNNING) and not REMOTE.view.asked

    def execute(self, context: bpy.types.Context) -> Returned:
        return _steer(self, "pause")


class VOXEL_OT_resume(bpy.types.Operator):
    bl_idname = "voxel.resume"
    bl_label = "Resume"
    bl_description = "Go on from where the run stopped; what is done is not done again"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return REMOTE.view.resumable or (REMOTE.view.phase is Phase.PAUSED and not REMOTE.view.asked)

    def execute(self, context: bpy.types.Context) -> Returned:
        try:
            REMOTE.resume(program())
        except OSError as error:
            self.report({"ERROR"}, f"The run could not go on: {error}")
            return {"CANCELLED"}
        return {"FINISHED"}


class VOXEL_OT_cancel(bpy.types.Operator):
    bl_idname = "voxel.cancel"
    bl_label = "Cancel"
    bl_description = "Stop the run. What is done is kept, and Resume goes on from there"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return REMOTE.view.phase.alive and REMOTE.view.asked != "cancel"

    def execute(self, context: bpy.types.Context) -> Returned:
        return _steer(self, "cancel")


def _steer(operator: bpy.types.Operator, what: str) -> Returned:
    try:
        REMOTE.steer(what)
    except OSError as error:
        operator.report({"ERROR"}, f"The run could not be told to {what}: {error}")
        return {"CANCELLED"}
    return {"FINISHED"}


class VOXEL_OT_open_report(bpy.types.Operator):
    bl_idname = "voxel.open_report"
    bl_label = "Open Report"
    bl_description = "Open the report in the browser; it needs no network"

    if TYPE_CHECKING:
        path: str
    else:
        path: StringProperty(
            name="Report", description="Its place, empty for that of this run", options={"HIDDEN", "SKIP_SAVE"}
        )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not (REMOTE.view.report or REMOTE.view.evaluating.report):
            cls.poll_message_set("This run made no report: it ended before there was a dataset")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> Returned:
        path = Path(self.path or REMOTE.view.report)
        if not path.is_file():
            self.report({"ERROR"}, f"There is no report any more at {path}")
            return {"CANCELLED"}
        bpy.ops.wm.url_open(url=path.as_uri())
        return {"FINISHED"}


class VOXEL_OT_open_folder(bpy.types.Operator):
    bl_idname = "voxel.open_folder"
    bl_label = "Open Folder"
    bl_description = "Show the data folder in the system's file browser"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(REMOTE.view.folder)

    def execute(self, context: bpy.types.Context) -> Returned:
        if not Path(REMOTE.view.folder).is_dir():
            self.report({"ERROR"}, f"There is no folder {REMOTE.view.folder} yet")
            return {"CANCELLED"}
        bpy.ops.wm.path_open(filepath=REMOTE.view.folder)
        return {"FINISHED"}


class VOXEL_OT_copy_command(bpy.types.Operator):
    bl_idname = "voxel.copy_command"
    bl_label = "Copy Command"
    bl_description = "Copy the line that does the same in a terminal or on a server"

    def execute(self, context: bpy.types.Context) -> Returned:
        opened()
        context.window_manager.clipboard = command(REMOTE.words(train=True))
        self.report({"INFO"}, "The command is on the clipboard")
        return {"FINISHED"}


CLASSES = (
    VOXEL_OT_start,
    VOXEL_OT_pause,
    VOXEL_OT_resume,
    VOXEL_OT_cancel,
    VOXEL_OT_open_report,
    VOXEL_OT_open_folder,
    VOXEL_OT_copy_command,
)
