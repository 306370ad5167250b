# SPDX-License-Identifier: GPL-3.0-or-later
"""Modifiers and constraints of an object: read as a plain stack, and built again in the closed loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..model import Animation, Value
from ..stack import Entry, Stack
from ..steps import DATA, Call, Place, Put, Step, data
from .animation import animate, read_animation
from .rna import numbers, short, values
from .stage import Loop

OURS = ("modifiers[", "constraints[")
"""How the data paths of what belongs to a stack begin."""
BODIES: Mapping[str, tuple[str, tuple[Value, ...]]] = {
    "ARMATURE": ("armatures", ()),
    "CAMERA": ("cameras", ()),
    "CURVE": ("curves", ("CURVE",)),
    "CURVES": ("hair_curves", ()),
    "FONT": ("curves", ("FONT",)),
    "GPENCIL": ("grease_pencils", ()),
    "GREASEPENCIL": ("grease_pencils", ()),
    "LATTICE": ("lattices", ()),
    "LIGHT": ("lights", ("POINT",)),
    "LIGHT_PROBE": ("lightprobes", ("SPHERE",)),
    "MESH": ("meshes", ()),
    "META": ("metaballs", ()),
    "POINTCLOUD": ("pointclouds", ()),
    "SPEAKER": ("speakers", ()),
    "SURFACE": ("curves", ("SURFACE",)),
    "VOLUME": ("volumes", ()),
}
"""Type of an object → the collection and the arguments that make its data; an empty has none."""


# Reading


def read_stack(ob: Any) -> Stack:
    """The modifiers and constraints of an object, with what moves them."""
    found = read_animation(ob, beginnings=OURS)
    return Stack(
        f"objects/{ob.name}",
        ob.type,
        tuple(_modifier(modifier) for modifier in ob.modifiers),
        tuple(_constraint(constraint) for constraint in ob.constraints),
        found if found.keys else Animation(found.drivers),
    )


def _constraint(constraint: Any) -> Entry:
    if not hasattr(constraint, "type"):  # of a type that this Blender does not know
        return Entry("", "")
    return Entry(constraint.name, constraint.type, values(constraint))


def _modifier(modifier: Any) -> Entry:
    entry = Entry(modifier.name, modifier.type, values(modifier))
    if modifier.type != "NODES" or modifier.node_group is None:
        return entry
    sides = {"INPUT": [], "OUTPUT": []}  # type: dict[str, list[tuple[str, Value]]]
    for in_out, name, identifier in _sockets(modifier.node_group):
        sides[in_out].append((name, _input(modifier, in_out, identifier)))
    return replace(entry, inputs=tuple(sides["INPUT"]), outputs=tuple(sides["OUTPUT"]))


def _sockets(group: Any) -> Iterator[tuple[str, str, str]]:
    for item in group.interface.items_tree:
        if item.item_type == "SOCKET":
            yield item.in_out, item.name, item.identifier


def _input(modifier: Any, in_out: str, identifier: str) -> Value:
    """What a modifier says about one socket of its group: by RNA from 5.2 on, by ID properties before."""
    if hasattr(modifier, "properties"):
        side = modifier.properties.inputs if in_out == "INPUT" else modifier.properties.outputs
        socket = getattr(side, identifier, None)
        return values(socket) if socket is not None else None
    return {suffix: _plain(modifier[identifier + suffix]) for suffix in SUFFIXES if identifier + suffix in modifier}


SUFFIXES = ("", "_use_attribute", "_attribute_name")
"""Of the ID properties that belong to one socket."""


def _plain(value: Any) -> Value:
    if isinstance(value, float):
        return short(value)
    if hasattr(value, "id_type"):
        return {"id": value.id_type, "name": value.name}
    return numbers(value) if hasattr(value, "__len__") and not isinstance(value, str) else value


# Building


def build_stack(stack: Stack) -> tuple[Step, ...]:
    """Make the object with its stack in the open file, where what it refers to already is; the steps that it took."""
    loop = Loop()
    ob = data("OBJECT", stack.name)
    body: Value = None
    if stack.kind in BODIES:
        collection, args = BODIES[stack.kind]
        body = Place("body")
        loop.do(Call(DATA / collection, "new", (stack.name, *args), result=body.base))
    loop.do(Call(DATA / "objects", "new", (stack.name, body), result=ob.base))
    for side, entries in (("modifiers", stack.modifiers), ("constraints", stack.constraints)):
        for entry in entries:
            _add(loop, ob / side, entry)
    animate(loop, ob, stack.animation, lambda curve: ob)
    return tuple(loop.steps)


def _add(loop: Loop, place: Place, entry: Entry) -> None:
    thing = Place("modifier" if place.path[-1] == "modifiers" else "constraint")
    args = (entry.name, entry.type) if thing.base == "modifier" else (entry.type,)
    if not loop.tried(Call(place, "new", args, result=thing.base)):
        return
    live = loop.stage.live(thing)
    loop.set(thing, live, "name", entry.name, str)
    loop.fit(thing, live, entry.settings)
    group = getattr(live, "node_group", None)
    if group is None:
        return
    for side, wanted in (("INPUT", entry.inputs), ("OUTPUT", entry.outputs)):
        names = [identifier for in_out, _, identifier in _sockets(group) if in_out == side]
        for identifier, (_, want) in zip(names, wanted, strict=False):
            if hasattr(live, "properties"):
                sockets = "inputs" if side == "INPUT" else "outputs"
                held = getattr(getattr(live.properties, sockets), identifier, None)
                if held is not None and want:
                    loop.fit(thing / "properties" / sockets / identifier, held, want)
            else:
                _properties(loop, thing, live, identifier, want)


def _properties(loop: Loop, thing: Place, live: Any, identifier: str, want: Value) -> None:
    for suffix, value in want.items():
        key = identifier + suffix
        if key in live and _plain(live[key]) != value:
            loop.tried(Put(thing, key, value))
