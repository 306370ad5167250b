# SPDX-License-Identifier: GPL-3.0-or-later
"""What a prompt asks of a tree, as conditions that need no reference to be judged and let other solutions through.

They are made from the reference's graph by rules, and each counts only where its words stand in the prompt: a node is
there (n times), something comes into a socket from a node (directly or through nodes that shape a value), a setting or
value is so (numbers to 1 %), a technique is there, a group has a socket, and nothing else is there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from ..graph.canonical import shape_hash
from ..graph.describe import interface_words, literal, place, place_words, value_words
from ..graph.menu import type_words
from ..graph.model import Graph, Node, Value
from ..graph.words import about_tree, phrases
from ..graph.words import said as technique_words
from ..graph.words.about_nodes import setting
from ..graph.words.description import recognised
from ..graph.words.view import CARRIERS, View, Wire
from .prompt_words import Said, said

TOLERANCE = 0.01
"""Relative distance of numbers that are taken as equal."""
TELLING_NODES = 3
"""Trees with fewer nodes are no others to tell a prompt's tree from."""
LOOSE = 0.5
"""A prompt whose conditions hold for a larger share of other trees asks for too little to test by."""
CONSTANTS = {"ShaderNodeValue", "ShaderNodeRGB"}
"""Nodes whose output holds a value: one that feeds an input is as good as the input's own."""


@dataclass(frozen=True)
class Condition:
    """`kind` is `node`, `link`, `value`, `technique`, `socket` or `only`; `key` says what, `times` how often at least.
    `words` are for people."""

    kind: str
    words: str
    key: tuple[Value, ...]
    times: int = 1

    def met(self, tree: Tree) -> bool:
        """Whether it holds for a tree."""
        counts = {
            "node": lambda: tree.kinds[self.key[0]],
            "link": lambda: tree.chains(*self.key),
            "value": lambda: tree.holding(*self.key),
            "technique": lambda: int(self.key[0] in tree.techniques),
            "socket": lambda: tree.sockets[self.key],
            "only": lambda: int(not tree.kinds - Counter(dict(self.key))),
        }
        return counts[self.kind]() >= self.times

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Condition:
        """What `as_json` told; other names beside its own are left out."""
        key = (tuple(part) if value["kind"] == "only" else part for part in value["key"])
        return cls(value["kind"], value["words"], tuple(key), value["times"])


class Tree:
    """A graph as conditions look at it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.view = View(graph)

    @cached_property
    def kind(self) -> tuple[str, str]:
        return self.graph.key.partition("/")[0], self.graph.type

    @cached_property
    def shape(self) -> str:
        return shape_hash(self.graph)

    @cached_property
    def kinds(self) -> Counter[str]:
        return Counter(map(kind, self.view.nodes.values()))

    @cached_property
    def techniques(self) -> frozenset[str]:
        return frozenset(found.technique.name for found in recognised(self.graph))

    @cached_property
    def sockets(self) -> Counter[tuple[Value, ...]]:
        return Counter((item.kind.partition(" ")[0], item.name) for item in self.graph.interface)

    def chains(self, source: str, output: str, target: str, socket: str) -> int:
        """How often an output of that kind comes into such an input, directly, or once an input through carriers."""
        found = 0
        for name, node in self.view.nodes.items():
            places = [i for i in range(len(node.inputs)) if kind(node) == target and self._called(node, i) == socket]
            for at in places:
                wires = [wire for wire in self.view.into[name] if wire.input == at]
                direct = sum(self._comes(wire, source, output) for wire in wires)
                found += direct or any(self._comes(wire, source, output) for wire in self._above(wires))
        return found

    def _called(self, node: Node, at: int) -> str:
        return place_words(node.inputs, at) if node.inputs[at].available else ""

    def _comes(self, wire: Wire, source: str, output: str) -> bool:
        node = self.view.nodes[wire.source]
        return kind(node) == source and place_words(node.outputs, wire.output) == output

    def _above(self, wires: Iterable[Wire]) -> Iterator[Wire]:
        """The wires that come into carriers before these."""
        todo, passed = list(wires), set()
        while todo:
            name = todo.pop().source
            if name not in passed and self.view.nodes[name].type in CARRIERS:
                passed.add(name)
                yield from self.view.into[name]
                todo += self.view.into[name]

    def holding(self, wanted: str, where: str, value: Value) -> int:
        """How many nodes of a kind have such a value there: a setting (`.operation`) or an input (`second Value`)."""
        return sum(
            kind(node) == wanted and any(near(value, held) for held in self._held(node, where))
            for node in self.view.nodes.values()
        )

    def _held(self, node: Node, where: str) -> Iterator[Value]:
        if where.startswith("."):
            yield setting(node, where[1:])
            return
        for at, socket in enumerate(node.inputs):
            if self._called(node, at) == where:
                wires = [wire for wire in self.view.into[node.name] if wire.input == at]
                if at not in self.view.touched[node.name]:
                    yield socket.value
                for wire in wires:
                    source = self.view.nodes[wire.source]
                    if source.type in CONSTANTS:
                        yield source.outputs[wire.output].value


def kind(node: Node) -> str:
    """What a prompt calls it: its menu words, a group by its name."""
    return f'group "{node.group}"' if node.group else type_words(node.type)


def near(wanted: Value, held: Value) -> bool:
    """Equal, or numbers within 1 %, each part of a vector by itself."""
    numbers = [v for v in (wanted, held) if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) == 2:
        return bool(abs(wanted - held) <= TOLERANCE * abs(wanted) + 1e-6)
    if isinstance(wanted, list | tuple) and isinstance(held, list | tuple):
        return len(wanted) == len(held) and all(map(near, wanted, held))
    return bool(wanted == held)


def conditions(graph: Graph, prompt: str) -> tuple[Condition, ...]:
    """What `prompt` asks for, of all that is true of its reference; each holds for the reference itself."""
    tree, words = Tree(graph), said(prompt)
    found = [*_nodes(tree, words), *_links(tree, words), *_values(tree, words)]
    found += [*_techniques(graph, prompt, words), *_sockets(graph, prompt), *_only(tree, words)]
    return tuple(found)


def met(asked: Sequence[Condition], graph: Graph | None) -> float:
    """The share of conditions that hold; none without a tree. Raises ZeroDivisionError where nothing is asked."""
    tree = Tree(graph) if graph else None
    return sum(tree is not None and one.met(tree) for one in asked) / len(asked)


def looseness(asked: Sequence[Condition], graph: Graph, others: Iterable[Tree]) -> float | None:
    """The share of the `others` of another shape, three and more nodes and the same kind (materials, say) for which all
    conditions hold too; None without such others."""
    own = Tree(graph)
    rivals = [o for o in others if o.kind == own.kind and o.shape != own.shape and o.kinds.total() >= TELLING_NODES]
    return sum(all(one.met(other) for one in asked) for other in rivals) / len(rivals) if rivals else None


def _nodes(tree: Tree, words: Said) -> Iterator[Condition]:
    spelled = Counter(spoken for spoken, _ in words.nodes)
    by_type = Counter[str]()
    for name, node in {kind(n): n for n in tree.view.nodes.values()}.items():
        by_type[name] = spelled[node.type if words.form == "identifiers" else name]
    for name, there in tree.kinds.items():
        if times := min(there, max(by_type[name], words.kinds[name])):
            told = f"{times} × {name}" if times > 1 else name
            yield Condition("node", f"has {told}", (name,), times)


def _links(tree: Tree, words: Said) -> Iterator[Condition]:
    nodes = tree.view.nodes
    there: Counter[tuple[str, str, str, str]] = Counter()
    spoken: dict[tuple[str, str, str, str], str] = {}
    for wire in (wire for wires in tree.view.into.values() for wire in wires):
        a, b = nodes[wire.source], nodes[wire.target]
        key = kind(a), place_words(a.outputs, wire.output), kind(b), place_words(b.inputs, wire.input)
        there[key] += 1
        spoken[key] = _wire_pattern(words.form, a, b, wire)
    for key, pattern in spoken.items():
        heard = sum(re.fullmatch(pattern, link) is not None for link in words.links)
        if times := min(there[key], heard):
            told = f"{key[0]} {key[1]} comes into {key[2]} {key[3]}" + (f", {times} times" if times > 1 else "")
            yield Condition("link", told, key, times)


def _wire_pattern(form: str, a: Node, b: Node, wire: Wire) -> str:
    """How a prompt of a form tells of a wire."""
    output, entry = re.escape(place_words(a.outputs, wire.output)), re.escape(place_words(b.inputs, wire.input))
    if form == "identifiers":
        sockets = place(a.outputs, wire.output), place(b.inputs, wire.input)
        return re.escape(f"{a.type}.{sockets[0]} -> {b.type}.{sockets[1]}")
    if form == "listed":
        source, target = (rf"{re.escape(type_words(node.type))}(?: \d+)?" for node in (a, b))
        return f"{source} {output} to {target} {entry}"
    several = sum(socket.available for socket in a.outputs) > 1
    return f"{re.escape(kind(b))}: {entry} from {re.escape(kind(a))}" + (rf" \({output}\)" if several else "")


def _values(tree: Tree, words: Said) -> Iterator[Condition]:
    heard = Counter((spoken, text) for spoken, texts in words.nodes for text in texts)
    asked: dict[tuple[str, str, str], tuple[Value, int]] = {}
    there: Counter[tuple[str, str, str]] = Counter()
    for node in tree.view.nodes.values():
        for where, text, value in _told(tree, node, words.form):
            spoken = node.type if words.form == "identifiers" else kind(node)
            if times := heard[spoken, text]:
                key = kind(node), where, text
                there[key] += 1
                asked[key] = value, min(times, there[key])
    for (name, where, text), (value, times) in asked.items():
        yield Condition("value", f"{name}: {text}", (name, where, value), times)


def _told(tree: Tree, node: Node, form: str) -> Iterator[tuple[str, str, Value]]:
    """(place, text, value) of all that a prompt of a form could tell of a node."""
    names = [*node.settings, *(f"{name} stops" for name in node.settings)]
    for name in names:
        value = setting(node, name)
        if value is not None:
            yield f".{name}", _text(form, name.replace("_", " "), name, node, name, value), value
    for at, socket in enumerate(node.inputs):
        if socket.available and at not in tree.view.touched[node.name] and socket.value is not None:
            where = place_words(node.inputs, at)
            yield where, _text(form, where, place(node.inputs, at), node, socket.name, socket.value), socket.value


def _text(form: str, words: str, identifier: str, node: Node, name: str, value: Value) -> str:
    if form == "identifiers":
        return f"{identifier}={literal(value)}"
    return f"{words} {value_words(value) if form == 'listed' else phrases.value_phrase(node, name, value)}"


def _techniques(graph: Graph, prompt: str, words: Said) -> Iterator[Condition]:
    view = View(graph)
    for found in recognised(graph):
        name = found.technique.name
        phrase = re.escape(technique_words.said(name))
        brief = re.search(rf"(?:\bwith |, |\band ){phrase}(?=[,.]| and |$)", prompt)
        sentences = {found.technique.sentence(view, cast) for cast, _ in found.castings}
        if brief or any(re.sub(r", in (?:more than )?\d+ places$", "", text) in sentences for text in words.sentences):
            yield Condition("technique", f"has {technique_words.said(name)}", (name,))


def _sockets(graph: Graph, prompt: str) -> Iterator[Condition]:
    told = len(graph.interface) if (all_ := interface_words(graph)) and all_ in prompt else 0
    if not told and any(statement.text in prompt for statement in about_tree.interface(View(graph))):
        told = about_tree.MANY
    for way, verb in (("INPUT", "takes"), ("OUTPUT", "gives")):
        names = Counter(item.name for item in about_tree.socket_items(graph, way)[:told])
        for name, times in names.items():
            yield Condition("socket", f"{verb} {name}", (way, name), times)


def _only(tree: Tree, words: Said) -> Iterator[Condition]:
    if words.exactly and sum(tree.kinds.values()) == len(words.nodes):
        yield Condition("only", "has no other nodes", tuple(tree.kinds.items()))
