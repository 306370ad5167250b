# SPDX-License-Identifier: GPL-3.0-or-later
"""Examples gathered from proven trees, each canonical graph once, and the rows that become of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..catalog import Origin, Proof
from ..files import digest
from ..licences.classes import class_of
from ..prompts import Request
from .splits import SPLITS, TELLING_NODES, Groups, allotted, enough

NO_USE = frozenset({"unknown", "forbidden"})
"""Classes of licences under which nothing may be trained on."""


@dataclass(frozen=True, order=True)
class Place:
    """Where a tree was found: its file's content, and the key of the tree that it is or was cut from."""

    sha256: str
    owner: str


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
    by name; so the order of the files plays no part.

    `ties` are the places that must stay on one side: of large equal trees, and of trees that share groups.
    """

    def __init__(self) -> None:
        self.by_graph: dict[str, Example] = {}
        self.ties: dict[str, set[Place]] = {}
        self.found = 0

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
            self.tie(f"graph {proof.graph}", place)
            self.tie(f"shape {proof.shape}", place)

    def tie(self, why: str, *places: Place) -> None:
        """Places that share `why` belong together."""
        self.ties.setdefault(why, set()).update(places)

    @staticmethod
    def _rank(task: str, key: str, proof: Proof) -> tuple[Any, ...]:
        return (task == "piece", bool(re.search(r"\.\d{3,}$", key)), key, proof.unit)


Origins = Mapping[str, list[Origin]]


@dataclass(frozen=True)
class Sides:
    """Each place's group and each group's split. `by_file` tells for each source whether it was split by its files."""

    by_file: Mapping[str, bool]
    group: Mapping[Place, str]
    split: Mapping[str, str]

    def of(self, place: Place) -> str:
        return self.split[self.group[place]]


def sides(examples: Examples, origins: Origins, seed: int) -> Sides:
    """Split by files where a source has enough of them, else by trees that share groups."""
    places = sorted({place for example in examples.by_graph.values() for place in example.places})
    files = joined(examples, lambda place: place.sha256)
    weights: dict[str, Counter[str]] = {
        origin.source: Counter() for place in places for origin in origins[place.sha256]
    }
    for example in examples.by_graph.values():
        found = {files.of(place.sha256) for place in example.places}
        if len(found) == 1:  # one that other groups have too may not be theirs to hold out
            for source in {origin.source for place in example.places for origin in origins[place.sha256]}:
                weights[source][min(found)] += 1
    by_file = {source: enough(counts, seed) for source, counts in sorted(weights.items())}
    whole = {place.sha256 for place in places if any(by_file[origin.source] for origin in origins[place.sha256])}

    def atom(place: Place) -> str:
        return place.sha256 if place.sha256 in whole else f"{place.sha256}:{place.owner}"

    groups = joined(examples, atom)
    group = {place: groups.of(atom(place)) for place in places}
    rows = Counter(name for e in examples.by_graph.values() for name in {group[place] for place in e.places})
    return Sides(by_file, group, allotted(rows, seed))


def joined(examples: Examples, atom: Callable[[Place], str]) -> Groups:
    """The groups of atoms that the ties make."""
    groups = Groups()
    for tied in examples.ties.values():
        groups.join(*(atom(place) for place in tied))
    return groups


def split_rows(
    examples: Examples, placed: Sides, origins: Origins, blender: str
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, int]]:
    """Rows by split, each ordered by id, and how many examples were left out, by reason.

    An example with places on several sides goes to the first of train, val and test, and names its sources there only.
    A prompt that was asked before is left out. Rows none of whose sources has a licence
    that lets it be used go to `unlicensed`.
    """
    rows: dict[str, list[dict[str, Any]]] = {split: [] for split in (*SPLITS, "unlicensed")}
    left_out: Counter[str] = Counter()
    order = []
    for graph, example in examples.by_graph.items():
        found = {SPLITS.index(placed.of(place)) for place in example.places}
        left_out["in val or test equal to one in an earlier split"] += len(found) - 1
        order.append((min(found), example.rank, graph))
    prompts = set()
    for number, _, graph in sorted(order):
        example, split = examples.by_graph[graph], SPLITS[number]
        here = {place for place in example.places if placed.of(place) == split}
        sources = list(named(origins, {place.sha256 for place in here}))
        licensed = [source for source in sources if class_of(source["licence"]) not in NO_USE]
        group = digest(min(placed.group[place] for place in here))[:16]
        row = as_row(example, group, licensed or sources, blender)
        if row["prompt"] in prompts:
            left_out["asked for in the same words as another"] += 1
            continue
        prompts.add(row["prompt"])
        rows[split if licensed else "unlicensed"].append(row)
    for kept in rows.values():
        kept.sort(key=lambda row: row["id"])
    return rows, dict(+left_out)


def named(origins: Origins, contents: Iterable[str]) -> Iterator[dict[str, str]]:
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
