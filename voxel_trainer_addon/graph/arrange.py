# SPDX-License-Identifier: GPL-3.0-or-later
"""Places for the nodes of a tree: columns along the flow, few crossings, room for each node's height."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from .flow import FRAME, REROUTE, in_flow
from .model import Graph, Node

SWEEPS = 6
GAP_X, GAP_Y = 60.0, 25.0
HEAD, ROW, FOOT = 30.0, 22.0, 10.0
"""Heights in Blender units: a node's header, one of its sockets or settings, its lower edge."""
WIDE = 240.0
USUAL = 150.0
TALL: Mapping[str, float] = {"color_ramp": 90.0, "mapping": 200.0, "image_user": 60.0}
"""Settings that need more room than a row."""

HEADING = "# Arrange the nodes in columns, by the longest way to the end"
ARRANGE = """\
    columns, bottoms, places = {}, {}, []
    for link in reversed(tree.links[:]):
        column = columns.get(link.to_node, 0) + 1
        columns[link.from_node] = max(columns.get(link.from_node, 0), column)
    for node in tree.nodes:
        column = columns.get(node, 0)
        places += -240 * column, bottoms.get(column, 0)
        rows = sum(socket.enabled for socket in (*node.inputs, *node.outputs))
        bottoms[column] = bottoms.get(column, 0) - 80 - 24 * rows
    tree.nodes.foreach_set("location", places)
"""
"""The same idea in a few lines of Python for scripts that an artist runs: what is done for each tree."""


def arranged(graph: Graph, heights: Mapping[str, float] | None = None) -> dict[str, tuple[float, float]]:
    """Node → its upper left corner in Blender units, y upwards; the end of the flow stands at the right.

    Nodes of one frame stand together in a column; frames themselves stay at the origin, as places in a frame count from
    it. Nodes without links come in a row below. `heights`: those that are known, in Blender units.
    """
    nodes = {node.name: node for node in in_flow(graph) if node.type != FRAME}
    ends = {(link.source, link.target) for link in graph.links}
    ends |= {(node.name, node.pair) for node in graph.nodes if node.pair is not None}
    tied = {name for pair in ends for name in pair}
    frames = {name: str(node.layout.get("parent") or "") for name, node in nodes.items()}
    tall = {name: (heights or {}).get(name) or height(node) for name, node in nodes.items()}
    found = {node.name: (0.0, 0.0) for node in graph.nodes if node.type == FRAME}
    right = lowest = 0.0
    for column in reversed(columns([name for name in nodes if name in tied], sorted(ends), frames)):
        left = right - max(width(nodes[name]) for name in column)
        top = (sum(tall[name] for name in column) + GAP_Y * (len(column) - 1)) / 2
        for name in column:
            found[name] = (left, top)
            top -= tall[name] + GAP_Y
        lowest = min(lowest, top)
        right = left - GAP_X
    left = right + GAP_X
    for name, node in nodes.items():
        if name not in tied:
            found[name] = (left, lowest - 2 * GAP_Y)
            left += width(node) + GAP_X
    return found


def columns(
    order: Sequence[str], ends: Iterable[tuple[str, str]], frames: Mapping[str, str] | None = None
) -> list[list[str]]:
    """The names in columns from left to right, each from top to bottom, so that links cross little.

    `order` has each name after what flows into it; `ends` are pairs of names, source and target. A pair against the
    order closes a ring and counts for nothing. Names with the same word in `frames` stand together in a column.
    """
    at = {name: n for n, name in enumerate(order)}
    after: dict[str, list[str]] = defaultdict(list)
    before: dict[str, list[str]] = defaultdict(list)
    for source, target in ends:
        if source in at and target in at and at[source] < at[target]:
            after[source].append(target)
            before[target].append(source)
    depth: dict[str, int] = {}
    for name in reversed(order):
        depth[name] = max((depth[target] + 1 for target in after[name]), default=0)
    found: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in order:
        found[-1 - depth[name]].append(name)
    place: dict[str, float] = {}
    for column in found:
        _number(column, place)
    for sweep in range(SWEEPS):
        right = sweep % 2 == 0
        for column in found if right else reversed(found):
            _sort(column, place, before if right else after, frames or {})
    return found


def _sort(
    column: list[str], place: dict[str, float], beside: Mapping[str, list[str]], frames: Mapping[str, str]
) -> None:
    """Order a column by the middle of each name's neighbours, names of one frame together."""
    middle = {
        name: sum(place[near] for near in beside[name]) / len(beside[name]) if beside.get(name) else place[name]
        for name in column
    }
    groups: dict[str, list[float]] = defaultdict(list)
    for name in column:
        groups[frames.get(name) or name].append(middle[name])
    column.sort(key=lambda name: (_mean(groups[frames.get(name) or name]), frames.get(name) or name, middle[name]))
    _number(column, place)


def _number(column: list[str], place: dict[str, float]) -> None:
    """Where each name stands, as a share of its column."""
    for n, name in enumerate(column):
        place[name] = (n + 0.5) / len(column)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def height(node: Node) -> float:
    """About how tall a node is in Blender units: a row for each socket and setting."""
    if node.type == REROUTE:
        return ROW
    if node.layout.get("hide"):
        return HEAD + FOOT
    rows = sum(socket.available and not socket.layout.get("hide") for socket in (*node.inputs, *node.outputs))
    settings = sum(isinstance(value, str) for value in node.settings.values())
    return HEAD + ROW * (rows + settings) + sum(TALL.get(name, 0) for name in node.settings) + FOOT


def width(node: Node) -> float:
    """How wide a node is in Blender units, as far as the graph tells."""
    known = node.layout.get("width")
    if isinstance(known, int | float):
        return float(known)
    return WIDE if any(name in node.settings for name in (*TALL, "image")) or "Bsdf" in node.type else USUAL
