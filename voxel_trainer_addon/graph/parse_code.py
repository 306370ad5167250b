# SPDX-License-Identifier: GPL-3.0-or-later
"""Written code back to steps, by reading it: nothing is ever executed.

Understood is the Python that `write.py` writes: assignments, calls on Blender's data, and loops over what stands in the
code. A script becomes the blocks that it was written from, with variables for names of nodes.
"""

from __future__ import annotations

import ast
import contextlib
import math
import operator
import textwrap
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from .arrange import ARRANGE
from .model import Value
from .parse_things import Method, NotOurs, Script, Thing, Tree, Way
from .steps import Join, Place
from .write import Block

MAX_STEPS = 1_000_000
ARRANGING = [ast.dump(statement) for statement in ast.parse(textwrap.dedent(ARRANGE)).body]
"""What a script does to each of its trees at its end, so that an artist finds the nodes spread."""
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "float": lambda text: _number(float(str(text))),
    "set": lambda: {"set": []},
    "range": lambda *args: tuple(_short(range(*args))),
    "zip": lambda *rows, strict=False: tuple(zip(*map(_short, rows), strict=strict)),
    "enumerate": lambda rows, start=0: tuple(enumerate(_short(rows), start)),
}
OPERATORS: dict[type, Callable[[Any, Any], Any]] = {ast.Add: operator.add, ast.Mult: operator.mul}


class NotUnderstood(ValueError):
    """A statement that is none of those that are written; `line` counts from 1."""

    def __init__(self, line: int, words: str) -> None:
        super().__init__(f"line {line}: {words}")
        self.line = line


def parse_code(code: str) -> list[Block]:
    """The blocks of a script, groups first, each with a bare graph (key, type, nodes by variable), its steps and their
    lines.

    Raises NotUnderstood, with the line, for anything that `write.py` would not have written.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            module = ast.parse(code)
    except SyntaxError as error:
        raise NotUnderstood(error.lineno or 1, f"it is no Python: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise NotUnderstood(1, f"it is no Python: {error}") from None
    reader = _Reader()
    try:
        reader.run(module.body)
    except RecursionError:
        raise NotUnderstood(reader.script.line, "it is nested too deeply") from None
    except NotOurs as error:
        raise NotUnderstood(reader.script.line, str(error)) from None
    return [made.block() for made in reader.script.trees]


class _Reader:
    """Goes through the statements as Python would; what is Blender's goes to `script`."""

    def __init__(self) -> None:
        self.script = Script()
        self.names: dict[str, Any] = {}
        self.count = 0

    # Statements

    def run(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self.script.line = statement.lineno
            self.count += 1
            if self.count > MAX_STEPS:
                raise NotOurs("it does more than a script of ours ever does")
            self.statement(statement)

    def statement(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Import) and [(a.name, a.asname) for a in statement.names] == [("bpy", None)]:
            self.names["bpy"] = Thing(None, Place("bpy"))
        elif isinstance(statement, ast.Assign):
            value = self.named(statement.targets[0], statement.value)
            for target in statement.targets:
                self.assign(target, value)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            self.value(statement.value)
        elif isinstance(statement, ast.For) and not statement.orelse:
            self.loop(statement)
        else:
            raise NotOurs(f"“{ast.unparse(statement).splitlines()[0][:60]}” is no statement of ours")

    def loop(self, loop: ast.For) -> None:
        values = self.several(self.value(loop.iter))
        if [ast.dump(statement) for statement in loop.body] == ARRANGING:
            if not all(isinstance(value, Thing) and isinstance(value.owner, Tree) for value in values):
                raise NotOurs("nodes are arranged of what is no tree")
        elif made := _wasted(loop):
            method = self.value(made.func)
            args, named = self.arguments(made)
            if not isinstance(method, Method):
                raise NotOurs("something is made and removed that a tree does not hold")
            self.script.waste(method.thing, method.name, args, named, len(values))
        else:
            for value in values:
                self.assign(loop.target, value)
                self.run(loop.body)

    def named(self, target: ast.expr, value: ast.expr) -> Any:
        """A value, where what it makes is called as the variable that it goes to."""
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            return tuple(map(self.named, target.elts, value.elts))
        return self.value(value, target.id if isinstance(target, ast.Name) else "")

    def assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            values = self.several(value)
            if len(values) != len(target.elts):
                raise NotOurs(f"{len(values)} values for {len(target.elts)} names")
            for name, part in zip(target.elts, values, strict=True):
                self.assign(name, part)
        elif isinstance(target, ast.Name):
            self.bind(target.id, value)
        elif isinstance(target, ast.Attribute):
            self.script.set(self.value(target.value), target.attr, value)
        elif isinstance(target, ast.Subscript):
            self.script.put(self.value(target.value), self.value(target.slice), value)
        else:
            raise NotOurs(f"“{ast.unparse(target)[:60]}” is assigned to")

    def bind(self, name: str, value: Any) -> None:
        if isinstance(value, Thing) and "items_tree" in value.place.path[:2]:
            self.script.fetched(self.names.get(name), value)
        else:
            self.names[name] = value

    # Expressions

    def value(self, node: ast.expr, hint: str = "") -> Any:
        self.script.line = node.lineno
        if isinstance(node, ast.Constant):
            return _constant(node.value)
        if isinstance(node, ast.Name):
            if node.id not in self.names:
                raise NotOurs(f"“{node.id}” was never made")
            return self.names[node.id]
        if isinstance(node, ast.Tuple | ast.List):
            return tuple(self.value(x) for x in node.elts)
        if isinstance(node, ast.Set):
            return {"set": sorted(map(self.text, node.elts))}
        if isinstance(node, ast.Dict) and None not in node.keys:
            keys = [self.text(key) for key in node.keys if key is not None]
            return {"group": dict(zip(keys, map(self.value, node.values), strict=True))}
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return _negative(self.value(node.operand))
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return _joined(node.op, self.value(node.left), self.value(node.right))
        if isinstance(node, ast.Attribute):
            return self.script.attribute(self.value(node.value), node.attr)
        if isinstance(node, ast.Subscript):
            return self.item(self.value(node.value), self.value(node.slice))
        if isinstance(node, ast.Call):
            return self.call(node, hint)
        raise NotOurs(f"“{ast.unparse(node)[:60]}” is no expression of ours")

    def text(self, node: ast.expr) -> str:
        value = self.value(node)
        if not isinstance(value, str):
            raise NotOurs(f"“{ast.unparse(node)[:60]}” stands where a text should")
        return value

    def item(self, thing: Any, key: Any) -> Any:
        if isinstance(thing, tuple) and isinstance(key, int) and -len(thing) <= key < len(thing):
            return thing[key]
        return self.script.item(thing, key)

    def several(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, tuple):
            raise NotOurs("it goes through something that does not stand in the code")
        return value

    # Calls

    def call(self, node: ast.Call, hint: str) -> Any:
        function = node.func
        if isinstance(function, ast.Name) and function.id in FUNCTIONS and function.id not in self.names:
            return self.function(function.id, *self.arguments(node))
        method = self.value(function)
        args, named = self.arguments(node)
        self.script.line = node.lineno
        if not isinstance(method, Method):
            raise NotOurs(f"“{ast.unparse(function)[:60]}” is called")
        return self.script.call(method.thing, method.name, args, named, hint)

    def arguments(self, node: ast.Call) -> tuple[tuple[Any, ...], dict[str, Any]]:
        named = {word.arg: self.value(word.value) for word in node.keywords if word.arg}
        if len(named) != len(node.keywords):
            raise NotOurs("arguments with stars")
        return tuple(self.value(x) for x in node.args), named

    def function(self, name: str, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        try:
            return FUNCTIONS[name](*args, **named)
        except (TypeError, ValueError, OverflowError):
            raise NotOurs(f"“{name}” does not go so") from None


def _wasted(loop: ast.For) -> ast.Call | None:
    """The call that makes what is removed at once, in `for _ in range(3): holder.remove(holder.new(…))`."""
    match loop:
        case ast.For(
            target=ast.Name(id="_"),
            body=[ast.Expr(value=ast.Call(func=ast.Attribute(value=holder, attr="remove"), args=[made], keywords=[]))],
        ):
            if isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute):
                return made if ast.dump(made.func.value) == ast.dump(holder) else None
    return None


def _short(rows: Any) -> Any:
    """The same rows, where they are some that a script of ours could go through."""
    if not isinstance(rows, tuple | range) or len(rows) > MAX_STEPS:
        raise ValueError("too many")
    return rows


def _constant(value: Any) -> Value:
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, float):
        return _number(value)
    if value is None or isinstance(value, str | int):
        return value
    raise NotOurs(f"“{value}” is no value of ours")


def _number(value: float) -> Value:
    """A number as steps hold it."""
    return value if math.isfinite(value) else {"float": repr(value)}


def _negative(value: Any) -> Value:
    if isinstance(value, int | float):
        return -value
    if value == {"float": "inf"}:
        return {"float": "-inf"}
    raise NotOurs("the opposite of something that is no number")


def _joined(how: ast.operator, left: Any, right: Any) -> Any:
    if isinstance(right, str) and isinstance(how, ast.Add):
        if isinstance(left, Thing) and left.place == Place("fonts"):
            return Join(left.place, right)
        if isinstance(left, Way):
            return Way(left.thing, left.name, left.text + right)
    if all(isinstance(x, str | int | float | tuple) for x in (left, right)) and _size(left) * _size(right) < MAX_STEPS:
        with contextlib.suppress(TypeError, OverflowError):
            made = OPERATORS[type(how)](left, right)
            return _number(made) if isinstance(made, float) else made
    raise NotOurs("two things are joined that do not join")


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | tuple) else abs(int(value)) if isinstance(value, int) else 1
