# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of any struct of Blender as plain values, by walking RNA: bounded, nothing evaluated, no private paths."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import bpy

from ...graph.blender.rna import short

ITEMS_MAX = 64
DEPTH_MAX = 3
TEXT_MAX = 1000

Reference = Callable[[Any], dict[str, Any] | None]

SKIPPED = frozenset(
    {"rna_type", "name", "type", "node_tree", "nodes", "animation_data", "preview", "particle_system", "particles"}
    | {"point_caches", "is_active", "show_expanded", "use_pin_to_last", "execution_time", "persistent_uid", "bakes"}
    | {"node_group", "properties", "panels", "is_override_data", "show_group_selector", "library_weak_reference"}
)
PATHS = frozenset({"FILEPATH", "DIRPATH", "FILE_PATH", "DIR_PATH", "FILENAME", "FILE_NAME"})


def base_name(path: str) -> str:
    """The last part of a path of any system: where a stranger keeps files is nobody's business."""
    last = re.split(r"[\\/]", path.rstrip("\\/"))[-1]
    return last.encode("utf-8", "replace").decode("utf-8")


@cache
def _fields(kind: Any) -> tuple[tuple[str, str], ...]:
    """(identifier, how it is read) of what such a struct holds; looked up once a class."""
    base = set(bpy.types.ID.bl_rna.properties.keys()) if issubclass(kind, bpy.types.ID) else set()
    found = []
    for p in kind.bl_rna.properties:
        if p.identifier in SKIPPED or p.identifier in base or p.identifier.startswith("active_"):
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


def settings(struct: Any, reference: Reference, depth: int = 0) -> dict[str, Any]:
    """Identifier → value of what can be set on `struct`, nested structs included, `DEPTH_MAX` deep. Data-blocks become
    `reference(block)`; paths lose their folders."""
    found = {}
    kind: Any = type(struct)
    for name, how in _fields(kind):
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


def numbers(value: Any) -> list[Any]:
    """A vector, matrix or array as nested lists."""
    return [short(x) if isinstance(x, float) else numbers(x) if hasattr(x, "__len__") else x for x in value]


def plain(value: Any, reference: Reference) -> Any:
    """The value of an ID property."""
    if isinstance(value, float):
        return short(value)
    if isinstance(value, bpy.types.ID):
        return reference(value)
    if hasattr(value, "to_dict"):
        return {key: plain(inner, reference) for key, inner in value.items()}
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if hasattr(value, "to_list"):
        return numbers(value)
    return value
