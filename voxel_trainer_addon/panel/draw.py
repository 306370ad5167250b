# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel's layout: functions of a layout and a frozen view alone, so that a recorder can stand in for Blender's."""

from __future__ import annotations

import textwrap
from typing import Any

from ..runs import Phase
from .view import Row, View

Layout = Any
ICONS = {"waiting": "RADIOBUT_OFF", "started": "PLAY", "done": "CHECKMARK", "skipped": "REMOVE", "aside": "INFO"}
WORDS_LINES = 12
NOTE_LINES = 3


def main(layout: Layout, view: View, choices: Any, columns: int) -> None:
    """The whole main panel; `columns` is how many characters stand side by side."""
    _choices(layout, view, choices, columns)
    _buttons(layout, view)
    if view.headline:
        icon, text = view.headline
        wrapped(layout, text, columns, icon)
    if view.rows:
        stages = layout.column(align=True)
        for row in view.rows:
            _stage(stages, row)
    if view.lines:
        lines = layout.column(align=True)
        if view.note:
            wrapped(lines, view.note, columns, "BLANK1", most=NOTE_LINES)
        for text in view.lines[1:] if view.note else view.lines:
            lines.label(text=text, icon="BLANK1", translate=False)
    if view.words:
        wrapped(layout, view.words, columns)
    if view.phase in (Phase.FINISHED, Phase.STOPPED) and not view.planned:
        _results(layout)


def _choices(layout: Layout, view: View, choices: Any, columns: int) -> None:
    fields = layout.column()
    fields.enabled = not view.phase.alive
    fields.use_property_split = True
    fields.use_property_decorate = False
    fields.prop(choices, "folder")
    if view.holds:
        wrapped(fields, view.holds, columns, "BLANK1", active=False)
    fields.prop(choices, "licence")
    fields.prop(choices, "data")


def _buttons(layout: Layout, view: View) -> None:
    """One big button in one place; what stands beside it keeps its place too."""
    row = layout.row(align=True)
    row.scale_y = 1.6
    if view.phase is Phase.PAUSED:
        row.operator("voxel.resume", text="Resume", icon="PLAY")
    elif view.phase.alive:
        row.operator("voxel.pause", text="Pause", icon="PAUSE")
    elif view.resumable:
        row.operator("voxel.resume", text="Resume", icon="PLAY")
    else:
        again = view.phase is Phase.FINISHED and not view.planned and view.harvested
        row.operator("voxel.start", text="Run Again" if again else "Harvest & Train", icon="PLAY")
    if view.phase.alive:
        row.operator("voxel.cancel", text="Cancel", icon="X")
    else:
        if view.resumable:
            row.operator("voxel.start", text="Run Again", icon="FILE_REFRESH")
        row.operator("voxel.copy_command", text="", icon="COPYDOWN")


def _stage(layout: Layout, row: Row) -> None:
    line = layout.split(factor=0.36)
    name, value = line.row(), line.row()
    name.active = row.state != "waiting"
    name.label(text=row.title, icon=ICONS.get(row.state, "PAUSE"))
    if row.factor is None:
        value.label(text=row.text)
    else:
        value.progress(factor=row.factor, text=row.text)


def _results(layout: Layout) -> None:
    row = layout.row(align=True)
    row.operator("voxel.open_report", icon="URL")
    row.operator("voxel.open_folder", icon="FILE_FOLDER")


def options(layout: Layout, view: View, choices: Any) -> None:
    """The closed part with what has a good default."""
    fields = layout.column()
    fields.enabled = not view.phase.alive
    fields.use_property_split = True
    fields.use_property_decorate = False
    for name in ("bundled", "preset", "name", "model"):
        fields.prop(choices, name)


def asides(layout: Layout, view: View, columns: int) -> None:
    """What was set aside, newest first, each with its reason."""
    for item, reason in view.asides:
        entry = layout.column(align=True)
        wrapped(entry, item, columns, "FILE_BLEND")
        wrapped(entry, reason, columns, "BLANK1", active=False)
    if view.aside_count > len(view.asides):
        layout.label(text=f"{view.aside_count - len(view.asides):,} more in the report", icon="BLANK1")


def wrapped(
    layout: Layout, text: str, columns: int, icon: str = "NONE", *, active: bool = True, most: int = WORDS_LINES
) -> None:
    """A text in as many labels as it needs: Blender's labels do not wrap. The icon stands before the first."""
    room = max(12, columns - (3 if icon != "NONE" else 0))
    column = layout.column(align=True)
    column.active = active
    lines = textwrap.wrap(text, room)
    for number, line in enumerate(lines[:most]):
        last = number == most - 1 and len(lines) > most
        mark = icon if number == 0 or icon == "NONE" else "BLANK1"
        column.label(text=line + (" …" if last else ""), icon=mark, translate=False)
