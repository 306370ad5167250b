# SPDX-License-Identifier: GPL-3.0-or-later
"""The layout of the part Training: functions of a layout and a frozen view alone."""

from __future__ import annotations

from typing import Any

from .draw import wrapped
from .view_training import Training

PICTURE_SCALE = 8.0
"""Width of the curve in units of a button's height."""


def training(layout: Any, shown: Training, icon: int, columns: int, *, alive: bool) -> None:
    """A job with its curve; `icon` is the picture's, 0 where there is none. `alive`: a run is under way."""
    wrapped(layout, shown.title, columns, "RECOVER_LAST" if shown.resumed else "NONE")
    if shown.resumed:
        wrapped(layout, "Resumed from its checkpoint", columns, "BLANK1", active=False)
    if icon:
        layout.template_icon(icon_value=icon, scale=PICTURE_SCALE)
        legend = layout.row()
        legend.active = False
        legend.label(text="Line: loss while training. Dots: held-out")
    lines = layout.column(align=True)
    for text in shown.lines:
        lines.label(text=text, translate=False)
    for text in shown.warnings:
        wrapped(layout, text, columns, "ERROR")
    layout.operator("voxel.open_log", icon="TEXT")
    if not alive:
        again = layout.column(align=True)
        again.operator("voxel.train_again", text="Run Again", icon="FILE_REFRESH").job = shown.job
        again.operator("voxel.train_with_changes", text="Run with Changes…", icon="OPTIONS").job = shown.job
