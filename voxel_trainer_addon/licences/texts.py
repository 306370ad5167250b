# SPDX-License-Identifier: GPL-3.0-or-later
"""Full texts of licences inside a text: by the package licenseclassifier, and by phrases that each has to itself."""

from __future__ import annotations

import importlib
import re
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from .expressions import normal

SHORTEST = 150
"""Characters of a match at least; a shorter one is a mention, which the notices are read for."""

STATES = 60_000
"""States that the package may remember (about 1 kB each); it never forgets by itself."""


@dataclass(frozen=True)
class Region:
    """A licence's own words in a text: where, and which licence."""

    start: int
    end: int
    spdx: str


def package() -> ModuleType | None:
    """The package licenseclassifier, where this Python has it."""
    try:
        return importlib.import_module("licenseclassifier")
    except ImportError:
        return None


def regions(text: str) -> list[Region]:
    """Where the text holds the words of a licence, in order; nothing without the package."""
    classifier = package()
    if classifier is None:
        return []
    found = [
        Region(match.start, match.end, normal(match.id))
        for match in classifier.identify_license(text, 0.0)
        if match.end - match.start >= SHORTEST
    ]
    _forget()
    return found


def _forget() -> None:
    """Empty the package's memory of states when it has grown large: it has no way of its own."""
    scan: Any = sys.modules.get("licenseclassifier._engine.scan")
    states = getattr(getattr(getattr(scan, "_builtin", None), "re", None), "_info", None)
    if isinstance(states, dict) and len(states) > STATES:
        states.clear()


MIT_GRANT = "permission is hereby granted free of charge to any person obtaining a copy of this software"
ISC_GRANT = "distribute this software for any purpose with or without fee is hereby granted"
ISC_TERMS = "provided that the above copyright notice and this permission notice appear in all copies"
BSD_GRANT = "redistribution and use in source and binary forms with or without modification are permitted"
BSD_TERMS = "redistributions of source code must retain"

PHRASES: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    (
        "MIT",
        163,
        (MIT_GRANT, "without restriction", "above copyright notice and this permission notice shall be included"),
    ),
    ("MIT-0", 138, (MIT_GRANT, "without restriction")),
    ("ISC", 112, (ISC_GRANT, ISC_TERMS, "the author disclaims all warranties")),
    ("0BSD", 98, (ISC_GRANT, "the author disclaims all warranties")),
    ("BSD-4-Clause", 234, (BSD_GRANT, BSD_TERMS, "all advertising materials mentioning features")),
    ("BSD-3-Clause", 213, (BSD_GRANT, BSD_TERMS, "endorse or promote products derived from this software")),
    ("BSD-2-Clause", 184, (BSD_GRANT, BSD_TERMS, "redistributions in binary form must reproduce")),
    (
        "Zlib",
        133,
        ("without any express or implied warranty", "altered source versions must be plainly marked as such"),
    ),
    ("Unlicense", 200, ("this is free and unencumbered software released into the public domain",)),
    ("BSL-1.0", 214, ("boost software license version 1 0 august 17th 2003",)),
    ("WTFPL", 74, ("you just do what the fuck you want to",)),
)
"""SPDX id, how many words the licence has (a text that is much longer says more), and phrases that must all stand in
it, words alone. The first that fits counts."""

COPYRIGHT_LINE = re.compile(
    r"^[^\w\n]*(?:portions[ \t]+)?(?:copyright|\(c\)|©|all\s+rights\s+reserved)[^\n]{0,200}$",
    re.MULTILINE | re.IGNORECASE,
)
"""A line that says whose it is, which is no part of a licence."""

GRANT = re.compile(
    r"permission(?:\s+is|\s+to\s[^.]{1,200})\s+hereby\s+granted|redistribution\s+and\s+use\s+in\s+source", re.IGNORECASE
)
"""How the licences that people change most often begin to grant."""


CHANGED = re.compile("|".join(id for id, *_ in PHRASES) + r"|Apache-.*|MPL-.*|[AL]?GPL-.*")
"""Licences that people change and go on calling by their name. The package knows the texts of all of them."""


def by_phrases(text: str) -> str:
    """The licence whose phrases all stand in the text; empty where there is none."""
    found = re.findall(r"[a-z0-9]+", COPYRIGHT_LINE.sub("", text).lower())
    words = " ".join(found)
    for id, length, phrases in PHRASES:
        if len(found) < length + 15 and all(phrase in words for phrase in phrases):
            return id
    return ""
