# SPDX-License-Identifier: GPL-3.0-or-later
"""What the list of searches shows, as a frozen value. No bpy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from ..runs import Harvested, Queue, Search, Session
from ..words import harmless

TEXT_CHARS = 200
CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d) UTC")
STATES = {"listed": "CHECKMARK", "done": "CHECKMARK", "waiting": "TIME", "broken": "ERROR"}
"""How a source stood last → icon."""
LACKS_TOKEN = "GitHub answers only to a token: enter one in the preferences"
ASIDE = "It is kept under another name when you change the list."


@dataclass(frozen=True)
class SearchRow:
    """One search: `icon` its kind, `mark` how it stood last ('' before its first time), `told` the words for that."""

    text: str
    icon: str
    on: bool
    mark: str = ""
    told: str = ""

    @property
    def broken(self) -> bool:
        return self.mark == STATES["broken"]


@dataclass(frozen=True)
class Searches:
    """The list, the place `at` that is chosen, and what is said below it: `trouble` with the list itself, `lacking`
    why nothing can be asked of hosts now, `plan` what would be fetched, `brought` what has come."""

    rows: tuple[SearchRow, ...] = ()
    at: int = 0
    trouble: str = ""
    lacking: str = ""
    asks_github: bool = False
    lacks_token: bool = False
    plan: tuple[str, ...] = ()
    brought: str = ""

    @property
    def chosen(self) -> SearchRow | None:
        return self.rows[self.at] if 0 <= self.at < len(self.rows) else None

    @property
    def on(self) -> int:
        return sum(row.on for row in self.rows)


NONE = Searches()


def searches_of(
    queue: Queue, harvested: Harvested, session: Session, *, at: int = 0, trouble: str = "", offline: str = ""
) -> Searches:
    """The list as it stands. `offline` says why Blender lets nothing out."""
    rows = tuple(_row(search, harvested) for search in queue.searches)
    asks_github = any(search.on and search.is_github for search in queue.searches)
    lacks_token = asks_github and not harvested.has_token
    brought = harvested.files("github")
    plan = session.run.plan if session.planned or session.phase.alive else []
    return Searches(
        rows=rows,
        at=max(0, min(at, len(rows) - 1)),
        trouble=harmless(trouble or (f"{queue.problem} {ASIDE}" if queue.problem else "")),
        lacking=(offline.rstrip(".") or (LACKS_TOKEN if lacks_token else "")) if any(row.on for row in rows) else "",
        asks_github=asks_github,
        lacks_token=lacks_token,
        plan=tuple(local(harmless(words)) for words in plan),
        brought=f"{brought} from GitHub" if brought else "",
    )


def _row(search: Search, harvested: Harvested) -> SearchRow:
    icon = "VIEWZOOM" if search.is_github else "URL"
    text, seen = harmless(search.text, TEXT_CHARS), harvested.sources.get(search.source)
    if seen is None or seen.state not in STATES:
        return SearchRow(text, icon, search.on)
    files = harvested.files(search.source)
    told = local(harmless(seen.words)) + (f" ({files} here)" if files else "")
    return SearchRow(text, icon, search.on, STATES[seen.state], told)


def local(text: str) -> str:
    """A sentence with its times of day in UTC as those of this computer."""

    def here(found: re.Match[str]) -> str:
        hour, minute, second = map(int, found.groups())
        told = datetime.now(UTC).replace(hour=hour % 24, minute=minute % 60, second=second % 60)
        return told.astimezone().strftime("%H:%M:%S")

    return CLOCK.sub(here, text)
