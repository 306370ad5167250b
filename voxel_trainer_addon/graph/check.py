# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person should know of a tree before it goes elsewhere: what breaks there, what is missing, what is idle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from . import travel
from .describe import settings_told, values_told
from .flow import REROUTE, fed_inputs
from .model import Graph, Node
from .wires import real_nodes, wires
from .words.about_tree import loose, misfits, referred
from .words.view import View

KINDS = {
    "breaks": "Breaks",
    "unknown": "Unknown",
    "missing": "Missing",
    "dead link": "Dead link",
    "no effect": "No effect",
    "defaults": "Defaults only",
    "changes": "Changes",
}
"""Kinds of findings, worst first, each with its heading."""
STOPS = frozenset({"breaks", "unknown"})
"""Kinds for which the answer is no."""
NAMES = frozenset({"input name", "output name"})
"""Kinds of changes that only scripts meet."""
FEW = 3
"""Nodes of a tree as Blender makes it, at most: Principled and Material Output, say."""


def heading(kind: str, to: str) -> str:
    """What stands before a finding's sentence; `to` is the Blender that was asked for."""
    return KINDS[kind] + (f" in {to}" if kind in ("breaks", "changes") else "")


@dataclass(frozen=True)
class Finding:
    """One thing that is so: of which kind (`KINDS`), a sentence, and the nodes that it is about, if not the tree."""

    kind: str
    sentence: str
    nodes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def check(
    graph: Graph, *, since: str = "", to: str = "", fresh: Graph | None = None, pictures: Collection[str] = ()
) -> list[Finding]:
    """The findings of a tree that Blender `since` read, worst first; with `to`, what that Blender makes of it too.

    `fresh` is a tree with a node of each type as Blender makes it: a setting that is gone breaks nothing where it was
    never set. `pictures` are names of images whose files are not there. Raises ValueError where the way from `since`
    to `to` was not measured.
    """
    found = [*_known(graph), *_there(graph, pictures), *_links(graph), *_effect(graph)]
    if fresh is not None:
        found += _defaults(graph, fresh)
    if to:
        found += _elsewhere(graph, travel.replacements(graph, since=since, to=to), fresh)
    order = list(KINDS)
    return sorted(found, key=lambda finding: order.index(finding.kind))


def _known(graph: Graph) -> Iterator[Finding]:
    if graph.refused:
        unknown = tuple(node.name for node in graph.nodes if "Undefined" in node.type)
        said = graph.refused.removeprefix("refused: ").rstrip(".")
        yield Finding("unknown", f"{said[:1].upper()}{said[1:]}.", unknown)


def _there(graph: Graph, pictures: Collection[str]) -> Iterator[Finding]:
    if graph.missing:
        yield Finding("missing", "Its library is not there, so nothing is known of its inside.")
    users: dict[str, list[str]] = defaultdict(list)
    for node in graph.nodes:
        for kind, name in dict.fromkeys(referred(node)):
            if kind == "IMAGE" and name in pictures:
                users[name].append(node.name)
    for name, nodes in users.items():
        yield Finding("missing", f"The picture “{name}” is not there.", tuple(nodes))


def _links(graph: Graph) -> Iterator[Finding]:
    dead = tuple(dict.fromkeys(link.target for link in graph.links if not link.valid))
    yield from (Finding("dead link", one.text, dead) for one in misfits(View(graph)))


def _effect(graph: Graph) -> Iterator[Finding]:
    yield from (Finding("no effect", one.text, one.nodes) for one in loose(View(graph)))


def _defaults(graph: Graph, fresh: Graph) -> Iterator[Finding]:
    plain, fed, nodes = {node.type: node for node in fresh.nodes}, fed_inputs(graph), real_nodes(graph)
    known = all(node.type in plain and not node.group for node in nodes)
    is_set = any(any(settings_told(node, plain)) or any(values_told(node, plain, fed)) for node in nodes)
    if nodes and len(nodes) <= FEW and known and not is_set:
        yield Finding("defaults", "Nothing in it is set: it is as Blender makes it.")


def _elsewhere(graph: Graph, met: list[travel.Replacement], fresh: Graph | None) -> Iterator[Finding]:
    """What the other version loses and what it only calls by another name, each change once with all its nodes."""
    plain = {node.type: node for node in fresh.nodes} if fresh else {}
    nodes, fed = {node.name: node for node in graph.nodes}, fed_inputs(graph)
    read = {(link.source, link.output) for link in wires(graph)}
    users: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in met:
        node = nodes.get(one.node)
        if one.change.kind in NAMES or (node is not None and node.type == REROUTE):
            continue
        lost = one.change.becomes in (None, "", "gone")
        if lost and not _counts(one.change, node, graph, fresh, plain, fed, read):
            continue
        users["breaks" if lost else "changes", one.words].append(one.node)
    for (kind, words), names in users.items():
        yield Finding(kind, words, tuple(filter(None, names)))


def _counts(
    change: travel.Change,
    node: Node | None,
    graph: Graph,
    fresh: Graph | None,
    plain: Mapping[str, Node],
    fed: Collection[tuple[str, int]],
    read: Collection[tuple[str, int]],
) -> bool:
    """Whether something is lost with what is gone: a setting or a value that somebody set, a socket that is linked."""
    if node is None:
        return fresh is None or graph.settings.get(change.name) != fresh.settings.get(change.name)
    usual = plain.get(node.type)
    if change.kind in ("setting", "superseded"):
        return usual is None or node.settings.get(change.name) != usual.settings.get(change.name)
    if change.kind == "input":
        at = next(n for n, socket in enumerate(node.inputs) if socket.identifier == change.name)
        values = {socket.identifier: socket.value for socket in usual.inputs} if usual else {}
        return (node.name, at) in fed or (usual is not None and node.inputs[at].value != values.get(change.name))
    if change.kind == "output":
        at = next(n for n, socket in enumerate(node.outputs) if socket.identifier == change.name)
        return (node.name, at) in read
    return True
