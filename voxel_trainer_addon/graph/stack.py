# SPDX-License-Identifier: GPL-3.0-or-later
"""An object's modifiers and constraints as plain frozen data, and how two such stacks differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .canonical import same, value_differences
from .model import Animation, Curve, Value
from .steps import is_reference, references


@dataclass(frozen=True)
class Bake:
    """What a Geometry Nodes modifier says of one bake or simulation: that of the node `node` of the group `group`."""

    group: str
    node: str
    settings: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A modifier or constraint. `inputs` and `outputs` are those of a Geometry Nodes group, in the order of its
    interface: each a socket's name and what the modifier says about it; `panels`: each one's name and whether it is
    open, by both of the two states that Blender keeps from 5.2 on."""

    name: str
    type: str
    settings: Mapping[str, Value] = field(default_factory=dict)
    inputs: tuple[tuple[str, Value], ...] = ()
    outputs: tuple[tuple[str, Value], ...] = ()
    panels: tuple[tuple[str, bool], ...] = ()
    bakes: tuple[Bake, ...] = ()

    @property
    def group(self) -> str | None:
        """Name of the node group that it runs."""
        used = self.settings.get("node_group")
        return str(used["name"]) if used and is_reference(used) else None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Entry:
        pairs = {side: tuple(map(tuple, value.get(side, ()))) for side in ("inputs", "outputs", "panels")}
        return cls(**{**value, **pairs, "bakes": tuple(Bake(**row) for row in value.get("bakes", ()))})


@dataclass(frozen=True)
class Bone:
    """A bone of an armature object that has constraints."""

    name: str
    constraints: tuple[Entry, ...]


@dataclass(frozen=True)
class Stack:
    """`key` is `objects/<name>`; `kind` is the object's type. `animation` holds what moves a modifier or constraint;
    `bodies` are the types of the objects that it refers to, by name: many settings take only objects of one type."""

    key: str
    kind: str
    modifiers: tuple[Entry, ...] = ()
    constraints: tuple[Entry, ...] = ()
    bones: tuple[Bone, ...] = ()
    animation: Animation = field(default_factory=Animation)
    bodies: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.key.split("/", 1)[1]

    @property
    def all_bodies(self) -> dict[str, str]:
        """Name → type of every object that has to do with it, its own too."""
        return {**self.bodies, self.name: self.kind}

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All modifiers and constraints."""
        return (*self.modifiers, *self.constraints, *(entry for bone in self.bones for entry in bone.constraints))

    def references(self) -> list[tuple[str, str]]:
        """(ID type, name) of every data-block that it refers to, each once."""
        curves: list[Curve] = [*self.animation.drivers, *self.animation.keys]
        held = [asdict(entry) for entry in self.entries]
        held += [dict(curve.settings) for curve in curves] + [dict(self.animation.settings)]
        return list(dict.fromkeys(ref for value in held for ref in references(value)))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Stack:
        def entries(rows: Any) -> tuple[Entry, ...]:
            return tuple(map(Entry.from_json, rows))

        return cls(
            value["key"],
            value["kind"],
            entries(value["modifiers"]),
            entries(value["constraints"]),
            tuple(Bone(bone["name"], entries(bone["constraints"])) for bone in value.get("bones", ())),
            Animation.from_json(value["animation"]),
            value.get("bodies", {}),
        )


def with_paths(animation: Animation, ob: str, spelled: Callable[[str], str]) -> Animation:
    """The animation of the object `ob` with every data path that leads through it spelled otherwise."""
    own = {"id": "OBJECT", "name": ob}

    def target(held: Mapping[str, Value]) -> Mapping[str, Value]:
        return {**held, "data_path": spelled(held["data_path"])} if held["id"] == own else held

    def curve(one: Curve) -> Curve:
        driver = one.settings["driver"]
        if driver:
            variables = [{**v, "targets": [target(held) for held in v["targets"]]} for v in driver["variables"]]
            driver = {**driver, "variables": variables}
        return replace(one, path=spelled(one.path), settings={**one.settings, "driver": driver})

    return replace(animation, drivers=tuple(map(curve, animation.drivers)), keys=tuple(map(curve, animation.keys)))


def stack_differences(a: Stack, b: Stack) -> list[str]:
    """How `b` differs from `a`, in sentences; empty if they say the same."""
    return list(value_differences(a.as_json(), b.as_json(), same))
