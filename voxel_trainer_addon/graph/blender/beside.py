# SPDX-License-Identifier: GPL-3.0-or-later
"""New nodes put beside those that they belong to, in a tree whose other nodes stay where they are."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..arrange import arranged, height, width
from ..flow import FRAME
from ..model import Graph

GAP = 20.0
"""Between a new node and one that is in its way, in Blender units."""


def corner(node: Any) -> tuple[float, float]:
    """The upper left corner of a node in its tree, whatever frames it lies in."""
    x, y = node.location
    while (node := node.parent) is not None:
        x, y = x + node.location.x, y + node.location.y
    return x, y


def put_beside(tree: Any, new: Collection[str], graph: Graph) -> None:
    """Give the `new` nodes of a tree, read as `graph`, places beside the old ones that they are linked with, or beside
    all others: as they would stand to these if all were arranged, below what is in the way."""
    ideal = arranged(graph)
    near: dict[str, list[str]] = {name: [] for name in new}
    for link in graph.links:
        for name, other in ((link.source, link.target), (link.target, link.source)):
            if name in new and other not in new:
                near[name].append(other)
    nodes = {node.name: node for node in graph.nodes if node.type != FRAME}
    old = [name for name in nodes if name not in new]
    linked = [other for others in near.values() for other in others]
    boxes = [(*corner(tree.nodes[name]), width(nodes[name]), height(nodes[name])) for name in old]
    for name in sorted(new, key=lambda name: (ideal[name][0], -ideal[name][1])):
        x, y = ideal[name]
        if others := near[name] or linked or old:
            found = [(*corner(tree.nodes[other]), *ideal[other]) for other in others]
            x += sum(there[0] - there[2] for there in found) / len(found)
            y += sum(there[1] - there[3] for there in found) / len(found)
        wide, tall = width(nodes[name]), height(nodes[name])
        while in_the_way := [
            b for b in boxes if x < b[0] + b[2] and b[0] < x + wide and y - tall < b[1] and b[1] - b[3] < y
        ]:
            y = min(top - below for _, top, _, below in in_the_way) - GAP
        tree.nodes[name].location = round(x), round(y)
        boxes.append((x, y, wide, tall))
