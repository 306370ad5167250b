# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which a person would write a tree down: as values flow, and what stands in one frame together.

Nodes are numbered as they come in the flow; a set of nodes is a whole number with a bit for each.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

from .flow import in_flow
from .model import Graph, Node


def by_frame(graph: Graph) -> list[Node]:
    """The nodes, each after what flows into it. A frame is begun when all is there that it takes from outside, and
    left when none of its nodes can come next; one that takes what comes of its own nodes is written in parts."""
    order = in_flow(graph)
    frames = [str(node.layout.get("parent") or "") for node in order]
    if not any(frames):
        return order
    sources = _sources(graph, order)
    awaited = _awaited(frames, sources)
    users: dict[int, list[int]] = defaultdict(list)
    ready: dict[str, list[int]] = defaultdict(list)
    for n, held in enumerate(sources):
        for source in held:
            users[source].append(n)
        if not held:
            heapq.heappush(ready[frames[n]], n)
    found: list[Node] = []
    frame, done = "", 0
    while len(found) < len(order):
        if not frame or not ready[frame]:
            frame = min((f for f in ready if ready[f]), key=lambda f: (awaited[f] & ~done != 0, ready[f][0]))
        n = heapq.heappop(ready[frame])
        found.append(order[n])
        done |= 1 << n
        for user in users[n]:
            sources[user].remove(n)
            if not sources[user]:
                heapq.heappush(ready[frames[user]], user)
    return found


def _sources(graph: Graph, order: Sequence[Node]) -> list[set[int]]:
    """For each node those that come before it and flow into it, or begin the zone that it ends."""
    at = {node.name: n for n, node in enumerate(order)}
    pairs = [(node.name, node.pair) for node in order if node.pair is not None]
    sources: list[set[int]] = [set() for _ in order]
    for source, target in (*((link.source, link.target) for link in graph.links), *pairs):
        if at[source] < at[target]:
            sources[at[target]].add(at[source])
    return sources


def _awaited(frames: Sequence[str], sources: Sequence[set[int]]) -> dict[str, int]:
    """For each frame all outside it that flows into it, near or far, and takes nothing from it."""
    above: list[int] = []
    for held in sources:
        above.append(_union(above[n] | 1 << n for n in held))
    awaited = {"": 0}
    for frame in {*frames} - {""}:
        own = _union(1 << n for n, other in enumerate(frames) if other == frame)
        behind = _union(1 << n for n, needed in enumerate(above) if needed & own)
        awaited[frame] = _union(above[n] for n, other in enumerate(frames) if other == frame) & ~own & ~behind
    return awaited


def _union(sets: Iterable[int]) -> int:
    return reduce(or_, sets, 0)
