# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings without places: what RNA says is a path loses its folders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import bpy

from ...graph.model import Graph, Item, Node, Value
from ..private import base_name
from .rna import DEPTH_MAX, PATHS

Plan = Mapping[str, Any]
"""Property that is a path → None; one that holds structs with paths → the plan of those."""


@cache
def _plan(kind: Any, depth: int = 0) -> Plan:
    plan: dict[str, Any] = {}
    for p in kind.bl_rna.properties:
        if p.type == "STRING" and p.subtype in PATHS:
            plan[p.identifier] = None
        elif p.type in ("POINTER", "COLLECTION") and p.identifier != "rna_type" and depth < DEPTH_MAX:
            below = getattr(bpy.types, p.fixed_type.identifier, bpy.types.ID)
            if not issubclass(below, bpy.types.ID | bpy.types.Node) and (inner := _plan(below, depth + 1)):
                plan[p.identifier] = inner
    return plan


def without_places(kind: Any, held: Mapping[str, Value]) -> Mapping[str, Value]:
    """The settings of a struct of a class, where paths, in nested ones too, are cut to their last part."""
    found: Mapping[str, Value] = _cut(_plan(kind), held)
    return found


def _cut(plan: Plan, held: Any) -> Any:
    if isinstance(held, str):
        return base_name(held)
    if isinstance(held, list):
        return [_cut(plan, item) for item in held]
    if not isinstance(held, Mapping) or not plan.keys() & held.keys():
        return held
    return {name: _cut(plan[name] or {}, value) if name in plan else value for name, value in held.items()}


def graph_without_places(graph: Graph) -> Graph:
    """A graph where its nodes and interface name no folder."""
    nodes, interface = tuple(map(_node, graph.nodes)), tuple(map(_item, graph.interface))
    return (
        graph
        if nodes == graph.nodes and interface == graph.interface
        else replace(graph, nodes=nodes, interface=interface)
    )


@cache
def _plan_of_node(name: str) -> Plan:
    kind = getattr(bpy.types, name, None)
    return _plan(kind) if kind is not None else {}


def _node(node: Node) -> Node:
    if plan := _plan_of_node(node.type):
        node = replace(node, settings=_cut(plan, node.settings))
    if node.type.startswith("GeometryNodeImport"):
        inputs = (replace(s, value=base_name(s.value)) if isinstance(s.value, str) else s for s in node.inputs)
        node = replace(node, inputs=tuple(inputs))
    return node


def _item(item: Item) -> Item:
    if item.settings.get("subtype") not in PATHS:
        return item
    return replace(item, settings={**item.settings, "default_value": base_name(item.settings["default_value"])})
