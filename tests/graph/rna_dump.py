# SPDX-License-Identifier: GPL-3.0-or-later
"""A node tree as everything that RNA shows of it, to compare two trees without the project's own reader.

It shares nothing with the package: what is left out here is left out for a reason of its own, given beside it.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import bpy

Dump = dict[str, Any]

NEVER = {
    *("rna_type", "select", "textbox_state", "enum_definition"),  # the type itself; what a person has selected
    *("dimensions", "location_absolute", "is_icon_visible", "internal_links"),  # Blender works them out when it draws
    *("identifier", "persistent_uid", "color"),  # counters; colours of items follow from their types
    *("active", "active_index", "active_item", "preview", "add", "remove", "is_active_clip"),
    *("bl_socket_idname", "bl_subtype_label"),  # depends on how the socket came to be; socket_type and subtype tell all
    *("users", "tag", "original", "is_evaluated", "session_uid", "is_missing", "animation_data", "asset_data"),
    *("interface", "nodes", "links", "annotation", "grease_pencil", "view_center", "interface_items", "index"),
    *("name_full", "library", "library_weak_reference", "override_library", "use_fake_user", "use_extra_user"),
    *("is_inspect_output", "inspection_index", "is_linked", "is_inactive", "inferred_structure_type"),
    *("is_runtime_data", "is_library_indirect", "is_embedded_data", "is_linked_packed"),
}
LOOKS = {
    *("name", "label", "location", "width", "height", "hide", "parent", "use_custom_color", "panel_states"),
    *("show_options", "show_preview", "show_texture", "warning_propagation", "color_tag", "bl_width_default"),
    *("ui_shortcut",),
}
"""What a node looks like; written with layout only."""
TREE_LOOKS = {"color_tag", "default_group_node_width", "use_viewer_border", "show_modifier_manage_panel"}
VALUES = ("VALUE", "RGB", "NORMAL")
"""Types of nodes whose outputs hold a value; in others it is left over from links and used by nothing."""
FRAME, REROUTE = "NodeFrame", "NodeReroute"


def value(v: Any, looks: bool) -> Any:
    """A property's value as JSON; structs below are dumped, other nodes and sockets are named by their type."""
    if isinstance(v, str | int | None):
        return v
    if isinstance(v, float):
        return v if math.isfinite(v) else str(v)
    if isinstance(v, bpy.types.ID):
        return [v.id_type, v.name]
    if isinstance(v, bpy.types.Node | bpy.types.NodeSocket | bpy.types.NodeTreeInterfaceItem):
        return type(v).__name__
    if isinstance(v, bpy.types.bpy_struct):
        return struct(v, looks)
    if isinstance(v, set):
        return sorted(v)
    return [value(x, looks) for x in v] if hasattr(v, "__len__") else v


@cache
def properties(kind: type, left_out: frozenset[str]) -> list[str]:
    """Names of the properties of a kind of struct."""
    return [p.identifier for p in kind.bl_rna.properties if p.identifier not in left_out]


def struct(thing: Any, looks: bool, without: Iterable[str] = ()) -> Dump:
    """Every property of a struct, read-only ones too."""
    names = properties(type(thing), frozenset(NEVER.union(without)))
    return {name: value(getattr(thing, name), looks) for name in names}


def socket(thing: Any, looks: bool, fed: bool) -> Dump:
    """A socket. A value that nothing asks for counts only with layout."""
    without = {"link_limit", "node"} | (set() if looks else {"hide", "show_expanded", "pin_gizmo", "label"})
    if (thing.is_output and thing.node.type not in VALUES) or (not looks and (fed or thing.is_unavailable)):
        without.add("default_value")
    return struct(thing, looks, without)


def node(thing: Any, looks: bool, fed: set[Any]) -> Dump:
    """A node with its sockets. Reroutes pass values along: their own ones, and their width, say nothing."""
    without = {"inputs", "outputs"} | (set() if looks else LOOKS)
    if thing.bl_idname == REROUTE:
        return {"type": REROUTE, "name": thing.name if looks else ""}
    if not thing.outputs:
        without = without | {"mute"}  # Blender 5.2 ignores it there
    sides = {side: [socket(s, looks, s in fed) for s in getattr(thing, side)] for side in ("inputs", "outputs")}
    return {"type": thing.bl_idname, **struct(thing, looks, without), **sides}


def brings(link: Any) -> bool:
    """Whether something comes through a link; not from a muted node, nor from a reroute that nothing comes into."""
    if not link.is_valid or link.is_muted or link.from_node.mute or link.from_socket.is_unavailable:
        return False
    return link.from_node.bl_idname != REROUTE or any(map(brings, link.from_node.inputs[0].links))


def fed_sockets(tree: Any) -> set[Any]:
    """Inputs that a link brings something to."""
    return {link.to_socket for link in tree.links if brings(link)}


def interface(tree: Any, looks: bool) -> list[Dump]:
    rows = []
    for item in tree.interface.items_tree:
        parent = item.parent.name if item.parent is not None and item.parent.index >= 0 else None
        without = {"parent"} if looks else {"parent", "position"}  # outputs may stand among inputs
        rows.append({"in": parent, **struct(item, looks, without)})
    return rows if looks else sorted(rows, key=lambda row: str(row.get("in_out")) != "OUTPUT")


def dump(tree: Any, looks: bool) -> Dump:
    """The tree: settings, interface, nodes by name (without `looks`: with a number), links."""
    fed = fed_sockets(tree)
    kept = [n for n in tree.nodes if looks or n.bl_idname != FRAME]
    own = {n: n.name if looks else str(i) for i, n in enumerate(kept)}
    links = []
    for link in sorted(tree.links, key=lambda link: link.multi_input_sort_id):
        ends = (link.from_node, link.from_socket), (link.to_node, link.to_socket)
        places = [[own[n], list(n.inputs if s.is_output is False else n.outputs).index(s)] for n, s in ends]
        loose = link.from_node.bl_idname == REROUTE and not brings(link)  # of what type it is, the first link decides
        links.append([*places, link.is_muted, loose or link.is_valid])
    for n in kept:
        other = getattr(n, "paired_output", None)
        if other is not None:
            links.append([[own[n], "pair"], [own[other], "pair"]])
    return {
        "tree": struct(tree, looks, {"name"} if looks else {"name", *TREE_LOOKS}),
        "interface": interface(tree, looks),
        "nodes": {own[n]: node(n, looks, fed) for n in kept},
        "links": links,
    }


def differing(a: Dump, b: Dump) -> Iterator[str]:
    """How two dumps differ, node by node; where they carry no names, as multisets of nodes and of links."""
    for part in ("tree", "interface"):
        if a[part] != b[part]:
            yield f"{part}: {first(a[part], b[part])}"
    named = a["nodes"].keys() == b["nodes"].keys() and not all(name.isdigit() for name in a["nodes"])
    if named:
        for name, one in a["nodes"].items():
            if one != b["nodes"][name]:
                yield f"node “{name}”: {first(one, b['nodes'][name])}"
        if Counter(map(text, a["links"])) != Counter(map(text, b["links"])):
            yield f"links: {first(sorted(map(text, a['links'])), sorted(map(text, b['links'])))}"
        return
    ours, theirs = ({n: text(d) for n, d in side["nodes"].items()} for side in (a, b))
    lost, new = Counter(ours.values()) - Counter(theirs.values()), Counter(theirs.values()) - Counter(ours.values())
    for one in lost:
        kind = json.loads(one)["type"]
        like = [x for x in new if json.loads(x)["type"] == kind]
        near = min(like, key=lambda x: len(list(paths(json.loads(one), json.loads(x)))), default=None)
        yield f"a {kind}: {'is missing' if near is None else first(json.loads(one), json.loads(near))}"
    if sum(new.values()) > sum(lost.values()):
        yield f"too many nodes: {[json.loads(x)['type'] for x in new]}"
    if not lost and not new:
        links = [
            Counter(text([[names[n], s] for n, s in link[:2]] + link[2:]) for link in side["links"])
            for names, side in ((ours, a), (theirs, b))
        ]
        if links[0] != links[1]:
            yield "links between nodes of the same content differ"


def text(thing: Any) -> str:
    return json.dumps(thing, sort_keys=True)


def paths(a: Any, b: Any, where: str = "") -> Iterator[str]:
    """Every place where two values differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(a.keys() | b.keys()):
            yield from paths(a.get(key), b.get(key), f"{where}.{key}")
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for n, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from paths(x, y, f"{where}[{n}]")
    elif a != b:
        yield f"{where.lstrip('.')}: {text(a)[:60]} → {text(b)[:60]}"


def first(a: Any, b: Any) -> str:
    found = list(paths(a, b))
    return "; ".join(found[:3]) + (f" (and {len(found) - 3} more)" if len(found) > 3 else "")
