# SPDX-License-Identifier: GPL-3.0-or-later
"""The layout of one example: a function of a layout and a frozen example, as in `draw`."""

from __future__ import annotations

from typing import Any

from .draw import wrapped
from .view_examples import Example

Layout = Any
ASKED_LINES = 10


def example(layout: Layout, shown: Example, columns: int) -> None:
    """What is asked, the first lines of the answer, and how to come to the next one."""
    row = layout.row(align=True)
    row.operator("voxel.next_example", text="Previous", icon="TRIA_LEFT").step = -1
    row.operator("voxel.next_example", text="Next", icon="TRIA_RIGHT").step = 1
    wrapped(layout, f"{shown.at + 1:,} of {shown.count:,}: {shown.title}", columns)
    asked = layout.box().column(align=True)
    for number, line in enumerate(shown.asked[:ASKED_LINES]):
        wrapped(asked, line, columns - 2, "BLANK1" if number else "USER", most=ASKED_LINES - number)
    answer = layout.box().column(align=True)
    for line in shown.answer:
        if shown.wraps:
            wrapped(answer, line, columns - 2)
        else:
            answer.label(text=line if len(line) < columns else f"{line[: columns - 2]}…", translate=False)
    if shown.more:
        answer.label(text=shown.more, translate=False)
    wrapped(layout, shown.about, columns, active=False)
    layout.operator("voxel.open_report", icon="URL")
