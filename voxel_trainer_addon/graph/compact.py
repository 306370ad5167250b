# SPDX-License-Identifier: GPL-3.0-or-later
"""The compact form "voxel-graph/1": what the code without layout says, as plain JSON (docs/formats.md).

A collection inside a node is told by what is done to it: `{"clear": true, "remove": [2], "new": [["FLOAT", "Height"]],
"0": {…}}`, in this order, the settings of items by their index. A socket is named by its identifier, or in brackets by
what code writes (`[3]`, `["Fac"]`), where the form was read from code and no Blender was there to ask.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from .model import Animation, Graph, Item, Link, Node, Socket, Value
from .names import type_words
from .steps import TREE, At, Call, Fetch, Place, Set, Step, Waste
from .write import Block

FORMAT = "voxel-graph/1"
EDITS = ("clear", "remove", "new")
"""What is done to a collection, in the order in which the form tells it."""


LAYOUT = frozenset(
    {"label", "location", "parent", "width", "hide", "color", "use_custom_color"}
    | {"show_options", "show_preview", "show_texture", "warning_propagation", "ui_shortcut"}
)
"""Properties of nodes that are written with layout alone."""
MOVERS = frozenset({"animation", "curve", "driver", "variable", "target", "modifier", "point"})
"""Bases of the steps that make drivers and keyframes; the form has these as the graph has them."""


class NotTold(ValueError):
    """The compact form has no words for it; the sentence says for what."""


def compact(
    blocks: Sequence[Block], names: Sequence[Mapping[str, str]] | None = None, blender: str = ""
) -> dict[str, Value]:
    """The form of the last block's tree and of the groups below it. `blender`: the version that the trees are from.

    Nodes are called as the script calls them (`names`: `write.variables` of the blocks; blocks that were read from a
    script have these names already), those without a variable by their type. Raises NotTold where a step has no place
    in the form (layout, say).
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
        self.settings: dict[str, Value] = {}
        self.interface: list[dict[str, Value]] = []
        self.items: dict[str, int] = {}
        self.nodes: dict[str, dict[str, Value]] = {}
        self.links: list[list[str]] = []

    def told(self) -> dict[str, Value]:
        for step in self.block.steps:
            self.take(step)
        animation = self.animation()
        place = {name: n for n, name in enumerate(self.nodes)}
        self.links.sort(key=lambda link: (place[link[2]], link[3]))  # links of one multi-input keep their order
        parts = {
            "settings": self.settings,
            "interface": self.interface,
            "nodes": self.nodes,
            "links": self.links,
            "animation": animation,
        }
        return {"key": self.block.graph.key, "type": self.block.graph.type, **{k: v for k, v in parts.items() if v}}

    def animation(self) -> dict[str, Value]:
        """Drivers and keyframes as the graph has them. Nodes that they move or look at tell their names to be found."""
        moving = self.block.graph.animation
        moved = {curve.node for curve in (*moving.drivers, *moving.keys)}
        for name in (node.name for node in self.block.graph.nodes):
            if name in moved or name in moving.looked_at:
                self.nodes[self.names[f"node/{name}"]]["name"] = name
        held = asdict(moving)
        for curve in (*held["drivers"], *held["keys"]):
            curve["node"] = self.names.get(f"node/{curve['node']}")
        return {key: list(value) if key != "settings" else value for key, value in held.items() if value}

    def take(self, step: Step) -> None:
        base = step.place.base
        if base.startswith(("data/", "bpy.", "helper")):  # makes the tree or its owner; the key tells it
            return
        if base in MOVERS or (isinstance(step, Call) and step.name in ("driver_add", "animation_data_create")):
            if self.block.graph.animation == Animation():
                raise _not_told(self.block.graph, step)
            return
        if base.startswith("item/"):
            self.take_item(step)
        elif base.startswith("node/"):
            self.take_node(step)
        elif isinstance(step, Call) and step.place == TREE / "interface":
            self.take_interface(step)
        elif isinstance(step, Call) and step.place == TREE / "nodes" and step.name == "new":
            self.name(step.result, step.args[0])
            self.nodes[self.names[step.result]] = {"type": step.args[0]}
        elif isinstance(step, Call) and step.place == TREE / "links" and step.name == "new":
            self.links.append(self.link(step))
        elif isinstance(step, Set) and base == "link" and step.name == "is_muted":
            self.links[-1].append("muted")
        elif isinstance(step, Set) and base == TREE.base:
            _put(self.settings, step)
        elif not _without_meaning(step):
            raise _not_told(self.block.graph, step)

    def take_interface(self, step: Call) -> None:
        if step.name == "move_to_parent":
            item, parent, _ = step.args
            self.interface[self.items[item.base]]["parent"] = self.items[parent.base]
            return
        named = dict(step.named)
        kind = "PANEL" if step.name == "new_panel" else f"{named.pop('in_out')} {named.pop('socket_type')}"
        entry: dict[str, Value] = {"kind": kind, "name": step.args[0]}
        if "parent" in named:
            entry["parent"] = self.items[named.pop("parent").base]
        if named:
            entry["settings"] = named
        self.items[step.result or f"item/{len(self.items)} without a name"] = len(self.interface)
        self.interface.append(entry)

    def take_item(self, step: Step) -> None:
        if isinstance(step, Fetch):
            return
        if isinstance(step, Call) and step.name == "from_socket":  # the one way to the subtype UNSIGNED
            step = Set(step.place, "subtype", "")
        if not isinstance(step, Set):
            raise _not_told(self.block.graph, step)
        _put(self.interface[self.items[step.place.base]].setdefault("settings", {}), step)

    def take_node(self, step: Step) -> None:
        node = self.nodes[self.names[step.place.base]]
        path = step.place.path
        if isinstance(step, Set) and not path and step.name in LAYOUT:
            raise _not_told(self.block.graph, step)
        if isinstance(step, Set) and not path and step.name == "name" and self.block.graph.animation != Animation():
            pass  # see `animation`
        elif isinstance(step, Call) and step.name == "pair_with_output":
            node["pair"] = self.names[step.args[0].base]
        elif path and path[0] in ("inputs", "outputs"):
            if not isinstance(step, Set) or len(path) != 2 or step.name != "default_value":
                raise _not_told(self.block.graph, step)
            node.setdefault(path[0], {})[_socket(path[1])] = _json(step.value)
        elif isinstance(step, Set) or (isinstance(step, Call) and step.name in EDITS):
            _put(node.setdefault("settings", {}), step)
        elif not _without_meaning(step):
            raise _not_told(self.block.graph, step)

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


def _socket(key: str | At) -> str:
    assert isinstance(key, At), "sockets are found by keys"
    return key.identifier or json.dumps([key.key], ensure_ascii=False)


def _put(held: dict[str, Value], step: Set | Call | Fetch) -> None:
    """Put one assignment, or one edit of a collection, at its place below `held`."""
    for part in step.place.path:
        held = held.setdefault(str(part.key) if isinstance(part, At) else part, {})
    if isinstance(step, Set):
        held[step.name] = _json(step.value)
    elif isinstance(step, Call):
        later = EDITS[EDITS.index(step.name) + 1 :]
        if any(name in held for name in later):
            raise NotTold(f"A collection is changed in an order that has no words: “{step.name}” comes too late.")
        if step.name == "clear":
            held["clear"] = True
        elif step.name == "remove":
            held.setdefault("remove", []).append(step.args[0].path[-1].key)
        else:
            held.setdefault("new", []).append(_json(step.args))


def _json(value: Value) -> Value:
    if isinstance(value, Place):
        raise NotTold(f"A value points to {value.base}, which has no words.")
    if isinstance(value, list | tuple):
        return [_json(x) for x in value]
    return int(value) if isinstance(value, float) and _is_whole(value) else value


def _is_whole(value: float) -> bool:
    """Whether JSON can say it without a point: code does, and the two are one number there."""
    return value.is_integer() and abs(value) < 2**24 and math.copysign(1, value) == (1 if value >= 0 else -1)


def _without_meaning(step: Step) -> bool:
    """Whether a step only gets at something, or makes Blender compute what it will compute anyway."""
    return isinstance(step, Fetch) or (isinstance(step, Call) and step.name in ("update", "clear"))


def _not_told(graph: Graph, step: Step) -> NotTold:
    what = step.name if isinstance(step, Set | Call | Waste) else type(step).__name__
    return NotTold(f"{graph.key}: the compact form has no words for “{what}” of {step.place.base}.")


def collection_calls(place: Place, told: Mapping[str, Value]) -> list[tuple[str, tuple[Value, ...]]]:
    """The calls that a collection's edits stand for, as (method, arguments), in order."""
    calls: list[tuple[str, tuple[Value, ...]]] = [("clear", ())] if told.get("clear") else []
    calls += [("remove", (place / At(index),)) for index in told.get("remove", ())]
    return calls + [("new", tuple(args)) for args in told.get("new", ())]


# Back to graphs


def graphs(form: Mapping[str, Value]) -> list[Graph]:
    """The trees of a compact form as sparse graphs, groups before their users; the builder takes them.

    Raises ValueError with a sentence where it is no such form or names a node that is not there.
    """
    if form.get("format") != FORMAT:
        raise ValueError(f"It says format {form.get('format')!r}, not {FORMAT!r}.")
    return [_graph(tree) for tree in form["trees"]]


def _graph(tree: Mapping[str, Value]) -> Graph:
    told: Mapping[str, Mapping[str, Value]] = tree.get("nodes", {})
    sockets: dict[str, tuple[dict[str, Value], dict[str, Value]]] = {
        name: (dict(node.get("inputs", {})), dict(node.get("outputs", {}))) for name, node in told.items()
    }
    called = {name: node.get("name", name) for name, node in told.items()}
    links: list[Link] = []
    orders: Counter[tuple[str, str]] = Counter()
    for source, output, target, entry, *muted in tree.get("links", ()):
        for name in (source, target):
            if name not in told:
                raise ValueError(f"{tree['key']}: a link names “{name}”, and no node is called so.")
        outputs, inputs = sockets[source][1], sockets[target][0]
        outputs.setdefault(output, None)
        inputs.setdefault(entry, None)
        order = orders[target, entry]
        orders[target, entry] += 1
        links.append(
            Link(
                called[source],
                list(outputs).index(output),
                called[target],
                list(inputs).index(entry),
                "muted" in muted,
                order,
            )
        )
    nodes = [
        Node(
            called[name],
            node["type"],
            node.get("settings", {}),
            _sockets(sockets[name][0]),
            _sockets(sockets[name][1]),
            called.get(node.get("pair", "")),
        )
        for name, node in told.items()
    ]
    items = [
        Item(item["kind"], item["name"], item.get("settings", {}), item.get("parent"))
        for item in tree.get("interface", ())
    ]
    animation = Animation.from_json({"drivers": (), "keys": (), "settings": {}, **tree.get("animation", {})})
    drivers, keys = (
        tuple(replace(curve, node=called.get(curve.node or "")) for curve in curves)
        for curves in (animation.drivers, animation.keys)
    )
    return Graph(
        tree["key"],
        tree["type"],
        tuple(nodes),
        tuple(links),
        tuple(items),
        tree.get("settings", {}),
        animation=Animation(drivers, keys, animation.settings),
        sparse=True,
    )


def _sockets(values: Mapping[str, Value]) -> tuple[Socket, ...]:
    return tuple(Socket(key, key, "", value=value) for key, value in values.items())
