# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom properties as plain values: numbers, text, lists, data-blocks, and groups as `{"group": {…}}`."""

from __future__ import annotations

from typing import Any

import bpy

from ..model import Value, pointed

OLD_HINTS = "_RNA_UI"
"""Where Blender before 3.0 kept what the user interface shows of a property."""


def custom(struct: Any) -> dict[str, Value]:
    """The custom properties of a data-block, node, socket or interface item, but for registered ones."""
    try:
        names = struct.keys()
    except (TypeError, AttributeError):
        return {}
    if not names:
        return {}
    known = struct.bl_rna.properties
    found = {name: _plain(struct[name]) for name in names if name not in known and name != OLD_HINTS}
    return {name: value for name, value in found.items() if value is not None}


def _plain(value: Any) -> Value:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return pointed(value)
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, bpy.types.ID):
        return {"id": value.id_type, "name": value.name}
    if hasattr(value, "items"):
        return {"group": {name: _plain(below) for name, below in value.items()}}
    return [_plain(below) for below in value]
