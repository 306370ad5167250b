# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kinds share whose answer stands against something given: how changes are proven and asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..files import digest
from ..graph.edits import Edit
from ..graph.model import Graph
from ..graph.words.phrases import noun
from ..words import harmless
from .kinds import Ask
from .proving import without_layout

BATCH = 12
"""Changes that one job proves."""
MOST_CHARACTERS = 12_000
"""Longer scripts are not given: few models could read them."""


@dataclass(frozen=True)
class Change:
    """A tree with the groups below it (itself last), and the edits that are to be made. `code`: its proven script,
    empty where the worker writes and proves that too. `unit` names the proof."""

    unit: str
    below: Sequence[Graph]
    edits: Sequence[Edit]
    code: str = ""

    @property
    def graph(self) -> Graph:
        return self.below[-1]


def told_apart(*what: Any) -> str:
    """The unit of what is proven: a digest of all that it depends on."""
    return digest(list(what))


def asks(changes: Iterator[Change], item: str) -> Iterator[Ask]:
    """Jobs for changes, some together."""
    batch: list[Change] = []
    for change in changes:
        batch.append(change)
        if len(batch) == BATCH:
            yield _ask(batch, item)
            batch = []
    if batch:
        yield _ask(batch, item)


def _ask(batch: Sequence[Change], item: str) -> Ask:
    body = {
        change.unit: {
            "code": change.code,
            "root": change.graph.key,
            "before": {graph.key: without_layout(graph.as_json()) for graph in change.below},
            "edits": [edit.as_json() for edit in change.edits],
        }
        for change in batch
    }
    nodes = sum(len(graph.nodes) for change in batch for graph in change.below)
    return Ask("prove_edits", {"pairs": body}, {change.unit: change.unit for change in batch}, item, 3 * nodes)


def said(code: str | None) -> Mapping[str, Any]:
    """What the jobs `prove_edits` and `try_broken` say besides their verdict: it stands as JSON where other jobs have
    code."""
    told: Mapping[str, Any] = json.loads(code or "{}")
    return told


def named(graph: Graph) -> str:
    """`material "Rust"`."""
    return f'{noun(graph.key, graph.type)} "{harmless(graph.name)}"'


def listing(clauses: Sequence[str], choice: int) -> str:
    """Clauses as a person would put them: in a sentence, as sentences, or as a list."""
    if len(clauses) == 1:
        return f"{_capital(clauses[0])}."
    if choice % 3 == 0 and len(clauses) <= 3:
        return f"{_capital(', '.join(clauses[:-1]))} and {clauses[-1]}."
    if choice % 3 == 1 and len(clauses) <= 5:
        return " ".join(f"{_capital(clause)}." for clause in clauses)
    return "\n" + "\n".join(f"- {clause}" for clause in clauses)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
