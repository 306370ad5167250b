# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of any struct of Blender as plain values, by walking RNA: bounded, nothing evaluated, no private paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import bpy

from ...graph.blender.custom import OLD_HINTS
from ...graph.blender.rna import numbers, short
from ..private import SECRET_NAME, base_name, scrubbed

ITEMS_MAX = 64
DEPTH_MAX = 3
TEXT_MAX = 1000
VALUES_MAX = 1000
"""Values of all custom properties of one thing."""

Reference = Callable[[Any], dict[str, Any] | None]

SKIPPED = frozenset(
    {"rna_type", "node_tree", "nodes", "animation_data", "preview", "particle_system", "particles"}
    | {"point_caches", "is_active", "show_expanded", "use_pin_to_last", "execution_time", "persistent_uid", "bakes"}
    | {"node_group", "properties", "panels", "is_override_data", "show_group_selector", "library_weak_reference"}
)
PATHS = frozenset({"FILEPATH", "DIRPATH", "FILE_PATH", "DIR_PATH", "FILENAME", "FILE_NAME"})


@cache
def _fields(kind: Any) -> tuple[tuple[str, str], ...]:
    """(identifier, how it is read) of what such a struct holds; looked up once a class."""
    base = {"name"} if issubclass(kind, bpy.types.PropertyGroup) else set()
    if issubclass(kind, bpy.types.ID):
        base = {*bpy.types.ID.bl_rna.properties.keys(), "type"}
    found = []
    for p in kind.bl_rna.properties:
        if p.identifier in SKIPPED or p.identifier in base or p.identifier.startswith("active_"):
            continue
        if getattr(p, "is_deprecated", False):  # reading one only earns a warning
            continue
        if p.is_readonly and p.type not in ("POINTER", "COLLECTION"):
            continue
        how = p.type
        if how == "STRING" and p.subtype in PATHS:
            how = "PATH"
        elif how == "ENUM" and p.is_enum_flag:
            how = "FLAGS"
        elif getattr(p, "is_array", False):
            how = "ARRAY"
        found.append((p.identifier, how))
    return tuple(found)


def settings(
    struct: Any, reference: Reference, depth: int = 0, without: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Identifier → value of what can be set on `struct`, nested structs included, `DEPTH_MAX` deep, but for those
    called as in `without`. Data-blocks become `reference(block)`; paths lose their folders."""
    found = {}
    kind: Any = type(struct)
    for name, how in _fields(kind):
        if name in without:
            continue
        value = getattr(struct, name)
        if how == "FLOAT":
            value = short(value)
        elif how == "ARRAY":
            value = numbers(value)
        elif how == "STRING":
            value = value[:TEXT_MAX]
        elif how == "PATH":
            value = base_name(value)
        elif how == "FLAGS":
            value = sorted(value)
        elif how in ("POINTER", "COLLECTION"):
            if isinstance(value, bpy.types.ID):
                value = reference(value)
            elif value is not None:
                if depth == DEPTH_MAX:
                    continue
                value = (
                    settings(value, reference, depth + 1)
                    if how == "POINTER"
                    else [_item(item, reference, depth + 1) for item in value[:ITEMS_MAX] if item is not None]
                )
                if not value:
                    continue
        found[name] = value
    return found


def _item(item: Any, reference: Reference, depth: int) -> Any:
    return reference(item) if isinstance(item, bpy.types.ID) else settings(item, reference, depth)


def some(struct: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """A few plain settings of a struct, those that it has in this version."""
    kind: Any = type(struct)
    known = _kinds(kind)
    found = {name: getattr(struct, name) for name in names if name in known}
    return {name: _plain(value) for name, value in found.items()}


def rare(struct: Any, usual: Mapping[str, Any]) -> dict[str, Any]:
    """The same of settings that need no mention where they are as usual; vectors are tuples there."""
    kind: Any = type(struct)
    known, found = _kinds(kind), {}
    for name, ordinary in usual.items():
        if name in known:
            value = getattr(struct, name)
            if (value[:] if isinstance(ordinary, tuple) else value) != ordinary:
                found[name] = _plain(value)
    return found


@cache
def _kinds(kind: Any) -> frozenset[str]:
    return frozenset(kind.bl_rna.properties.keys())


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return short(value)
    if isinstance(value, str):
        return value[:TEXT_MAX]
    return numbers(value) if hasattr(value, "__len__") else value


def custom(struct: Any, reference: Reference) -> dict[str, Any]:
    """The custom properties of a data-block or bone, but for registered ones: no more than `VALUES_MAX` values, groups
    `DEPTH_MAX` deep, and nothing of what is called like a password."""
    names = struct.keys()
    if not names:
        return {}
    kind: Any = type(struct)
    known, left = _kinds(kind), [VALUES_MAX]
    return _properties({name: struct[name] for name in names if name not in known}, reference, 0, left)


def _properties(held: Mapping[str, Any], reference: Reference, depth: int, left: list[int]) -> dict[str, Any]:
    found = {}
    for name, value in held.items():
        if left[0] > 0 and name != OLD_HINTS and value is not None:
            left[0] -= 1
            secret = isinstance(value, str) and SECRET_NAME.search(name)
            found[name[:TEXT_MAX]] = "[secret]" if secret else _property(value, reference, depth, left)
    return found


def _property(value: Any, reference: Reference, depth: int, left: list[int]) -> Any:
    if isinstance(value, float):
        return short(value)
    if isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return scrubbed(value[:TEXT_MAX])
    if isinstance(value, bytes):
        return {"bytes": len(value)}
    if isinstance(value, bpy.types.ID):
        return reference(value)
    if depth == DEPTH_MAX:
        return None
    if hasattr(value, "items"):
        return {"group": _properties(value, reference, depth + 1, left)}
    kept = value[: max(0, min(ITEMS_MAX, left[0]))]
    left[0] -= len(kept)
    return [_property(inner, reference, depth + 1, left) for inner in kept]
