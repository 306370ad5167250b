# SPDX-License-Identifier: GPL-3.0-or-later
"""Training rows whose prompts are nearest to another one (Okapi BM25 over words). Evaluate takes their answers as the
fair opponent of a tuned model, and models that were not tuned are shown them."""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+(?:\.\d+)?|[^\W\d_a-zA-Z]+")
K1, B = 1.2, 0.75
"""The customary constants of BM25 (Robertson and Zaragoza, 2009)."""


def words(text: str) -> list[str]:
    """Lower-case words of a prompt; identifiers such as `ShaderNodeTexNoise` are taken apart."""
    return [word.lower() for word in WORD.findall(text)]


class Nearest:
    """An index over training rows (objects with `id`, `prompt` and `completion`)."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.rows = sorted(rows, key=lambda row: str(row["id"]))
        self._lengths: list[int] = []
        self._places: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for place, row in enumerate(self.rows):
            counts = Counter(words(row["prompt"]))
            self._lengths.append(counts.total())
            for word, count in counts.items():
                self._places[word].append((place, count))
        self._mean = sum(self._lengths) / len(self._lengths) if self._lengths else 1.0

    def find(self, prompt: str) -> Mapping[str, Any] | None:
        """The row whose prompt is nearest, the first by id among equals; None in an empty index."""
        return next(iter(self.nearest(prompt, 1)), None)

    def nearest(self, prompt: str, most: int) -> list[Mapping[str, Any]]:
        """At most so many rows, the nearest first, equally near ones by id."""
        scores = [0.0] * len(self.rows)
        for word, times in Counter(words(prompt)).items():
            places = self._places.get(word, [])
            weight = times * math.log(1 + (len(self.rows) - len(places) + 0.5) / (len(places) + 0.5))
            for place, count in places:
                length = 1 - B + B * self._lengths[place] / self._mean
                scores[place] += weight * count * (K1 + 1) / (count + K1 * length)
        best = heapq.nsmallest(most, range(len(scores)), key=lambda place: (-scores[place], place))
        return [self.rows[place] for place in best]

    def fitting(self, prompt: str, form: str, most: int, characters: int) -> list[Mapping[str, Any]]:
        """At most so many of the nearest rows of this form with different answers, which have so many characters
        together, the nearest last: small models heed best what stands there."""
        kept: list[Mapping[str, Any]] = []
        for found in self.nearest(prompt, 4 * most):
            size = len(found["prompt"]) + len(found["completion"])
            other_answer = found.get("answer") not in {one.get("answer") for one in kept} or "answer" not in found
            if size <= characters and other_answer and found.get("form", "code") == form:
                kept.append(found)
                characters -= size
            if len(kept) == most:
                break
        return kept[::-1]
