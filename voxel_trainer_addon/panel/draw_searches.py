# SPDX-License-Identifier: GPL-3.0-or-later
"""The layout of the list of searches and its filters: functions of a layout and a frozen view, as in `draw`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .draw import wrapped
from .view import View
from .view_searches import SearchRow

Layout = Any
ROWS = 5
"""Lines of the list: the buttons beside it need as many."""
HINT = "Add a search of your own, or take one from the menu beside the list"
LINKS = {
    "New GitHub Token": "https://github.com/settings/personal-access-tokens/new",
    "GitHub's Terms": "https://docs.github.com/site-policy/github-terms/github-terms-of-service#h-api-terms",
    "Acceptable Use": "https://docs.github.com/site-policy/acceptable-use-policies/github-acceptable-use-policies",
}


def searches(layout: Layout, view: View, fields: Any, columns: int) -> None:
    """The list with its buttons, what is known of the chosen search, and the plan."""
    seen = view.searches
    row = layout.row()
    row.template_list("VOXEL_UL_searches", "", fields, "searches", fields, "search_at", rows=ROWS)
    side = row.column(align=True)
    side.operator("voxel.add_search", text="", icon="ADD")
    side.operator("voxel.remove_search", text="", icon="REMOVE")
    side.separator()
    side.menu("VOXEL_MT_searches", text="", icon="DOWNARROW_HLT")
    side.separator()
    for up, icon in ((True, "TRIA_UP"), (False, "TRIA_DOWN")):
        side.operator("voxel.move_search", text="", icon=icon).up = up
    if not seen.rows:
        wrapped(layout, HINT, columns, "INFO")
    elif seen.chosen and seen.chosen.told:
        wrapped(layout, seen.chosen.told, columns, seen.chosen.mark)
    if seen.trouble:
        wrapped(layout, seen.trouble, columns, "ERROR")
    if seen.lacking:
        wrapped(layout, seen.lacking, columns, "INFO")
        if seen.lacks_token:
            layout.operator("voxel.enter_token", icon="PREFERENCES")
    layout.operator("voxel.plan", icon="PRESET")
    plan = layout.column(align=True)
    for words in seen.plan:
        wrapped(plan, words, columns, "DOT")
    if seen.brought:
        layout.label(text=seen.brought, icon="CHECKMARK")


def search(layout: Layout, row: SearchRow, item: Any, at: int) -> None:
    """One line of the list; a broken search is grey, and its mark tells why."""
    layout.prop(item, "on", text="")
    words = layout.row()
    words.active = row.on and not row.broken
    words.prop(item, "name", text="", icon=row.icon, emboss=False)
    if row.mark:
        layout.operator("voxel.search_told", text="", icon=row.mark, emboss=False).at = at


def filters(layout: Layout, view: View, fields: Any) -> None:
    """What is taken of all that the searches find."""
    column = layout.column()
    column.enabled = not view.phase.alive
    column.use_property_split = True
    column.use_property_decorate = False
    column.prop(fields, "stars")
    column.prop(fields, "file_mb")
    also = column.column(heading="Also Take", align=True)
    for name in ("share_alike", "copyleft", "archived"):
        also.prop(fields, name)


def sheet(layout: Layout, sentences: Iterable[str], columns: int) -> None:
    """Sentences of a window that asks."""
    column = layout.column()
    for sentence in sentences:
        wrapped(column, sentence, columns)


def tokens(layout: Layout, fields: Any, names: Sequence[str], told: Sequence[str], terms: str, columns: int) -> None:
    """Where tokens are entered, with what GitHub asks of those who use one; `told` are sentences about them."""
    column = layout.column()
    for name in names:
        column.prop(fields, name)
    for sentence in told:
        wrapped(layout, sentence, columns, "INFO")
    layout.prop(fields, "contact")
    wrapped(layout, terms, columns, "INFO")
    row = layout.row()
    for text, address in LINKS.items():
        row.operator("wm.url_open", text=text, icon="URL").url = address
