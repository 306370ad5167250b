# SPDX-License-Identifier: GPL-3.0-or-later
"""A search gone through page by page: what it finds goes into the catalog together with the place behind it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ...catalog import Repository, Slice
from ...errors import SetAside
from ...words import counted
from ..reach import Reach
from . import query, slices
from .api import Api, Page, TooMuch

FIRST, LARGEST = 25, 100
QUICK_S = 3.0
CALM = 5
"""After a page that was too much, so many quick ones in a row make the next one larger."""
TRIES, PAUSE_S = 5, 2.0


class PageSize:
    """How many repositories to ask for: more after quick pages, half after one that was too much."""

    def __init__(self) -> None:
        self.value, self._needed, self._quick = FIRST, 1, 0

    def went_well(self, seconds: float) -> None:
        self._quick = self._quick + 1 if seconds < QUICK_S else 0
        if self._quick >= self._needed:
            self.value, self._quick = min(self.value * 2, LARGEST), 0

    def too_much(self) -> None:
        self.value, self._needed, self._quick = max(1, self.value // 2), CALM, 0


class Discovery:
    """One search into the catalog. Its slices are units: a run that stops goes on in the middle of one."""

    def __init__(self, reach: Reach, api: Api, source: str, text: str) -> None:
        self.reach, self.api, self.source = reach, api, source
        self.text = _qualified(slices.checked(text), reach)
        self.size = PageSize()
        self.found = self.total = 0

    def run(self) -> None:
        """To the end. Raises LimitReached, UserError, NetworkError; what came until then is kept."""
        parts = self.reach.catalog.slices(self.source)
        same = all(slices.belongs(part.query, self.text) for part in parts)
        if not parts or not same or self.reach.catalog.source_state(self.source) == "done":
            parts = self._begin()
        self.total = sum(part.count for part in parts)
        for part in parts:
            while not part.done:
                part = self._turn(part)

    def _begin(self) -> list[Slice]:
        """The slices of the search as it is now. A small search is one slice, and its first page is taken at once."""
        whole = Slice(self.text, 0)
        page = self._page(whole)
        self.size.went_well(self.api.seconds)
        if page.count <= slices.ROOM:
            self.reach.catalog.set_slices(self.source, [replace(whole, count=page.count)])
            return [self._take(replace(whole, count=page.count), page)]
        parts = slices.cut(self.text, page.count, self._counts, datetime.now(UTC))
        if over := [part for part in parts if part.count > slices.MOST]:
            shown = f"GitHub shows only {slices.MOST:,} of {over[0].count:,} repositories made in one second"
            self.reach.note(f"{shown}; the others stay out.")
        self.reach.catalog.set_slices(self.source, parts)
        return parts

    def _counts(self, texts: list[str]) -> list[int]:
        try:
            return self.api.counts(texts)
        except TooMuch:
            if len(texts) == 1:
                raise
            middle = len(texts) // 2
            return self._counts(texts[:middle]) + self._counts(texts[middle:])

    def _turn(self, part: Slice) -> Slice:
        return self._take(part, self._page(part))

    def _page(self, part: Slice) -> Page:
        """The next page of a slice, in a size that the server can bear; at last one repository without its tree."""
        light = 0
        while True:
            try:
                page = self.api.page(part.query, self.size.value, part.cursor, trees=not light)
            except TooMuch:
                light += self.size.value == 1
                if light == TRIES:
                    raise
                self.size.too_much()
                self.reach.pause(PAUSE_S * max(1, light))
                continue
            if None in page.nodes:
                self.size.too_much()
            else:
                self.size.went_well(self.api.seconds)
            return page

    def _take(self, part: Slice, page: Page) -> Slice:
        found: list[Repository] = []
        for index, node in enumerate(page.nodes):
            node = node or self._alone(part, page.cursors[index - 1] if index else part.cursor)
            if node is None:
                sentence = "GitHub could not tell of a repository, asked for it alone. The next harvest asks again."
                self.reach.hooks.set_aside(SetAside("harvest", f"{self.source}/{page.cursors[index]}", "gap", sentence))
            elif node.get("__typename") == "Repository":
                found.append(query.repository(node))
        part = replace(part, cursor=page.end, done=not page.more)
        self.reach.catalog.take_page(self.source, part, found)
        self.found += len(found)
        self.reach.hooks.progress(self.found, max(self.total, page.count), found[-1].name if found else "")
        return part

    def _alone(self, part: Slice, after: str) -> dict[str, Any] | None:
        """A repository that came as null, asked for alone; without its tree where even that is too much."""
        for trees in (True, False):
            try:
                node = next(iter(self.api.page(part.query, 1, after, trees=trees).nodes), None)
            except TooMuch:
                node = None
            if node:
                return node
            self.reach.pause(PAUSE_S)
        return None

    @property
    def words(self) -> str:
        return counted(max(self.total, self.found), "repository", "repositories")


def _qualified(text: str, reach: Reach) -> str:
    """The search with the filters that GitHub itself can apply, where it has none of its own."""
    wanted = {"stars:": f"stars:>={reach.options.stars}", "fork:": "fork:false"}
    if not reach.options.archived:
        wanted["archived:"] = "archived:false"
    return " ".join([text, *(words for name, words in wanted.items() if name not in text)])
