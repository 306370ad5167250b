# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences that forbid: selling, changing, passing on, training, or anything but private use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from .names import whole

NON_COMMERCIAL = "LicenseRef-non-commercial"
PERSONAL = "LicenseRef-personal-use"
NO_AI = "LicenseRef-no-ai-training"
NO_DERIVATIVES = "LicenseRef-no-derivatives"
NO_REDISTRIBUTION = "LicenseRef-no-redistribution"
LIMITED = "LicenseRef-limited-purpose"
RESERVED = "LicenseRef-all-rights-reserved"
USE = "LicenseRef-use-restricted"
NAMED = "LicenseRef-source-available"


@cache
def table() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    """Strength, id and pattern of each wording in `restrictions.txt`, the strong ones first.

    A wording is looked for in one sentence with single spaces. `strong` counts in any sentence, `weak` in one that
    speaks of the licence; `word` names a part that stands in others as `<NAME>`.
    """
    lines = (Path(__file__).parent / "restrictions.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    words = {name: pattern for kind, name, pattern in rows if kind == "word"}
    return tuple(
        (kind, f"LicenseRef-{id}", re.compile(whole(pattern, words), re.IGNORECASE))
        for kind, id, pattern in rows
        if kind != "word"
    )


NEGATED = re.compile(
    r"\b(?:not|n['’]t|isn['’]?t|aren['’]?t|never|nor|neither|no|without(?:\s+any)?|removes?d?|lifts?|instead\s+of|"
    r"rather\s+than|unlike)\s+"
    r"(?:(?:a|an|the|any|only|just|limited|restricted|to|for|under|is|as|in|such|licen[cs]ed)\s+){0,4}$",
    re.IGNORECASE,
)
BOTH = re.compile(
    r"\bcommercial(?:ly)?\W{0,3}(?:and|or|/|as\s+well\s+as|,)\W{0,3}(?:for\s+)?(?:non[\s-]?commercial|personal|"
    r"private)|\b(?:non[\s-]?commercial|personal|private)(?:ly)?(?:\s+(?:use|projects?|purposes?))?\W{0,3}(?:and|or|"
    r"/|&|as\s+well\s+as|,)\W{0,3}(?:for\s+|even\s+|also\s+)?commercial",
    re.IGNORECASE,
)
ONLY = re.compile(r"\b(?:only|solely|exclusively|not|prohibited|forbidden)\b", re.IGNORECASE)
OF_WORKS = frozenset((NO_DERIVATIVES, NO_REDISTRIBUTION, RESERVED, USE))
"""What in a README counts only where the sentence speaks of a licence or of works: programs forbid things as well."""

FREED = frozenset((NON_COMMERCIAL, PERSONAL))


def restrictions(sentence: str, *, weak: bool) -> Iterator[tuple[str, int]]:
    """Ids of what the sentence forbids, and where; with `weak` also what only the context makes a restriction."""
    both = BOTH.search(sentence)
    for strength, id, pattern in table():
        if strength == "strong" or weak:
            for found in pattern.finditer(sentence):
                before = sentence[max(0, found.start() - 60) : found.start()]
                if not NEGATED.search(before) and (id not in FREED or not both or _bound(sentence, both)):
                    yield id, found.start()
                    break


def _bound(sentence: str, both: re.Match[str]) -> bool:
    """Whether "commercial and private" is said of what is forbidden, or is all that is allowed."""
    return bool(
        ONLY.search(sentence[max(0, both.start() - 40) : both.start()])
        or re.search(r"\b(?:not|prohibited|forbidden)\b", sentence[both.end() : both.end() + 40], re.IGNORECASE)
    )
