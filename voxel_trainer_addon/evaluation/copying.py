# SPDX-License-Identifier: GPL-3.0-or-later
"""How far an answer repeats itself, and how much of it stands in training answers word for word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

WORD = re.compile(r"\w+|[^\w\s]")
REPEATED = 4
"""Words of an n-gram that is looked for in the same answer."""
SHARED = 13
"""Words of an n-gram that is looked for in training answers (the length that decontamination customarily takes)."""


def words(text: str) -> list[str]:
    """Words, numbers and signs, each one."""
    return WORD.findall(text)


def repeated(text: str) -> float:
    """The share of 4-grams that stood earlier in the same answer, 0 to 1; 0 for shorter ones."""
    grams = _grams(words(text), REPEATED)
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def shared(texts: Iterable[str], train: Iterable[str]) -> dict[str, float]:
    """Text → the longest run of words whose 13-grams all stand in `train`, as a share of its words; 0 for texts of
    fewer words than that."""
    grams = {text: _grams(words(text), SHARED) for text in texts}
    wanted = {gram for of_text in grams.values() for gram in of_text}
    seen = {gram for text in train for gram in _grams(words(text), SHARED) if gram in wanted}
    return {text: _longest([gram in seen for gram in of_text]) for text, of_text in grams.items()}


def _grams(parts: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(parts[at : at + n]) for at in range(len(parts) - n + 1)]


def _longest(hits: Sequence[bool]) -> float:
    longest = run = 0
    for hit in hits:
        run = run + 1 if hit else 0
        longest = max(longest, run)
    return (longest + SHARED - 1) / (len(hits) + SHARED - 1) if longest else 0.0
