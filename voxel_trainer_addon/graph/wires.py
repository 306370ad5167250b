# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist sees of a tree's flow: nodes without reroutes and frames, and links from real node to real node."""

from __future__ import annotations

from .flow import FRAME, REROUTE, in_flow
from .model import Graph, Link, Node, Socket


def real_nodes(graph: Graph) -> list[Node]:
    """The nodes but for reroutes and frames, each after what flows into it."""
    return [node for node in in_flow(graph) if node.type not in (REROUTE, FRAME)]


def wires(graph: Graph) -> list[Link]:
    """The links that are neither muted nor invalid, seen through reroutes; one from a loose reroute is none."""
    types = {node.name: node.type for node in graph.nodes}
    living = [link for link in graph.links if link.valid and not link.muted]
    into_reroute = {link.target: link for link in living if types[link.target] == REROUTE}
    found = []
    for link in living:
        if types[link.target] == REROUTE:
            continue
        start: Link | None = link
        passed = set()
        while start is not None and types[start.source] == REROUTE and start.source not in passed:
            passed.add(start.source)
            start = into_reroute.get(start.source)
        if start is not None and types[start.source] != REROUTE:
            found.append(Link(start.source, start.output, link.target, link.input, order=link.order))
    return found


def carried(graph: Graph) -> dict[str, tuple[Node, Socket] | None]:
    """Reroute → the node and the output whose value it passes on; None for one that hangs loose."""
    nodes = {node.name: node for node in graph.nodes}
    into = {link.target: link for link in graph.links if nodes[link.target].type == REROUTE}
    found: dict[str, tuple[Node, Socket] | None] = {}
    for node in graph.nodes:
        if node.type == REROUTE:
            link, passed = into.get(node.name), {node.name}
            while link is not None and link.source in into and link.source not in passed:
                passed.add(link.source)
                link = into[link.source]
            start = nodes[link.source] if link is not None else node
            found[node.name] = (start, start.outputs[link.output]) if link and start.type != REROUTE else None
    return found
