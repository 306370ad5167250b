# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of a tree as an artist asks for them: each clause tells a change exactly, or there is no telling at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..describe import NOT_TOLD, ORDINALS, Plain
from ..edits import Edit, socket_key, socket_words
from ..flow import FRAME
from ..menu import type_words
from ..model import Graph, Node, Socket, Value
from ..steps import is_reference
from ..write import literal, number
from .phrases import KINDS, article, listed, unit_by_name

TEXTURES = r"\w+NodeTex\w+"
TURNS: Sequence[tuple[str, str, str, str]] = (
    (TEXTURES, "Scale", "finer", "coarser"),
    (TEXTURES, "Detail", "more detailed", "less detailed"),
    (TEXTURES, "Distortion", "more distorted", "less distorted"),
    (r"ShaderNodeBsdf\w+", "Roughness", "rougher", "smoother"),
    (r"ShaderNodeBsdfPrincipled", "Metallic", "more metallic", "less metallic"),
    (r"ShaderNodeBsdfPrincipled", "Alpha", "more opaque", "more transparent"),
    (r"ShaderNode(Emission|Background|Bump|NormalMap)", "Strength", "stronger", "weaker"),
    (r"CompositorNodeBlur", "Size", "wider", "narrower"),
)
"""Node type, input, and how what it makes looks with more and with less of it."""
VERBS = (("connect", "to"), ("plug", "into"), ("link", "to"), ("feed", "into"))
LIMIT = 2**31 - 1
"""From it on the limits of a number are none."""
USUAL: Mapping[str, Sequence[Value]] = {
    "attribute_domain": ("POINT",),
    "structure_type": ("AUTO",),
    "default_input": ("VALUE",),
    "subtype": ("NONE", "DEFAULT", ""),
}
"""Settings of a new interface item as Blender makes it, where that is not nothing."""


class NotTellable(Exception):
    """A change that no short words say exactly."""


def clauses(edits: Sequence[Edit], before: Graph, called: Mapping[str, str], fresh: Plain, style: int = 0) -> list[str]:
    """What to do, in the order of the edits: "set the Scale of the Noise Texture to 12".

    `called` are variables for nodes of the tree before, by which a reader of its code knows twins apart; `fresh` are
    new nodes by type; `style` chooses among equal wordings. Raises NotTellable.
    """
    return list(_Teller(edits, before, called, fresh, style).clauses())


class _Teller:
    def __init__(
        self, edits: Sequence[Edit], before: Graph, called: Mapping[str, str], fresh: Plain, style: int
    ) -> None:
        self.edits, self.before, self.called, self.fresh, self.style = edits, before, called, fresh, style
        self.nodes = {node.name: node for node in before.nodes if node.type != FRAME}
        self.added = {edit.what["name"]: _node(edit) for edit in edits if edit.do == "add node"}
        self.linked = {(e.what["target"], e.what["input"]) for e in edits if e.do == "link"}
        self.fed = {(e.what["target"], e.what["input"]) for e in edits if e.do == "link" and not e.what["muted"]}
        self.removed = {e.what["node"] for e in edits if e.do == "remove node"}
        self.unlinked = Counter((e.what["target"], e.what["input"]) for e in edits if e.do == "unlink")
        self.items: list[Any] = list(before.interface)

    def clauses(self) -> Iterator[str]:
        for edit in self.edits:
            told = getattr(self, f"say_{edit.do.replace(' ', '_')}", None)
            if told is None:
                raise NotTellable(edit.do)
            clause = told(edit.what)
            if clause:
                yield clause
        yield from self.new_items()

    # Nodes

    def ref(self, name: str) -> str:
        """A node as a reader of the given code finds it."""
        if name in self.added:
            words = self.words(self.added[name])
            alike = [other for other, node in self.added.items() if self.words(node) == words]
            which = f"{_ordinal(alike.index(name))} " if len(alike) > 1 else ""
            return f"the {which}new {words}"
        words = self.words(self.nodes[name])
        alike = [other for other, node in self.nodes.items() if self.words(node) == words]
        if len(alike) == 1:
            return f"the {words}"
        if name in self.called:
            return f"the {words} `{self.called[name]}`"
        if sum(other not in self.called for other in alike) == 1:
            return f"the {words} that nothing uses yet"  # so it has no variable
        raise NotTellable(f"nothing tells {name} from others")

    @staticmethod
    def words(node: Node) -> str:
        return f'group node "{node.group}"' if node.group else type_words(node.type)

    def end(self, name: str, side: str, key: str, socket: str) -> str:
        """A socket: its name and its node; the only output of a node goes without its name."""
        node = self.added.get(name) or self.nodes[name]
        if node.type == "NodeGroupInput":
            inputs = [name for name, other in self.nodes.items() if other.type == node.type]
            if name not in self.added and len(inputs) > 1:
                return f'the "{socket}" of {self.ref(name)}'
            return (
                f'the input "{socket}" of the group{" by a node of its own" if name in self.added and inputs else ""}'
            )
        if node.type == "NodeGroupOutput":
            return f'the output "{socket}" of the group'
        outputs = [s for s in node.outputs if s.available]
        if not socket or (side == "outputs" and len(outputs) == 1) or node.type == "NodeReroute":
            return self.ref(name)
        return f"the {socket} of {self.ref(name)}"

    def say_add_node(self, what: Mapping[str, Value]) -> str:
        node = self.added[what["name"]]
        usual = self.fresh.get(node.type)
        if usual is None:
            raise NotTellable(f"nobody knows a new {node.type}")
        told: list[str] = []
        for name, value in node.settings.items():
            if name != "node_tree" and name in usual.settings and usual.settings[name] != value:
                if name in NOT_TOLD:
                    raise NotTellable(name)
                told += self.settings([name], usual.settings[name], value)
        if node.settings.get("mute"):
            told.append("muted")
        for side in ("inputs", "outputs"):
            values = {s.identifier: s.value for s in getattr(usual, side)}
            sockets: tuple[Socket, ...] = getattr(node, side)
            for n, socket in enumerate(sockets):
                idle = not socket.available or (node.name, socket_key(sockets, n)) in self.fed
                if not idle and socket.value is not None and values.get(socket.identifier) != socket.value:
                    told.append(f"{socket_words(sockets, n)}: {measured(socket)}")
        words = self.words(node)
        return f"add {f'the {words}' if node.group else article(words)}" + (f" ({', '.join(told)})" if told else "")

    def settings(self, path: Sequence[str | int], old: Value, new: Value) -> Iterator[str]:
        """What differs between two values of a setting of a new node."""
        nested = all(isinstance(x, Mapping) and not is_reference(x) for x in (old, new))
        if nested:
            for name in new:
                if old.get(name) != new[name]:
                    yield from self.settings([*path, name], old.get(name), new[name])
        else:
            yield f"{_path(path)}: {exact(new)}"

    def say_remove_node(self, what: Mapping[str, Value]) -> str:
        return f"remove {self.ref(what['node'])}"

    def say_pair(self, what: Mapping[str, Value]) -> str:
        if what["node"] in self.added and what["to"] in self.added:
            return ""
        raise NotTellable("pair")

    def say_set(self, what: Mapping[str, Value]) -> str:
        path, new = what["path"], what["new"]
        if path == ["mute"]:
            return f"{'mute' if new else 'unmute'} {self.ref(what['node'])}"
        owner = self.ref(what["node"]) if "node" in what else "the tree"
        if path[-1] in ("use_clamp", "clamp") or isinstance(new, bool):
            return f"turn {exact(new)} {_path(path)} of {owner}"
        if new is None:
            return f"take the {_path(path)} out of {owner}"
        if is_reference(new):
            return f"use {exact(new)} in {owner}" if len(path) == 1 else f"set {_path(path)} of {owner} to {exact(new)}"
        if isinstance(new, str) and isinstance(what["old"], str):
            return f"switch {_path(path)} of {owner} from {exact(what['old'])} to {exact(new)}"
        return f"set {_path(path)} of {owner} to {exact(new)}"

    def say_unset(self, what: Mapping[str, Value]) -> str:
        if what["path"] == ["mute"]:
            return f"unmute {self.ref(what['node'])}"
        raise NotTellable("unset")

    def say_set_value(self, what: Mapping[str, Value]) -> str:
        node, old, new, socket = self.nodes[what["node"]], what["old"], what["new"], what["socket_name"]
        ref = self.ref(what["node"])
        place = f"the {socket} of {ref}" if what["side"] == "inputs" else f"the value of {ref}"
        if isinstance(new, bool):
            return f"turn {socket} {exact(new)} in {ref}"
        if is_number(old) and is_number(new):
            for types, name, more, less in TURNS:
                if re.fullmatch(types, node.type) and name == socket and min(old, new) >= 0:
                    turn = more if new > old else less
                    return f"make {ref} {turn}: {socket} {exact(new)} instead of {exact(old)}"
            if self.style % 2:
                return f"{'raise' if new > old else 'lower'} {place} from {exact(old)} to {exact(new)}"
        kind = next((s.type for s in node.inputs if s.name == socket), "")
        return f"set {place} to {measured(Socket('', socket, kind, value=new))}"

    def say_sockets(self, what: Mapping[str, Value]) -> str:
        """They follow from what else is told."""
        return ""

    # Links

    def say_link(self, what: Mapping[str, Value]) -> str:
        if not what["valid"]:
            raise NotTellable("a link that brings nothing")
        start = self.end(what["source"], "outputs", what["output"], what["output_name"])
        end = self.end(what["target"], "inputs", what["input"], what["input_name"])
        verb, to = VERBS[self.style % len(VERBS)]
        muted = ", muted" if what["muted"] else ""
        place = f", as its link number {what['at'] + 1}" if what["at"] < self.links_left(what) else ""
        return f"{verb} {start} {to} {end}{muted}{place}"

    def links_left(self, what: Mapping[str, Value]) -> int:
        """How many links the input keeps of those that it has."""
        if what["target"] in self.added:
            return 0
        inputs = self.nodes[what["target"]].inputs
        into = [link for link in self.before.links if link.target == what["target"] and link.source not in self.removed]
        had: int = sum(socket_key(inputs, link.input) == what["input"] for link in into)
        gone = self.unlinked[what["target"], what["input"]]
        return had - gone

    def say_unlink(self, what: Mapping[str, Value]) -> str:
        if (what["target"], what["input"]) in self.linked:
            return ""  # what is linked there instead is told
        start = self.end(what["source"], "outputs", what["output"], what["output_name"])
        end = self.end(what["target"], "inputs", what["input"], what["input_name"])
        return f"disconnect {start} from {end}"

    # The interface

    def say_add_item(self, what: Mapping[str, Value]) -> str:
        self.items.insert(what["at"], _NewItem(what))
        return ""

    def new_items(self) -> Iterator[str]:
        """New items by what they stand behind, when all the others are at their places."""
        for n, item in enumerate(self.items):
            if isinstance(item, _NewItem):
                side = item.kind.split(" ")[0]
                above = [other.name for other in self.items[:n] if other.kind.split(" ")[0] == side]
                below = any(other.kind.split(" ")[0] == side for other in self.items[n + 1 :])
                where = f', after "{above[-1]}"' if above else ", as the first" if below else ""
                yield f"give the group {item.words}{where}"

    def say_remove_item(self, what: Mapping[str, Value]) -> str:
        gone = self.items.pop(what["at"])
        return f'remove the {_side(gone.kind)} "{gone.name}" of the group'

    def say_rename_item(self, what: Mapping[str, Value]) -> str:
        return f'rename the {_side(self.items[what["at"]].kind)} "{what["name"]}" of the group to "{what["to"]}"'

    def say_set_item(self, what: Mapping[str, Value]) -> str:
        kind, name, new = _side(self.items[what["at"]].kind), what["name"], what["new"]
        if is_number(new) and abs(new) >= LIMIT:
            return f'take the {"lower" if new < 0 else "upper"} limit of the {kind} "{name}" of the group away'
        if isinstance(new, bool):
            return f'turn {exact(new)} {_path(what["path"])} of the {kind} "{name}" of the group'
        return f'set {_path(what["path"])} of the {kind} "{name}" of the group to {exact(new)}'


class _NewItem:
    def __init__(self, what: Mapping[str, Value]) -> None:
        self.kind, self.name = what["kind"], what["name"]
        settings = what["settings"]
        if self.kind == "PANEL":
            raise NotTellable("a panel")
        told = [
            f"{_path([name])}: {exact(value)}"
            for name, value in settings.items()
            if (value or name in ("min_value", "max_value"))
            and value not in USUAL.get(name, ())
            and not (is_number(value) and abs(value) >= LIMIT)
        ]
        words = self.kind.rpartition("NodeSocket")[2].lower() or "value"
        self.words = f'{article(words)} {_side(self.kind)} "{self.name}"' + (f" ({', '.join(told)})" if told else "")


def _node(edit: Edit) -> Node:
    sides: Any = {side: tuple(Socket(**s) for s in edit.what[side]) for side in ("inputs", "outputs")}
    return Node(edit.what["name"], edit.what["type"], edit.what["settings"], **sides)


def _side(kind: str) -> str:
    return kind.split(" ")[0].lower()


def _ordinal(n: int) -> str:
    return ORDINALS[n] if n < len(ORDINALS) else f"{n + 1}th"


def _path(path: Sequence[str | int]) -> str:
    """`["color_ramp", "elements", 1, "position"]` → `position of the second stop`."""
    words: list[str] = []
    names = [step for step in path if step != "color_ramp" or len(path) == 1]
    for step in names:
        if isinstance(step, int) and words:
            words[-1] = f"the {_ordinal(step)} {words[-1].removesuffix('s')}"
        else:
            words.append("stops" if step == "elements" else str(step).replace("_", " "))
    return " of ".join(reversed(words))


def is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def measured(socket: Socket) -> str:
    """The value of a socket, with the unit of angles, which are told as they are stored."""
    return exact(socket.value) + (" radians" if unit_by_name(socket.name, socket.type) == "°" else "")


def exact(value: Value) -> str:
    """A value so that there is one way to set it. Raises NotTellable."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, str):
        return value.lower().replace("_", " ") if value.isupper() else literal(value)
    if value is None:
        return "nothing"
    if is_reference(value):
        return f'the {KINDS.get(value["id"], value["id"].lower())} "{value["name"]}"'
    if isinstance(value, Mapping) and "set" in value:
        return listed([name.lower().replace("_", " ") for name in value["set"]]) or "none"
    if isinstance(value, list | tuple) and value and all(is_number(x) for x in value):
        return f"({', '.join(map(exact, value))})"
    if isinstance(value, list | tuple) and value and all(isinstance(x, Mapping) for x in value):
        return "; ".join(map(_row, value))
    raise NotTellable(f"{str(value)[:40]} is no short value")


def _row(row: Mapping[str, Value]) -> str:
    """An item of a node's collection: a stop, a curve's point, an item with a name."""
    if row.keys() >= {"position", "color"}:
        return f"{exact(row['color'])} at {exact(row['position'])}"
    if "location" in row:
        handle = row.get("handle_type", "AUTO")
        return exact(row["location"]) + (f" {exact(handle)}" if handle != "AUTO" else "")
    if "name" in row:
        kind = row.get("socket_type") or row.get("data_type") or ""
        return f'"{row["name"]}"' + (f" ({exact(kind)})" if kind else "")
    raise NotTellable("an item without words")
