# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements about single nodes: how they are set, and what comes into them from where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from ..describe import Plain, place_words, settings_told, values_told
from ..flow import fed_inputs
from ..model import Node, Value
from .phrases import listed, node_words, value_phrase
from .statement import Statement
from .view import CARRIERS, View, Wire

LONGEST_WAY = 24
"""A longer row of nodes is not told as one sentence."""
MEANT = ("operation", "blend_type", "mode", "data_type", "domain", "distribute_method", "interpolation_type")
"""Settings that say what a node does; told even where it is not known what is usual."""


@dataclass(frozen=True)
class Facts:
    """What is said of one node: settings by name, values by place of the input, and the wires into it."""

    name: str
    type: str
    label: str
    group: str | None
    settings: tuple[tuple[str, Value], ...]
    values: tuple[tuple[int, Value], ...]
    wires: tuple[Wire, ...]

    def true_of(self, view: View) -> bool:
        """Whether the node is there and is so: each setting, each value where it counts, and exactly these wires."""
        node = view.nodes.get(self.name)
        if node is None or (node.type, node.layout.get("label", ""), node.group) != (self.type, self.label, self.group):
            return False
        if any(setting(node, name) != value for name, value in self.settings):
            return False
        for place, value in self.values:
            counts = place < len(node.inputs) and node.inputs[place].available and place not in view.touched[self.name]
            if not counts or node.inputs[place].value != value:
                return False
        return Counter(view.into[self.name]) == Counter(self.wires)


def setting(node: Node, name: str) -> Value:
    """A setting by the name that statements use: `color_ramp stops` is the number of stops."""
    if name.endswith(" stops"):
        inside = node.settings.get(name.removesuffix(" stops"))
        return len(inside["elements"]) if isinstance(inside, Mapping) and "elements" in inside else None
    return node.settings.get(name)


def facts(view: View, node: Node, plain: Plain, fed: set[tuple[str, int]]) -> Facts:
    """What is worth saying of a node: what is not as Blender makes it, where that is known."""
    told = dict(settings_told(node, plain))
    if node.type not in plain:
        told = {name: node.settings[name] for name in MEANT if isinstance(node.settings.get(name), str)}
    values = [(i, socket.value) for i, socket in values_told(node, plain, fed) if i not in view.touched[node.name]]
    if node.type not in plain and node.type in CARRIERS:
        values = [
            (i, socket.value)
            for i, socket in enumerate(node.inputs)
            if socket.available and i not in view.touched[node.name] and value_phrase(node, socket.name, socket.value)
        ]
    return Facts(
        node.name,
        node.type,
        node.layout.get("label", ""),
        node.group,
        tuple(told.items()),
        tuple(values),
        tuple(view.into[node.name]),
    )


def calls(view: View) -> dict[str, str]:
    """Node name → how the text calls it, with a number where several would be called alike."""
    words = {name: node_words(node) for name, node in view.nodes.items()}
    total, seen, called = Counter(words.values()), Counter[str](), {}
    for name, said in words.items():
        seen[said] += 1
        called[name] = f"{said} {seen[said]}" if total[said] > 1 else said
    return called


def sentence(view: View, said: Facts, called: Mapping[str, str]) -> str:
    """`Bump: distance 0.2 m, invert on; Height from Noise Texture (Fac).`"""
    node = view.nodes[said.name]
    set_to = [f"{name.replace('_', ' ')} {value_phrase(node, name, value)}" for name, value in said.settings]
    for place, value in said.values:
        words = value_phrase(node, node.inputs[place].name, value)
        set_to += [f"{place_words(node.inputs, place)} {words}"] if words else []
    comes = []
    for wire in said.wires:
        source = view.nodes[wire.source]
        several = sum(socket.available for socket in source.outputs) > 1
        output = f" ({place_words(source.outputs, wire.output)})" if several else ""
        comes.append(f"{place_words(node.inputs, wire.input)} from {called[wire.source]}{output}")
    parts = [", ".join(set_to), ", ".join(comes)]
    rest = "; ".join(part for part in parts if part)
    words = called[said.name]
    who = words[0].upper() + words[1:] + (" (muted)" if not view.works(node) else "")
    return f"{who}: {rest}." if rest else f"{who}."


def nodes(view: View, plain: Plain) -> Iterator[Statement]:
    """Each node that leads to an output in a sentence, in the order of the flow."""
    called, fed = calls(view), fed_inputs(view.graph)
    for name, node in view.nodes.items():
        if name in view.live and node.type != "NodeGroupInput":
            said = facts(view, node, plain, fed)
            text = sentence(view, said, called)
            about = tuple(dict.fromkeys([name, *(wire.source for wire in said.wires)]))
            muted = not view.works(node)
            yield Statement(text, about, check_of(said, muted, {n: called[n] for n in about}))


def check_of(said: Facts, muted: bool, called: Mapping[str, str]) -> Callable[[View], bool]:
    """The predicate of a sentence about a node: the facts, and that every node is what it is called."""

    def check(view: View) -> bool:
        named = all(n in view.nodes and words.startswith(node_words(view.nodes[n])) for n, words in called.items())
        return named and said.true_of(view) and muted == (not view.works(view.nodes[said.name]))

    return check


def main_way(view: View) -> Iterator[Statement]:
    """The nodes in a row along the main input from the first one to the output, where there are some."""
    row = way(view)
    if not 2 <= len(row) <= LONGEST_WAY:
        return
    names = [the_words(view.nodes[name]) for name in row]
    if view.nodes[row[0]].type == "NodeGroupInput":
        text = f"What comes in goes through {listed(folded(names[1:]))}."
    else:
        text = f"It begins with {names[0]} and goes on through {listed(folded(names[1:]))}."

    def check(view: View) -> bool:
        return way(view) == row and [the_words(view.nodes[name]) for name in row] == names

    yield Statement(text, tuple(row), check)


def the_words(node: Node) -> str:
    """A node in a row of names."""
    words = node_words(node)
    return f"the {words}" if node.group else words


def folded(names: list[str]) -> list[str]:
    """`Mix, Mix, Switch` as `2 × Mix, Switch`."""
    runs = [(name, sum(1 for _ in run)) for name, run in groupby(names)]
    return [f"{n} × {name}" if n > 1 else name for name, n in runs]


def way(view: View) -> list[str]:
    """From the output backwards along what it takes first of geometry, a shader or a picture, as long as it is that."""
    row: list[str] = []
    ends = [name for name in view.ends if view.into[name]]
    at = ends[0] if ends else None
    carried: tuple[str, ...] = ("GEOMETRY", "SHADER", "RGBA")
    while at is not None:
        inputs = view.nodes[at].inputs
        main = [wire for wire in view.into[at] if inputs[wire.input].type in carried and wire.source not in row]
        if not main:
            break
        carried = (inputs[main[0].input].type,)
        at = main[0].source
        row.append(at)
    return row[::-1]
