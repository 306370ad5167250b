# SPDX-License-Identifier: GPL-3.0-or-later
"""A script's node tree as far as its text tells, without running it: for drawings, never for judging."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..graph.model import Graph, Link, Node, Socket
from . import source


@dataclass
class _Part:
    type: str
    inputs: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, int] = field(default_factory=dict)


def sketch(code: str) -> Graph | None:
    """The last tree that `code` makes by `x = ….new("…Node…")` and `….new(a.outputs[…], b.inputs[…])`, sockets named as
    the script names them, in loops over what stands in the code too. None where there is no such node or the code does
    not parse."""
    module = source.tree(code)
    if module is None:
        return None
    parts: dict[str, _Part] = {}
    links: list[tuple[str, str, str, str]] = []
    last: tuple[dict[str, _Part], list[tuple[str, str, str, str]]] = (parts, links)
    for statement in unrolled(module.body):
        if {"nodes", "new"} & set(_assigned(statement)):
            parts, links = {}, []
        if made := _node(statement):
            parts[made[0]] = _Part(made[1])
            last = (parts, links)
        elif link := _link(statement):
            links.append(link)
    return _graph(*last) if last[0] else None


def _graph(parts: dict[str, _Part], links: list[tuple[str, str, str, str]]) -> Graph:
    found = []
    for source_, output, target, input_ in links:
        if source_ in parts and target in parts:
            outputs, inputs = parts[source_].outputs, parts[target].inputs
            at = outputs.setdefault(output, len(outputs)), inputs.setdefault(input_, len(inputs))
            found.append(Link(source_, at[0], target, at[1]))
    nodes = tuple(
        Node(name, p.type, inputs=_sockets(p.inputs), outputs=_sockets(p.outputs)) for name, p in parts.items()
    )
    return Graph("node_groups/sketch", "", nodes, tuple(found))


def _sockets(names: dict[str, int]) -> tuple[Socket, ...]:
    return tuple(Socket(name, name, "") for name in names)


def unrolled(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements, those of `for names in (…, …)` once for each row with the names filled in."""
    for statement in body:
        if not (isinstance(statement, ast.For) and isinstance(statement.iter, ast.Tuple | ast.List)):
            yield statement
            continue
        for row in statement.iter.elts:
            whole = isinstance(statement.target, ast.Name)
            names = [statement.target] if whole else getattr(statement.target, "elts", [])
            values = [row] if whole else getattr(row, "elts", [])
            filled = {name.id: value for name, value in zip(names, values, strict=False) if isinstance(name, ast.Name)}
            for inner in statement.body:
                if isinstance(inner, ast.Expr):
                    yield _Filled(filled).visit(copy.deepcopy(inner))


class _Filled(ast.NodeTransformer):
    """Puts values where names stand."""

    def __init__(self, values: dict[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node)


def _assigned(statement: ast.stmt) -> Iterator[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    for target in targets:
        for name in ast.walk(target):
            if isinstance(name, ast.Name):
                yield name.id


def _node(statement: ast.stmt) -> tuple[str, str] | None:
    """(variable, type) of `x = nodes.new("ShaderNodeMath")`, whatever the function is called."""
    if not (isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call)):
        return None
    target, arguments = statement.targets[0], [*statement.value.args, *(k.value for k in statement.value.keywords)]
    if not isinstance(target, ast.Name) or len(arguments) != 1 or not isinstance(arguments[0], ast.Constant):
        return None
    kind = arguments[0].value
    return (target.id, kind) if isinstance(kind, str) and "Node" in kind and kind.isidentifier() else None


def _link(statement: ast.stmt) -> tuple[str, str, str, str] | None:
    """(from, output, to, input) of `links.new(a.outputs["Value"], b.inputs[0])`, in either order of the two."""
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return None
    ends = [end for argument in statement.value.args if (end := _end(argument))]
    if len(ends) != 2 or {ends[0][1], ends[1][1]} != {"inputs", "outputs"}:
        return None
    first, second = sorted(ends, key=lambda end: end[1], reverse=True)
    return first[0], first[2], second[0], second[2]


def _end(value: ast.expr) -> tuple[str, str, str] | None:
    """(variable, `inputs` or `outputs`, socket) of `a.outputs["Value"]`."""
    if not (isinstance(value, ast.Subscript) and isinstance(value.value, ast.Attribute)):
        return None
    owner, side, key = value.value.value, value.value.attr, value.slice
    if not isinstance(owner, ast.Name) or side not in ("inputs", "outputs") or not isinstance(key, ast.Constant):
        return None
    return owner.id, side, str(key.value)
