# SPDX-License-Identifier: GPL-3.0-or-later
"""The layout of the part Evaluate: functions of a layout and a frozen view alone."""

from __future__ import annotations

from typing import Any

from .draw import wrapped
from .view import View
from .view_evaluating import NO_MODEL, Evaluating


def evaluating(layout: Any, view: View, fields: Any, columns: int) -> None:
    """Who is compared and for how long, what that can prove, the button, and what came of it last."""
    shown = view.evaluating
    if not shown.subject:
        wrapped(layout, NO_MODEL, columns, "INFO", active=False)
        return
    _choices(layout, view, fields)
    wrapped(layout, shown.plan, columns - 2, "INFO")
    start = layout.row(align=True)
    start.scale_y = 1.3
    start.operator("voxel.evaluate", icon="PLAY")
    if shown.of:
        _result(layout, shown, columns)


def _choices(layout: Any, view: View, fields: Any) -> None:
    column = layout.column()
    column.enabled = not view.phase.alive
    column.use_property_split = True
    column.use_property_decorate = False
    column.prop(fields, "evaluated")
    against = column.column(heading="Against", align=True)
    for name in ("against_base", "against_few_shot", "against_retrieval"):
        against.prop(fields, name)
    if view.evaluating.live:
        against.prop(fields, "against_live", text=f"Live: {view.evaluating.live}", translate=False)
    column.prop(fields, "preset")
    column.prop(fields, "evaluate_min")


def _result(layout: Any, shown: Evaluating, columns: int) -> None:
    box = layout.box()
    box.label(text=f"Result of {shown.of}", translate=False)
    wrapped(box, shown.sentence, columns - 4)
    for figure in shown.figures:
        entry = box.column(align=True)
        wrapped(entry, figure.label, columns - 4, active=False)
        for who, value in figure.values:
            line = entry.split(factor=0.45)
            line.label(text=f"  {who}", translate=False)
            line.label(text=value, translate=False)
    if shown.report:
        box.operator("voxel.open_report", icon="URL").path = shown.report
