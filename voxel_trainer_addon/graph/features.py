# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes two trees, or two pieces of code, near-equal to a person: sets of features for `graph.minhash`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from .flow import FRAME, REROUTE, fed_inputs
from .model import Graph, Node
from .names import COPY
from .similarity import leaves
from .wires import wires

# Trees

BY_NAME = frozenset({"NodeGroupInput", "NodeGroupOutput"})
"""Nodes whose sockets are told apart by name, as those of group nodes: their identifiers only count them."""


def graph_features(graph: Graph) -> frozenset[str]:
    """The features of a tree by itself: of a group that it uses, name and sockets count.

    Each node has three, however many inputs it has: its type; its type with all choices (enums, switches); its type
    with all numbers, to one digit. Each link is one, by types and sockets, through reroutes. What is there twice counts
    twice. Names of nodes, places, frames and which image it is play no part.
    """
    count = Counter(_features(graph))
    return frozenset(f"{n} {what}" for what, times in count.items() for n in range(times))


def _features(graph: Graph) -> Iterator[str]:
    yield f"{graph.key.partition('/')[0]} {graph.type}"
    nodes, fed = {node.name: node for node in graph.nodes}, fed_inputs(graph)
    for node in graph.nodes:
        if node.type in (FRAME, REROUTE):
            continue
        choices, numbers = _held(node, fed)
        yield node.type
        yield f"{node.type} {choices}"
        yield f"{node.type} = {numbers}"
    for wire in wires(graph):
        source, target = nodes[wire.source], nodes[wire.target]
        ends = _socket(source, "outputs", wire.output), _socket(target, "inputs", wire.input)
        yield f"{source.type}.{ends[0]} > {target.type}.{ends[1]}"
    yield from (f"{item.kind} {item.settings.get('socket_type', '')}" for item in graph.interface)


def _held(node: Node, fed: set[tuple[str, int]]) -> tuple[list[str], list[str]]:
    """A node's choices and its numbers, a text each. A group is told by its sockets and by its name."""
    choices: list[str] = []
    numbers: list[str] = []
    values = [(f".{name}", value) for name, value in node.settings.items() if name != "node_tree"]
    values += [
        (socket.identifier, socket.value)
        for n, socket in enumerate(node.inputs)
        if socket.available and socket.value is not None and (node.name, n) not in fed
    ]
    values += [(f">{socket.identifier}", socket.value) for socket in node.outputs if socket.value is not None]
    for name, value in values:
        if isinstance(value, Mapping) and "id" in value:
            choices.append(f"{name} {value['id']}")
            continue
        for path, leaf in leaves(value):
            number = _coarse(leaf)
            (choices if number is None else numbers).append(f"{name}{path} {leaf if number is None else number}")
    if node.group:
        choices += [f"{socket.type} {socket.name}" for socket in (*node.inputs, *node.outputs)]
        numbers.append(COPY.sub("", node.group))
    return sorted(choices), sorted(numbers)


def _coarse(leaf: str) -> str | None:
    """A number to one digit; None for what is none."""
    try:
        return f"{float(leaf):.0e}"
    except ValueError:
        return None


def _socket(node: Node, side: str, index: int) -> str:
    sockets = node.inputs if side == "inputs" else node.outputs
    if index >= len(sockets):
        return str(index)
    return sockets[index].name if node.group or node.type in BY_NAME else sockets[index].identifier


# Code

SHINGLE = 5
"""Tokens in a row that make one feature of code."""
TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
      | (?P<text>(?:[rRbBuUfFtT]{1,2}(?=['"]))?
          (?:'''(?:\\.|[^\\])*?(?:'''|\Z) | \"{3}(?:\\.|[^\\])*?(?:\"{3}|\Z)
            | '(?:\\.|[^\\'\n])*'? | "(?:\\.|[^\\"\n])*"?))
      | (?P<number>\.?\d[\w.]*)
      | (?P<word>[^\W\d]\w*)
      | (?P<sign>[^\s\w])""",
    re.VERBOSE | re.DOTALL,
)
IMPORTED = re.compile(r"^[ \t]*(?:import|from)[ \t]([^\n#]+)", re.MULTILINE)
WORD = re.compile(r"[^\W\d]\w*")
TELLING = re.compile(r"[A-Z][A-Z0-9_]{2,}|(?:[A-Z][a-z0-9]+){2,}")
"""Texts that are no names of somebody's: enums and types of bpy."""
KNOWN = frozenset(
    WORD.findall("""
        False None True and as assert async await break class continue def del elif else except finally for from global
        if import in is lambda nonlocal not or pass raise return try while with yield
        abs all any bool bytes callable chr classmethod dict dir divmod enumerate exec filter float frozenset getattr
        eval hasattr hash hex id int isinstance issubclass iter len list locals map max min next object open ord pow
        print property range repr reversed round set setattr slice sorted staticmethod str sum super tuple type vars zip
        AttributeError Exception ImportError IndexError KeyError NotImplementedError OSError RuntimeError StopIteration
        TypeError ValueError __file__ __name__
    """)
)
"""Keywords and what is built in; not asked of the running Python, since later ones know more."""


def code_features(code: str) -> frozenset[str]:
    """The features of Python, whether it parses or not: each run of five tokens.

    Comments and white space are left out; names of variables, functions and classes, numbers and texts are folded into
    one each. Attributes, keyword arguments, what is imported or built in, and enums and types in quotes stay.
    """
    tokens = list(_tokens(code))
    if len(tokens) < SHINGLE:
        return frozenset([" ".join(tokens)] if tokens else ())
    return frozenset(" ".join(tokens[n : n + SHINGLE]) for n in range(len(tokens) - SHINGLE + 1))


def _tokens(code: str) -> Iterator[str]:
    imported = {word for line in IMPORTED.findall(code) for word in WORD.findall(line)}
    found = [(m.lastgroup, m.group()) for m in TOKEN.finditer(code) if m.lastgroup != "comment"]
    for n, (group, token) in enumerate(found):
        if group == "word":
            before = found[n - 1][1] if n else ""
            after = found[n + 1][1] if n + 1 < len(found) else ""
            argument = after == "=" and before in ("(", ",")
            yield token if before == "." or argument or token in KNOWN or token in imported else "name"
        elif group == "text":
            inner = token.lstrip("rRbBuUfFtT").strip("'\"")
            yield inner if TELLING.fullmatch(inner) else "text"
        else:
            yield "number" if group == "number" else token
