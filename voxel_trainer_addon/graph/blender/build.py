# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain graph built in Blender in a closed loop: only what differs is done, and what was done becomes steps."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import bpy

from ..canonical import found_by_name
from ..flow import FRAME, REROUTE, fed_inputs
from ..frames import by_frame
from ..model import Animation, Curve, Graph, Link, Node, Socket, Value
from ..steps import (
    DATA,
    KINDS,
    OWNERS,
    RENDER_LAYERS,
    TREE,
    At,
    Call,
    Fetch,
    Place,
    Set,
    Step,
    data,
    placeholder,
    references_of,
    scene_steps,
)
from . import items
from .animation import animate
from .clock import used_s
from .held import Holder, NewNodes
from .interface import Interface
from .layout import give_names, lay_out
from .read import socket_value
from .stage import Loop, Stage

HELD = (("make",), ("first_settings",), ("socket_values", "links_into"))
"""What is done for every node, one after the other, with updates held back but for one after each group."""


class NotTaken(Exception):
    """This Blender does not let a script put such a node into such a tree, though the file has one there."""


def make_placeholders(
    graphs: Iterable[Graph], more: Iterable[tuple[str, str]] = (), bodies: Mapping[str, str] | None = None
) -> None:
    """Make what the graphs refer to, and `more` (ID type, name), where it is not there yet. Kinds that cannot be made
    are left out. `bodies`: name of an object → its type, where that matters."""
    stage, graphs, bodies = Stage(), list(graphs), bodies or {}
    for kind, name in (*(ref for graph in graphs for ref in references_of(graph, layout=True)), *more):
        if kind in KINDS and name not in getattr(bpy.data, KINDS[kind].collection):
            for step in placeholder(kind, name, bodies.get(name, "")):
                stage.perform(step)
    for step in scene_steps(graphs):
        stage.perform(step)


def build(graph: Graph, layout: bool = False) -> tuple[Step, ...]:
    """Build one tree in the open file, where the groups and data that it uses already are; the steps that it took.

    Raises NotTaken where a node cannot be made, and what Blender raises when the tree itself cannot. What it refuses on
    the way is left out of the steps, and shows when the result is compared.
    """
    made = build_all([graph], layout)[graph.key]
    if isinstance(made, Exception):
        raise made
    return made


def build_all(
    graphs: Iterable[Graph],
    layout: bool = False,
    limit_s: float = math.inf,
    kept: Mapping[str, Collection[str]] | None = None,
) -> dict[str, tuple[Step, ...] | Exception]:
    """Build trees in the open file, groups before their users; by key the steps that a tree took, or why it failed.

    All trees go through each phase together: an update walks every tree of the file, so there should be few of them. A
    tree that takes longer than `limit_s` of the processor fails with TimeoutError. `kept`: key of a tree → nodes that
    keep their names, as something finds them by these.
    """
    kept = kept or {}
    trees = [Builder(graph, layout, limit_s, frozenset(kept.get(graph.key, ()))) for graph in graphs]
    work_through(trees)
    return {tree.graph.key: tree.error or tuple(tree.steps) for tree in trees}


def work_through(trees: Sequence[Builder]) -> None:
    """Build the trees, each as far as it goes: what went wrong is its `error`."""
    for tree in trees:
        tree.attempt(tree.begin)
    with Holder() as hold:
        for phases in HELD:

            def work(phases: Sequence[str] = phases) -> None:
                for phase in phases:
                    for tree in trees:
                        tree.attempt(partial(tree.work, phase))

            hold(work, *(tree.tree for tree in trees if tree.tree is not None))
    for tree in trees:
        tree.attempt(tree.finish)


class Builder(Loop):
    """Builds one tree."""

    def __init__(self, graph: Graph, layout: bool, limit_s: float, kept: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self.graph = graph
        self.kept = kept
        self.limit_s = self.left_s = limit_s
        self.error: Exception | None = None
        self.tree: Any = None
        self.parts: dict[tuple[str, str], list[Step]] = {}
        self.layout = layout
        self.fed = set() if graph.sparse else fed_inputs(graph)
        self.nodes = {node.name: node for node in graph.nodes}
        self.into: dict[str, list[Link]] = defaultdict(list)
        for link in graph.links:
            self.into[link.target].append(link)
        self.followed = {link.source for link in graph.links if self.nodes[link.target].type in items.FOLLOWERS}
        self.zone_inputs = {node.pair: node.name for node in graph.nodes if node.pair is not None}
        self.linked: set[Link] = set()
        self.made: dict[str, int] = {}
        self.turn = 0
        self.new = NewNodes()

    # The tree and its interface

    def attempt(self, do: Callable[[], None]) -> None:
        """Do it if all went well so far; what Blender raises belongs to this tree alone."""
        began = used_s()
        self.ends = began + self.left_s
        if self.error is None:
            try:
                do()
            except Exception as error:
                self.error = error
        self.left_s -= used_s() - began

    def check_time(self) -> None:
        if used_s() >= self.ends:
            raise TimeoutError(f"it takes more than {self.limit_s:.0f} s")

    def begin(self) -> None:
        self.tree = self.make_tree()
        self.fit(TREE, self.tree, self.graph.settings)
        self.interface = Interface(self, self.graph, self.layout)
        self.interface.make()
        self.order = list(self.graph.nodes) if self.graph.sparse else by_frame(self.graph)
        self.first = [node for node in self.order if node.type != FRAME or self.layout]
        self.values_of_later_versions()

    def values_of_later_versions(self) -> None:
        """A value without a name in this Blender is set by its number, for all nodes at once: so these come first."""
        for (kind, name), value in items.LATER.items():
            nodes = [node for node in self.first if node.type == kind and node.settings.get(name) == ""]
            if nodes and not self.made:
                for node in nodes:
                    self.make(node)
                self.do(Call(TREE / "nodes", "foreach_set", (name, [value] * len(nodes))))

    def work(self, phase: str) -> None:
        """One phase for all nodes; the steps are kept node by node."""
        steps = self.steps
        do: Callable[[Node], None] = getattr(self, phase)
        for turn, node in enumerate(self.first):
            self.check_time()
            self.turn = turn
            self.steps = self.parts[phase, node.name] = []
            do(node)
        self.new.give_names()
        self.steps = steps

    def finish(self) -> None:
        """The steps as a person would do them, node by node: its settings, the links into it, its values, or operand by
        operand where inputs have numbers. Then what needs all of them."""
        for node in self.first:
            self.steps += self.parts["make", node.name] + self.parts["first_settings", node.name]
            self.steps += _by_operand(self.parts["links_into", node.name] + self.parts["socket_values", node.name])
        self.turn = len(self.first)
        self.late = True
        for _ in range(2):
            before = len(self.steps)
            for node in self.order:
                if node.name in self.made:
                    self.check_time()
                    self.settle(node)
                    self.links_into(node)
                    self.socket_values(node)
            self.interface.values()
            if len(self.steps) == before:
                break
        if self.layout:
            made = [node for node in self.order if node.name in self.made]
            with Holder() as hold:
                hold(partial(lay_out, self, self.graph, made), self.tree)
            if self.graph.layout.get("use_nodes") is False:
                self.do(Set(owner_place(self.graph), "use_nodes", False))
        self.animate()

    def make_tree(self) -> Any:
        collection, name = self.graph.key.split("/", 1)
        if collection == "node_groups":
            return self.do(Call(DATA / "node_groups", "new", (name, self.graph.type), result=TREE.base))
        kind = OWNERS[collection]
        owner = owner_place(self.graph)
        if name not in getattr(bpy.data, collection):
            for step in placeholder(kind, name):
                self.stage.perform(step)
        thing = self.stage.live(owner)
        if thing.node_tree is None:
            self.do(Set(owner, "use_nodes", True))
        tree = self.do(Fetch(TREE.base, owner / "node_tree"))
        self.do(Call(TREE / "nodes", "clear"))
        return tree

    # Nodes

    def place(self, node: Node) -> Place:
        return Place(f"node/{node.name}")

    def make(self, node: Node) -> None:
        """Create a node; the other half of a zone with it, so that both get their sockets."""
        if node.name in self.made:
            return
        self.made[node.name] = self.turn
        place = self.place(node)
        try:
            self.new(self.do(Call(TREE / "nodes", "new", (node.type,), result=place.base)))
        except RuntimeError as error:
            raise NotTaken(
                f"no {node.type} can be in this tree: {str(error).strip().splitlines()[-1].strip()}"
            ) from None
        if node.type == RENDER_LAYERS:  # a new one takes what the context offers, equal here and not elsewhere
            for name in ("scene", "layer"):
                if node.settings.get(name):
                    self.do(Set(place, name, node.settings[name]))
        if node.pair is not None:
            other = self.nodes[node.pair]
            self.make(other)
            self.do(Call(place, "pair_with_output", (self.place(other),)))

    def first_settings(self, node: Node) -> None:
        """The settings of a new node; a zone's items are held by its output node, which comes later in the flow."""
        for name in (node.pair, node.name):
            if name is not None and name in self.made:
                self.settle(self.nodes[name])

    def settle(self, node: Node) -> None:
        """Make the settings what they should be."""
        settings: Mapping[str, Value] = {} if node.type == REROUTE else node.settings
        live = self.stage.things[self.place(node).base]
        self.told_items(self.place(node), live, node.layout.get("items", ()))
        if self.layout and not self.graph.sparse:
            for numbers in items.item_numbers(node, self.nodes.get(self.zone_inputs.get(node.name, ""))):
                together = {name: (held, node.settings[name]) for name, held in numbers.items()}
                for name in together:
                    self.numbers.setdefault(self.place(node) / name, together)
        self.fit(self.place(node), live, settings)
        if len(live.outputs) and (self.late or node.name not in self.followed):
            self.set(self.place(node), live, "mute", bool(node.settings.get("mute")), bool)

    def collection(self, place: Place, live: Any, want: list[Any]) -> None:
        if place.path == ("file_slots",) and not self.late:
            self.clear_file_slots(place)
        super().collection(place, live, want)

    def clear_file_slots(self, place: Place) -> None:
        """Before 5.0 the socket of a file slot keeps the name that the slot was made with, whatever path it has now."""
        names = [socket.name for socket in self.nodes[place.base.removeprefix("node/")].inputs]
        there = [socket.name for socket in self.stage.things[place.base].inputs]
        if there != names[: len(there)]:
            self.do(Call(place, "clear"))

    def new_item(self, place: Place, live: Any, item: Mapping[str, Value]) -> Step | None:
        if place.path == ("file_slots",):
            return Call(place, "new", (self.nodes[place.base.removeprefix("node/")].inputs[len(live)].name,))
        return super().new_item(place, live, item)

    # Sockets and links

    def index(self, sockets: Any, wanted: Sequence[Socket], n: int) -> int:
        """Where the live socket is for the n-th wanted one; the number of sockets where there is none."""
        return items.index_of(sockets, wanted[n].identifier) if self.graph.sparse else n

    def socket_values(self, node: Node) -> None:
        if node.name not in self.made or node.type == REROUTE:
            return
        live = self.stage.things[self.place(node).base]
        for side, wanted in (("inputs", node.inputs), ("outputs", node.outputs)):
            sockets = getattr(live, side)
            for n, want in enumerate(wanted):
                at = self.index(sockets, wanted, n)
                if at >= len(sockets) or (want.value is None and not hasattr(sockets[at], "default_value")):
                    continue
                if want.value is None and (side == "outputs" or self.graph.sparse):
                    continue
                idle = not want.available or (side == "inputs" and (node.name, n) in self.fed)
                if idle and node.type not in items.SHOW_VALUES:
                    continue
                if socket_value(sockets[at]) != want.value:
                    self.socket_value(self.place(node) / side / items.key(sockets, at), sockets[at], want.value)

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
            if all(self.is_there(link.source) for link in links) or self.late:
                for link in sorted(links, key=lambda link: link.order):
                    self.link(link)

    def is_there(self, name: str) -> bool:
        """Whether that node is made before the links into the node in turn."""
        return self.made.get(name, self.turn + 1) <= self.turn

    def link(self, link: Link) -> None:
        if link in self.linked or not self.is_there(link.source):
            return
        source, target = self.nodes[link.source], self.nodes[link.target]
        outputs = self.stage.things[self.place(source).base].outputs
        inputs = self.stage.things[self.place(target).base].inputs
        if self.graph.sparse:
            output = self.index(outputs, source.outputs, link.output)
        else:
            output = items.output_index(source, link.output, outputs)
        entry = self.index(inputs, target.inputs, link.input)
        if output >= len(outputs) or entry >= len(inputs):
            return
        ends = (
            self.place(source) / "outputs" / items.key(outputs, output),
            self.place(target) / "inputs" / items.key(inputs, entry),
        )
        self.do(Call(TREE / "links", "new", ends, result="link" if link.muted else ""))
        if link.muted:
            self.do(Set(Place("link"), "is_muted", True))
        self.linked.add(link)

    # Drivers and keyframes

    def animate(self) -> None:
        """Make what moves the tree's properties. Nodes that are found by their names get them."""
        animation = self.graph.animation
        if animation != Animation() or self.kept:
            give_names(self, self.told_names() if self.graph.sparse else self.kept_names())
            animate(self, TREE, animation, self.moved_in, self.named)

    def told_names(self) -> dict[str, Any]:
        """The live nodes of a sparse graph whose names are told, by name."""
        told = {node.name for node in self.graph.nodes if "name" in node.layout}
        return {name: self.stage.live(Place(f"node/{name}")) for name in self.made if name in told}

    def kept_names(self) -> dict[str, Any]:
        """The live nodes that are found by name, and those that have their names meanwhile, by name."""
        kept_names = found_by_name(self.graph) | self.kept
        made = {name: self.stage.live(Place(f"node/{name}")) for name in self.made}
        kept = {name: live for name, live in made.items() if name in kept_names}
        while in_the_way := {name: live for name, live in made.items() if live.name in kept and name not in kept}:
            kept |= in_the_way
        return kept

    def moved_in(self, curve: Curve) -> Place:
        return self.place(self.nodes[curve.node]) if curve.node in self.made else TREE

    def named(self, place: Place) -> Place:
        """A socket by its name, as in the rest of the code."""
        match place.path:
            case (("inputs" | "outputs") as side, At(int(index)), *rest):
                key = items.key(getattr(self.stage.things[place.base], side), index)
                return Place(place.base, (side, key, *rest))
        return place


def _by_operand(steps: list[Step]) -> list[Step]:
    """Links and values of a node in the order of its inputs, where all are known by number: `1 - x` reads as it is."""
    keys = [_input_key(step) for step in steps]
    if not all(isinstance(key, int) for key in keys):
        return steps
    return [steps[n] for n in sorted(range(len(steps)), key=lambda n: int(keys[n] or 0))]


def _input_key(step: Step) -> str | int | None:
    """The input that a step links or sets; None for any other step."""
    match step:
        case Call(name="new", args=(_, Place(path=("inputs", At(key))))):
            return key
        case Set(place=Place(path=("inputs", At(key))), name="default_value"):
            return key
    return None


def owner_place(graph: Graph) -> Place:
    """The data-block that owns the tree."""
    collection, name = graph.key.split("/", 1)
    return data(OWNERS[collection], name)
