# SPDX-License-Identifier: GPL-3.0-or-later
"""Meaningful parts of a tree that can be taken out of it: a zone with its body, the branch behind one input."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ..files import digest
from .flow import FRAME, REROUTE
from .model import Graph, Link

SIZES = range(1, 9)
STAYING = 3
"""Nodes that a tree keeps at least. Reroutes and frames are counted neither here nor in a part."""


def parts(graph: Graph, *, most: int, seed: int) -> Iterator[frozenset[str]]:
    """At most `most` sets of names of nodes that can be taken out. The rest stays a tree that does something.

    Which ones depends on the graph's nodes and links and `seed` alone; no two share more than half of their nodes.
    """
    content = [[(node.name, node.type) for node in graph.nodes], [vars(link) for link in graph.links]]
    chance = random.Random(f"{seed}:{digest(content)}")
    found = sorted({part for part in (*zones(graph), *branches(graph)) if _fits(graph, part)}, key=sorted)
    chance.shuffle(found)
    found.sort(key=lambda part: len(part) == 1)  # a single node is asked for last
    chosen: list[frozenset[str]] = []
    for part in found:
        if len(chosen) < most and all(2 * len(part & other) <= min(len(part), len(other)) for other in chosen):
            chosen.append(part)
            yield part


def without(graph: Graph, part: frozenset[str]) -> Graph:
    """The tree without those nodes and their links, and without frames, which mean nothing."""
    nodes = tuple(node for node in graph.nodes if node.name not in part and node.type != FRAME)
    left = {node.name for node in nodes}
    nodes = tuple(replace(node, layout={k: v for k, v in node.layout.items() if k != "parent"}) for node in nodes)
    links = (link for link in graph.links if link.source in left and link.target in left)
    return replace(graph, nodes=nodes, links=_counted(links))


def _counted(links: Iterable[Link]) -> tuple[Link, ...]:
    """Links whose places among those of their input have no gaps."""
    place: Counter[tuple[str, int]] = Counter()
    found = []
    for link in sorted(links, key=lambda link: link.order):
        found.append(replace(link, order=place[link.target, link.input]))
        place[link.target, link.input] += 1
    return tuple(found)


def zones(graph: Graph) -> Iterator[frozenset[str]]:
    """Both ends of each zone, and all that lies between them."""
    after, before = _neighbours(graph)
    inputs = {node.name for node in graph.nodes if node.type == "NodeGroupInput"}
    for node in graph.nodes:
        if node.pair:
            inside = _reached(node.name, after) & _reached(node.pair, before)
            yield _with_reroutes(graph, (inside | {node.name, node.pair}) - inputs)


def branches(graph: Graph) -> Iterator[frozenset[str]]:
    """For each link, all that flows on through it alone: nodes whose every way on leads over it."""
    after, before = _neighbours(graph)
    inputs = {node.name for node in graph.nodes if node.type == "NodeGroupInput"}
    for link in graph.links:
        if after[link.source] != {link.target} or link.source == link.target:
            continue
        branch, above = {link.source}, _reached(link.source, before) - inputs
        while more := {name for name in above - branch if after[name] <= branch}:
            branch |= more
        if link.target not in branch:
            yield _with_reroutes(graph, branch)


def _neighbours(graph: Graph) -> tuple[Mapping[str, set[str]], Mapping[str, set[str]]]:
    """Nodes right after each one, and right before it; the first node of a zone is before its last."""
    after: dict[str, set[str]] = defaultdict(set)
    before: dict[str, set[str]] = defaultdict(set)
    ends = [(link.source, link.target) for link in graph.links]
    ends += [(node.name, node.pair) for node in graph.nodes if node.pair]
    for source, target in ends:
        after[source].add(target)
        before[target].add(source)
    return after, before


def _reached(start: str, ways: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = [start]
    while todo:
        for name in ways.get(todo.pop(), ()):
            if name not in found:
                found.add(name)
                todo.append(name)
    return found


def _with_reroutes(graph: Graph, part: set[str]) -> frozenset[str]:
    """The part with the reroutes that only it has links to."""
    reroutes = {node.name for node in graph.nodes if node.type == REROUTE}
    around: dict[str, set[str]] = defaultdict(set)
    for link in graph.links:
        around[link.source].add(link.target)
        around[link.target].add(link.source)
    return frozenset(part | {name for name in reroutes if around[name] and around[name] <= part})


def _fits(graph: Graph, part: frozenset[str]) -> bool:
    """Whether a part is small enough and no end of the tree, halves no zone, moves nothing, and leaves enough."""
    nodes = [node for node in graph.nodes if node.type not in (FRAME, REROUTE)]
    taken = [node for node in nodes if node.name in part]
    moving = graph.animation
    moved = {curve.node for curve in (*moving.drivers, *moving.keys)} | moving.looked_at
    if len(taken) not in SIZES or len(nodes) - len(taken) < STAYING or moved & part:
        return False
    halved = any(node.pair and (node.name in part) != (node.pair in part) for node in nodes)
    return not halved and all(node.outputs and node.type != "NodeGroupInput" for node in taken)
