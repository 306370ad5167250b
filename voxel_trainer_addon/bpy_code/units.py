# SPDX-License-Identifier: GPL-3.0-or-later
"""A Python file taken apart into what can stand alone: a function, a class for Blender or the whole short script, each
with the imports, constants and helpers of the file that it needs."""

from __future__ import annotations

import ast
import builtins
import re
import symtable
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from . import source
from .names import Names

LINES_MAX, SCRIPT_MAX, LINE_MAX = 160, 120, 200
"""Lines of a unit with all that it needs, lines of a script that stays whole, characters of a line."""
FEWEST_LINES = 4
"""Lines of a function below which there is nothing to learn."""
BOILERPLATE = frozenset({"register", "unregister", "main"})
CLASSES = {"Operator": "operator", "Panel": "panel", "Menu": "menu"}
"""Base class → kind of a unit; any other class for Blender is a `class`."""
GENERATED = frozenset({"__name__", "__file__", "__doc__", "__package__", "__path__"})
DEFINITION = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
NEXT = ",\n    "
HEAD = re.compile(r"#.*|\s*")


@dataclass(frozen=True)
class Unit:
    """Code that stands alone. `kind` is function, operator, panel, menu, class or script, `node` what it is about (a
    script: the whole module), `comment` what stood right above it, `text` all of it as source, `module` the same
    parsed."""

    kind: str
    name: str
    node: DEFINITION | ast.Module
    comment: str
    text: str
    module: ast.Module


@dataclass(frozen=True)
class Lost:
    """What could not stand alone, and why."""

    name: str
    reason: str


class _Cannot(Exception):
    """A unit cannot stand alone."""


def units(text: str, names: Names) -> Iterator[Unit | Lost]:
    """The units of a file, in its order. A file that gives a script gives nothing else."""
    module = source.tree(text)
    if module is None:
        yield Lost("", "does not parse")
        return
    file = _File(text, module, names)
    if script := file.script():
        yield script
        return
    for node in module.body:
        if isinstance(node, DEFINITION) and node.name not in BOILERPLATE:
            try:
                yield file.unit(node)
            except _Cannot as why:
                yield Lost(node.name, str(why))


class _File:
    def __init__(self, text: str, module: ast.Module, names: Names) -> None:
        self.lines, self.module, self.names = text.split("\n"), module, names
        self.bound: dict[str, ast.stmt] = {}
        for statement in module.body:
            for name in _binds(statement):
                self.bound[name] = statement
        self.idnames = dict(_idnames(module))
        self.taken: dict[ast.stmt, set[str]] = {}

    def script(self) -> Unit | None:
        """The whole file where it is short, does something of its own, and needs no other."""
        first = next((n for n, line in enumerate(self.lines) if not HEAD.fullmatch(line)), 0)
        kept = "\n".join(self.lines[first:]).strip("\n") + "\n"
        if kept.count("\n") > SCRIPT_MAX or not self.acts():
            return None
        try:
            return self.checked("script", "", self.module, "\n".join(self.lines[:first]), kept)
        except _Cannot:
            return None

    def acts(self) -> bool:
        """Whether running the file does more than define functions, or registers what it defines."""
        return any(
            isinstance(node, ast.If | ast.For | ast.With | ast.While)
            or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
            or (isinstance(node, ast.FunctionDef) and node.name == "register")
            for node in self.module.body
        )

    def unit(self, node: DEFINITION) -> Unit:
        """A definition with all that it needs. Raises _Cannot."""
        start = _first_line(node)
        above = start - 1
        while above > 0 and self.lines[above - 1].startswith("#"):
            above -= 1
        comment = "\n".join(self.lines[above : start - 1])
        if (node.end_lineno or 0) - start + 1 < FEWEST_LINES:
            raise _Cannot("is too short")
        if node.name.lower().startswith("test"):
            raise _Cannot("is a test")
        return self.checked(self.kind(node), node.name, node, comment, self.assembled(node))

    @staticmethod
    def kind(node: DEFINITION) -> str:
        if not isinstance(node, ast.ClassDef):
            return "function"
        bases = [base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases]
        if not bases or set(bases) <= {"object", "Exception"}:
            raise _Cannot("is a class of plain Python")
        return next((CLASSES[base] for base in bases if base in CLASSES), "class")

    def assembled(self, node: DEFINITION) -> str:
        """The source of a definition and of what it needs, imports first, the rest as in the file."""
        needed: list[ast.stmt] = [node]
        imports: set[tuple[int, str]] = set()
        waiting: list[ast.stmt] = [node]
        while waiting:
            statement = waiting.pop()
            for name in sorted(self.free(statement)):
                found = self.bound.get(name)
                if found is None:
                    if not hasattr(builtins, name) and name not in GENERATED:
                        raise _Cannot("uses a name that its file does not define")
                elif isinstance(found, ast.Import | ast.ImportFrom):
                    imports.add((found.lineno, name))
                elif found not in needed:
                    needed.append(found)
                    waiting.append(found)
        head = list(_imports(self.imported(name) for _, name in sorted(imports)))
        body = sorted(needed, key=lambda statement: statement.lineno)
        lines = len(head) + sum((one.end_lineno or 0) - _first_line(one) + 1 for one in body)
        if lines > LINES_MAX:
            raise _Cannot("is too long with what it needs" if len(body) > 1 else "is too long")
        return ("".join(head) + self.joined(body)).lstrip("\n")

    def joined(self, body: list[ast.stmt]) -> str:
        parts = ["\n"]
        for place, statement in enumerate(body):
            if isinstance(statement, DEFINITION) or (place and isinstance(body[place - 1], DEFINITION)):
                parts.append("\n\n" if place else "\n")
            parts.append("\n".join(self.lines[_first_line(statement) - 1 : statement.end_lineno]) + "\n")
        return "".join(parts)

    def free(self, statement: ast.stmt) -> set[str]:
        """Names that a statement takes from its file: variables, and operators and menus of the file that it names."""
        if statement not in self.taken:
            self.taken[statement] = self._free(statement)
        return self.taken[statement]

    def _free(self, statement: ast.stmt) -> set[str]:
        text = "\n".join(self.lines[_first_line(statement) - 1 : statement.end_lineno])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                found = set(_free(symtable.symtable(text, "unit", "exec")))
        except (SyntaxError, ValueError):
            raise _Cannot("does not compile") from None
        for node in ast.walk(statement):
            said = node.value if isinstance(node, ast.Constant) else _operator(node)
            if isinstance(said, str) and said in self.idnames:
                found.add(self.idnames[said])
        own = {statement.name} if isinstance(statement, DEFINITION) else set()
        return found - own

    def imported(self, name: str) -> tuple[str, str]:
        """(module, what of it) that a name was imported from; ('', module) of a module itself."""
        statement = self.bound[name]
        assert isinstance(statement, ast.Import | ast.ImportFrom)
        alias = next(one for one in statement.names if name == (one.asname or one.name.partition(".")[0]))
        said = alias.name + (f" as {alias.asname}" if alias.asname else "")
        if isinstance(statement, ast.Import):
            return "", said
        return "." * statement.level + (statement.module or ""), said

    def checked(self, kind: str, name: str, node: DEFINITION | ast.Module, comment: str, text: str) -> Unit:
        """A unit whose text is whole. Raises _Cannot."""
        if any(len(line) > LINE_MAX for line in text.split("\n")):
            raise _Cannot("has lines that are too long")
        module = source.tree(text)
        if module is None:
            raise _Cannot("does not stand on lines of its own")
        for inner in ast.walk(module):
            if isinstance(inner, ast.ImportFrom) and inner.level:
                raise _Cannot("needs another file of its own")
            if isinstance(inner, ast.ImportFrom) and any(one.name == "*" for one in inner.names):
                raise _Cannot("imports everything of a module")
            if isinstance(inner, ast.Import | ast.ImportFrom):
                self.known(inner)
        return Unit(kind, name, node, comment, text, module)

    def known(self, statement: ast.Import | ast.ImportFrom) -> None:
        modules = (
            [statement.module or ""] if isinstance(statement, ast.ImportFrom) else [a.name for a in statement.names]
        )
        for module in modules:
            top = module.partition(".")[0]
            if top not in self.names.python and top not in self.names.blender_modules:
                raise _Cannot("needs a package that Blender does not have")


def _imports(found: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Lines that import (module, what of it); '' is the module itself."""
    of: dict[str, list[str]] = {}
    for module, said in found:
        if module:
            of.setdefault(module, []).append(said)
        else:
            yield f"import {said}\n"
    for module, names in of.items():
        line = f"from {module} import {', '.join(names)}\n"
        yield line if len(line) <= 100 else f"from {module} import (\n    {NEXT.join(names)},\n)\n"


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, DEFINITION) else []
    return min([node.lineno, *(one.lineno for one in decorators)])


def _binds(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement at the top of a file gives a meaning, wherever in it."""
    if isinstance(statement, DEFINITION):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, DEFINITION):
            yield node.name


def _free(table: symtable.SymbolTable) -> Iterator[str]:
    """Names that code takes from outside of it."""
    top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if top:
            if symbol.is_referenced() and not (symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()):
                yield symbol.get_name()
        elif symbol.is_global() and symbol.is_referenced():
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _free(inner)


def _idnames(module: ast.Module) -> Iterator[tuple[str, str]]:
    """(`bl_idname`, class) of the classes at the top of a file, menus by their own name too."""
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            if re.search(r"_(?:MT|PT|UL)_", node.name):
                yield node.name, node.name
            for statement in node.body:
                value = statement.value if isinstance(statement, ast.Assign) else None
                if isinstance(value, ast.Constant) and isinstance(statement, ast.Assign):
                    named = any(isinstance(t, ast.Name) and t.id == "bl_idname" for t in statement.targets)
                    yield from [(str(value.value), node.name)] if named else []


def _operator(node: ast.AST) -> str:
    """`mesh.add` of `bpy.ops.mesh.add`."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
        outer = node.value.value
        if isinstance(outer, ast.Attribute) and outer.attr == "ops":
            return f"{node.value.attr}.{node.attr}"
    return ""
