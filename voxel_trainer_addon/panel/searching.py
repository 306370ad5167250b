# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of searches in the sidebar: its panel, its filters, and its buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from ..searches import DEFAULTS
from . import draw_searches
from .blender import REMOTE, mirror, offline, opened, program, show_preferences
from .operators import SHEET_COLUMNS, SHEET_PX, unread_terms
from .panels import VoxelPanel, columns

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Returned = set[OperatorReturnItems]

EVERY = "github:"
"""All default searches."""
DIALOG_PX = 360


class VOXEL_UL_searches(bpy.types.UIList):
    def draw_item(
        self,
        context: Any,
        layout: Any,
        data: Any,
        item: Any,
        icon: int,
        active_data: Any,
        active_property: str,
        index: int,
    ) -> None:
        rows = REMOTE.view.searches.rows
        if index < len(rows):
            draw_searches.search(layout, rows[index], item, index)


class VOXEL_PT_searches(VoxelPanel, bpy.types.Panel):  # type: ignore[misc]
    bl_label = ""
    bl_parent_id = "VOXEL_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw_header(self, context: bpy.types.Context) -> None:
        on = REMOTE.view.searches.on
        self.layout.label(text=f"Searches ({on:,})" if on else "Searches")

    def draw(self, context: bpy.types.Context) -> None:
        draw_searches.searches(self.layout, REMOTE.view, context.window_manager.voxel, columns(context))


class VOXEL_PT_filters(VoxelPanel, bpy.types.Panel):  # type: ignore[misc]
    bl_label = "Filters"
    bl_parent_id = "VOXEL_PT_searches"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        draw_searches.filters(self.layout, REMOTE.view, context.window_manager.voxel)


class VOXEL_MT_searches(bpy.types.Menu):
    bl_label = "Default Searches"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator("voxel.add_search", text="All Default Searches").text = EVERY
        layout.separator()
        for name, words in DEFAULTS.items():
            layout.operator("voxel.add_search", text=name).text = words


def _changed(operator: bpy.types.Operator) -> Returned:
    """Show the list as it is now, and say at the click what could not be done."""
    mirror()
    if trouble := REMOTE.trouble:
        operator.report({"ERROR"}, trouble)
        return {"CANCELLED"}
    return {"FINISHED"}


class VOXEL_OT_add_search(bpy.types.Operator):
    bl_idname = "voxel.add_search"
    bl_label = "Add Search"
    bl_description = "Add a search on GitHub, or the address of any git repository"
    bl_property = "text"

    if TYPE_CHECKING:
        text: str
    else:
        text: StringProperty(
            name="Search",
            description="Words to search GitHub for, as on github.com, or the address of a git repository",
            options={"SKIP_SAVE"},
        )

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        if properties.text == EVERY:
            return "Add every search of this menu that is not in the list"
        return f"Search GitHub for: {properties.text}" if properties.text else cls.bl_description

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Returned:
        if self.text:
            return self.execute(context)
        return context.window_manager.invoke_props_dialog(self, width=DIALOG_PX, confirm_text="Add")

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.activate_init = True
        self.layout.prop(self, "text", text="")
        told = "Words as on github.com, such as: blender rocks license:cc0-1.0, or https://host/owner/name"
        draw_searches.sheet(self.layout, [told], DIALOG_PX // 7)

    def execute(self, context: bpy.types.Context) -> Returned:
        opened()
        REMOTE.change(lambda queue: queue.add([self.text]), at=len(REMOTE.view.searches.rows))
        return _changed(self)


class VOXEL_OT_remove_search(bpy.types.Operator):
    bl_idname = "voxel.remove_search"
    bl_label = "Remove Search"
    bl_description = "Take the chosen search out of the list. What it brought stays"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return REMOTE.view.searches.chosen is not None

    def execute(self, context: bpy.types.Context) -> Returned:
        at = REMOTE.view.searches.at
        REMOTE.change(lambda queue: queue.remove(at), at=max(0, at - 1))
        return _changed(self)


class VOXEL_OT_move_search(bpy.types.Operator):
    bl_idname = "voxel.move_search"
    bl_label = "Move Search"
    bl_description = "Let the chosen search run earlier or later"

    if TYPE_CHECKING:
        up: bool
    else:
        up: BoolProperty(name="Up", description="Earlier", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return len(REMOTE.view.searches.rows) > 1

    def execute(self, context: bpy.types.Context) -> Returned:
        at = REMOTE.view.searches.at
        to = max(0, min(at + (-1 if self.up else 1), len(REMOTE.view.searches.rows) - 1))
        REMOTE.change(lambda queue: queue.move(at, to), at=to)
        return _changed(self)


class VOXEL_OT_search_told(bpy.types.Operator):
    bl_idname = "voxel.search_told"
    bl_label = "Show State"
    bl_description = "How this search stood last"

    if TYPE_CHECKING:
        at: int
    else:
        at: IntProperty(name="Search", description="Place in the list", options={"SKIP_SAVE"})

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        rows = REMOTE.view.searches.rows
        return rows[properties.at].told.rstrip(".") if properties.at < len(rows) else ""

    def execute(self, context: bpy.types.Context) -> Returned:
        REMOTE.at = self.at
        REMOTE.refresh()
        return {"FINISHED"}


class VOXEL_OT_enter_token(bpy.types.Operator):
    bl_idname = "voxel.enter_token"
    bl_label = "Enter Token..."
    bl_description = "Open the preferences where a token for GitHub is entered"

    def execute(self, context: bpy.types.Context) -> Returned:
        show_preferences()
        return {"FINISHED"}


class VOXEL_OT_plan(bpy.types.Operator):
    bl_idname = "voxel.plan"
    bl_label = "Plan"
    bl_description = (
        "Ask what the searches would bring: how many files, how large, under which licences, and what that costs. "
        "No file is fetched"
    )
    terms: tuple[str, ...] = ()

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        why = "A run is under way in this data folder" if REMOTE.view.phase.alive else ""
        why = why or ("" if REMOTE.view.searches.on else "Add a search first, or switch one on")
        why = why or REMOTE.view.searches.lacking or offline().rstrip(".")
        if why:
            cls.poll_message_set(why)
        return not why

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Returned:
        opened()
        self.terms = unread_terms()
        if not self.terms:
            return self.execute(context)
        title = "Before the First Search"
        return context.window_manager.invoke_props_dialog(self, width=SHEET_PX, title=title, confirm_text="Plan")

    def draw(self, context: bpy.types.Context) -> None:
        draw_searches.sheet(self.layout, self.terms, SHEET_COLUMNS)

    def execute(self, context: bpy.types.Context) -> Returned:
        REMOTE.choices.terms |= bool(self.terms)
        try:
            REMOTE.plan(program())
        except OSError as error:
            self.report({"ERROR"}, f"The plan could not be made: {error}")
            return {"CANCELLED"}
        return {"FINISHED"}


CLASSES = (
    VOXEL_UL_searches,
    VOXEL_MT_searches,
    VOXEL_OT_add_search,
    VOXEL_OT_remove_search,
    VOXEL_OT_move_search,
    VOXEL_OT_search_told,
    VOXEL_OT_enter_token,
    VOXEL_OT_plan,
    VOXEL_PT_searches,
    VOXEL_PT_filters,
)
