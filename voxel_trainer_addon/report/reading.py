# SPDX-License-Identifier: GPL-3.0-or-later
"""The graphs that a row speaks of, read off its texts to be drawn: nothing is run, and nothing is judged by them."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..bpy_code import source
from ..bpy_code.sketch import sketch, unrolled
from ..graph.menu import type_words
from ..graph.model import Graph, Link, Node, Socket
from ..graph.parse_code import NotUnderstood, parse_code
from ..graph.steps import TREE, At, Call, Place, Set
from ..graph.write import Block
from ..prompts import code_of

CHANGES = ("edit", "completion")
"""Kinds whose answer changes the given tree."""
INSTEAD = ("repair", "port")
"""Kinds whose answer stands in the place of the given code."""
SEVERAL = ("GeometryNodeJoinGeometry", "GeometryNodeGeometryToInstance", "GeometryNodeMeshBoolean")
"""Types of nodes with inputs that take more than one link."""

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Picture:
    """A graph to draw, what it shows, and the names of nodes that are new in it."""

    words: str
    graph: Graph
    new: frozenset[str] = frozenset()


def pictures(row: Json) -> Iterator[Picture]:
    """The graphs of a row, in the order in which they are looked at; none where it speaks of none."""
    kind, completion = str(row["kind"]), str(row["completion"])
    given = of_code(code_of(str(row["prompt"]))) if kind in (*CHANGES, "explain") else None
    if kind == "explain":
        yield from _one("What the code makes", given)
    elif kind in CHANGES:
        yield from _one("Given", given)
        if given and (changed := after(given, completion)):
            old = {node.name for node in given.nodes}
            yield Picture("After the answer", changed, frozenset(node.name for node in changed.nodes) - old)
    elif kind == "preference":
        right, worse = of_code(completion), of_code(str(row["rejected"]["completion"]))
        yield from _one("The right answer", right)
        yield from _one("The worse answer", None if worse == right else worse)
    elif row["form"] == "json":
        yield from _one("What the answer makes", of_json(completion))
    elif kind != "code":
        yield from _one("What the answer makes", of_code(completion))


def differs_from(row: Json) -> str:
    """The code that an answer is to be held against, line by line: the given one, or the worse answer; '' where there
    is none."""
    if row["kind"] in INSTEAD:
        return code_of(str(row["prompt"]))
    return str(row["rejected"]["completion"]) if row["kind"] == "preference" else ""


def _one(words: str, graph: Graph | None) -> Iterator[Picture]:
    if graph:
        yield Picture(words, graph)


def of_code(code: str) -> Graph | None:
    """The last tree that a script makes, as its text tells; None where it makes none."""
    try:
        blocks = [block for block in parse_code(code) if block.graph.nodes]
    except NotUnderstood:
        return sketch(code)
    return _of_block(blocks[-1]) if blocks else None


def of_json(text: str) -> Graph | None:
    """The last tree of a compact form; None where it is none."""
    try:
        trees = json.loads(text)["trees"]
        tree = trees[-1]
        called = {str(each["key"]).partition("/")[2]: _interface(each) for each in trees}
        drawn = _Drawn(str(tree["key"]), str(tree["type"]))
        for name, node in tree["nodes"].items():
            drawn.nodes[name] = _Part(str(node["type"]), dict(node.get("settings", {})))
            drawn.nodes[name].label = str(node.get("layout", {}).get("label", ""))
        for one, output, other, entry, *_ in tree.get("links", ()):
            names = [called.get(_group_of(tree, drawn.nodes[node]), {}) for node in (one, other)]
            drawn.link(one, names[0].get(output, str(output)), other, names[1].get(entry, str(entry)))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None
    return drawn.graph()


def _interface(tree: Json) -> dict[str, str]:
    """Identifier → name of the sockets of a group in the compact form."""
    rows = enumerate(tree.get("interface", ()))
    return {str(row.get("identifier", f"Socket_{place}")): str(row["name"]) for place, row in rows}


def _group_of(tree: Json, part: _Part) -> str:
    """The name of the group whose sockets a node has, '' for none."""
    if part.type in ("NodeGroupInput", "NodeGroupOutput"):
        return str(tree["key"]).partition("/")[2]
    used = part.settings.get("node_tree")
    return str(used.get("name", "")) if isinstance(used, dict) else ""


def after(given: Graph, code: str) -> Graph | None:
    """`given` as a script that changes it leaves it, as far as the script's text tells; None where it does not
    parse."""
    module = source.tree(code)
    if module is None:
        return None
    reader = _Changes(given)
    for statement in unrolled(module.body):
        reader.statement(statement)
    return reader.drawn.graph()


@dataclass
class _Part:
    type: str
    settings: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    inputs: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, int] = field(default_factory=dict)


class _Drawn:
    """A graph as it is put together: sockets are those that links name."""

    def __init__(self, key: str, type: str) -> None:
        self.key, self.type = key, type
        self.nodes: dict[str, _Part] = {}
        self.links: list[tuple[str, str, str, str]] = []

    def link(self, one: str, output: str, other: str, entry: str) -> None:
        """Link, where both nodes are there."""
        if one in self.nodes and other in self.nodes:
            self.links.append((one, output, other, entry))

    def remove(self, name: str) -> None:
        self.nodes.pop(name, None)
        self.links = [link for link in self.links if name not in (link[0], link[2])]

    def graph(self) -> Graph:
        found = []
        for one, output, other, entry in self.links:
            outputs, inputs = self.nodes[one].outputs, self.nodes[other].inputs
            found.append(
                Link(one, outputs.setdefault(output, len(outputs)), other, inputs.setdefault(entry, len(inputs)))
            )
        nodes = [
            Node(
                name,
                part.type,
                part.settings,
                _sockets(part.inputs),
                _sockets(part.outputs),
                layout={"label": part.label} if part.label else {},
            )
            for name, part in self.nodes.items()
        ]
        return Graph(self.key, self.type, tuple(nodes), tuple(found))


def _sockets(names: Mapping[str, int]) -> tuple[Socket, ...]:
    return tuple(Socket(name, name, "") for name in names)


def _of_block(block: Block) -> Graph:
    """A script's tree with the links, labels and operations that its steps tell."""
    drawn = _Drawn(block.graph.key, block.graph.type)
    drawn.nodes = {node.name: _Part(node.type) for node in block.graph.nodes}
    for step in block.steps:
        if isinstance(step, Call) and (step.place, step.name) == (TREE / "links", "new"):
            ends = [_end(place) for place in step.args if isinstance(place, Place)]
            if len(ends) == 2 and ends[0] and ends[1]:
                drawn.link(*ends[0], *ends[1])
        elif isinstance(step, Set) and not step.place.path and step.place.base.startswith("node/"):
            part = drawn.nodes.get(step.place.base.removeprefix("node/"))
            if part and step.name == "label":
                part.label = str(step.value)
            elif part:
                part.settings[step.name] = step.value
    return drawn.graph()


def _end(place: Place) -> tuple[str, str] | None:
    """(node, socket) of the place of a socket."""
    name, key = place.base.removeprefix("node/"), place.path[-1] if place.path else None
    return (name, str(key.key)) if isinstance(key, At) else None


class _Changes:
    """Reads what a script does to a tree that is there."""

    def __init__(self, given: Graph) -> None:
        self.drawn = _Drawn(given.key, given.type)
        for node in given.nodes:
            part = _Part(node.type, dict(node.settings), str(node.layout.get("label", "")))
            self.drawn.nodes[node.name] = part
        ends = {node.name: node for node in given.nodes}
        for link in given.links:
            output, entry = ends[link.source].outputs[link.output], ends[link.target].inputs[link.input]
            self.drawn.links.append((link.source, output.name, link.target, entry.name))
        self.names = _own_names(given)
        self.variables = {node.name: node.name for node in given.nodes}

    def statement(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Assign):
            self.assign(statement.targets[0], statement.value)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            self.call(statement.value)

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            if isinstance(value, ast.Call) and (type := _new_node(value)):
                self.variables[target.id] = target.id
                self.drawn.nodes[target.id] = _Part(type)
            elif name := self.node(value):
                self.variables[target.id] = name
        elif isinstance(target, ast.Attribute) and isinstance(value, ast.Constant):
            part = self.drawn.nodes.get(self.node(target.value))
            if part and target.attr == "label":
                part.label = str(value.value)
            elif part:
                part.settings[target.attr] = value.value

    def call(self, call: ast.Call) -> None:
        if type := _new_node(call):
            self.drawn.nodes[f"{type} {len(self.drawn.nodes)}"] = _Part(type)
        ends = [end for value in call.args if (end := self.socket(value))]
        if len(ends) == 2 and {ends[0][1], ends[1][1]} == {"inputs", "outputs"}:
            start, end = sorted(ends, key=lambda found: found[1], reverse=True)
            self.free(end[0], end[2])
            self.drawn.link(start[0], start[2], end[0], end[2])
        elif isinstance(call.func, ast.Attribute) and call.func.attr == "remove" and len(call.args) == 1:
            gone = call.args[0]
            if name := self.node(gone):
                self.drawn.remove(name)
            elif link := self.link_at(gone):
                self.drawn.links.remove(link)

    def free(self, name: str, entry: str) -> None:
        """Take the link away from an input that takes one alone."""
        if name in self.drawn.nodes and self.drawn.nodes[name].type not in SEVERAL:
            self.drawn.links = [link for link in self.drawn.links if link[2:] != (name, entry)]

    def link_at(self, value: ast.expr) -> tuple[str, str, str, str] | None:
        """The link that `a.inputs["Value"].links[0]` speaks of."""
        match value:
            case ast.Subscript(value=ast.Attribute(value=socket, attr="links"), slice=ast.Constant(value=int(number))):
                end = self.socket(socket)
                there = [link for link in self.drawn.links if end and link[2:] == (end[0], end[2])]
                return there[number] if 0 <= number < len(there) else None
        return None

    def node(self, value: ast.expr) -> str:
        """The node that an expression speaks of: a variable, or `….nodes["Name"]`; '' where it is none."""
        if isinstance(value, ast.Name):
            return self.variables.get(value.id, "")
        if isinstance(value, ast.Subscript) and isinstance(value.value, ast.Attribute) and value.value.attr == "nodes":
            return self.names.get(str(getattr(value.slice, "value", "")), "")
        return ""

    def socket(self, value: ast.expr) -> tuple[str, str, str] | None:
        """(node, `inputs` or `outputs`, socket) of `a.outputs["Value"]`."""
        if not (isinstance(value, ast.Subscript) and isinstance(value.value, ast.Attribute)):
            return None
        name, side = self.node(value.value.value), value.value.attr
        if not name or side not in ("inputs", "outputs") or not isinstance(value.slice, ast.Constant):
            return None
        return name, side, str(value.slice.value)


def _new_node(call: ast.Call) -> str:
    """The type of `nodes.new("ShaderNodeMath")`, whatever the function is called; '' where it is something else."""
    arguments = [*call.args, *(word.value for word in call.keywords)]
    kind = arguments[0].value if len(arguments) == 1 and isinstance(arguments[0], ast.Constant) else None
    return kind if isinstance(kind, str) and "Node" in kind and kind.isidentifier() else ""


def _own_names(graph: Graph) -> dict[str, str]:
    """Blender's own names of nodes that were made in this order → node."""
    found: dict[str, str] = {}
    for node in graph.nodes:
        words, number = type_words(node.type), 0
        name = words
        while name in found:
            number += 1
            name = f"{words}.{number:03}"
        found[name] = node.name
    return found
