# SPDX-License-Identifier: GPL-3.0-or-later
"""Proofs: each tree is asked for once, in batches, and what came of it is kept in the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from ..catalog import Proof
from ..files import digest
from ..graph.model import Graph, Graphs, closure
from ..graph.pieces import label_of
from ..stage import Work
from ..worker.protocol import Answer, Request
from .kinds import Candidate

VERSION = 1
"""Of the code writer and the proof: what an older one proved is proven again."""
BATCH_TREES, BATCH_NODES = 50, 400
LIMIT_S, LIMIT_A_NODE_S = 60.0, 0.3


@dataclass(frozen=True)
class Unit:
    """A tree to prove. `id` is the digest of the tree and the groups below it, names included and layout apart;
    `graphs` are these, the tree last; `item` names it for a person."""

    id: str
    item: str
    graphs: tuple[Graph, ...]

    @property
    def root(self) -> Graph:
        return self.graphs[-1]

    @property
    def nodes(self) -> int:
        return sum(len(graph.nodes) for graph in self.graphs)


class Units:
    """Units of one file's trees. Digests of its graphs are kept, since many trees share their groups."""

    def __init__(self, graphs: Graphs, file: str) -> None:
        self._file = file
        self._graphs = {key: without_layout(graph) for key, graph in graphs.items()}
        self._digests = {key: digest(graph.as_json()) for key, graph in self._graphs.items()}

    def unit(self, candidate: Candidate) -> Unit:
        """The unit of a whole tree, or of a piece (which uses no groups)."""
        if not candidate.part:
            graphs = tuple(closure(self._graphs[candidate.owner], self._graphs))
            digests = [self._digests[graph.key] for graph in graphs]
            return Unit(digest(digests), f"{candidate.owner} in {self._file}", graphs)
        piece = without_layout(candidate.graph)
        item = f"a piece of {candidate.owner} in {self._file}"
        return Unit(digest([digest(piece.as_json())]), item, (piece,))


def without_layout(graph: Graph) -> Graph:
    """The graph without what only the editor shows, labels apart: they name variables."""
    nodes = tuple(
        replace(
            node,
            layout=label_of(node),
            inputs=tuple(replace(socket, layout={}) for socket in node.inputs),
            outputs=tuple(replace(socket, layout={}) for socket in node.outputs),
        )
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes, layout={})


def batches(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    """Units together while they are few and small, and no two different trees have one key."""
    batch: list[Unit] = []
    held: dict[str, Graph] = {}
    nodes = 0
    for unit in units:
        clash = any(held.get(graph.key, graph) != graph for graph in unit.graphs)
        if batch and (clash or len(batch) >= BATCH_TREES or nodes + unit.nodes > BATCH_NODES):
            yield batch
            batch, held, nodes = [], {}, 0
        batch.append(unit)
        held |= {graph.key: graph for graph in unit.graphs}
        nodes += unit.nodes
    if batch:
        yield batch


def request(batch: list[Unit]) -> Request:
    """A worker's job for a batch."""
    graphs = {graph.key: graph.as_json() for unit in batch for graph in unit.graphs}
    body = {"graphs": graphs, "roots": [unit.root.key for unit in batch], "layout": False}
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
        return Proof(unit.id, "", "", len(unit.root.nodes), False, None, f"{answer.code}: {answer.sentence}")
    said = answer.body["scripts"][unit.root.key]
    return Proof(
        unit.id, said["graph"], said["shape"], said["nodes"], bool(said["proven"]), said["code"], said["reason"]
    )
