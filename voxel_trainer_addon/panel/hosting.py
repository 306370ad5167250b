# SPDX-License-Identifier: GPL-3.0-or-later
"""Train at a Host in the sidebar: the part and its buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import bpy

from . import draw_hosting
from .blender import REMOTE, opened, program
from .operators import in_a_terminal
from .panels import VoxelPanel, columns

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Returned = set[OperatorReturnItems]

BUSY = "A run is under way in this data folder"


class VOXEL_PT_hosting(VoxelPanel, bpy.types.Panel):  # type: ignore[misc]
    bl_label = "Train at a Host"
    bl_parent_id = "VOXEL_PT_main"
    bl_order = 2
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        REMOTE.hosting_seen = True
        draw_hosting.hosting(self.layout, REMOTE.view, context.window_manager.voxel, columns(context))


def _started(operator: Any, start: Callable[[Any], None]) -> Returned:
    opened()
    try:
        start(program())
    except OSError as error:
        operator.report({"ERROR"}, f"The training could not start: {error}")
        return {"CANCELLED"}
    return {"FINISHED"}


class VOXEL_OT_train_at_host(bpy.types.Operator):
    bl_idname = "voxel.train_at_host"
    bl_label = "Send and Train"

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        return "Send the rows that are told above to the host, and have it tune the model on them" + in_a_terminal(
            REMOTE.hosted_words()
        )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        shown = REMOTE.view.hosting
        why = BUSY if REMOTE.view.phase.alive else shown.why
        if why:
            cls.poll_message_set(why.rstrip("."))
        return bool(shown.host) and not why

    def execute(self, context: bpy.types.Context) -> Returned:
        return _started(self, REMOTE.train_at_host)


class VOXEL_OT_ask_hosts(bpy.types.Operator):
    bl_idname = "voxel.ask_hosts"
    bl_label = "Ask How They Stand"
    bl_description = "Ask each host once after the jobs that are there"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        why = BUSY if REMOTE.view.phase.alive else REMOTE.offline.rstrip(".")
        if why:
            cls.poll_message_set(why)
        return not why

    def execute(self, context: bpy.types.Context) -> Returned:
        return _started(self, REMOTE.ask_hosts)


CLASSES = (VOXEL_OT_train_at_host, VOXEL_OT_ask_hosts, VOXEL_PT_hosting)
