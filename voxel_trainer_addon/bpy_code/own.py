# SPDX-License-Identifier: GPL-3.0-or-later
"""What a script itself adds to Blender: its classes, their properties and operators, and properties it registers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from .names import PLAIN, UNKNOWN

OWN_ITEMS = "bpy_prop_collection_idprop"
"""The table's type of what a CollectionProperty holds."""


@dataclass
class OwnClass:
    """A class of the script: what it inherits from as written, and its members."""

    name: str
    node: ast.ClassDef
    members: dict[str, ast.expr | None] = field(default_factory=dict)

    @property
    def idname(self) -> str:
        """`bl_idname`, or the class's name as Blender takes it."""
        value = self.members.get("bl_idname")
        return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else self.name


def classes(module: ast.Module) -> dict[str, OwnClass]:
    """Every class that the script defines, wherever."""
    found = {}
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef):
            found[node.name] = OwnClass(node.name, node, dict(_members(node)))
    return found


def _members(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr | None]]:
    """Names with the expression that makes each: a property's call, a value, None for a method."""
    for target in ast.walk(node):
        if isinstance(target, ast.Attribute) and isinstance(target.ctx, ast.Store):
            owner = target.value
            if isinstance(owner, ast.Name) and owner.id in ("self", "cls"):
                yield target.attr, ast.Constant(None)
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id, statement.annotation if statement.value is None else statement.value
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    yield target.id, statement.value
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield statement.name, None


def property_call(value: ast.expr | None) -> tuple[str, ast.expr | None] | None:
    """(`FloatProperty`, its `type=`) of a call that makes a property."""
    if not isinstance(value, ast.Call):
        return None
    name = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
    if not name.endswith("Property"):
        return None
    return name, next((word.value for word in value.keywords if word.arg == "type"), None)


def leads_to(call: tuple[str, ast.expr | None], kind: str) -> str:
    """What a property of the script's own holds; `kind` is the type that it names."""
    if call[0] == "PointerProperty":
        return kind or UNKNOWN
    if call[0] == "CollectionProperty":
        return f"{OWN_ITEMS}<{kind}>" if kind else UNKNOWN
    return PLAIN
