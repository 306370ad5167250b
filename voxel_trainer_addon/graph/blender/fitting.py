# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a compact form the open file can take: free names, node types and data-blocks that are there."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import bpy

from ...words import counted
from ..menu import type_words
from ..model import Animation, Curve, Graph, Value
from ..steps import KINDS, is_reference

EXPRESSION = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.IfExp, ast.Call, ast.Name, ast.Constant),
    *(ast.Load, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.UAdd, ast.USub, ast.Not, ast.And, ast.Or),
    *(ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq),
)
"""What an expression of a driver may hold that is pasted: Blender reckons these without running Python. No powers and
no texts: they could keep Python busy for ever."""
REACHED = (
    *("radians", "degrees", "abs", "fabs", "floor", "ceil", "trunc", "round", "int", "sin", "cos", "tan", "asin"),
    *("acos", "atan", "atan2", "exp", "log", "sqrt", "pow", "fmod", "min", "max", "lerp", "clamp", "smoothstep"),
)
"""Functions that such an expression may call."""


def rename(form: Mapping[str, Value], edits: Sequence[Value] = ()) -> dict[str, str]:
    """Give the groups and actions of a form's trees names that are free in this file, in `edits` that speak of them
    too; the new names of groups → the old ones."""
    free: dict[tuple[str, str], str] = {}

    def name_freely(kind: str, name: str, there: Any) -> str:
        new, n = name, 0
        while new in there or new in free.values():
            n += 1
            new = f"{name[:59]}.{n:03}"
        free[kind, name] = new
        return new

    for tree in form["trees"]:
        collection, name = tree["key"].split("/", 1)
        if collection == "node_groups":
            tree["key"] = f"node_groups/{name_freely('NODETREE', name, bpy.data.node_groups)}"
        if action := tree.get("animation", {}).get("settings", {}).get("action"):
            name_freely("ACTION", action["name"], bpy.data.actions)

    def walk(value: Any) -> None:
        if is_reference(value):
            value["name"] = free.get((value["id"], value["name"]), value["name"])
        elif isinstance(value, dict):
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list | tuple):
            for inner in value:
                walk(inner)

    walk([*form["trees"], *edits])
    return {new: name for (kind, name), new in free.items() if kind == "NODETREE"}


def kept(graph: Graph, told: list[str]) -> Graph:
    """The graph without what this Blender or this file lacks, and without drivers that would run Python."""
    lost = {node.name: node.type for node in graph.nodes if not _is_known(node.type)}
    for kind in dict.fromkeys(lost.values()):
        number = sum(kind == other for other in lost.values())
        told.append(f"This Blender has no {type_words(kind)} node ({kind}): {number} left out.")
    nodes = tuple(
        replace(
            node,
            settings=_there(node.settings, told),
            inputs=tuple(replace(s, value=None) if _absent(s.value, told) else s for s in node.inputs),
            pair=None if node.pair in lost else node.pair,
            layout={name: value for name, value in node.layout.items() if name != "parent" or value not in lost},
        )
        for node in graph.nodes
        if node.name not in lost
    )
    links = tuple(link for link in graph.links if link.source not in lost and link.target not in lost)
    items = tuple(replace(item, settings=_there(item.settings, told)) for item in graph.interface)
    layout = {name: value for name, value in graph.layout.items() if name != "use_nodes"}
    moving = graph.animation
    drivers = tuple(curve for curve in moving.drivers if curve.node not in lost and is_simple(curve))
    if left := len(moving.drivers) - len(drivers):
        told.append(f"{counted(left, 'driver')} left out: a pasted driver may reckon, but not run Python.")
    keys = tuple(curve for curve in moving.keys if curve.node not in lost)
    settings = _there(graph.settings, told)
    animation = Animation(drivers, keys, moving.settings)
    parts: Any = {"nodes": nodes, "links": links, "interface": items, "settings": settings, "layout": layout}
    return replace(graph, **parts, animation=animation)


def _is_known(kind: str) -> bool:
    """Whether this Blender has a node type, its own or an add-on's."""
    node: Any = bpy.types.Node
    return node.bl_rna_get_subclass(kind) is not None or node.bl_rna_get_subclass_py(kind) is not None


def is_there(kind: str, name: str) -> bool:
    """Whether this file has a data-block of an ID type and name."""
    return kind in KINDS and getattr(bpy.data, KINDS[kind].collection).get(name) is not None


def _absent(value: Value, told: list[str]) -> bool:
    """Whether it is a data-block that this file lacks; that is told once."""
    if not is_reference(value) or value["id"] in ("NODETREE", "ACTION"):
        return False
    if is_there(value["id"], value["name"]):
        return False
    sentence = f"The {value['id'].lower()} “{value['name']}” is not in this file: its place stays empty."
    if sentence not in told:
        told.append(sentence)
    return True


def _there(settings: Mapping[str, Value], told: list[str]) -> dict[str, Value]:
    return {
        name: _there(value, told) if isinstance(value, Mapping) and not is_reference(value) else value
        for name, value in settings.items()
        if not _absent(value, told)
    }


def is_simple(curve: Curve) -> bool:
    """Whether a driver can be pasted: it has no expression, or one that only reckons."""
    driver = curve.settings.get("driver", {})
    expression = driver.get("expression", "")
    if driver.get("type", "SCRIPTED") != "SCRIPTED" or not expression:
        return True
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = all(isinstance(call, ast.Name) and call.id in REACHED for call in calls)
    told = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    numbers = all(isinstance(value, int | float) for value in told)
    return named and numbers and all(isinstance(node, EXPRESSION) for node in ast.walk(tree))
