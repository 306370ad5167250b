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


PHRASES: tuple[tuple[str, tuple[str, ...], str, int], ...] = (
    ("MIT", ("permission is hereby granted free of charge to any person obtaining a copy of this software", "the above copyright notice and this permission notice shall be included"), "without restriction", 170),
    ("MIT-0", ("permission is hereby granted free of charge to any person obtaining a copy of this software", "without restriction"), "", 150),
    ("ISC", ("permission to use copy modify and or distribute this software for any purpose with or without fee is hereby granted", "provided that the above copyright notice and this permission notice appear in all copies"), "", 130),
    ("ISC", ("permission to use copy modify and distribute this software for any purpose with or without fee is hereby granted", "provided that the above copyright notice and this permission notice appear in all copies", "the author disclaims all warranties"), "", 130),
    ("0BSD", ("permission to use copy modify and or distribute this software for any purpose with or without fee is hereby granted",), "", 120),
    ("BSD-4-Clause", ("redistribution and use in source and binary forms with or without modification are permitted", "all advertising materials mentioning features"), "", 260),
    ("BSD-3-Clause", ("redistribution and use in source and binary forms with or without modification are permitted", "endorse or promote products derived from this software"), "redistributions of source code must retain", 230),
    ("BSD-2-Clause", ("redistribution and use in source and binary forms with or without modification are permitted", "redistributions in binary form must reproduce"), "redistributions of source code must retain", 200),
    ("Zlib", ("this software is provided as is without any express or implied warranty", "altered source versions must be plainly marked as such"), "", 150),
    ("Unlicense", ("this is free and unencumbered software released into the public domain",), "", 220),
    ("BSL-1.0", ("boost software license version 1 0 august 17th 2003",), "", 240),
    ("WTFPL", ("you just do what the fuck you want to",), "", 110),
)  # fmt: skip
"""SPDX id, phrases that must all stand in the text (words alone), one more that must, and the words of the licence: a text
that is much longer says more. The first that fits counts."""


def by_phrases(text: str) -> str:
    """The licence whose phrases all stand in the text; empty where there is none."""
    found = re.findall(r"[a-z0-9]+", text.lower())
    words = " ".join(found)
    for id, all_of, too, length in PHRASES:
        if len(found) < 1.2 * length + 20 and too in words and all(phrase in words for phrase in all_of):
            return id
    return ""
