# SPDX-License-Identifier: GPL-3.0-or-later
"""The tab Voxel in the sidebar of the node editors, entries in their menu, and the signs on nodes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import bpy
from bpy.app.handlers import persistent
from bpy.props import BoolProperty, EnumProperty

from ..graph.travel import minor, parts
from . import draw_desk, overlay
from .blender import DESK
from .panels import VoxelPanel, columns
from .shown import shown


def _length(_: Any) -> int:
    return LENGTHS.index(DESK.length)


def _set_length(_: Any, value: int) -> None:
    DESK.length = LENGTHS[value]
    if DESK.words:
        DESK.show_words(DESK.view.key, DESK.words)


def _layout(_: Any) -> bool:
    return DESK.layout


def _set_layout(_: Any, value: bool) -> None:
    DESK.layout = value


@cache
def versions() -> tuple[tuple[str, str, str], ...]:
    """The Blenders that a tree of this one can be checked for. Kept, as Blender keeps no hold of a menu's texts."""
    newer = sorted({minor(part.new) for part in parts() if minor(part.new) > bpy.app.version[:2]})
    names = [".".join(map(str, version)) for version in newer]
    elsewhere = ((name, f"Blender {name}", f"And what {name} would lose") for name in names)
    return (HERE, "This Blender", "Only what is wrong here"), *elsewhere


def _version_items(self: Any, context: Any) -> tuple[tuple[str, str, str], ...]:
    return versions()


def _to(_: Any) -> int:
    names = [name for name, _, _ in versions()]
    return names.index(DESK.to) if DESK.to in names else 0


def _set_to(_: Any, value: int) -> None:
    DESK.to = versions()[value][0] if value else ""


LENGTHS = ("line", "paragraph", "full")
HERE = "HERE"


class VOXEL_PG_desk(bpy.types.PropertyGroup):
    if TYPE_CHECKING:
        layout: bool
        length: str
        to: str
    else:
        layout: BoolProperty(
            name="Keep Layout",
            description="Keep names, places, frames and colours of nodes in the Python code too",
            get=_layout,
            set=_set_layout,
        )
        length: EnumProperty(
            name="Length",
            items=(
                ("line", "Line", "One sentence"),
                ("paragraph", "Paragraph", "What it takes and gives, its main way and its techniques"),
                ("full", "Full", "Every input, every technique and every node that leads to an output"),
            ),
            get=_length,
            set=_set_length,
        )
        to: EnumProperty(
            name="For",
            description="The Blender that the tree goes to",
            items=_version_items,
            get=_to,
            set=_set_to,
        )


class VOXEL_MT_compare(bpy.types.Menu):
    bl_idname = "VOXEL_MT_compare"
    bl_label = "Compare With…"

    def draw(self, context: bpy.types.Context) -> None:
        column = self.layout.column()
        column.operator_context = "INVOKE_DEFAULT"
        column.operator("voxel.compare_here", icon="NODETREE")
        column.operator("voxel.compare_file", icon="FILE_BLEND")
        column.operator("voxel.compare_save", icon="FILE_BACKUP")


class NodePanel(VoxelPanel):
    """Where the panels of node editors stand."""

    bl_space_type = "NODE_EDITOR"


class VOXEL_PT_tree(NodePanel, bpy.types.Panel):  # type: ignore[misc]
    bl_label = "This Tree"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return shown(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        draw_desk.buttons(self.layout, context.window_manager.voxel_desk, elsewhere=len(versions()) > 1)
        draw_desk.outcome(self.layout, DESK.view, columns(context))


class VOXEL_PT_told(NodePanel, bpy.types.Panel):  # type: ignore[misc]
    bl_label = ""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(DESK.view.lines) and shown(context) is not None

    def draw_header(self, context: bpy.types.Context) -> None:
        self.layout.label(text=DESK.view.title)

    def draw(self, context: bpy.types.Context) -> None:
        what = shown(context)
        desk = context.window_manager.voxel_desk
        draw_desk.lines(self.layout, DESK.view, desk, what.key if what else "", columns(context))


class VOXEL_PT_stack(VoxelPanel, bpy.types.Panel):  # type: ignore[misc]
    bl_label = "Modifiers of This Object"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return context.active_object is not None

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.operator("voxel.copy_stack", icon="COPYDOWN")
        draw_desk.outcome(self.layout, DESK.view, columns(context))


def in_menu(menu: Any, context: bpy.types.Context) -> None:
    """Entries at the end of the editor's menu Node and of its context menu, where the mouse is over the nodes."""
    if shown(context) is not None:
        menu.layout.separator()
        menu.layout.operator("voxel.copy_graph", icon="COPYDOWN")
        menu.layout.operator("voxel.paste_graph", icon="PASTEDOWN")


@persistent  # type: ignore[untyped-decorator]
def loaded(*_: Any) -> None:
    """Another file: what is shown and awaited is about trees that are gone, though they may be called alike."""
    DESK.forget()


MENUS = ("NODE_MT_node", "NODE_MT_context_menu")
CLASSES = (VOXEL_PG_desk, VOXEL_MT_compare, VOXEL_PT_tree, VOXEL_PT_told, VOXEL_PT_stack)


def register() -> None:
    """What is no class: fields, menu entries and the signs on nodes."""
    bpy.types.WindowManager.voxel_desk = bpy.props.PointerProperty(type=VOXEL_PG_desk)  # type: ignore[attr-defined]
    for name in MENUS:
        getattr(bpy.types, name).append(in_menu)
    bpy.app.handlers.load_post.append(loaded)
    overlay.register()


def unregister() -> None:
    overlay.unregister()
    bpy.app.handlers.load_post.remove(loaded)
    for name in MENUS:
        getattr(bpy.types, name).remove(in_menu)
    del bpy.types.WindowManager.voxel_desk  # type: ignore[attr-defined]
