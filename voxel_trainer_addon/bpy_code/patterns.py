# SPDX-License-Identifier: GPL-3.0-or-later
"""Recurring patterns of code for Blender, by name: what a script does, as far as its syntax tree shows."""

from __future__ import annotations

import ast
from collections.abc import Iterator

BASES = {
    "Operator": "operator",
    "Panel": "panel",
    "Menu": "menu",
    "UIList": "list",
    "PropertyGroup": "property group",
    "AddonPreferences": "preferences",
    "ImportHelper": "import or export",
    "ExportHelper": "import or export",
}
"""Base class → pattern."""

ENDINGS = {
    "utils.register_class": "register and unregister",
    "nodes.new": "node building",
    "links.new": "node building",
    "keyframe_insert": "keyframes",
    "keyframe_points.insert": "keyframes",
    "materials.new": "materials",
    "materials.append": "materials",
    "from_pydata": "mesh building",
    "meshes.new": "mesh building",
    "modifiers.new": "modifiers",
    "constraints.new": "constraints",
    "driver_add": "drivers",
    "bmesh.new": "bmesh",
    "bmesh.from_edit_mesh": "bmesh",
    "app.timers": "timers",
    "app.handlers": "handlers",
    "modal_handler_add": "modal operator",
    "objects.link": "objects",
    "render.render": "rendering",
    "gpu.shader": "drawing",
}
"""How a chain of attributes ends → pattern."""
MESH_PARTS = frozenset({"verts", "edges", "faces"})
OBJECTS = frozenset({"selected_objects", "objects"})
FILES = ("import_", "export_", "_import", "_export")


def patterns(module: ast.Module) -> tuple[str, ...]:
    """The patterns of a script, ordered."""
    return tuple(sorted({name for node in ast.walk(module) for name in _of(node)}))


def _of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ClassDef):
        for base in node.bases:
            name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
            if name in BASES:
                yield BASES[name]
    elif isinstance(node, ast.FunctionDef) and node.name in ("register", "unregister"):
        yield "register and unregister"
    elif isinstance(node, ast.Attribute):
        outer = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        for ending in (node.attr, f"{outer}.{node.attr}"):
            if ending in ENDINGS:
                yield ENDINGS[ending]
        if node.attr.startswith(FILES[:2]) or (node.attr.endswith(FILES[2:]) and outer == "wm"):
            yield "import or export"
    elif isinstance(node, ast.For | ast.comprehension) and isinstance(node.iter, ast.Attribute):
        if node.iter.attr in MESH_PARTS:
            yield "bmesh loop"
        elif node.iter.attr in OBJECTS:
            yield "loop over objects"
