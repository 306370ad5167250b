# SPDX-License-Identifier: GPL-3.0-or-later
"""How alike two node trees are, as shares from 0 to 1 that do not ask for the names of nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from .diff import diff
from .flow import fed_inputs
from .model import Animation, Graph, Node, Value

Key = TypeVar("Key", bound=Hashable)

NOT_COUNTED = frozenset({"NodeFrame", "NodeReroute"})
"""Nodes that are layout: they change nothing of what a tree does. Links are followed through reroutes."""


def f1(wanted: Counter[Key], made: Counter[Key]) -> float:
    """Harmonic mean of precision and recall of two multisets; symmetric; 1.0 where both are empty."""
    total = wanted.total() + made.total()
    return 2 * (wanted & made).total() / total if total else 1.0


def node_types(graph: Graph) -> Counter[str]:
    """The multiset of node types, without frames and reroutes."""
    return Counter(node.type for node in graph.nodes if node.type not in NOT_COUNTED)


def link_ends(graph: Graph) -> Counter[tuple[str, str, str, str]]:
    """The multiset of links as (from type, from socket, to type, to socket), sockets by identifier, muted links left
    out; a way through reroutes is one link."""
    nodes = {node.name: node for node in graph.nodes}
    into = {(link.target, link.input): link for link in graph.links if not link.muted}
    found: Counter[tuple[str, str, str, str]] = Counter()
    for link in graph.links:
        target, source = nodes[link.target], nodes[link.source]
        if link.muted or target.type == "NodeReroute":
            continue
        output, seen = link.output, {source.name}
        while source.type == "NodeReroute":
            before = into.get((source.name, 0))
            if before is None or before.source in seen:
                break
            source, output = nodes[before.source], before.output
            seen.add(source.name)
        if source.type != "NodeReroute":
            found[source.type, _socket(source, output, "out"), target.type, _socket(target, link.input, "in")] += 1
    return found


def _socket(node: Node, index: int, side: str) -> str:
    sockets = node.inputs if side == "in" else node.outputs
    return sockets[index].identifier if index < len(sockets) else str(index)


def node_f1(wanted: Graph, made: Graph) -> float:
    """F1 of the multisets of node types, 0 to 1; symmetric."""
    return f1(node_types(wanted), node_types(made))


def link_f1(wanted: Graph, made: Graph) -> float:
    """F1 of the multisets of links by types and sockets, 0 to 1; symmetric. Two trees without links are alike (1.0)."""
    return f1(link_ends(wanted), link_ends(made))


def parameters(graph: Graph) -> Counter[tuple[str, str, str]]:
    """The multiset of (node type, setting or input, value), nested settings one by one, numbers to six digits; inputs
    by identifier, those that a link feeds or that are not in use left out."""
    fed = fed_inputs(graph)
    found: Counter[tuple[str, str, str]] = Counter()
    for node in graph.nodes:
        if node.type in NOT_COUNTED:
            continue
        found.update((node.type, f".{path}", value) for path, value in leaves(node.settings))
        for n, socket in enumerate(node.inputs):
            if socket.available and socket.value is not None and (node.name, n) not in fed:
                found.update((node.type, socket.identifier + path, value) for path, value in leaves(socket.value))
    return found


def leaves(value: Value) -> Iterator[tuple[str, str]]:
    """(path, value as text) of every single value."""
    if isinstance(value, Mapping) and not value.keys() & {"id", "set", "float"}:
        for key, below in value.items():
            yield from ((f".{key}{path}", leaf) for path, leaf in leaves(below))
    elif isinstance(value, list | tuple):
        for n, below in enumerate(value):
            yield from ((f".{n}{path}", leaf) for path, leaf in leaves(below))
    else:
        yield "", f"{value:.6g}" if isinstance(value, float) else str(value)


def parameter_f1(wanted: Graph, made: Graph) -> float:
    """F1 of the multisets of parameters, 0 to 1; symmetric. Defaults count: who leaves them alone is right too."""
    return f1(parameters(wanted), parameters(made))


def edit_similarity(a: Graph, b: Graph) -> float:
    """1 − (edits from one tree to the other) / (edits that make both from nothing), 0 to 1.

    Edits are those of `graph.diff`, each counts one; of both directions the shorter counts, so that it is symmetric. 1
    means that nothing has to be done; 0 that making it anew is no more work. Two empty trees are alike (1.0).
    """
    nothing: dict[str, Any] = {"nodes": (), "links": (), "interface": (), "animation": Animation()}
    anew = sum(len(diff(replace(graph, **nothing), graph)) for graph in (a, b))
    apart = min(len(diff(a, b)), len(diff(b, a)))
    return max(0.0, 1.0 - apart / anew) if anew else float(not apart)


def root(graphs: Mapping[str, Graph], key: str = "") -> Graph | None:
    """The tree that a script was written for: the one under `key` where it is there, else the largest that no other
    tree uses (ties by key); None where there is no tree with a node."""
    if key in graphs and graphs[key].nodes:
        return graphs[key]
    used = {f"node_groups/{name}" for graph in graphs.values() for name in graph.groups if name != graph.name}
    return _largest(g for g in graphs.values() if g.nodes and g.key not in used) or _largest(graphs.values())


def _largest(graphs: Iterable[Graph]) -> Graph | None:
    return min((g for g in graphs if g.nodes), key=lambda g: (-len(g.nodes), g.key), default=None)


def nearest(wanted: Graph, graphs: Mapping[str, Graph]) -> Graph | None:
    """Of several trees the one most like `wanted`: by nodes, then by links, then by key. None where none has a node.

    A tree's own name plays no part, for a script may do everything right under another name.
    """
    candidates = sorted((graph for graph in graphs.values() if graph.nodes), key=lambda graph: graph.key)
    return max(candidates, key=lambda graph: (node_f1(wanted, graph), link_f1(wanted, graph)), default=None)
