# SPDX-License-Identifier: GPL-3.0-or-later
"""Node trees of Blender as plain graphs: everything writable that RNA shows, sorted into meaning and layout."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import bpy

from ...errors import SetAside
from ..model import Graph, Graphs, Item, Link, Node, Socket, Value
from ..steps import OWNERS
from . import items
from .animation import read_animation
from .custom import custom
from .rna import NODE_LAYOUT, Reader, numbers, reader, short, values

TREE_LAYOUT = frozenset(
    {"color_tag", "default_group_node_width", "use_viewer_border", "show_modifier_manage_panel", "view_center"}
)
VALUE_NODES = frozenset({"VALUE", "RGB", "NORMAL"})
"""Types of nodes that keep their value in an output."""
SOCKET_LAYOUT: Mapping[str, Value] = {"hide": False, "show_expanded": False, "pin_gizmo": False}


_values: dict[type, Reader | None] = {}


def socket_value(socket: Any) -> Value:
    """The value stored in a socket; None where its type stores none."""
    kind = type(socket)
    if kind not in _values:
        p = socket.bl_rna.properties.get("default_value")
        _values[kind] = None if p is None else reader(p)
    read = _values[kind]
    return None if read is None else read(socket.default_value)


def _socket(socket: Any, holds: bool, place: int, places: dict[int, int]) -> Socket:
    places[socket.as_pointer()] = place
    kind = socket.type
    layout: dict[str, Value] = {name: True for name in SOCKET_LAYOUT if getattr(socket, name, False)}
    if own := custom(socket):
        layout["custom"] = own
    return Socket(
        socket.identifier,
        socket.name,
        socket.bl_idname if kind == "CUSTOM" else kind,
        not socket.is_unavailable,
        socket_value(socket) if holds else None,
        layout,
    )


def _node(node: Any, name: str, names: Mapping[int, str], places: dict[int, int]) -> Node:
    """A node; `places` learns address of a socket → its place among the inputs or outputs."""
    kind = node.bl_idname
    if kind in items.FIRST_READ_LIES:
        getattr(node, items.FIRST_READ_LIES[kind])
    settings = values(node)
    if node.mute:
        settings["mute"] = True
    layout: dict[str, Value] = {"name": node.name, "location": numbers(node.location)}
    for key, usual in NODE_LAYOUT.items():
        value = getattr(node, key, usual)
        if value != usual:
            layout[key] = short(value) if isinstance(value, float) else value
    if node.use_custom_color:
        layout["color"] = numbers(node.color)
    if node.parent is not None:
        layout["parent"] = names[node.parent.as_pointer()]
    if panels := [panel.is_collapsed for panel in getattr(node, "panel_states", ())]:
        layout["panels"] = panels
    if own := custom(node):
        layout["custom"] = own
    pair = None if kind in items.DEADLY else getattr(node, "paired_output", None)
    holds = node.type in VALUE_NODES
    return Node(
        name,
        kind,
        settings,
        tuple([_socket(s, True, n, places) for n, s in enumerate(node.inputs)]),
        tuple([_socket(s, holds, n, places) for n, s in enumerate(node.outputs)]),
        names[pair.as_pointer()] if pair is not None else None,
        layout,
    )


def _unique_names(tree: Any) -> dict[int, str]:
    """Address of a node → a name that no other node has (damaged files repeat names)."""
    names: dict[int, str] = {}
    taken: set[str] = set()
    for node in tree.nodes:
        name, n = node.name, 0
        while name in taken:
            n += 1
            name = f"{node.name}.{n:03}"
        taken.add(name)
        names[node.as_pointer()] = name
    return names


def _links(tree: Any, names: Mapping[int, str], places: Mapping[int, int]) -> tuple[Link, ...]:
    into: dict[tuple[str, int], list[tuple[int, Link]]] = defaultdict(list)
    for link in tree.links:
        made = Link(
            names[link.from_node.as_pointer()],
            places[link.from_socket.as_pointer()],
            names[link.to_node.as_pointer()],
            places[link.to_socket.as_pointer()],
            link.is_muted,
            valid=link.is_valid,
        )
        into[made.target, made.input].append((link.multi_input_sort_id, made))
    links = []
    for found in into.values():
        found.sort(key=lambda pair: pair[0])
        links += [replace(link, order=n) if n else link for n, (_, link) in enumerate(found)]
    return tuple(links)


def interface_item(item: Any, parents: Mapping[int, int] | None = None) -> Item:
    """One item of a tree's interface; `parents`: index that Blender gives → place in `items_tree`."""
    kind = "PANEL" if item.item_type == "PANEL" else f"{item.in_out} {item.socket_type or item.bl_socket_idname}"
    parent = None
    if parents is not None and item.parent is not None and item.parent.index >= 0:
        parent = parents[item.parent.index]
    own = custom(item)
    layout = {"custom": own} if own else {}
    identifier = str(getattr(item, "persistent_uid", "")) if kind == "PANEL" else item.identifier
    return Item(kind, item.name, values(item), parent, identifier, layout)


def _interface(tree: Any) -> tuple[Item, ...]:
    items = list(tree.interface.items_tree)
    parents = {item.index: n for n, item in enumerate(items)}
    return tuple(interface_item(item, parents) for item in items)


def _refusal(graph: Graph) -> str:
    if "Undefined" in graph.type or not graph.type:
        return "refused: the tree is of a type that this Blender does not know"
    for node in graph.nodes:
        if "Undefined" in node.type or not node.type:
            return f"refused: the node “{node.name}” is of a type that this Blender does not know"
        if node.type in items.DEADLY:
            return f"refused: the closure “{node.name}” crashes this Blender when a script asks for its other end"
        for socket in (*node.inputs, *node.outputs):
            if "Undefined" in socket.type:
                return f"refused: a socket of the node “{node.name}” is of a type that this Blender does not know"
    return ""


def read_graph(tree: Any, key: str, owner: Any = None) -> Graph:
    """One node tree, and whether its `owner` (a material, say) uses it; before 5.0 that could be switched off.

    Raises UnicodeDecodeError where a name is no text (files from before 2.50).
    """
    if getattr(tree, "is_missing", False):
        return Graph(key, tree.bl_idname, missing=True, linked=True)
    names = _unique_names(tree)
    settings = values(tree)
    called = {node.name: names[node.as_pointer()] for node in reversed(tree.nodes)}
    layout = {name: settings.pop(name) for name in sorted(TREE_LAYOUT) if name in settings}
    if own := custom(tree):
        layout["custom"] = own
    if bpy.app.version < (5, 0) and getattr(owner, "use_nodes", True) is False:
        layout["use_nodes"] = False
    places: dict[int, int] = {}
    graph = Graph(
        key,
        tree.bl_idname,
        tuple([_node(node, names[node.as_pointer()], names, places) for node in tree.nodes]),
        _links(tree, names, places),
        _interface(tree),
        settings,
        layout,
        animation=read_animation(tree, called),
    )
    return replace(graph, refused=_refusal(graph))


def read_with_groups(tree: Any, key: str, owner: Any = None) -> dict[str, Graph]:
    """A live tree and every group below it, by key, as `read_graphs` has them.

    Raises UnicodeDecodeError where a name is no text.
    """
    graphs: dict[str, Graph] = {}
    live: dict[str, Any] = {key: tree}
    clashes: dict[str, str] = {}
    todo = [(key, tree, owner)]
    while todo:
        at, thing, owner = todo.pop()
        graphs[at] = read_graph(thing, at, owner)
        for group in dict.fromkeys(getattr(node, "node_tree", None) for node in thing.nodes):
            if group is None:
                continue
            below = f"node_groups/{group.name}"
            if live.setdefault(below, group) != group:
                clashes[at] = f"refused: it uses two groups called “{group.name}”"
            elif below not in graphs and all(below != other for other, _, _ in todo):
                todo.append((below, group, None))
    for at, sentence in clashes.items():
        graphs[at] = replace(graphs[at], refused=graphs[at].refused or sentence)
    for at, graph in graphs.items():
        if graph.missing:
            graphs[at] = _stand_in(graph, list(graphs.values()))
    return _with_refusals(graphs, set())


def embedded_key(owner: Any) -> str:
    """The key of the tree that lies in a data-block: `materials/Rust`."""
    collection = next(name for name, kind in OWNERS.items() if kind == owner.id_type)
    return f"{collection}/{owner.name}"


SOCKET_NAMES = {"VALUE": "Float", "RGBA": "Color", "BOOLEAN": "Bool"}
"""`type` of a socket → how its class is called, where that is another word."""


def _stand_in(graph: Graph, graphs: Iterable[Graph]) -> Graph:
    """What is known of a group whose library is missing: the sockets of the node that uses it and has the most."""
    users = [node for user in graphs for node in user.nodes if node.group == graph.name]
    if not users:
        return graph
    node = max(users, key=lambda node: len(node.inputs) + len(node.outputs))
    kind = next(user.type for user in graphs if node in user.nodes)
    items = []
    for in_out, sockets in (("OUTPUT", node.outputs), ("INPUT", node.inputs)):
        for socket in sockets:
            words = SOCKET_NAMES.get(socket.type, socket.type.title())
            long = isinstance(socket.value, list) and socket.type == "VECTOR" and len(socket.value) != 3
            settings = {"dimensions": len(socket.value)} if long else {}
            items.append(Item(f"{in_out} NodeSocket{words}", socket.name, settings))
    return replace(graph, type=kind, interface=tuple(items))


def tree_of(data: Any, key: str) -> Any:
    """The live tree of a key, or None."""
    owner = owner_of(data, key)
    return owner if key.startswith("node_groups/") else getattr(owner, "node_tree", None)


def owner_of(data: Any, key: str) -> Any:
    """The data-block that a key names, or None."""
    collection, name = key.split("/", 1)
    return getattr(data, collection).get(name)


def read_graphs(data: Any, own: Any = None) -> tuple[dict[str, Graph], list[SetAside]]:
    """Every tree of a file (`bpy.data`, or a `temp_data` that the file was linked into), and what could not be read.

    `own` is the library that *is* the file, where it was linked; None where the file itself is open. Groups that it
    uses from other libraries are read as if they were its own.
    """
    graphs: dict[str, Graph] = {}
    aside: list[SetAside] = []
    trees: dict[str, Any] = {}
    borrowed: dict[str, list[Any]] = defaultdict(list)

    def add(key: str, tree: Any, owner: Any = None) -> None:
        try:
            graphs[key] = read_graph(tree, key, owner)
        except UnicodeDecodeError as error:
            sentence = "The tree holds a name that is not UTF-8 text, as files from before Blender 2.50 do."
            aside.append(SetAside("parse", key, "name-not-text", sentence, repr(error.object)[:200]))
        except (OverflowError, RuntimeError, SystemError, ValueError) as error:
            sentence = "The tree is damaged: Blender gave no values for a part of it."
            aside.append(SetAside("parse", key, "unreadable", sentence, f"{type(error).__name__}: {error}"[:200]))

    for collection in ("node_groups", *OWNERS):
        for n, owner in enumerate(getattr(data, collection)):
            tree = owner if collection == "node_groups" else getattr(owner, "node_tree", None)
            if tree is None:
                continue
            try:
                name = owner.name
            except UnicodeDecodeError as error:
                sentence = "The name of the data-block is not UTF-8 text, as in files from before Blender 2.50."
                aside.append(
                    SetAside("parse", f"{collection}/#{n}", "name-not-text", sentence, repr(error.object)[:200])
                )
                continue
            if owner.library == own:
                trees[f"{collection}/{name}"] = tree
                add(f"{collection}/{name}", tree, owner)
            elif collection == "node_groups":
                borrowed[name].append(tree)
    for key, tree in trees.items() if borrowed else ():
        clash = _clash(tree, own, graphs, borrowed) if key in graphs else ""
        if clash and not graphs[key].refused:
            graphs[key] = replace(graphs[key], refused=clash)
    _borrow(graphs, borrowed, add)
    return _with_refusals(graphs, {item.item for item in aside}), aside


def _clash(tree: Any, own: Any, graphs: Graphs, borrowed: Mapping[str, list[Any]]) -> str:
    """Why a tree cannot name a linked group that it uses: another group has the same name."""
    for node in tree.nodes:
        used = getattr(node, "node_tree", None)
        if used is None or used.library == own:
            continue
        name = used.name
        if f"node_groups/{name}" in graphs or len(borrowed[name]) > 1:
            return f"refused: it uses a linked group “{name}”, and there is another group of that name"
    return ""


def _borrow(graphs: dict[str, Graph], borrowed: Mapping[str, list[Any]], add: Callable[[str, Any], None]) -> None:
    """Read linked groups that are used, by name; a name that a local group has too stays the local one's."""
    todo = [name for graph in graphs.values() for name in graph.groups] if borrowed else []
    while todo:
        name = todo.pop()
        key = f"node_groups/{name}"
        if key not in graphs and borrowed.get(name):
            add(key, borrowed[name][0])
            if key in graphs:
                graphs[key] = replace(graphs[key], linked=True)
                todo += graphs[key].groups
    for key, graph in graphs.items():
        if graph.missing:
            graphs[key] = _stand_in(graph, list(graphs.values()))


def _with_refusals(graphs: Mapping[str, Graph], unread: set[str]) -> dict[str, Graph]:
    """Refuse what uses a group that could not be read."""
    out = dict(graphs)
    for key, graph in graphs.items():
        lost = next((name for name in graph.groups if f"node_groups/{name}" not in graphs), None)
        if lost is not None and not graph.refused:
            out[key] = replace(graph, refused=f"refused: it uses the group “{lost}”, which could not be read")
    return out
