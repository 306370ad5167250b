# SPDX-License-Identifier: GPL-3.0-or-later
"""Graphs built in the open file, in trees that are there already, and taken back where it went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import bpy

from ...words import counted
from ..arrange import arranged
from ..model import Graph
from ..steps import TREE
from .build import Builder, work_through
from .read import read_graph

LIMIT_S = 30.0


@dataclass
class Made:
    """What came of it: groups and other data-blocks that are new in the file, and what is to be told: what has another
    name here, what is left out."""

    groups: list[Any] = field(default_factory=list)
    others: list[Any] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def take_back(self) -> None:
        """Remove the data-blocks again."""
        bpy.data.batch_remove((*self.groups, *self.others))


class _Into(Builder):
    """Builds a graph in a tree that is there already."""

    def __init__(self, graph: Graph, target: Any) -> None:
        super().__init__(graph, True, LIMIT_S)
        self.target = target

    def make_tree(self) -> Any:
        self.stage.things[TREE.base] = self.target
        return self.target


def fill(graph: Graph, target: Any, made: Made) -> None:
    """Build one graph in a tree; links that Blender did not take are told. Raises what Blender raises."""
    if graph.animation.keys and not _act(graph, target, made):
        graph = replace(graph, animation=replace(graph.animation, keys=(), settings={}))
        made.told.append("Keyframes are left out: the tree has an action already.")
    build = _Into(graph, target)
    work_through([build])
    if build.error:
        raise build.error
    if lost := len(graph.links) - len(build.linked):
        made.told.append(f"{counted(lost, 'link')} found no socket and {'is' if lost == 1 else 'are'} left out.")


def _act(graph: Graph, target: Any, made: Made) -> bool:
    """Make the action for the keyframes of a graph, where its tree has none."""
    if target.animation_data is not None and target.animation_data.action is not None:
        return False
    made.others.append(bpy.data.actions.new(graph.animation.settings["action"]["name"]))
    return True


def spread(nodes: Sequence[Any], tree: Any) -> None:
    """Arrange nodes of a tree where they all lie on one spot."""
    if len(nodes) > 1 and len({tuple(node.location) for node in nodes}) == 1:
        names = {node.name for node in nodes}
        graph = read_graph(tree, "node_groups/here")
        part = replace(
            graph,
            nodes=tuple(node for node in graph.nodes if node.name in names),
            links=tuple(link for link in graph.links if link.source in names and link.target in names),
        )
        for name, place in arranged(part).items():
            tree.nodes[name].location = place


def short(error: Exception) -> str:
    """What went wrong, as the end of a sentence."""
    words = str(error) if isinstance(error, ValueError) else f"{type(error).__name__} {error}"
    return words.strip().rstrip(".")[:200] + "."
