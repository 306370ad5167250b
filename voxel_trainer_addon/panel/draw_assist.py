# SPDX-License-Identifier: GPL-3.0-or-later
"""The layout of Ask Voxel: functions of a layout and a frozen view, as in `draw`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..runs import ALIKE, BOTH_BAD
from .assist import AssistView, Offer
from .draw import wrapped

Layout = Any
COLOURS = {"+": "COLORSET_03_VEC", "−": "COLORSET_01_VEC", "~": "COLORSET_09_VEC"}
"""Sign of a change → an icon in green, red or yellow."""
ERR = "Small models err: look before you keep it."
PICTURE = 5.0
"""Height of a picture, in rows."""


def question(layout: Layout, view: AssistView, fields: Any, editor: str, columns: int, *, own: bool) -> None:
    """What is wanted, of what, from whom; `own`: the model is named by hand."""
    column = layout.column()
    column.enabled = not view.thinking
    column.prop(fields, "text", text="", placeholder="What should it look like or do?")
    column.prop(fields, f"to_{editor}", text="")
    column.prop(fields, "model", text="")
    if own:
        column.prop(fields, "own", text="", placeholder="openai:NAME or claude:NAME")
        column.prop(fields, "url", text="", placeholder="Address, for a server of your own")
    row = layout.row(align=True)
    row.scale_y = 1.3
    if view.thinking:
        row.operator("voxel.stop_asking", icon="X")
        wrapped(layout, f"{view.thinking} … {view.seconds} s", columns, "TIME")
    else:
        row.operator("voxel.ask", icon="PLAY")
    if view.note:
        icon, sentence = view.note
        wrapped(layout, sentence, columns, icon)


def answer(layout: Layout, offer: Offer, icons: Sequence[int], columns: int) -> None:
    """The answer with all that helps to judge it, and what can be done with it."""
    box = layout.box().column()
    head = box.row()
    head.label(text=offer.heading, icon="GREASEPENCIL" if offer.changes else "NODETREE", translate=False)
    head.operator("voxel.clear_answer", text="", icon="X", emboss=False)
    pictures = box.row()
    for icon in icons:
        pictures.template_icon(icon_value=icon, scale=2 * PICTURE / len(icons))
    _buttons(box, offer)
    _lines(box.column(align=True), offer, columns - 2)
    checks = box.column(align=True)
    passed = ", ".join(words for good, words in offer.checks if good)
    wrapped(checks, f"Checked: {passed}.", columns - 2, "CHECKMARK")
    _amiss(checks, offer, columns - 2)
    wrapped(box, f"{offer.label}; {offer.honest}. {ERR}", columns - 2, active=False)


def duel(layout: Layout, offers: Sequence[Offer], icons: Sequence[Sequence[int]], columns: int) -> None:
    """Two answers side by side without the names of their models, and what can be said of them."""
    box = layout.box().column()
    head = box.row()
    head.label(text="Two answers: which is better?")
    head.operator("voxel.clear_answer", text="", icon="X", emboss=False)
    sides = box.row()
    for name, offer, pictures in zip("AB", offers, icons, strict=True):
        side, wide = sides.column(), columns // 2 - 2
        wrapped(side, f"{name}  {offer.heading}", wide)
        for icon in pictures:
            side.template_icon(icon_value=icon, scale=PICTURE)
        side.operator("voxel.judge_duel", text=f"Keep {name}", icon="CHECKMARK").chosen = name
        _lines(side.column(align=True), offer, wide)
        _amiss(side, offer, wide)
    row = box.row(align=True)
    row.operator("voxel.judge_duel", text="Both Alike").chosen = ALIKE
    row.operator("voxel.judge_duel", text="Neither").chosen = BOTH_BAD
    wrapped(box, f"Who answered is told once you have chosen. {ERR}", columns - 2, active=False)


def _lines(layout: Layout, offer: Offer, columns: int) -> None:
    """Its nodes, or its edits with their signs."""
    for line in offer.lines:
        if offer.changes:
            wrapped(layout, f"{line.sign or '~'}  {line.text}", columns, COLOURS[line.sign or "~"])
        else:
            layout.label(text=line.text, translate=False)
    if offer.more:
        layout.label(text=offer.more, icon="BLANK1")


def _amiss(layout: Layout, offer: Offer, columns: int) -> None:
    """What it did not pass."""
    for words in (words for good, words in offer.checks if not good):
        wrapped(layout, f"{words[:1].upper()}{words[1:]}.", columns, "ERROR")


def _buttons(layout: Layout, offer: Offer) -> None:
    row = layout.row(align=True)
    row.scale_y = 1.3
    row.enabled = offer.state != "applied"
    row.operator("voxel.apply_answer", text="Applied" if offer.state == "applied" else "Apply", icon="CHECKMARK")
    row.operator("voxel.edit_answer", icon="GREASEPENCIL")
    row = layout.row(align=True)
    row.operator("voxel.another_answer", icon="FILE_REFRESH")
    row.menu("VOXEL_MT_why_not", icon="QUESTION")
    row.operator("voxel.answer_code", text="", icon="TEXT")


def code(layout: Layout, lines: tuple[str, ...], most: int) -> None:
    """The script of an answer, to be read."""
    layout.label(
        text="What the model wrote. It ran in a worker; your file gets its nodes, never this text.", icon="INFO"
    )
    column = layout.column(align=True)
    column.scale_y = 0.75
    for line in lines[:most]:
        column.label(text=line or " ", translate=False)
    if len(lines) > most:
        column.label(text=f"{len(lines) - most:,} more lines")
    layout.operator("voxel.copy_answer_code", icon="COPYDOWN")
