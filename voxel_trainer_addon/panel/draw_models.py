# SPDX-License-Identifier: GPL-3.0-or-later
"""The layout of the part Models: functions of a layout and a frozen view alone."""

from __future__ import annotations

from typing import Any

from .draw import wrapped
from .view_evaluating import NO_MODEL
from .view_models import ModelList, ModelRow


def models(layout: Any, shown: ModelList, columns: int) -> None:
    """The list, what is under way or came of it, and the way back."""
    if not shown.rows and not shown.note:
        wrapped(layout, NO_MODEL, columns, "INFO", active=False)
        return
    for row in shown.rows:
        _model(layout.box().column(align=True), row, columns - 4)
    if shown.more:
        layout.label(text=f"{shown.more:,} more: deploy list in a terminal shows them", icon="BLANK1")
    if shown.busy:
        layout.label(text=shown.busy, icon="TIME", translate=False)
    elif shown.note:
        icon, sentences = shown.note
        for number, words in enumerate(sentences):
            wrapped(layout, words, columns - 2, "BLANK1" if number else icon)
    if shown.force:
        layout.operator("voxel.promote_anyway", icon="ERROR").model = shown.force
    if shown.rows:
        text = f"Roll Back to {shown.back}" if shown.back else "Roll Back"
        layout.operator("voxel.roll_back", text=text, icon="LOOP_BACK")


def _model(box: Any, row: ModelRow, columns: int) -> None:
    line = box.split(factor=0.68)
    line.label(text=f"{row.id}: {row.state}", icon=row.icon, translate=False)
    if not row.live:
        line.operator("voxel.promote", text="Promote").model = row.id
    for words in filter(None, (row.honest, row.lately)):
        wrapped(box, words, columns, "BLANK1", active=row.live)
