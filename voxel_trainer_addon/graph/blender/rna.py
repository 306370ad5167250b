# SPDX-License-Identifier: GPL-3.0-or-later
"""Structs of Blender as plain values: everything that RNA says a script can set, looked up once a class."""

from __future__ import annotations

import struct as packing
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import bpy

from ..model import Value

Reader = Callable[[Any], Value]
Fields = tuple[tuple[str, Reader], ...]

SKIPPED = frozenset(
    {"rna_type", "select", "add", "remove", "preview", "enum_definition", "textbox_state"}  # pickers, interface state
    | {
        "inspection_index",
        "is_inspect_output",
        "frame_current",
        "has_layers",
        "has_views",
        "is_icon_visible",
    }  # derived
)
ITEM_SKIPPED = frozenset(
    {"item_type", "position", "index", "identifier", "persistent_uid", "interface_items"}
    | {"name", "parent", "in_out", "socket_type"}
)
TREE_SKIPPED = frozenset({"annotation", "grease_pencil", "nodes", "links", "interface", "animation_data", "type"})
KEPT_OUT: Mapping[str, frozenset[str]] = {
    "ActionConstraint": frozenset({"action_slot_handle", "action_suitable_slots"}),
    "AnimData": frozenset({"drivers", "nla_tracks", "action_slot", "action_slot_handle", "last_slot_identifier"}),
    "Constraint": frozenset({"name", "active"}),
    "CurveProfile": frozenset({"segments"}),
    "Driver": frozenset({"is_valid"}),
    "DriverVariable": frozenset({"is_name_valid"}),
    "FCurve": frozenset(
        {"data_path", "array_index", "group", "is_valid", "modifiers"} | {"color", "color_mode", "hide", "lock"}
    ),
    "FModifier": frozenset({"name", "active", "show_expanded"}),
    "GpencilModifier": frozenset({"name"}),
    "Modifier": frozenset({"name", "is_active", "properties", "panels", "bakes", "node_warnings"}),
    "ParticleInstanceModifier": frozenset({"particle_system"}),
    "ParticleSystem": frozenset({"particles", "child_particles"}),
    "PointCache": frozenset({"point_caches"}),
    "Keyframe": frozenset({"co_ui", "select_control_point", "select_left_handle", "select_right_handle"}),
}
"""By class: what says nothing, is read in another way, or is how an editor shows it."""
THINGS: Mapping[str, str] = {"ActionSlot": "identifier", "ParticleSystem": "name", "ShapeKey": "name"}
"""Classes of what a data-block holds and others point to → what each is found by."""
SETTERS: Mapping[tuple[str, str], str] = {("HookModifier", "vertex_indices"): "vertex_indices_set"}
"""(Class, property) that can only be read → the method that sets it."""
NODE_LAYOUT: Mapping[str, Value] = {
    "label": "",
    "width": None,
    "hide": False,
    "show_options": True,
    "show_preview": False,
    "show_texture": False,
    "warning_propagation": "ALL",
    "ui_shortcut": 0,
}
"""What a node looks like → the value that needs no mention."""


@lru_cache(maxsize=1 << 16)
def short(number: float) -> Value:
    """The shortest decimal that packs to the same four bytes."""
    if number != number or number in (float("inf"), float("-inf")):
        return {"float": repr(number)}
    exact = packing.pack("<f", number)
    for digits in range(6, 9):
        near = float(f"{number:.{digits}g}")
        try:
            if packing.pack("<f", near) == exact:
                return near + 0.0
        except OverflowError:
            continue
    return float(f"{number:.9g}")


def _number(value: Any) -> Value:
    return short(value)


def numbers(value: Any) -> Value:
    return [short(x) if isinstance(x, float) else numbers(x) if hasattr(x, "__len__") else x for x in value]


def _same(value: Any) -> Value:
    return value


def _flags(value: Any) -> Value:
    return {"set": sorted(value)}


def _pointer(value: Any) -> Value:
    if value is None:
        return None
    if isinstance(value, bpy.types.ID):
        return {"id": value.id_type, "name": value.name}
    return values(value)


def _thing(value: Any) -> Value:
    kind = type(value).__name__
    return None if value is None else {"thing": kind, "name": getattr(value, THINGS[kind])}


def _columns(value: Any) -> Value:
    """A matrix as Blender takes it in an assignment: column by column, where a look gives its rows."""
    return [list(column) for column in zip(*numbers(value), strict=True)]


def _items(value: Any) -> Value:
    return [values(item) for item in value]


def reader(p: Any) -> Reader | None:
    """How one RNA property is read; None where it says nothing that a script could set."""
    if p.identifier in SKIPPED or p.identifier.startswith(("bl_", "active_")):
        return None
    if p.type == "COLLECTION":
        return _items
    if p.type == "POINTER":
        kind = getattr(bpy.types, p.fixed_type.identifier, object)
        if issubclass(kind, bpy.types.Node) or (p.is_readonly and issubclass(kind, bpy.types.ID)):
            return None
        return _thing if kind.__name__ in THINGS and not p.is_readonly else _pointer
    if p.is_readonly:
        return None
    if p.type == "ENUM" and p.is_enum_flag:
        return _flags
    if getattr(p, "is_array", False):
        return _columns if p.subtype == "MATRIX" else numbers
    return _number if p.type == "FLOAT" else _same


_fields: dict[type, Fields] = {}


def fields(struct: Any) -> Fields:
    """(identifier, reader) of what a script can set on such a struct, in RNA order; looked up once a class."""
    return class_fields(type(struct))


def class_fields(kind: Any) -> Fields:
    """The same of a class of `bpy.types`."""
    if kind not in _fields:
        base: set[str] = set()
        if issubclass(kind, bpy.types.Node):
            base = {*bpy.types.Node.bl_rna.properties.keys(), *NODE_LAYOUT}
        elif issubclass(kind, bpy.types.NodeTree):
            base = {*bpy.types.ID.bl_rna.properties.keys(), *TREE_SKIPPED}
        elif issubclass(kind, bpy.types.NodeTreeInterfaceItem):
            base = set(ITEM_SKIPPED)
        for above in kind.__mro__:
            base |= KEPT_OUT.get(above.__name__, frozenset())
        by_method = {name for owner, name in SETTERS if owner == kind.__name__}
        readers = (
            (p.identifier, numbers if p.identifier in by_method else reader(p))
            for p in kind.bl_rna.properties
            if p.identifier not in base
        )
        _fields[kind] = tuple((name, read) for name, read in readers if read)
    return _fields[kind]


def values(struct: Any) -> dict[str, Value]:
    """The settable values of one struct, nested ones included."""
    return {name: read(getattr(struct, name)) for name, read in fields(struct)}
