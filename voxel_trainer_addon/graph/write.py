# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps as a short script of plain bpy that makes the tree, and every group below it, in an empty Blender."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .model import Graph, Value
from .names import Names, snake, wish
from .steps import (
    OWNERS,
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
    references,
    scene_steps,
)

WIDTH = 100
INDENT = "    "


@dataclass(frozen=True)
class Block:
    """A graph and the steps that make it."""

    graph: Graph
    steps: tuple[Step, ...]


def script(blocks: Sequence[Block]) -> str:
    """The script that makes the last block's tree; the blocks are its closure, groups before their users."""
    return "".join(line + "\n" for line in _Writer(blocks).lines())


def variables(blocks: Sequence[Block]) -> list[Mapping[str, str]]:
    """For each block, what the script calls things: base of a step → variable."""
    writer = _Writer(blocks)
    for _ in writer.lines():
        pass
    return writer.given


def literal(text: str) -> str:
    """A string as Python spells it in double quotes; what cannot be seen is escaped."""
    return '"' + "".join(map(_character, text)) + '"'


def _character(c: str) -> str:
    known = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}.get(c)
    if known or c.isprintable():
        return known or c
    return f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}" if ord(c) < 65536 else f"\\U{ord(c):08x}"


class _Writer:
    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = blocks
        self.common = Names()
        self.variables: dict[str, str] = {}
        self.given: list[Mapping[str, str]] = []

    def lines(self) -> Iterator[str]:
        yield "import bpy"
        yield from self.placeholders()
        for block in self.blocks:
            yield ""
            yield from self.block(block)
            self.given.append(self.variables)

    # The parts of a script

    def placeholders(self) -> Iterator[str]:
        root = self.blocks[-1].graph
        collection, name = root.key.split("/", 1)
        used: dict[tuple[str, str], None] = {}
        for block in self.blocks:
            for step in block.steps:
                used.update(dict.fromkeys(_step_references(step)))
        if collection != "node_groups":
            used.pop((OWNERS[collection], name), None)
            used[OWNERS[collection], name] = None
        steps: list[Step] = []
        for kind, called in used:
            if kind != "NODETREE":
                base = data(kind, called).base
                self.variables[base] = self.common.give(f"{snake(called)[:20]}_{kind}")
                self.variables["fonts"] = "fonts"
                steps += placeholder(kind, called)
        scenes = scene_steps(block.graph for block in self.blocks)
        steps += [step for step in scenes if _place(step).base in self.variables]
        if steps:
            yield ""
        needed = _bases(steps) | {base for block in self.blocks for base in _bases(block.steps)}
        for step in steps:
            yield from self.statement(step, needed)

    def block(self, block: Block) -> Iterator[str]:
        graph, steps = block.graph, block.steps
        embedded = not graph.key.startswith("node_groups/")
        tree = self.common.give("tree" if embedded else snake(graph.name) or "group")
        self.variables = {k: v for k, v in self.variables.items() if k.startswith("data/")}
        self.variables[TREE.base] = tree
        if not embedded:
            self.variables[data("NODETREE", graph.name).base] = tree
        needed = {base for base in _bases(steps)}
        names = Names(frozenset(self.common.taken))
        self.name_nodes(graph, steps, names)
        kinds = {step.name for step in steps if isinstance(step, Call) and step.place == TREE / "interface"}
        opened = False
        if graph.missing:
            yield "# The library of this group is missing: here are its name and the sockets that a user of it has."
        for step in steps:
            yield from self.statement(step, needed)
            if not opened and _makes_tree(step):
                opened = True
                if kinds:
                    yield f"interface = {tree}.interface"
                yield f"nodes, links = {tree}.nodes, {tree}.links"

    def name_nodes(self, graph: Graph, steps: Iterable[Step], names: Names) -> None:
        """A variable for every node and interface item that gets made."""
        nodes = {f"node/{node.name}": node for node in graph.nodes}
        for step in steps:
            result = step.result if isinstance(step, Call | Fetch) else ""
            if not result or result in self.variables:
                continue
            if result in nodes:
                self.variables[result] = names.give(wish(nodes[result]))
            elif result.startswith("item/"):
                item = graph.interface[int(result.split("/")[1])]
                self.variables[result] = names.give(f"{snake(item.name)[:24]}_{item.kind.split()[0]}")
            else:
                self.variables[result] = result

    # Statements

    def statement(self, step: Step, needed: set[str]) -> Iterator[str]:
        if isinstance(step, Set):
            yield from self.spread(f"{self.at(step.place)}.{step.name} = ", step.value, "", "")
        elif isinstance(step, Fetch):
            yield f"{self.variables[step.result]} = {self.at(step.place)}"
        else:
            head = f"{self.variables[step.result]} = " if step.result in needed else ""
            yield from self.call(f"{head}{self.at(step.place)}.{step.name}(", step)

    def call(self, head: str, step: Call) -> Iterator[str]:
        args = [("", value) for value in step.args] + [(f"{name}=", value) for name, value in step.named.items()]
        line = head + ", ".join(name + self.text(value) for name, value in args) + ")"
        if len(line) <= WIDTH:
            yield line
            return
        yield head
        for name, value in args:
            yield from self.spread(name, value, ",", INDENT)
        yield ")"

    def spread(self, head: str, value: Value, tail: str, indent: str) -> Iterator[str]:
        """`head` value `tail`, over several lines where one would be too long."""
        line = indent + head + self.text(value) + tail
        inner = indent + INDENT
        if len(line) <= WIDTH:
            yield line
        elif isinstance(value, str):
            yield f"{indent}{head}("
            yield from _chunks(value, inner)
            yield f"{indent}){tail}"
        elif isinstance(value, list | tuple):
            yield f"{indent}{head}("
            for x in value:
                yield from self.spread("", x, ",", inner)
            yield f"{indent}){tail}"
        else:
            yield f"{indent}{head}("
            yield f"{inner}{self.text(value)}"
            yield f"{indent}){tail}"

    def text(self, value: Value) -> str:
        """A value on one line."""
        if isinstance(value, Place):
            return self.at(value)
        if isinstance(value, Join):
            return f"{self.at(value.place)} + {literal(value.text)}"
        if is_reference(value):
            return self.variables[data(value["id"], value["name"]).base]
        if isinstance(value, Mapping):
            if "float" in value:
                return f'float("{value["float"]}")'
            return "{" + ", ".join(map(literal, value["set"])) + "}" if value["set"] else "set()"
        if isinstance(value, str):
            return literal(value)
        if isinstance(value, list | tuple):
            inner = ", ".join(map(self.text, value))
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        return repr(value)

    def at(self, place: Place) -> str:
        """A place as an expression."""
        path = list(place.path)
        if place.base == TREE.base and path and path[0] in ("nodes", "links", "interface"):
            text = str(path.pop(0))
        else:
            text = place.base if place.base.startswith("bpy.") else self.variables[place.base]
        for step in path:
            if isinstance(step, At):
                text += f"[{literal(step.key) if isinstance(step.key, str) else step.key}]"
            else:
                text += f".{step}"
        return text


def _chunks(text: str, indent: str) -> Iterator[str]:
    """A long string as adjacent literals, a line each."""
    room, line = WIDTH - len(indent) - 2, ""
    for c in map(_character, text):
        if len(line) + len(c) > room:
            yield f'{indent}"{line}"'
            line = ""
        line += c
    yield f'{indent}"{line}"'


def _place(step: Step) -> Place:
    return step.place


def _makes_tree(step: Step) -> bool:
    return isinstance(step, Call | Fetch) and step.result == TREE.base


def _values(step: Step) -> list[Value]:
    if isinstance(step, Set):
        return [step.value]
    return [*step.args, *step.named.values()] if isinstance(step, Call) else []


def _bases(steps: Iterable[Step]) -> set[str]:
    """Things that are used after they were made."""
    used: set[str] = set()
    for step in steps:
        used.add(step.place.base)
        for value in _values(step):
            place = value.place if isinstance(value, Join) else value
            used |= {place.base} if isinstance(place, Place) else {data(*ref).base for ref in references(value)}
    return used | {TREE.base}


def _step_references(step: Step) -> Iterator[tuple[str, str]]:
    for value in _values(step):
        yield from references(value)
    if step.place.base.startswith("data/"):
        _, kind, name = step.place.base.split("/", 2)
        yield kind, name
