# SPDX-License-Identifier: GPL-3.0-or-later
"""The layout of the node editors' sidebar: functions of a layout and a frozen view, as in `draw`."""

from __future__ import annotations

from typing import Any

from .desk import DeskView, Line
from .draw import wrapped

Layout = Any
SHOWN = 60
"""Lines that are drawn; a sidebar of hundreds would hold Blender up."""


def buttons(layout: Layout, desk: Any, *, elsewhere: bool) -> None:
    """What can be done with the tree that is open; `desk` holds the fields. `elsewhere`: there are newer Blenders."""
    column = layout.column(align=True)
    row = column.row(align=True)
    row.operator("voxel.copy_python", icon="COPYDOWN")
    row.operator("voxel.save_script", text="", icon="FILE_TICK")
    column.prop(desk, "layout")
    row = layout.row(align=True)
    row.operator("voxel.copy_graph", icon="COPYDOWN")
    row.operator("voxel.paste_graph", icon="PASTEDOWN")
    column = layout.column(align=True)
    column.operator("voxel.explain", icon="TEXT")
    column.menu("VOXEL_MT_compare", icon="UV_SYNC_SELECT")
    row = column.row(align=True)
    row.operator("voxel.check", icon="CHECKMARK")
    if elsewhere:
        row.prop(desk, "to", text="")


def outcome(layout: Layout, view: DeskView, columns: int) -> None:
    """What is waited for, or how it ended."""
    if view.busy:
        first = " A background Blender starts first." if view.starting else ""
        wrapped(layout, view.busy + first, columns, "TIME")
    elif view.note:
        icon, sentence = view.note
        wrapped(layout, sentence, columns, icon)
        for told in view.told:
            wrapped(layout, told, columns, "DOT")


def lines(layout: Layout, view: DeskView, desk: Any, key: str, columns: int) -> None:
    """The sentences of the view; `key` is the tree in this editor, which may be another one by now."""
    head = layout.row()
    head.label(text=view.key.split("/", 1)[-1], icon="NODETREE", translate=False)
    head.operator("voxel.clear_desk", text="", icon="X", emboss=False)
    if view.title == "Explain":
        layout.row().prop(desk, "length", expand=True)
    here = view.key == key
    if not here:
        wrapped(layout, "This editor shows another tree.", columns, "INFO")
    column = layout.column()
    for line in view.lines[:SHOWN]:
        _line(column, view, line, here, columns)
    if len(view.lines) > SHOWN:
        column.label(text=f"{len(view.lines) - SHOWN:,} more")


def _line(layout: Layout, view: DeskView, line: Line, here: bool, columns: int) -> None:
    row = layout.row()
    if view.title == "Choose":
        told = row.operator("voxel.compare", text=line.text, icon=line.icon, translate=False)
        told.at = line.at
        return
    sign = f"{line.sign}  " if line.sign else ""
    wrapped(row, sign + line.text, columns - (10 if view.title == "Compare" else 6 if line.nodes else 1), line.icon)
    side = row.row(align=True)
    side.alignment = "RIGHT"
    side.enabled = here
    if line.nodes:
        side.operator("voxel.select_nodes", text="", icon="RESTRICT_SELECT_OFF").at = line.at
    if view.title == "Compare":
        side.operator("voxel.take_change", text="", icon="IMPORT").at = line.at
