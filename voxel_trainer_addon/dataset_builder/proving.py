# SPDX-License-Identifier: GPL-3.0-or-later
"""Proofs: each tree is asked for once, in batches, and what came of it is kept in the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..catalog import Proof
from ..files import digest
from ..graph.model import Graphs, closure
from ..graph.pieces import label_of
from ..stage import Work
from ..worker.protocol import Answer, Request
from .kinds import Candidate

Json = dict[str, Any]

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
        self._file, self._graphs = file, graphs
        self._json = {key: without_layout(graph) for key, graph in record.items()}
        self._digests = {key: digest(graph) for key, graph in self._json.items()}

    def unit(self, candidate: Candidate) -> Unit:
        """The unit of a whole tree, or of a piece (which uses no groups)."""
        if not candidate.part:
            below = closure(self._graphs[candidate.owner], self._graphs)
            held = {graph.key: self._json[graph.key] for graph in below}
            digests = [self._digests[graph.key] for graph in below]
            item = f"{candidate.owner} in {self._file}"
            return Unit(digest(digests), item, candidate.owner, held, sum(len(graph.nodes) for graph in below))
        piece = without_layout(candidate.graph.as_json())
        item = f"a piece of {candidate.owner} in {self._file}"
        return Unit(digest(piece), item, piece["key"], {piece["key"]: piece}, len(piece["nodes"]))


def without_layout(graph: Json) -> Json:
    """A graph as JSON without what only the editor shows, labels apart: they name variables."""

    def bare(sockets: Iterable[Json]) -> list[Json]:
        return [{**socket, "layout": {}} for socket in sockets]

    nodes = [
        {**node, "layout": label_of(node["layout"]), "inputs": bare(node["inputs"]), "outputs": bare(node["outputs"])}
        for node in graph["nodes"]
    ]
    return {**graph, "nodes": nodes, "layout": {}}


def batches(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    """Units together while they are few and small, and no two different trees have one key."""
    batch: list[Unit] = []
    held: dict[str, Json] = {}
    nodes = 0
    for unit in units:
        clash = any(held.get(key, graph) != graph for key, graph in unit.graphs.items())
        if batch and (clash or len(batch) >= BATCH_TREES or nodes + unit.nodes > BATCH_NODES):
            yield batch
            batch, held, nodes = [], {}, 0
        batch.append(unit)
        held |= unit.graphs
        nodes += unit.nodes
    if batch:
        yield batch


def request(batch: list[Unit]) -> Request:
    """A worker's job for a batch."""
    graphs = {key: graph for unit in batch for key, graph in unit.graphs.items()}
    body = {"graphs": graphs, "roots": [unit.root for unit in batch], "layout": False}
    limit = LIMIT_S + LIMIT_A_NODE_S * sum(unit.nodes for unit in batch)
    return Request("prove", body, batch[0].item, digest([unit.id for unit in batch]), limit)


def prove(work: Work, units: Iterable[Unit], version: int, proven: Callable[[int, str], None]) -> None:
    """Prove units and keep what came of it. `proven` hears how many more are done and the last one's name.

    A batch that fails is tried again tree by tree; a tree that fails alone is kept as not proven, with the reason.
    """
    assert work.host is not None
    waiting: dict[str, list[Unit]] = {}
    failed: list[Unit] = []

    def requests(groups: Iterable[list[Unit]]) -> Iterator[Request]:
        for batch in groups:
            asked = request(batch)
            waiting[asked.sha256] = batch
            yield asked

    def take(answer: Answer) -> None:
        batch = waiting.pop(answer.request.sha256)
        if not answer.ok and len(batch) > 1:
            failed.extend(batch)
            return
        work.catalog.add_proofs(work.host.name, version, [proof(unit, answer) for unit in batch])  # type: ignore[union-attr]
        proven(len(batch), batch[-1].item)

    for answer in work.answers(requests(batches(units))):
        take(answer)
    for answer in work.answers(requests([unit] for unit in failed)):
        take(answer)


def proof(unit: Unit, answer: Answer) -> Proof:
    """What an answer says of one unit."""
    if not answer.ok:
        return Proof(
            unit.id, "", "", len(unit.graphs[unit.root]["nodes"]), False, None, f"{answer.code}: {answer.sentence}"
        )
    said = answer.body["scripts"][unit.root]
    return Proof(
        unit.id, said["graph"], said["shape"], said["nodes"], bool(said["proven"]), said["code"], said["reason"]
    )
