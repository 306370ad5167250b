# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue of searches: `harvest_queue.json` in a data folder, for the panel to show and `--queue` to take.

It can be shared: an address in it holds no name, password or place on this computer. No bpy.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import UserError
from ..files import write_json
from ..searches import DEFAULTS

SCHEMA = "voxel-queue/1"
MOST = 256
"""Characters of a search on GitHub."""
ADDRESS = re.compile(r"[a-z]+://\S+")
PLACE = re.compile(r"(folder|list|bundled):|[/~\\]|[a-z]:[/\\]|\S+@\S+:", re.IGNORECASE)
"""A place on this computer, another kind of source, or an address that needs the person's own keys."""
SECRET = re.compile(r"\b(gh[a-z]_|github_pat_|sk-)[\w-]{16,}")


@dataclass(frozen=True)
class Search:
    """One entry: `source` as the command line has it, and whether a run takes it."""

    source: str
    on: bool = True

    @property
    def is_github(self) -> bool:
        return self.source.startswith("github:")

    @property
    def text(self) -> str:
        """What a person reads and writes: a search without its kind, or an address."""
        return self.source.partition(":")[2] or self.source


def spelled(text: str) -> str:
    """What a person wrote as a source: words are a search on GitHub, an address is a git repository.

    Raises UserError where it is neither.
    """
    text = " ".join(text.split())
    kind, _, place = text.partition(":")
    if SECRET.search(text):
        raise UserError("This looks like a token. It belongs in the preferences, where nobody else reads it.")
    if kind == "git" or ADDRESS.fullmatch(text):
        return f"git:{_address(place if kind == 'git' else text)}"
    words = (place if kind == "github" else text).strip(" \"'")
    if not words or PLACE.match(words):
        raise UserError(
            "Write words to search GitHub for, or the https address of a git repository. A folder on this computer "
            "goes into the field Folder, or behind --source."
        )
    if len(words) > MOST:
        raise UserError(f"A search on GitHub has at most {MOST} characters.")
    return f"github:{words}"


def every(texts: Iterable[str]) -> Iterator[str]:
    """Each of `texts` as a source; `github:` alone is all default searches. Raises UserError."""
    for text in texts:
        yield from map(spelled, DEFAULTS.values() if text == "github:" else [text])


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
    whole = parts.hostname and parts.path.strip("/") and not (parts.query or parts.fragment or "@" in parts.netloc)
    if not whole or not (here or parts.scheme in ("https", "git")):
        raise UserError("Write the address of a git repository as https://host/owner/name, without name and password.")
    return text


class Queue:
    """The queue in one file. Each change takes in first what others wrote there, and is kept at once.

    `problem` is a sentence about a file that could not be read; that file is kept under another name when the queue is
    next changed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.searches: tuple[Search, ...] = ()
        self.problem = ""
        self._seen: tuple[int, int] | None = None
        self.look()

    @property
    def sources(self) -> tuple[str, ...]:
        """What a run takes, in order."""
        return tuple(search.source for search in self.searches if search.on)

    def look(self) -> bool:
        """Take in what is in the file now; whether that is news."""
        try:
            told = os.stat(self.path)
            seen = (told.st_mtime_ns, told.st_size)
        except OSError:
            seen = None
        if seen == self._seen:
            return False
        before = self.searches, self.problem
        self._seen = seen
        self.searches, self.problem = _read(self.path) if seen else ((), "")
        return before != (self.searches, self.problem)

    def add(self, texts: Iterable[str]) -> int:
        """Add at the end what is not there yet; how many. Raises UserError, OSError."""
        self.look()
        there = {search.source for search in self.searches}
        new = [source for source in dict.fromkeys(every(texts)) if source not in there]
        self._keep((*self.searches, *map(Search, new)))
        return len(new)

    def remove(self, at: int) -> None:
        """Raises OSError, as all that follow; a place that is not there changes nothing."""
        self.look()
        self._keep(tuple(search for n, search in enumerate(self.searches) if n != at))

    def move(self, at: int, to: int) -> None:
        self.look()
        order = list(self.searches)
        if 0 <= at < len(order) and 0 <= to < len(order):
            order.insert(to, order.pop(at))
            self._keep(tuple(order))

    def switch(self, at: int, on: bool) -> None:
        self.look()
        self._put(at, on=on)

    def rename(self, at: int, text: str) -> None:
        """Let an entry search for something else. Raises UserError too."""
        self.look()
        source = spelled(text)
        if any(search.source == source for n, search in enumerate(self.searches) if n != at):
            raise UserError(f"“{text}” is in the queue already.")
        self._put(at, source=source)

    def _put(self, at: int, **what: Any) -> None:
        self._keep(tuple(replace(one, **what) if n == at else one for n, one in enumerate(self.searches)))

    def _keep(self, searches: tuple[Search, ...]) -> None:
        if searches == self.searches:
            return
        if self.problem and self.path.exists():
            self.path.rename(self.path.with_name(f"{self.path.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}.json"))
        write_json(self.path, {"schema": SCHEMA, "searches": [asdict(search) for search in searches]})
        self.look()


def _read(path: Path) -> tuple[tuple[Search, ...], str]:
    """The searches in a file, and a sentence about what could not be read of it."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8-sig"))["searches"]
        if not isinstance(entries, list):
            raise TypeError
    except OSError as error:
        return (), f"{path.name} could not be read: {error.strerror}."
    except (ValueError, TypeError, KeyError, RecursionError):
        return (), f"{path.name} is damaged: it holds no list of searches."
    found: dict[str, Search] = {}
    lost = 0
    for entry in entries:
        try:
            for source in every([entry["source"]]):
                found.setdefault(source, Search(source, entry.get("on") is not False))
        except (TypeError, KeyError, AttributeError, UserError):
            lost += 1
    problem = f"{lost} of {len(entries)} entries in {path.name} could not be read." if lost else ""
    return tuple(found.values()), problem
