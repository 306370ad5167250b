# SPDX-License-Identifier: GPL-3.0-or-later
"""What a script can make of a recorded scene or of a part of it, as plain data, and how two such plans differ.

A record holds no geometry: simple forms with the same corners stand in for meshes, and other data is empty. What a plan
holds is what its script claims; animation, materials and physics stay outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .canonical import value_differences

Json = Mapping[str, Any]

NEAR = 1e-5
"""How far numbers may be from each other, as a part of the larger one where that is above one."""

SCENE = "scene"
COLLECTION = "collection"
OBJECTS = "objects"
"""The scopes: a scene with all its settings, a collection with all below it, an object with all its children."""


class NotPlanned(Exception):
    """No script can make it; the text says why, as a sentence."""


@dataclass(frozen=True)
class Plan:
    """`collections` come with `name`, `parent` (empty: the scene's own) and `objects`, those above first; `objects`
    come with their parents first; `data` are lights, cameras, meshes …; `settings` of the scene are told by their path.
    `scope` and `name` say what of a file it is."""

    scope: str
    name: str
    collections: tuple[Json, ...]
    loose: tuple[str, ...]
    """Objects in the scene's own collection."""
    objects: tuple[Json, ...]
    data: tuple[Json, ...]
    camera: str
    world: Json | None
    settings: Json

    @property
    def key(self) -> str:
        """`scenes/Scene`, `collections/Props`, `objects/Robot`."""
        return f"{self.scope if self.scope == OBJECTS else self.scope + 's'}/{self.name}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Json) -> Plan:
        lists = ("collections", "loose", "objects", "data")
        return cls(**{**value, **{name: tuple(value[name]) for name in lists}})


NAMED = ("collections", "objects", "data", "bones")


def plan_differences(a: Plan, b: Plan) -> list[str]:
    """How `b` differs from `a`, in sentences; empty where they say the same."""
    return list(value_differences(_named(a.as_json()), _named(b.as_json()), near))


def _named(value: Any) -> Any:
    """Lists of things with names as mappings by name: their order says nothing, but for modifiers and constraints."""
    if not isinstance(value, Mapping):
        return value
    return {
        key: {f"{row.get('type', '')} {row['name']}".lstrip(): _named(row) for row in held}
        if key in NAMED and all(isinstance(row, Mapping) for row in held)
        else _named(held)
        for key, held in value.items()
    }


def near(a: Any, b: Any) -> bool:
    """Whether two values are the same as far as single precision and `NEAR` go."""
    numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x in (a, b))
    return abs(a - b) <= NEAR * max(1.0, abs(a), abs(b)) if numbers else bool(a == b)
