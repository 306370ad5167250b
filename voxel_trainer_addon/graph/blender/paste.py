# SPDX-License-Identifier: GPL-3.0-or-later
"""A compact form pasted into the open file: into an empty tree whole, else as nodes among others or as a group's node.

Whatever the form says, only the builder runs. Nothing is made that the form does not ask for: data-blocks that this
file lacks stay empty and are named.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import bpy

from ...words import counted
from ..canonical import graph_hash
from ..model import Graph, Node, Value
from ..sparse import graphs
from ..translate import translated
from .filling import Made, fill, short, spread
from .fitting import kept, rename
from .read import read_with_groups

NODES_MAX = 20_000
TEXT_MAX = 64 << 20
GROUP_NODES = {
    "ShaderNodeTree": "ShaderNodeGroup",
    "GeometryNodeTree": "GeometryNodeGroup",
    "CompositorNodeTree": "CompositorNodeGroup",
    "TextureNodeTree": "TextureNodeGroup",
}


class Damaged(ValueError):
    """A clipboard that cannot be pasted, with the sentence that says why. Nothing was changed."""


@dataclass(frozen=True)
class Shared:
    """A group of this file: its name, and its sockets by the identifiers that the one that was made had."""

    name: str
    sockets: Mapping[str, str]


@dataclass
class Pasted(Made):
    """`nodes` are new in the tree; `shared`: name of a group that was made → an equal one that was there and is used
    instead."""

    nodes: list[Any] = field(default_factory=list)
    shared: dict[str, Shared] = field(default_factory=dict)


def form_of(text: str) -> dict[str, Value]:
    """The compact form in a clipboard. Raises Damaged for anything else."""
    if not text.strip():
        raise Damaged("The clipboard is empty. Copy a tree with Copy as Graph first.")
    if len(text) > TEXT_MAX:
        raise Damaged("The clipboard holds more than any tree would take.")
    try:
        form = json.loads(text)
    except (ValueError, RecursionError):
        form = None
    if not isinstance(form, dict) or "format" not in form:
        raise Damaged("The clipboard holds no graph. Copy a tree with Copy as Graph first.")
    try:
        found = graphs(form)
        count = sum(len(graph.nodes) for graph in found)
        if not found or not all(isinstance(graph.key, str) and "/" in graph.key for graph in found):
            raise ValueError("it names no tree")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise Damaged(f"The graph in the clipboard is damaged: {short(error)}") from None
    if count > NODES_MAX:
        raise Damaged(f"The graph in the clipboard has {counted(count, 'node')}; {NODES_MAX:,} are the most.")
    return form


def paste(form: Mapping[str, Value], tree: Any, at: tuple[float, float] = (0.0, 0.0)) -> Pasted:
    """Build the form's tree in `tree`, its middle `at` this place. Raises Damaged where it does not fit; then nothing
    is changed."""
    made = Pasted()
    form, made.told = translated(form, bpy.app.version_string.split()[0])
    try:
        names = rename(form)
        found = graphs(form)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise Damaged(f"The graph in the clipboard is damaged: {short(error)}") from None
    *groups, root = [kept(graph, made.told) for graph in found]
    if root.type != tree.bl_idname:
        kinds = {"ShaderNodeTree": "shader", "GeometryNodeTree": "geometry", "CompositorNodeTree": "compositor"}
        here, there = (kinds.get(kind, "another kind of") for kind in (tree.bl_idname, root.type))
        raise Damaged(f"The clipboard holds {there} nodes, and this is a tree of {here} nodes.")
    before = {node.as_pointer() for node in tree.nodes}
    whole = not tree.nodes and not tree.interface.items_tree
    moved = tree.animation_data is not None
    try:
        _build(groups, root, tree, made, names, whole)
    except Exception as error:
        for node in [node for node in tree.nodes if node.as_pointer() not in before]:
            tree.nodes.remove(node)
        if whole:
            tree.interface.clear()
        if not moved:
            tree.animation_data_clear()
        made.take_back()
        raise Damaged(f"The graph in the clipboard could not be built: {short(error)}") from None
    made.nodes = [node for node in tree.nodes if node.as_pointer() not in before]
    _move(made.nodes, at, tree)
    for node in tree.nodes:
        node.select = node.as_pointer() not in before
    return made


def _build(
    groups: Sequence[Graph], root: Graph, tree: Any, made: Pasted, names: Mapping[str, str], whole: bool
) -> None:
    as_group = bool(root.interface) and not whole
    for graph in (*groups, *([root] if as_group else ())):
        made.groups.append(bpy.data.node_groups.new(graph.name, graph.type))
        fill(_with_shared(graph, made.shared), made.groups[-1], made)
        _share(made, names)
    if as_group:
        node = tree.nodes.new(GROUP_NODES[root.type])
        there = made.shared.get(root.name)
        node.node_tree = bpy.data.node_groups[there.name if there else root.name]
    else:
        part = root if whole else replace(root, interface=(), settings={}, layout={})
        fill(_with_shared(part, made.shared), tree, made)


def _with_shared(graph: Graph, shared: Mapping[str, Shared]) -> Graph:
    """The graph, its nodes with the groups that are used instead of those that were made, and these groups' sockets."""

    def used(node: Node) -> Node:
        there = shared.get(node.group or "")
        if there is None:
            return node
        inputs, outputs = (
            tuple(replace(s, identifier=there.sockets.get(s.identifier, s.identifier)) for s in side)
            for side in (node.inputs, node.outputs)
        )
        settings = {**node.settings, "node_tree": {"id": "NODETREE", "name": there.name}}
        return replace(node, settings=settings, inputs=inputs, outputs=outputs)

    return replace(graph, nodes=tuple(map(used, graph.nodes)))


def _share(made: Pasted, names: Mapping[str, str]) -> None:
    """Use the group that this file has under the name, where that is the same as the last one that was made."""
    group = made.groups[-1]
    name = names[group.name]
    groups: Any = bpy.data.node_groups
    there = groups.get(name)
    if there is None or there == group or there.bl_idname != group.bl_idname:
        return
    key = f"node_groups/{name}"
    ours, theirs = (graph_hash(key, read_with_groups(tree, key)) for tree in (group, there))
    sockets = [[item for item in tree.interface.items_tree if item.item_type == "SOCKET"] for tree in (group, there)]
    called = [[(item.in_out, item.name) for item in side] for side in sockets]
    if ours == theirs and called[0] == called[1]:
        made.shared[group.name] = Shared(name, {a.identifier: b.identifier for a, b in zip(*sockets, strict=True)})
        groups.remove(made.groups.pop())


def _move(nodes: Sequence[Any], at: tuple[float, float], tree: Any) -> None:
    """Bring the middle of the nodes to a place; those that all lie on one spot are arranged first."""
    if not nodes:
        return
    names = {node.name for node in nodes}
    tops = [node for node in nodes if node.parent is None or node.parent.name not in names]
    spread(nodes, tree)
    lefts, rights = ([node.location.x + more * node.width for node in tops] for more in (0, 1))
    heights = [node.location.y for node in tops]
    dx, dy = (round(a - (min(b) + max(c)) / 2) for a, b, c in ((at[0], lefts, rights), (at[1], heights, heights)))
    for node in tops:
        node.location.x += dx
        node.location.y += dy
