# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind of example is: which trees it takes out of a record, and how it asks for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from ..graph.describe import Plain, in_words
from ..graph.model import Graph, Graphs
from ..graph.wires import real_nodes
from ..prompts import Request

TOLD_IN_FULL, TOLD_WITH_LINKS = 8, 24
"""Up to so many nodes a request tells values too, and up to so many the links."""
FEWEST_NODES = 2


@dataclass(frozen=True)
class Candidate:
    """A tree that may become an answer: `graph` is what the code must make, `owner` the key of the tree that it is or,
    where it is a `part`, was cut from."""

    task: str
    graph: Graph
    owner: str
    part: bool = False


@dataclass(frozen=True)
class Settings:
    """What the choice of candidates depends on besides the records. `fresh` has a new node group of each tree type,
    with one node of each type that the records use."""

    blender: tuple[int, int, int]
    pieces: int
    seed: int
    fresh: Mapping[str, Graph]

    def plain(self, tree_type: str) -> Plain:
        """Node type → that node as Blender makes it in such a tree."""
        return {node.type: node for node in self.fresh[tree_type].nodes} if tree_type in self.fresh else {}


class Kind(Protocol):
    """A module with one kind of example."""

    def candidates(self, graphs: Graphs, settings: Settings) -> Iterator[Candidate]:
        """The trees of one file, in a fixed order."""

    def request(self, task: str, graph: Graph, plain: Plain, choice: str) -> Request:
        """What is asked; `choice` is a hash in hexadecimal for everything that is drawn."""


def whole(noun: str, graph: Graph, plain: Plain) -> Request:
    """A request for a whole tree: the smaller it is, the more is told."""
    nodes = len(real_nodes(graph))
    length = "long" if nodes <= TOLD_IN_FULL else "medium" if nodes <= TOLD_WITH_LINKS else "short"
    return Request(noun, graph.name, in_words(graph, plain, length))
