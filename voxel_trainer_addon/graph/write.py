# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps as a short script of plain bpy that makes the tree, and every group below it, in an empty Blender."""

from __future__ import annotations

import math
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as Uses
from dataclasses import dataclass, replace

from .arrange import ARRANGE, HEADING
from .flow import REROUTE
from .fold import LEAST, Loop, Slot, loop_at
from .model import Graph, Value
from .names import Names, cut, snake, wishes
from .page import WIDTH, Page, comment
from .steps import (
    OWN_TREE,
    OWNERS,
    TREE,
    At,
    Call,
    Fetch,
    Find,
    Join,
    Note,
    PathOf,
    Place,
    Put,
    Set,
    Step,
    Waste,
    data,
    is_reference,
    placeholder,
    references,
    scene_steps,
)

INDENT = "    "
WHOLE_BELOW = 2**24
"""Below it, single precision holds every whole number; such floats are written without a point."""
INNER = {"elements": "stops", "points": "curve_points"}
"""Collections deep inside a node, of ramps and curves → their variable where much is done to them."""
MISSING = "# The library of this group is missing: here are its name and the sockets that its users have."


@dataclass(frozen=True)
class Block:
    """A graph and the steps that make it; where they were read from a script, the line of each."""

    graph: Graph
    steps: tuple[Step, ...]
    lines: tuple[int, ...] = ()


def script(blocks: Sequence[Block], arrange: bool = False, bodies: Mapping[str, str] | None = None) -> str:
    """The script that makes the last block's tree; the blocks are its closure, groups before their users. `arrange`:
    with some lines at its end that spread the nodes of all its trees; `bodies`: name of an object → its type, where
    that matters."""
    writer = Writer(blocks, bodies)
    lines = [*writer.lines(), *(writer.arrangement() if arrange else ())]
    return "".join(line + "\n" for line in lines)


def variables(blocks: Sequence[Block]) -> list[Mapping[str, str]]:
    """For each block, what the script calls things: base of a step → variable."""
    writer = Writer(blocks)
    for _ in writer.lines():
        pass
    return writer.given


def literal(text: str) -> str:
    """A string as Python spells it, in double quotes unless it holds some; what cannot be seen is escaped."""
    quote = _quote(text)
    seen = text.isprintable() and quote not in text and "\\" not in text
    return quote + (text if seen else "".join(_characters(text, quote))) + quote


def _quote(text: str) -> str:
    return "'" if '"' in text and "'" not in text else '"'


def _characters(text: str, quote: str) -> Iterator[str]:
    known = {quote: f"\\{quote}", "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    for c in text:
        n = ord(c)
        hidden = f"\\x{n:02x}" if n < 256 else f"\\u{n:04x}" if n < 65536 else f"\\U{n:08x}"
        yield known.get(c) or (c if c.isprintable() else hidden)


def number(value: float) -> str:
    """A float of a Blender property as a person types it: `0.25`, `5`."""
    negative_zero = value == 0 and math.copysign(1, value) < 0
    return str(int(value)) if value.is_integer() and abs(value) < WHOLE_BELOW and not negative_zero else repr(value)


class Writer:
    """Writes the script of some blocks, line by line."""

    def __init__(self, blocks: Sequence[Block], bodies: Mapping[str, str] | None = None) -> None:
        self.blocks, self.bodies = blocks, bodies or {}
        self.common = Names()
        self.variables: dict[str, str] = {}
        self.given: list[Mapping[str, str]] = []
        self.taken: frozenset[str] = frozenset()
        self.short: dict[Place, str] = {}
        self.flat = 0
        self.group = ""
        self.room = WIDTH
        self.page = Page(blocks[-1].graph, ())

    def lines(self) -> Iterator[str]:
        yield "import bpy"
        yield from self.placeholders()
        for block in self.blocks:
            yield ""
            yield from self.block(block)
            self.given.append(self.variables)

    def arrangement(self) -> Iterator[str]:
        """Lines that spread the nodes of all trees; nothing else depends on them."""
        trees = [self.variables[data("NODETREE", block.graph.name).base] for block in self.blocks[:-1]]
        yield from ("", HEADING)
        yield from self.filled("for tree in (", [*trees, "tree"] if trees else ["tree,"], "):")
        yield from ARRANGE.splitlines()

    # The parts of a script

    def placeholders(self) -> Iterator[str]:
        root = self.blocks[-1].graph
        collection, name = root.key.split("/", 1)
        used: dict[tuple[str, str], None] = {}
        for block in self.blocks:
            for step in block.steps:
                used.update(dict.fromkeys(step_references(step)))
        if collection != "node_groups":
            owner = OWNERS.get(collection, "OBJECT"), name
            used.pop(owner, None)
            used[owner] = None
        steps: list[Step] = []
        for kind, called in used:
            if kind != "NODETREE":
                base = data(kind, called).base
                self.variables[base] = self.common.give(
                    kind if snake(called) == kind.lower() else f"{snake(called)[:20]}_{kind}"
                )
                self.variables |= {"fonts": "fonts", "body": "body"}
                steps += placeholder(kind, called, self.bodies.get(called, ""))
        scenes = scene_steps(block.graph for block in self.blocks)
        steps += [step for step in scenes if _place(step).base in self.variables]
        if steps:
            yield ""
        needed = _bases(steps) | {base for block in self.blocks for base in _bases(block.steps)}
        for step in steps:
            yield from self.statement(step, needed)

    def block(self, block: Block) -> Iterator[str]:
        graph, steps = block.graph, block.steps
        if len(self.blocks) > 1:
            yield comment(graph.name)
        if graph.missing:
            yield MISSING
        self.variables = {k: v for k, v in self.variables.items() if k.startswith("data/")}
        self.variables |= {TREE.base: "tree", "link": "wire"}
        self.short, self.flat = {}, 0
        if block is not self.blocks[-1]:
            self.group = self.common.give(f"{cut(snake(graph.name), 24)}_group".lstrip("_"))
            self.variables[data("NODETREE", graph.name).base] = self.group
        else:
            self.group = ""
        yield from self.body(graph, steps)

    def body(self, graph: Graph, steps: Sequence[Step]) -> Iterator[str]:
        """The lines of a tree's steps."""
        alone, needed = _alone(steps), _bases(steps)
        self.name_things(graph, steps, needed - alone)
        self.page = Page(graph, steps)
        self.taken = frozenset(self.variables.values())
        inner = Counter(map(_inner_collection, steps))
        at = 0
        while at < len(steps):
            yield from self.page.before(steps[at])
            place = _inner_collection(steps[at])
            if place and inner[place] >= LEAST and place not in self.short:
                name = INNER[str(place.path[-1])]
                yield from self.page.lines(steps[at], [f"{name} = {self.at(place)}"])
                self.short = {place: name}
            lines, length = self.shortest(steps, at, needed, alone)
            yield from self.page.lines(steps[at], lines)
            at += length
        yield from self.page.end()

    def shortest(
        self, steps: Sequence[Step], at: int, needed: set[str], alone: frozenset[str]
    ) -> tuple[list[str], int]:
        """The lines for the next steps, as a loop where that is shorter, and how many steps they are. Where it is not,
        no part of it becomes one."""
        loop = loop_at(steps, at, alone) if at >= self.flat else None
        if loop is not None and self.taken.isdisjoint(loop.names):
            self.flat = at + loop.length
            folded = list(self.loop(loop, needed))
            flat = [line for step in steps[at : at + loop.length] for line in self.statement(step, needed)]
            if len(folded) <= len(flat) and sum(map(len, folded)) < sum(map(len, flat)):
                return folded, loop.length
        return list(self.statement(steps[at], needed)), 1

    def name_things(self, graph: Graph, steps: Iterable[Step], needed: Uses[str]) -> None:
        """A variable for every node and interface item that is used after it was made; reroutes choose last."""
        names = Names(frozenset(self.common.taken))
        wish = {f"node/{name}": text for name, text in wishes(graph).items()}
        reroutes = {f"node/{node.name}" for node in graph.nodes if node.type == REROUTE}
        made = dict.fromkeys(step.result for step in steps if isinstance(step, Call | Fetch | Find) and step.result)
        for base in sorted(made, key=reroutes.__contains__):
            if base.startswith("item/"):
                item = graph.interface[int(base.split("/")[1])]
                kind = "panel" if item.kind == "PANEL" else "socket"
                self.variables[base] = names.give(f"{snake(item.name)}_{kind}") if base in needed else kind
            elif base not in self.variables and base in needed:
                self.variables[base] = names.give(wish[base]) if base in wish else base

    # Statements

    def statement(self, step: Step, needed: Uses[str]) -> Iterator[str]:
        if isinstance(step, Note):
            yield from textwrap.wrap(step.text, WIDTH, initial_indent="# ", subsequent_indent="# ")
        elif isinstance(step, Waste):
            place = self.at(step.place)
            if len(place) > WIDTH // 4:
                yield f"holder = {place}"
                place = "holder"
            yield f"for _ in range({step.count}):"
            yield from self.call(f"{INDENT}{place}.remove({place}.{step.name}(", step.args, step.named, "))")
        elif isinstance(step, Set):
            yield from self.spread(f"{self.at(step.place)}.{step.name} = ", step.value, "", "")
        elif isinstance(step, Put):
            yield from self.spread(f"{self.at(step.place)}[{literal(step.key)}] = ", step.value, "", "")
        elif isinstance(step, Fetch):
            yield f"{self.head(step.result, needed)}{self.at(step.place)}"
        elif isinstance(step, Find):
            found = f"next(x for x in {self.at(step.place)} if x.{step.name} == {self.text(step.value)})"
            yield f"{self.head(step.result, needed)}{found}"
        elif step.context:
            yield from self.call("with bpy.context.temp_override(", (), step.context, "):")
            yield from self.indented([replace(step, context={})], needed)
        else:
            method = self.page.bound.get((step.place, step.name)) or f"{self.at(step.place)}.{step.name}"
            named = {k: v for k, v in step.named.items() if (step.name, k, v) != ("new_socket", "in_out", "INPUT")}
            yield from self.call(f"{self.head(step.result, needed)}{method}(", step.args, named)

    def head(self, base: str, needed: Uses[str]) -> str:
        """`name = ` before what is used later; a group has a name for its users too."""
        if base not in needed:
            return ""
        group = f"{self.group} = " if base == TREE.base and self.group else ""
        return f"{self.variables[base]} = {group}"

    def loop(self, loop: Loop, needed: Uses[str]) -> Iterator[str]:
        rows = [self.text(row[0] if len(loop.names) == 1 else row) for row in loop.rows]
        yield from self.filled(f"for {', '.join(loop.names)} in (", rows, "):")
        self.variables |= {f"loop/{name}": name for name in loop.names}
        yield from self.indented(loop.steps, needed)

    def indented(self, steps: Iterable[Step], needed: Uses[str]) -> Iterator[str]:
        self.room = WIDTH - len(INDENT)
        for step in steps:
            for line in self.statement(step, needed):
                yield INDENT + line
        self.room = WIDTH

    def filled(self, head: str, texts: Sequence[str], tail: str) -> Iterator[str]:
        """`head` texts `tail` on one line, or with as many texts on a line as fit."""
        line = head + ", ".join(texts) + tail
        if len(line) <= self.room:
            yield line
            return
        yield head
        line = ""
        for text in texts:
            if line and (text.startswith("(") or len(INDENT + line + text) >= self.room):
                yield INDENT + line.rstrip()
                line = ""
            line += text + ", "
        yield INDENT + line.rstrip()
        yield tail

    def call(self, head: str, args: Sequence[Value], named: Mapping[str, Value], tail: str = ")") -> Iterator[str]:
        given = [("", value) for value in args] + [(f"{name}=", value) for name, value in named.items()]
        inside = ", ".join(name + self.text(value) for name, value in given)
        if len(head) + len(inside) + len(tail) <= self.room:
            yield f"{head}{inside}{tail}"
            return
        yield head
        if len(INDENT) + len(inside) <= self.room:
            yield INDENT + inside
        else:
            for name, value in given:
                yield from self.spread(name, value, ",", INDENT)
        yield tail

    def spread(self, head: str, value: Value, tail: str, indent: str) -> Iterator[str]:
        """`head` value `tail`, over several lines where one would be too long."""
        line = indent + head + self.text(value) + tail
        inner = indent + INDENT
        if len(line) <= self.room:
            yield line
        elif isinstance(value, str) and not isinstance(value, Slot):
            yield f"{indent}{head}("
            yield from _chunks(value, inner, self.room)
            yield f"{indent}){tail}"
        elif isinstance(value, Mapping) and "group" in value:
            yield f"{indent}{head}{{"
            for name, below in value["group"].items():
                yield from self.spread(f"{literal(name)}: ", below, ",", inner)
            yield f"{indent}}}{tail}"
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
        if isinstance(value, Slot):
            return str(value)
        if isinstance(value, Place):
            return self.at(value)
        if isinstance(value, Join):
            return f"{self.at(value.place)} + {literal(value.text)}"
        if isinstance(value, PathOf):
            path = f"{self.at(value.place)}.path_from_id({literal(value.name) if value.name else ''})"
            return f"{path} + {literal(value.text)}" if value.text else path
        if value == OWN_TREE:
            return self.variables[TREE.base]
        if is_reference(value):
            return self.variables[data(value["id"], value["name"]).base]
        if isinstance(value, Mapping):
            if "group" in value:
                inner = ", ".join(f"{literal(name)}: {self.text(below)}" for name, below in value["group"].items())
                return "{" + inner + "}"
            if "bytes" in value:
                return repr(bytes.fromhex(value["bytes"]))
            if "float" in value:
                return value["float"] if value["float"][-1].isdigit() else f'float("{value["float"]}")'
            return "{" + ", ".join(map(literal, value["set"])) + "}" if value["set"] else "set()"
        if isinstance(value, str):
            return literal(value)
        if isinstance(value, float):
            return number(value)
        if isinstance(value, list | tuple):
            inner = ", ".join(map(self.text, value))
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        return repr(value)

    def at(self, place: Place) -> str:
        """A place as an expression."""
        text = place.base if place.base.startswith("bpy.") else self.variables[place.base]
        path = place.path
        for short, name in self.short.items():
            if short.base == place.base and short.path == path[: len(short.path)]:
                text, path = name, path[len(short.path) :]
        for step in path:
            if not isinstance(step, At):
                text += f".{step}"
            elif isinstance(step.key, str) and not isinstance(step.key, Slot):
                text += f"[{literal(step.key)}]"
            else:
                text += f"[{step.key}]"
        return text


def _chunks(text: str, indent: str, width: int) -> Iterator[str]:
    """A long string as adjacent literals, a line each."""
    room, line, quote = width - len(indent) - 2, "", _quote(text)
    for c in _characters(text, quote):
        if len(line) + len(c) > room:
            yield f"{indent}{quote}{line}{quote}"
            line = ""
        line += c
    yield f"{indent}{quote}{line}{quote}"


def _place(step: Step) -> Place:
    return step.place


def _inner_collection(step: Step) -> Place | None:
    """The collection inside a node's struct whose items a statement makes or sets: a ramp's stops, a curve's points."""
    path = step.place.path[:-1] if step.place.path and isinstance(step.place.path[-1], At) else step.place.path
    inner = step.place.base.startswith("node/") and path and path[-1] in INNER
    return Place(step.place.base, path) if inner else None


def _values(step: Step) -> list[Value]:
    if isinstance(step, Set | Put | Find):
        return [step.value]
    context = step.context.values() if isinstance(step, Call) else ()
    return [*step.args, *step.named.values(), *context] if isinstance(step, Call | Waste) else []


def bases_of(step: Step) -> set[str]:
    """Bases of what a statement uses."""
    used = {step.place.base}
    for value in _values(step):
        if isinstance(value, Place):
            used.add(value.base)
        elif isinstance(value, Join | PathOf):
            used.add(value.place.base)
        elif isinstance(value, dict | list | tuple):
            used.update(data(*ref).base for ref in references(value))
    return used


def _bases(steps: Iterable[Step]) -> set[str]:
    """Things that are used after they were made."""
    return {TREE.base}.union(*map(bases_of, steps))


def _alone(steps: Sequence[Step]) -> frozenset[str]:
    """Items of the interface that are used, but only right behind where they are made: one name does for all."""
    at: dict[str, list[int]] = defaultdict(list)
    handed = {base for step in steps if isinstance(step, Call) for base in bases_of(step)}
    for n, step in enumerate(steps):
        for base in bases_of(step) | ({step.result} if isinstance(step, Call | Fetch) else set()):
            if base.startswith("item/"):
                at[base].append(n)
    at = {base: places for base, places in at.items() if base not in handed}
    return frozenset(base for base, places in at.items() if places[-1] - places[0] == len(places) - 1)


def step_references(step: Step) -> Iterator[tuple[str, str]]:
    for value in _values(step):
        yield from references(value)
    if step.place.base.startswith("data/"):
        _, kind, name = step.place.base.split("/", 2)
        yield kind, name
