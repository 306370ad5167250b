# SPDX-License-Identifier: GPL-3.0-or-later
"""Examples gathered from proven trees, each canonical graph once, and the rows that become of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..catalog import Origin, Proof
from ..files import digest
from ..prompts import Request
from .splits import SPLITS, TELLING_NODES, Groups, allotted

NO_LICENCE = frozenset({"", "NOASSERTION", "NONE"})


@dataclass(frozen=True)
class Place:
    """Where a tree was found: its atom for the split (see `splits.Groups`), and its file's content."""

    atom: str
    sha256: str


@dataclass
class Example:
    """An answer, how it is asked for, and every place where an equal tree was found."""

    task: str
    key: str
    request: Request
    proof: Proof
    rank: tuple[Any, ...]
    places: set[Place] = field(default_factory=set)


class Examples:
    """Examples by canonical graph. Of equal trees the one stays whose name says most: no number at its end, then first
    by name; so the order of the files plays no part."""

    def __init__(self) -> None:
        self.groups = Groups()
        self.by_graph: dict[str, Example] = {}
        self.found = 0
        self._telling: dict[str, str] = {}

    def wants(self, task: str, key: str, proof: Proof) -> bool:
        """Whether this tree would stand for its graph, so that a request must be made for it."""
        known = self.by_graph.get(proof.graph)
        return known is None or self._rank(task, key, proof) < known.rank

    def add(self, task: str, key: str, proof: Proof, place: Place, request: Request | None) -> None:
        """A proven tree was found at a place. `request` where it was wanted."""
        self.found += 1
        known = self.by_graph.get(proof.graph)
        if request is not None:
            places = known.places if known else set()
            known = Example(task, key, request, proof, self._rank(task, key, proof), places)
            self.by_graph[proof.graph] = known
        assert known is not None
        known.places.add(place)
        if proof.nodes >= TELLING_NODES:
            for same in (f"graph {proof.graph}", f"shape {proof.shape}"):
                self.groups.join(place.atom, self._telling.setdefault(same, place.atom))

    @staticmethod
    def _rank(task: str, key: str, proof: Proof) -> tuple[Any, ...]:
        return (task == "piece", bool(re.search(r"\.\d{3,}$", key)), key, proof.unit)


@dataclass(frozen=True)
class Splitting:
    """Rows by split, and what became of the others."""

    rows: dict[str, list[dict[str, Any]]]
    left_out: Counter[str]
    groups: dict[str, int]


def split_rows(examples: Examples, origins: dict[str, list[Origin]], blender: str, seed: int) -> Splitting:
    """Rows of all examples, split by groups.

    An example with places on several sides goes to the first of train, val and test, and names its sources there only.
    A prompt that was asked before is left out. Rows none of whose sources has a licence go to `unlicensed`.
    """
    group_of = examples.groups.of
    weights = Counter(group for e in examples.by_graph.values() for group in {group_of(p.atom) for p in e.places})
    side = allotted(weights, seed)
    rows: dict[str, list[dict[str, Any]]] = {split: [] for split in (*SPLITS, "unlicensed")}
    left_out: Counter[str] = Counter()
    placed = []
    for graph, example in examples.by_graph.items():
        sides = {side[group_of(place.atom)] for place in example.places}
        split = next(s for s in SPLITS if s in sides)
        left_out[f"equal to one in {split}, so left out of the other side"] += len(sides) - 1
        placed.append((SPLITS.index(split), example.rank, graph))
    prompts = set()
    for number, _, graph in sorted(placed):
        example, split = examples.by_graph[graph], SPLITS[number]
        here = sorted({p for p in example.places if side[group_of(p.atom)] == split}, key=lambda p: (p.atom, p.sha256))
        group = digest(min(group_of(place.atom) for place in here))[:16]
        sources = list(named(origins, {place.sha256 for place in here}))
        licensed = [source for source in sources if source["licence"] not in NO_LICENCE]
        row = as_row(example, group, licensed or sources, blender)
        if row["prompt"] in prompts:
            left_out["asked for in the same words as another"] += 1
            continue
        prompts.add(row["prompt"])
        rows[split if licensed else "unlicensed"].append(row)
    for kept in rows.values():
        kept.sort(key=lambda row: row["id"])
    return Splitting(rows, +left_out, dict(Counter(side.values())))


def named(origins: dict[str, list[Origin]], contents: Iterable[str]) -> Iterator[dict[str, str]]:
    """The origins of contents as they stand in rows, ordered."""
    found = [origin for content in contents for origin in origins[content]]
    for o in sorted(found, key=lambda o: (o.source, o.path)):
        yield {"origin": o.source, "path": o.path, "sha256": o.sha256, "licence": o.licence}


def as_row(example: Example, group: str, sources: list[dict[str, str]], blender: str) -> dict[str, Any]:
    """One line of a dataset. Its `id` is the digest of what a model sees of it."""
    proof = example.proof
    prompt = example.request.text(digest([proof.graph, example.task]))
    completion = proof.code or ""
    return {
        "id": digest([example.task, prompt, completion, blender]),
        "task": example.task,
        "prompt": prompt,
        "completion": completion,
        "blender_version": blender,
        "proof": {"graph": proof.graph, "blender": blender, "compared": "sem"},
        "group": group,
        "family": proof.shape,
        "nodes": proof.nodes,
        "key": example.key,
        "sources": sources,
    }
