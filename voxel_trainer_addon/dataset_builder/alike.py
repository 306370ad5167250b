# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows whose answers are nearly equal as texts, told from the rows alone: Jaccard 0.7 over runs of five tokens."""

from __future__ import annotations

import re
from typing import Self

from ..graph.minhash import NEAR, packed
from .near import Index
from .parts import Row

RUN = 5
TOKEN = re.compile(r"\w+|[^\w\s]")
HELPERS = re.compile(r"^(?:import|from|def|class)\b[^\n]*\n?(?:(?:[ \t][^\n]*)?\n)*", re.MULTILINE)
"""What many scripts begin with and few differ in: imports, and functions that the rest calls."""


def told(row: Row) -> tuple[str, bytes] | None:
    """What a row may be compared with (its kind and form), and its features; None where it is not compared: the same
    words may describe different code. What stands against something given is compared together with its request."""
    if row["form"] == "words":
        return None
    text = row["completion"]
    if row["form"] == "code" and row["kind"] != "code":
        text = HELPERS.sub("", text)
    tokens = TOKEN.findall(row["prompt"] + text if "given" in row else text)
    runs = {" ".join(tokens[n : n + RUN]) for n in range(max(1, len(tokens) - RUN + 1))}
    return f"{row['kind']} {row['form']}", packed(runs)


class Alike:
    """Rows of train, by a text that names each, and which of them a row is nearly equal to."""

    def __init__(self) -> None:
        self._index = Index()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *why: object) -> None:
        self._index.__exit__(*why)

    def add(self, name: str, row: Row) -> None:
        """Take in a row of train."""
        if features := told(row):
            self._index.add(name, features[1], features[0])

    def nearest(self, row: Row) -> tuple[str, float] | None:
        """The row of train that is most alike and how much, from 0.7 to 1; None where none is."""
        features = told(row)
        found = self._index.near(features[1], features[0], NEAR) if features else []
        return found[0] if found else None
