# SPDX-License-Identifier: GPL-3.0-or-later
"""Proofs: everything is asked for once, in batches, and what came of it is kept in the catalog."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..catalog import Proof
from ..files import digest
from ..graph.model import Graphs, closure
from ..graph.pieces import label_of
from ..stage import Work
from ..worker.protocol import Answer, Request
from .kinds import Ask, Candidate, Json

VERSION = 2
"""Of the code writer and the proof: what an older one proved is proven again."""
BATCH_TREES, BATCH_NODES = 50, 400
LIMIT_S, LIMIT_A_NODE_S = 60.0, 0.3


@dataclass(frozen=True)
class Unit:
    """A tree to prove. `id` is the digest of the tree and the groups below it, names included and layout apart;
    `graphs` are these as JSON by key, `root` is the tree's key; `item` names it for a person, `nodes` counts all of
    their nodes."""

    id: str
    item: str
    root: str
    graphs: Mapping[str, Json]
    nodes: int


class Units:
    """Units of one file's trees, from its record's JSON. Digests are kept, since many trees share their groups."""

    def __init__(self, record: Mapping[str, Json], graphs: Graphs, file: str) -> None:
        self._record, self._file, self._graphs = record, file, graphs
        self._bare: dict[str, tuple[Json, str]] = {}

    def unit(self, candidate: Candidate, id: str = "") -> Unit:
        """The unit of a whole tree, or of a piece (which uses no groups); `id` where it is known."""
        item = self.item(candidate)
        if not candidate.part:
            below = closure(self._graphs[candidate.owner], self._graphs)
            bare = [self._of(graph.key) for graph in below]
            held = {graph.key: value for graph, (value, _) in zip(below, bare, strict=True)}
            nodes = sum(len(graph.nodes) for graph in below)
            return Unit(id or digest([told for _, told in bare]), item, candidate.owner, held, nodes)
        piece = without_layout(candidate.graph.as_json())
        return Unit(id or digest(piece), item, piece["key"], {piece["key"]: piece}, len(piece["nodes"]))

    def item(self, candidate: Candidate) -> str:
        """What names a candidate for a person."""
        return f"{'a piece of ' if candidate.part else ''}{candidate.owner} in {self._file}"

    def _of(self, key: str) -> tuple[Json, str]:
        """A tree's JSON without layout, and its digest."""
        if key not in self._bare:
            bare = without_layout(self._record[key])
            self._bare[key] = bare, digest(bare)
        return self._bare[key]


def without_layout(graph: Json) -> Json:
    """A graph as JSON without what only the editor shows, labels apart: they name variables."""

    def bare(sockets: Iterable[Json]) -> list[Json]:
        return [{**socket, "layout": {}} for socket in sockets]

    nodes = [
        {**node, "layout": label_of(node["layout"]), "inputs": bare(node["inputs"]), "outputs": bare(node["outputs"])}
        for node in graph["nodes"]
    ]
    return {**graph, "nodes": nodes, "layout": {}}


def asks(units: Iterable[Unit]) -> Iterator[Ask]:
    """Units together while they are few and small, and no two different trees have one key."""
    batch: list[Unit] = []
    held: dict[str, Json] = {}
    nodes = 0
    for unit in units:
        clash = any(held.get(key, graph) != graph for key, graph in unit.graphs.items())
        if batch and (clash or len(batch) >= BATCH_TREES or nodes + unit.nodes > BATCH_NODES):
            yield _ask(batch)
            batch, held, nodes = [], {}, 0
        batch.append(unit)
        held |= unit.graphs
        nodes += unit.nodes
    if batch:
        yield _ask(batch)


def _ask(batch: list[Unit]) -> Ask:
    graphs = {key: graph for unit in batch for key, graph in unit.graphs.items()}
    body = {"graphs": graphs, "layout": False}
    units = {unit.root: unit.id for unit in batch}
    return Ask("prove", body, units, batch[0].item, sum(unit.nodes for unit in batch))


def request(ask: Ask) -> Request:
    """A worker's job for an ask."""
    roots = list(ask.units)
    limit = LIMIT_S + LIMIT_A_NODE_S * ask.nodes
    name = digest([ask.job, [ask.units[root] for root in roots]])
    return Request(ask.job, {**ask.body, "roots": roots}, ask.item, name, limit)


def prove(work: Work, wanted: Iterable[Ask], version: int, proven: Callable[[int, str], None]) -> None:
    """Prove what is asked for and keep what came of it. `proven` hears how many more are done and the last one's name.

    An ask that fails is tried again root by root; what fails alone is kept as not proven, with the reason.
    """
    assert work.host is not None
    waiting: dict[str, Ask] = {}
    failed: list[Ask] = []

    def requests(several: Iterable[Ask]) -> Iterator[Request]:
        for ask in several:
            asked = request(ask)
            waiting[asked.sha256] = ask
            yield asked

    def take(answer: Answer) -> None:
        ask = waiting.pop(answer.request.sha256)
        if not answer.ok and len(ask.units) > 1:
            failed.extend(replace(ask, units={root: unit}) for root, unit in ask.units.items())
            return
        proofs = [proof(unit, root, ask, answer) for root, unit in ask.units.items()]
        work.catalog.add_proofs(work.host.name, version, proofs)  # type: ignore[union-attr]
        proven(len(ask.units), ask.item)

    for answer in work.answers(requests(wanted)):
        take(answer)
    for answer in work.answers(requests(failed)):
        take(answer)


def proof(unit: str, root: str, ask: Ask, answer: Answer) -> Proof:
    """What an answer says of one unit."""
    if not answer.ok:
        return Proof(unit, "", "", _nodes(ask, root), False, None, f"{answer.code}: {answer.sentence}")
    said: Mapping[str, Any] = answer.body["scripts"].get(root, {"reason": "no answer: The worker did not tell of it."})
    code = said.get("code")
    if code is not None and not isinstance(code, str):
        code = json.dumps(code, ensure_ascii=False, sort_keys=True)
    nodes = int(said.get("nodes", _nodes(ask, root)))
    proven = bool(said.get("proven"))
    return Proof(unit, said.get("graph", ""), said.get("shape", ""), nodes, proven, code, said.get("reason") or "")


def _nodes(ask: Ask, root: str) -> int:
    """The nodes of a root's own tree where the ask tells them."""
    graph = ask.body.get("graphs", {}).get(root, {})
    return len(graph["nodes"]) if isinstance(graph, Mapping) and "nodes" in graph else 0
