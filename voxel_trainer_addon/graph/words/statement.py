# SPDX-License-Identifier: GPL-3.0-or-later
"""A sentence about a tree, with the nodes that it speaks of and the predicate that makes it true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..model import Graph
from .view import View


@dataclass(frozen=True)
class Statement:
    """`nodes` are names of nodes, in the order of the flow; empty where the tree as a whole is meant. `check` says
    whether the sentence is true of a tree; it looks at the tree alone, not at how the sentence was found."""

    text: str
    nodes: tuple[str, ...]
    check: Callable[[View], bool]

    def holds(self, graph: Graph) -> bool:
        """Whether the sentence is true of `graph`."""
        view = View(graph)
        return all(name in view.nodes for name in self.nodes) and self.check(view)
