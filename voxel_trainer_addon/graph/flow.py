# SPDX-License-Identifier: GPL-3.0-or-later
"""How values flow through a tree: which inputs are fed by a link, and the order in which a person would build it."""

from __future__ import annotations

from collections import defaultdict

from .model import Graph, Link, Node

REROUTE = "NodeReroute"
FRAME = "NodeFrame"


def fed_inputs(graph: Graph) -> set[tuple[str, int]]:
    """(node, input) that get their value from a link, so that the stored value has no effect.

    A muted or invalid link, one from a muted node or an unavailable socket, a reroute that hangs loose: none feeds.
    """
    nodes = {node.name: node for node in graph.nodes}
    into: dict[tuple[str, int], list[Link]] = defaultdict(list)
    for link in graph.links:
        into[link.target, link.input].append(link)
    live_reroutes: dict[str, bool] = {}

    def brings(link: Link) -> bool:
        source = nodes[link.source]
        if link.muted or not link.valid or source.settings.get("mute"):
            return False
        if not source.outputs[link.output].available:
            return False
        if source.type != REROUTE:
            return True
        trail: list[str] = []
        while source.name not in live_reroutes:
            live_reroutes[source.name] = False
            trail.append(source.name)
            above = [a for a in into.get((source.name, 0), ()) if not a.muted and a.valid]
            above = [a for a in above if not nodes[a.source].settings.get("mute")]
            above = [a for a in above if nodes[a.source].outputs[a.output].available]
            if not above:
                break
            source = nodes[above[0].source]
            if source.type != REROUTE:
                live_reroutes.update(dict.fromkeys(trail, True))
                break
        else:
            live_reroutes.update(dict.fromkeys(trail, live_reroutes[source.name]))
        return live_reroutes[link.source]

    return {place for place, links in into.items() if any(map(brings, links))}


def in_flow(graph: Graph) -> list[Node]:
    """The nodes, each after what flows into it, chains kept together; a zone's input node before its output node."""
    nodes = {node.name: node for node in graph.nodes}
    before: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    has_users: set[str] = set()
    for link in graph.links:
        before[link.target].append((link.input, link.order, link.source))
        has_users.add(link.source)
    for node in graph.nodes:
        if node.pair is not None:
            before[node.pair].append((-1, 0, node.name))
            has_users.add(node.name)
    done: dict[str, Node] = {}
    entered: set[str] = set()
    starts = [n.name for n in graph.nodes if n.name not in has_users] + [n.name for n in graph.nodes]
    for start in starts:
        stack = [(start, False)]
        while stack:
            name, leave = stack.pop()
            if leave:
                done[name] = nodes[name]
            elif name not in entered:
                entered.add(name)
                stack.append((name, True))
                stack += [(source, False) for _, _, source in sorted(before[name], reverse=True)]
    return list(done.values())
