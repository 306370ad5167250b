# SPDX-License-Identifier: GPL-3.0-or-later
"""Connected parts of a tree, small enough for a small model's answer, each a node group of its own."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..files import digest
from .flow import FRAME, REROUTE
from .menu import type_words
from .model import Graph, Node
from .wires import real_nodes, wires

SIZES = range(2, 9)
NEVER = {FRAME, REROUTE, "NodeGroupInput", "NodeGroupOutput", "NodeUndefined"}
GENERAL = {"Texture", "Node", "Input", "BSDF", "Shader", "Geometry", "Color"}
"""Words of a node type that say little in the name of a piece."""


def can_stand_alone(tree_type: str, blender: tuple[int, int, int]) -> bool:
    """Whether parts of such a tree may live in a node group. Before 5.0 a compositor tree must be a scene's."""
    since = {"ShaderNodeTree": (0,), "GeometryNodeTree": (0,), "CompositorNodeTree": (5, 0)}
    return tree_type in since and blender >= since[tree_type]


def refers(value: Any) -> bool:
    """Whether a stored value names a data-block somewhere inside."""
    if isinstance(value, Mapping):
        return "id" in value or any(refers(v) for v in value.values())
    return isinstance(value, (list, tuple)) and any(refers(v) for v in value)


def may_join(node: Node, zones: set[str]) -> bool:
    """Whether a node may be in a piece: no group, zone, tree output or reference to a data-block."""
    outside = node.type in NEVER or node.name in zones or node.group or "NodeOutput" in node.type
    viewer = node.type.endswith(("NodeViewer", "NodeComposite"))
    return not (outside or viewer or refers(node.settings) or any(refers(s.value) for s in node.inputs))


def pieces(graph: Graph, *, most: int, seed: int) -> Iterator[Graph]:
    """At most `most` connected parts of 2 to 8 nodes with their own settings and the links among them.

    Which ones depends on the graph's nodes and links and `seed` alone. At least half of the nodes of each are in no
    earlier piece.
    """
    zones = {node.name for node in graph.nodes if node.pair} | {node.pair for node in graph.nodes if node.pair}
    nodes = {node.name: node for node in graph.nodes if may_join(node, zones)}
    beside: dict[str, list[str]] = {name: [] for name in nodes}
    for wire in wires(graph):
        if wire.source in nodes and wire.target in nodes and wire.source != wire.target:
            beside[wire.source].append(wire.target)
            beside[wire.target].append(wire.source)
    content = [[(node.name, node.type) for node in graph.nodes], [vars(link) for link in graph.links]]
    chance = random.Random(f"{seed}:{digest(content)}")
    starts = [name for name in nodes if beside[name]]
    chance.shuffle(starts)
    used: set[str] = set()
    for start in starts:
        if start in used or most <= 0:
            continue
        part = grown(start, beside, used, chance)
        if len(part) >= SIZES.start and len(part - used) * 2 >= len(part):
            used |= part
            most -= 1
            yield cut(graph, part)


def grown(start: str, beside: Mapping[str, list[str]], used: set[str], chance: random.Random) -> set[str]:
    """`start` and neighbours of neighbours up to a size drawn by chance, small ones oftener; what is in no piece yet
    comes first."""
    size, part = min(chance.choice(SIZES), chance.choice(SIZES)), {start}
    while len(part) < size:
        around = sorted({name for member in part for name in beside[member]} - part)
        fresh = [name for name in around if name not in used]
        if not around:
            break
        part.add(chance.choice(fresh or around))
    return part


def cut(graph: Graph, part: set[str]) -> Graph:
    """The nodes in `part` and the links among them as a node group, named after its first and last node."""
    nodes = tuple(replace(node, layout=label_of(node.layout)) for node in graph.nodes if node.name in part)
    inside = [wire for wire in wires(graph) if wire.source in part and wire.target in part]
    place: Counter[tuple[str, int]] = Counter()
    links = []
    for wire in sorted(inside, key=lambda wire: wire.order):
        links.append(replace(wire, order=place[wire.target, wire.input]))
        place[wire.target, wire.input] += 1
    bare = Graph(f"node_groups/{graph.name}", graph.type, nodes, tuple(links))
    return Graph(f"node_groups/{name_of(bare)}", graph.type, nodes, tuple(links))


def label_of(layout: Mapping[str, Any]) -> dict[str, Any]:
    """Of a node's layout what names it."""
    return {"label": layout["label"]} if layout.get("label") else {}


def name_of(piece: Graph) -> str:
    """A plain name from what stands first and last in the flow: `Noise Bump`."""
    ordered = real_nodes(piece)
    words: list[str] = []
    for node in (ordered[0], ordered[-1]):
        said = type_words(node.type).split()
        words += [word for word in said if word not in GENERAL and word not in words] or []
    return " ".join(words) or type_words(ordered[-1].type)
