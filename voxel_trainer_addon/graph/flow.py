# SPDX-License-Identifier: GPL-3.0-or-later
"""How values travel through a tree: links seen through reroutes, and nodes in the order of the flow."""

from __future__ import annotations

from .model import Graph, Link, Node

REROUTE = "NodeReroute"
FRAME = "NodeFrame"


def wires(graph: Graph) -> list[Link]:
    """The links that are not muted, from real node to real node: reroutes between them are left out."""
    types = {node.name: node.type for node in graph.nodes}
    into_reroute = {link.target: link for link in graph.links if types[link.target] == REROUTE and not link.muted}
    found = []
    for link in graph.links:
        if link.muted or types[link.target] == REROUTE:
            continue
        start: Link | None = link
        passed = set()
        while start is not None and types[start.source] == REROUTE and start.source not in passed:
            passed.add(start.source)
            start = into_reroute.get(start.source)
        if start is not None and types[start.source] != REROUTE:
            found.append(Link(start.source, start.output, link.target, link.input, order=link.order))
    return found


def in_order(graph: Graph) -> list[Node]:
    """The nodes but for reroutes and frames, each after those that feed it; in the graph's own order where the flow
    leaves it open or goes in a circle."""
    nodes = [node for node in graph.nodes if node.type not in (REROUTE, FRAME)]
    feeds: dict[str, set[str]] = {node.name: set() for node in nodes}
    for wire in wires(graph):
        if wire.source in feeds and wire.target in feeds:
            feeds[wire.target].add(wire.source)
    ordered: list[Node] = []
    done: set[str] = set()
    while nodes:
        ready = [node for node in nodes if feeds[node.name] <= done] or nodes[:1]
        ordered += ready
        done |= {node.name for node in ready}
        nodes = [node for node in nodes if node.name not in done]
    return ordered
