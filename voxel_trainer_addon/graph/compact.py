# SPDX-License-Identifier: GPL-3.0-or-later
"""The compact form "voxel-graph/1": what code says, as plain JSON (docs/formats.md), gathered from the same steps.

A collection is told by what is done to it: `{"clear": true, "remove": [2], "new": [["FLOAT", "Height"]], "0": {…}}`, in
this order, the settings of items by their index. A socket is named by its identifier, or in brackets by what code
writes (`[3]`, `["Fac"]`), where the form was read from code and no Blender was there to ask.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from .canonical import found_by_name
from .compact_parts import EDITS, Curves, Held, NotTold, edit, not_told, plain, put
from .model import Value
from .names import type_words
from .steps import TREE, At, Call, Fetch, Note, Place, Put, Set, Step, Waste
from .write import Block

FORMAT = "voxel-graph/1"
INTERFACE = TREE / "interface"
SIDES = ("inputs", "outputs")
LAYOUT = frozenset(
    {"label", "location", "parent", "width", "hide", "color", "use_custom_color"}
    | {"show_options", "show_preview", "show_texture", "warning_propagation", "ui_shortcut"}
)
"""Properties of nodes that say how they look."""
ITEMS = frozenset({"new", "remove", "clear", "move"})
"""What is done to the items of a node."""


def compact(
    blocks: Sequence[Block], names: Sequence[Mapping[str, str]] | None = None, blender: str = ""
) -> dict[str, Value]:
    """The form of the last block's tree and of the groups below it. `blender`: the version that the trees are from.

    Nodes are called as the script calls them (`names`: `write.variables` of the blocks; blocks that were read from a
    script have these names already), those without a variable by their type. Raises NotTold where a step has no place
    in the form, with the line where the block has lines.
    """
    named = names or [{f"node/{n.name}": n.name for n in b.graph.nodes if n.name.isidentifier()} for b in blocks]
    trees = [_Tree(block, ids).told() for block, ids in zip(blocks, named, strict=True)]
    return {"format": FORMAT, "blender": blender, "trees": trees}


def text(form: Mapping[str, Value]) -> str:
    """The form as JSON with a line for each interface item, node and link."""
    head = {key: value for key, value in form.items() if key != "trees"}
    trees = ",\n".join("{" + ",\n".join(_tree_lines(tree)) + "}" for tree in form["trees"])
    return f'{_line(head)[:-1]}, "trees": [\n{trees}\n]}}\n'


def _tree_lines(tree: Mapping[str, Value]) -> list[str]:
    lines = []
    for key, value in tree.items():
        rows = [f"{_line(k)}: {_line(v)}" for k, v in value.items()] if key == "nodes" else []
        rows = rows or [_line(row) for row in value if key in ("interface", "links")]
        inside = "\n" + ",\n".join(rows) + "\n"
        whole = f"{{{inside}}}" if key == "nodes" else f"[{inside}]"
        lines.append(f"{_line(key)}: {whole if rows else _line(value)}")
    return lines


def _line(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)


class _Tree:
    """Gathers the steps of one tree into what they come to."""

    def __init__(self, block: Block, names: Mapping[str, str]) -> None:
        self.block = block
        self.names = dict(names)
        self.settings: Held = {}
        self.layout: Held = {}
        self.interface: list[Held] = []
        self.moves: list[list[int]] = []
        self.items: dict[str, int] = {}
        self.number = 0
        self.nodes: dict[str, Held] = {}
        self.in_order = _told_in_order(block.steps)
        self.links: list[list[str]] = []
        self.curves = Curves(self.names)

    def told(self) -> Held:
        for n, step in enumerate(self.block.steps):
            try:
                self.take(step)
            except NotTold as error:
                where = f"line {self.block.lines[n]}" if self.block.lines else self.block.graph.key
                raise NotTold(f"{where}: {error}") from None
        self.tell_names()
        place = {name: n for n, name in enumerate(self.nodes)}
        self.links.sort(key=lambda link: (place[link[2]], link[3]))  # links of one multi-input keep their order
        parts = {
            "settings": self.settings,
            "layout": self.layout,
            "interface": self.interface,
            "moves": self.moves,
            "nodes": self.nodes,
            "links": self.links,
            "animation": self.curves.told(),
        }
        return {"key": self.block.graph.key, "type": self.block.graph.type, **{k: v for k, v in parts.items() if v}}

    def tell_names(self) -> None:
        """Nodes that are moved or looked at tell their names to be found, those too that Blender gives by itself."""
        graph = self.block.graph
        if graph.sparse:
            known = {node.name: node.layout["name"] for node in graph.nodes if "name" in node.layout}
        else:
            known = {name: name for name in found_by_name(graph) if f"node/{name}" in self.names}
        for name, called in known.items():
            self.nodes[self.names[f"node/{name}"]]["name"] = called

    def take(self, step: Step) -> None:
        kind = step.place.base.split("/", 1)[0]
        if kind in ("data", "bpy.data", "helper"):
            self.take_data(step)
        elif self.curves.takes(step):
            self.curves.take(step)
        elif kind == "item":
            self.take_item(step)
        elif kind == "node":
            self.take_node(step)
        elif step.place == INTERFACE:
            self.take_interface(step)
        elif isinstance(step, Call) and step.place == TREE / "nodes":
            self.take_nodes(step)
        elif isinstance(step, Call) and step.place == TREE / "links" and step.name == "new":
            self.links.append(self.link(step))
        elif isinstance(step, Set) and kind == "link" and step.name == "is_muted":
            self.links[-1][4:] = ["muted"] if step.value else []
        elif step.place == TREE and isinstance(step, Set):
            self.settings[step.name] = plain(step.value)
        elif step.place == TREE and isinstance(step, Put):
            _below(self.layout, "custom")[step.key] = plain(step.value)
        elif not isinstance(step, Note | Fetch):
            raise not_told(step)

    def take_data(self, step: Step) -> None:
        """What makes the tree or its owner is told by the key, a helper by who uses it."""
        if isinstance(step, Set) and step.name == "use_nodes" and step.value is False:
            self.layout["use_nodes"] = False
        elif self.curves.takes(step):
            self.curves.take(step)

    # The interface

    def take_interface(self, step: Step) -> None:
        if isinstance(step, Waste) and step.name in ("new_socket", "new_panel"):
            self.number += step.count
        elif isinstance(step, Call) and step.name in ("new_socket", "new_panel"):
            self.interface.append(self.new_item(step))
        elif isinstance(step, Call) and step.name in ("move", "move_to_parent"):
            item, *parent, place = step.args
            below = [self.item(panel) for panel in parent]
            if not isinstance(place, int):
                raise not_told(step)
            if below and place >= len(self.interface) and below[0] < self.item(item):
                self.interface[self.item(item)]["parent"] = below[0]
            else:
                self.moves.append([self.item(item), place, *below])
        else:
            raise not_told(step)

    def new_item(self, step: Call) -> Held:
        named = dict(step.named)
        panel = step.name == "new_panel"
        kind = "PANEL" if panel else f"{named.pop('in_out')} {named.pop('socket_type')}"
        entry: Held = {"kind": kind, "name": step.args[0]}
        if self.number != len(self.interface):
            entry["identifier"] = str(self.number) if panel else f"Socket_{self.number}"
        if "parent" in named:
            entry["parent"] = self.item(named.pop("parent"))
        if named:
            entry["settings"] = {name: plain(value) for name, value in named.items()}
        self.items[step.result or f"item/{len(self.items)} without a name"] = len(self.interface)
        self.number += 1
        return entry

    def item(self, place: Value) -> int:
        if not isinstance(place, Place) or place.base not in self.items:
            raise NotTold("something is done with an item of the interface that was never made.")
        return self.items[place.base]

    def take_item(self, step: Step) -> None:
        entry = self.interface[self.item(step.place)]
        if isinstance(step, Call) and step.name == "from_socket" and step.args[0] == Place("unsigned"):
            step = Set(step.place, "subtype", "")  # the one way to the subtype UNSIGNED
        if isinstance(step, Set):
            put(_below(entry, "settings"), step.place.path, step)
        elif isinstance(step, Put) and not step.place.path:
            _below(entry, "custom")[step.key] = plain(step.value)
        elif not isinstance(step, Fetch):
            raise not_told(step)

    # Nodes and links

    def take_nodes(self, step: Call) -> None:
        if step.name == "new":
            self.name(step.result, step.args[0])
            self.nodes[self.names[step.result]] = {"type": step.args[0]}
        elif step.name == "foreach_set":  # a value that this Blender has no name for, in all nodes that there are
            for node in self.nodes.values():
                _below(node, "settings")[step.args[0]] = ""
        elif step.name != "clear" or self.nodes:
            raise not_told(step)

    def take_node(self, step: Step) -> None:
        node = self.nodes[self.names[step.place.base]]
        path = step.place.path
        if path and path[0] in SIDES:
            self.take_socket(node, str(path[0]), path[1:], step)
        elif isinstance(step, Put) and not path:
            _below(node, "layout", "custom")[step.key] = plain(step.value)
        elif isinstance(step, Waste | Call) and len(path) == 1 and self.is_in_order(step):
            node.setdefault("items", []).append([path[0], *edit(step)])
        elif isinstance(step, Set) and path:
            self.take_inner(node, step)
        elif isinstance(step, Set):
            self.take_setting(node, step)
        elif isinstance(step, Call) and step.name == "pair_with_output":
            node["pair"] = self.node(step.args[0])
        elif isinstance(step, Call) and path and step.name in EDITS:
            put(_below(node, "settings"), path, step)
        elif not (isinstance(step, Call) and step.name == "update"):  # which Blender would compute anyway
            raise not_told(step)

    def is_in_order(self, step: Waste | Call) -> bool:
        return step.place.base in self.in_order and step.name in ITEMS

    def take_inner(self, node: Held, step: Set) -> None:
        match step.place.path:
            case ("panel_states", At(int(n))) if step.name == "is_collapsed":
                _below(node, "layout", "panels")[str(n)] = step.value
            case path:
                put(_below(node, "settings"), path, step)

    def take_setting(self, node: Held, step: Set) -> None:
        if step.name == "name" and isinstance(step.value, str):
            node["name"] = step.value
        elif step.name == "parent":
            _below(node, "layout")["parent"] = self.node(step.value)
        elif step.name in LAYOUT:
            _below(node, "layout")[step.name] = plain(step.value)
        elif step.name != "bl_width_min":  # moved for a node narrower than its type allows, and put back
            put(_below(node, "settings"), (), step)

    def take_socket(self, node: Held, side: str, way: Sequence[str | At], step: Step) -> None:
        if len(way) != 1 or not isinstance(step, Set | Put):
            raise not_told(step)
        key = _socket(way[0])
        if isinstance(step, Put):
            _below(node, "layout", side, key, "custom")[step.key] = plain(step.value)
        elif step.name == "default_value":
            _below(node, side)[key] = plain(step.value)
        else:
            _below(node, "layout", side, key)[step.name] = plain(step.value)

    def node(self, place: Value) -> str:
        """What a node is called that a value points to."""
        if not isinstance(place, Place) or place.path or place.base not in self.names:
            raise NotTold("something stands where a node should.")
        return self.names[place.base]

    def link(self, step: Call) -> list[str]:
        start, end = sorted(step.args, key=lambda place: str(place.path[0]), reverse=True)
        return [self.names[start.base], _socket(start.path[1]), self.names[end.base], _socket(end.path[1])]

    def name(self, base: str, kind: str) -> None:
        """Call a node by its type, where the script has no name for it."""
        words, n, taken = type_words(kind), 1, set(self.names.values())
        while base not in self.names:
            name = f"{words}_{n}" if n > 1 else words
            n += 1
            if name not in taken:
                self.names[base] = name


def _below(held: Held, *way: str) -> Held:
    for key in way:
        held = held.setdefault(key, {})
    return held


def _socket(key: str | At) -> str:
    if not isinstance(key, At):
        raise NotTold("a socket is found in a way that has no words.")
    return key.identifier or json.dumps([key.key], ensure_ascii=False)


def _told_in_order(steps: Iterable[Step]) -> frozenset[str]:
    """Nodes whose items are told one after the other: some are skipped or moved, or several collections have new ones
    and Blender might count them together."""
    apart, grown = set(), defaultdict[str, set[str | At]](set)
    for step in steps:
        base, path = step.place.base, step.place.path
        if not base.startswith("node/") or len(path) != 1:
            continue
        if isinstance(step, Waste) or (isinstance(step, Call) and step.name == "move"):
            apart.add(base)
        elif isinstance(step, Call) and step.name == "new":
            grown[base].add(path[0])
    return frozenset(apart) | {base for base, collections in grown.items() if len(collections) > 1}
