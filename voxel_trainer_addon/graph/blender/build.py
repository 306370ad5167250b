# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain graph built in Blender in a closed loop: only what differs is done, and what was done becomes steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import bpy

from ..flow import FRAME, REROUTE, fed_inputs, in_flow
from ..model import Graph, Item, Link, Node, Value
from ..steps import (
    DATA,
    KINDS,
    OWNERS,
    RENDER_LAYERS,
    TREE,
    At,
    Call,
    Fetch,
    Join,
    Place,
    Set,
    Step,
    data,
    is_reference,
    placeholder,
    references_of,
    scene_steps,
)
from . import items
from .read import NODE_LAYOUT, fields, socket_value

ROUNDS = 3
"""One property opens another (a mode its sockets, a link its menu), never a longer chain than this."""


LONGEST_KEY = 32
"""Longer names of sockets are not written; the index is."""


class Stage:
    """Performs steps on live data; `things` are the live objects by base."""

    def __init__(self) -> None:
        self.things: dict[str, Any] = {"bpy.data": bpy.data, "bpy.utils": bpy.utils}

    def live(self, place: Place) -> Any:
        thing = self.things.get(place.base) or self.data_block(place.base)
        for step in place.path:
            thing = thing[step.key] if isinstance(step, At) else getattr(thing, step)
        return thing

    @staticmethod
    def data_block(base: str) -> Any:
        """The data-block that a base like `data/IMAGE/Rust` names."""
        _, kind, name = base.split("/", 2)
        return getattr(bpy.data, KINDS[kind].collection)[name]

    def value(self, value: Value) -> Any:
        """A plain value as Blender takes it."""
        if isinstance(value, Place):
            return self.live(value)
        if isinstance(value, Join):
            return self.live(value.place) + value.text
        if is_reference(value):
            return self.data_block(data(value["id"], value["name"]).base)
        if isinstance(value, Mapping):
            return set(value["set"]) if "set" in value else float(value["float"])
        if isinstance(value, list):
            return [self.value(x) for x in value]
        return value

    def perform(self, step: Step) -> None:
        if isinstance(step, Set):
            setattr(self.live(step.place), step.name, self.value(step.value))
        elif isinstance(step, Fetch):
            self.things[step.result] = self.live(step.place)
        else:
            named = {name: self.value(value) for name, value in step.named.items()}
            result = getattr(self.live(step.place), step.name)(*map(self.value, step.args), **named)
            if step.result:
                self.things[step.result] = result


def make_placeholders(graphs: Iterable[Graph]) -> None:
    """Make what the graphs refer to, where it is not there yet. Kinds that cannot be made are left out."""
    stage, graphs = Stage(), list(graphs)
    for graph in graphs:
        for kind, name in references_of(graph):
            if kind in KINDS and name not in getattr(bpy.data, KINDS[kind].collection):
                for step in placeholder(kind, name):
                    stage.perform(step)
    for step in scene_steps(graphs):
        stage.perform(step)


def build(graph: Graph, layout: bool = False) -> tuple[Step, ...]:
    """Build one tree in the open file, where the groups and data that it uses already are; the steps that it took.

    Raises what Blender raises when the tree itself cannot be made. What it refuses on the way is left out of the steps,
    and shows when the result is compared.
    """
    loop = _Loop(graph, layout)
    loop.build()
    return tuple(loop.steps)


def replay(steps: Iterable[Step]) -> None:
    """Perform the steps of a tree that was built before."""
    stage = Stage()
    for step in steps:
        stage.perform(step)


class _Loop:
    def __init__(self, graph: Graph, layout: bool) -> None:
        self.graph = graph
        self.layout = layout
        self.stage = Stage()
        self.steps: list[Step] = []
        self.fed = fed_inputs(graph)
        self.nodes = {node.name: node for node in graph.nodes}
        self.into: dict[str, list[Link]] = defaultdict(list)
        for link in graph.links:
            self.into[link.target].append(link)
        self.zone_inputs = {node.pair: node.name for node in graph.nodes if node.pair is not None}
        self.linked: set[Link] = set()
        self.made: set[str] = set()
        self.late = False

    def do(self, step: Step) -> Any:
        """Perform and record."""
        self.stage.perform(step)
        self.steps.append(step)
        return self.stage.things.get(step.result) if isinstance(step, Call | Fetch) and step.result else None

    def set(self, place: Place, struct: Any, name: str, want: Value, read: Any) -> bool:
        """Assign where it differs; recorded only if it made a difference."""
        have = read(getattr(struct, name))
        if have == want or want == "":
            return False
        try:
            setattr(struct, name, self.stage.value(want))
        except (TypeError, ValueError, AttributeError, KeyError, RuntimeError):
            return False
        if read(getattr(struct, name)) == have:
            return False
        self.steps.append(Set(place, name, want))
        return True

    # The tree and its interface

    def build(self) -> None:
        self.tree = self.make_tree()
        self.fit(TREE, self.tree, self.graph.settings)
        self.make_interface()
        order = in_flow(self.graph)
        for node in order:
            if node.type != FRAME or self.layout:
                self.make(node)
                self.links_into(node)
                self.socket_values(node)
        self.late = True
        for _ in range(2):
            before = len(self.steps)
            for node in order:
                if node.name in self.made:
                    self.settle(node)
                    self.links_into(node)
                    self.socket_values(node)
            self.interface_values()
            if len(self.steps) == before:
                break
        if self.layout:
            self.lay_out(order)

    def make_tree(self) -> Any:
        collection, name = self.graph.key.split("/", 1)
        if collection == "node_groups":
            return self.do(Call(DATA / "node_groups", "new", (name, self.graph.type), result=TREE.base))
        kind = OWNERS[collection]
        owner = data(kind, name)
        if name not in getattr(bpy.data, collection):
            for step in placeholder(kind, name):
                self.stage.perform(step)
        thing = self.stage.live(owner)
        if thing.node_tree is None:
            self.do(Set(owner, "use_nodes", True))
        tree = self.do(Fetch(TREE.base, owner / "node_tree"))
        self.do(Call(TREE / "nodes", "clear"))
        return tree

    def make_interface(self) -> None:
        live: list[Any] = []
        for n, item in enumerate(self.graph.interface):
            base = f"item/{n}"
            parent = {} if item.parent is None else {"parent": Place(f"item/{item.parent}")}
            if item.kind == "PANEL":
                closed = {"default_closed": True} if item.settings.get("default_closed") else {}
                made = self.do(Call(TREE / "interface", "new_panel", (item.name,), closed, base))
                if parent:
                    self.do(
                        Call(
                            TREE / "interface",
                            "move_to_parent",
                            (Place(base), parent["parent"], len(self.graph.interface)),
                        )
                    )
            else:
                in_out, kind = item.kind.split(" ", 1)
                named = {"in_out": in_out, "socket_type": kind, **parent}
                made = self.do(Call(TREE / "interface", "new_socket", (item.name,), named, base))
            live.append(made)
            self.item_settings(n, item, made)

    def item_settings(self, n: int, item: Item, made: Any) -> None:
        base = f"item/{n}"
        if "dimensions" in item.settings and made.dimensions != item.settings["dimensions"]:
            index = made.index
            self.do(Set(Place(base), "dimensions", item.settings["dimensions"]))
            made = self.do(Fetch(base, TREE / "interface" / "items_tree" / At(index)))
        self.fit(Place(base), made, item.settings)

    def interface_values(self) -> None:
        for n, item in enumerate(self.graph.interface):
            if "default_value" in item.settings:
                self.fit(Place(f"item/{n}"), self.stage.things[f"item/{n}"], item.settings)

    # Nodes

    def place(self, node: Node) -> Place:
        return Place(f"node/{node.name}")

    def make(self, node: Node) -> None:
        """Create a node with its settings; the other half of a zone with it, so that both get their sockets."""
        if node.name in self.made:
            return
        self.made.add(node.name)
        place = self.place(node)
        try:
            self.do(Call(TREE / "nodes", "new", (node.type,), result=place.base))
        except RuntimeError:
            self.made.discard(node.name)
            return
        if node.type == RENDER_LAYERS:  # a new one takes what the context offers, equal here and not elsewhere
            for name in ("scene", "layer"):
                if node.settings.get(name):
                    self.do(Set(place, name, node.settings[name]))
        if node.pair is not None:
            other = self.nodes[node.pair]
            self.make(other)
            self.do(Call(place, "pair_with_output", (self.place(other),)))
            self.settle(other)
        self.settle(node)

    def settle(self, node: Node) -> None:
        """Make the settings what they should be."""
        settings: Mapping[str, Value] = {} if node.type == REROUTE else node.settings
        live = self.stage.things[self.place(node).base]
        self.fit(self.place(node), live, settings)
        if node.outputs:
            self.set(self.place(node), live, "mute", bool(node.settings.get("mute")), bool)

    def fit(self, place: Place, struct: Any, want: Mapping[str, Value]) -> bool:
        """Assign what differs, nested structs and item collections too, until nothing changes any more."""
        changed = False
        for _ in range(ROUNDS):
            before = len(self.steps)
            for name, read in fields(struct):
                if name not in want or (name == "auto_remove" and not self.late):
                    continue
                wanted = want[name]
                if isinstance(wanted, Mapping) and not wanted.keys() & {"id", "set", "float"}:
                    below = getattr(struct, name)
                    if below is not None:
                        self.nested(place / name, below, wanted)
                elif isinstance(wanted, list) and (not wanted or isinstance(wanted[0], Mapping)):
                    self.collection(place / name, getattr(struct, name), wanted)
                else:
                    self.set(place, struct, name, wanted, read)
            if len(self.steps) == before:
                break
            changed = True
        return changed

    def nested(self, place: Place, struct: Any, want: Mapping[str, Value]) -> None:
        changed = self.fit(place, struct, want)
        if changed and isinstance(struct, bpy.types.CurveMapping):
            self.do(Call(place, "update"))

    def collection(self, place: Place, live: Any, want: list[Any]) -> None:
        """Bring a collection to the wanted number of items, then each item to its values."""
        while len(live) > len(want):
            before = len(live)
            self.do(Call(place, "remove", (place / At(len(live) - 1),)))
            if len(live) >= before:
                break
        while len(live) < len(want):
            before = len(live)
            args = items.arguments(live, want[len(live)])
            if args is None:
                return
            try:
                self.do(Call(place, "new", args))
            except (TypeError, RuntimeError, ValueError):
                return
            if len(live) <= before:
                return
            if getattr(live[before], "auto_remove", False):  # else the next update removes it before it is linked
                self.do(Set(place / At(before), "auto_remove", False))
        for n, item in enumerate(want):
            self.fit(place / At(n), live[n], item)

    # Sockets and links

    def key(self, sockets: Any, index: int) -> At:
        """A socket by its name where that finds it and no other in use has it, else by its index.

        Which socket a name finds is Blender's affair: identifiers and hidden ones play into it, by version.
        """
        socket = sockets[index]
        name = socket.name
        alike = sum(s.name == name and not s.is_unavailable for s in sockets)
        named = name and len(name) <= LONGEST_KEY and alike == 1 and sockets.get(name) == socket
        return At(name if named else index)

    def socket_values(self, node: Node) -> None:
        if node.name not in self.made or node.type == REROUTE:
            return
        live = self.stage.things[self.place(node).base]
        for side, wanted in (("inputs", node.inputs), ("outputs", node.outputs)):
            sockets = getattr(live, side)
            for n, (socket, want) in enumerate(zip(sockets, wanted, strict=False)):
                if want.value is None and not hasattr(socket, "default_value"):
                    continue
                if not want.available or (side == "outputs" and want.value is None):
                    continue
                if side == "inputs" and (node.name, n) in self.fed:
                    continue
                if socket_value(socket) != want.value:
                    self.socket_value(self.place(node) / side / self.key(sockets, n), socket, want.value)

    def socket_value(self, place: Place, socket: Any, want: Value) -> None:
        have = socket_value(socket)
        if want == "":
            return
        try:
            socket.default_value = self.stage.value(want)
        except (TypeError, ValueError, AttributeError, KeyError, RuntimeError):
            return
        if socket_value(socket) != have:
            self.steps.append(Set(place, "default_value", want))

    def links_into(self, node: Node) -> None:
        """Link what flows into a node; a multi-input waits until all its sources are there, as its order counts."""
        if node.name not in self.made:
            return
        by_input: dict[int, list[Link]] = defaultdict(list)
        for link in self.into[node.name]:
            by_input[link.input].append(link)
        for _, links in sorted(by_input.items()):
            if all(link.source in self.made for link in links) or self.late:
                for link in sorted(links, key=lambda link: link.order):
                    self.link(link)

    def link(self, link: Link) -> None:
        if link in self.linked or link.source not in self.made:
            return
        source, target = self.nodes[link.source], self.nodes[link.target]
        outputs = self.stage.things[self.place(source).base].outputs
        inputs = self.stage.things[self.place(target).base].inputs
        output = items.output_index(source, link.output, outputs)
        if output >= len(outputs) or link.input >= len(inputs):
            return
        ends = (
            self.place(source) / "outputs" / self.key(outputs, output),
            self.place(target) / "inputs" / self.key(inputs, link.input),
        )
        self.do(Call(TREE / "links", "new", ends, result="link" if link.muted else ""))
        if link.muted:
            self.do(Set(Place("link"), "is_muted", True))
        self.linked.add(link)

    # Layout

    def lay_out(self, order: list[Node]) -> None:
        made = [node for node in order if node.name in self.made]
        for node in made:
            place, live = self.place(node), self.stage.things[self.place(node).base]
            parent = node.layout.get("parent")
            if parent is not None:
                self.do(Set(place, "parent", self.place(self.nodes[parent])))
            for name, usual in {"name": None, **NODE_LAYOUT, "color": None}.items():
                want = node.layout.get(name, usual)
                if want is not None and hasattr(live, name):
                    if name == "color":
                        self.do(Set(place, "use_custom_color", True))
                    self.set(place, live, name, want, _plain)
        for node in made:
            live = self.stage.things[self.place(node).base]
            self.set(self.place(node), live, "location", node.layout["location"], _plain)
            for side, wanted in (("inputs", node.inputs), ("outputs", node.outputs)):
                sockets = getattr(live, side)
                for n, (socket, want) in enumerate(zip(sockets, wanted, strict=False)):
                    for name in want.layout:
                        self.set(self.place(node) / side / self.key(sockets, n), socket, name, True, bool)


def _plain(value: Any) -> Value:
    return list(value) if hasattr(value, "__len__") and not isinstance(value, str) else value
