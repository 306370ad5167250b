# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Geometry Nodes modifier says about the sockets of its group: by RNA from 5.2 on, by ID properties before.

Blender finds it by the sockets' identifiers, which a script cannot give to sockets. So all is told by a socket's place
in the group's interface, in data paths too: `modifiers["Grow"].inputs[2].value`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import bpy

from ..model import Value
from ..stack import Bake, Entry
from ..steps import At, Find, Place, Put, data
from .rna import numbers, short, values
from .stage import Loop

NODES: Any = bpy.types.NodesModifier
BY_RNA = "properties" in NODES.bl_rna.properties
SUFFIXES: Mapping[str, str] = {"": "value", "_use_attribute": "use_attribute", "_attribute_name": "attribute_name"}
"""End of an ID property's name → what it says of the socket."""
SIDES: Mapping[str, str] = {"INPUT": "inputs", "OUTPUT": "outputs"}
START = r'(modifiers\["((?:[^"\\]|\\.)*)"\])'
PLACE = re.compile(START + r"\.(inputs|outputs)\[(\d+)\]\.(\w+)(.*)")
PROPERTY = re.compile(START + r'\["(\w+?)(_use_attribute|_attribute_name|)"\](.*)')
RNA = re.compile(START + r"\.properties\.(?:inputs|outputs)\.(\w+)\.(\w+)(.*)")


def _identifiers(group: Any, side: str) -> list[str]:
    """The identifiers of a group's sockets on one side, in the order of its interface."""
    items = group.interface.items_tree if group else ()
    return [item.identifier for item in items if item.item_type == "SOCKET" and SIDES[item.in_out] == side]


# Reading


def read_inputs(modifier: Any) -> dict[str, Any]:
    """The parts of an entry that speak of the group: `inputs`, `outputs`, `panels`, `bakes`."""
    sides: dict[str, list[tuple[str, Value]]] = {side: [] for side in SIDES.values()}
    for item in modifier.node_group.interface.items_tree:
        if item.item_type == "SOCKET":
            side = SIDES[item.in_out]
            sides[side].append((item.name, _told(modifier, side, item.identifier)))
    panels = [(name, getattr(holder, switch)) for name, _, holder, switch in _panels(modifier)]
    bakes = [Bake(bake.node.id_data.name, bake.node.name, values(bake)) for bake in modifier.bakes if bake.node]
    return {
        **{side: tuple(rows) for side, rows in sides.items()},
        "panels": tuple(panels),
        "bakes": tuple(sorted(bakes, key=lambda bake: (bake.group, bake.node))),
    }


def _told(modifier: Any, side: str, identifier: str) -> Value:
    if BY_RNA:
        socket = getattr(getattr(modifier.properties, side), identifier, None)
        return values(socket) if socket is not None else None
    return {suffix: _plain(modifier[identifier + suffix]) for suffix in SUFFIXES if identifier + suffix in modifier}


def _plain(value: Any) -> Value:
    """The value of an ID property."""
    if isinstance(value, float):
        return short(value)
    if hasattr(value, "id_type"):
        return {"id": value.id_type, "name": value.name}
    return numbers(value) if hasattr(value, "__len__") and not isinstance(value, str) else value


def _panels(modifier: Any) -> Iterator[tuple[str, tuple[str | At, ...], Any, str]]:
    """(name, way to what holds its state, that thing, property) of each panel of the interface; 5.2 keeps two states of
    each."""
    panels = [item for item in modifier.node_group.interface.items_tree if item.item_type == "PANEL"]
    for n, panel in enumerate(panels):
        if BY_RNA:
            yield panel.name, ("properties", "panels"), modifier.properties.panels, f"open_{panel.persistent_uid}"
        if n < len(modifier.panels):
            yield panel.name, ("panels", At(n)), modifier.panels[n], "is_open"


# Building


def fit_inputs(loop: Loop, thing: Place, modifier: Any, entry: Entry) -> None:
    """Make a new modifier say what the entry says about the group that it runs now."""
    group = modifier.node_group
    for side, wanted in (("inputs", entry.inputs), ("outputs", entry.outputs)):
        for identifier, (_, want) in zip(_identifiers(group, side), wanted, strict=False):
            if BY_RNA:
                held = getattr(getattr(modifier.properties, side), identifier, None)
                if held is not None and want:
                    loop.fit(thing / "properties" / side / identifier, held, want)
            else:
                _fit_properties(loop, thing, modifier, identifier, want)
    for (_, way, holder, switch), (_, want) in zip(_panels(modifier), entry.panels, strict=False):
        loop.set(Place(thing.base, (*thing.path, *way)), holder, switch, want, bool)
    for bake in entry.bakes:
        node = data("NODETREE", bake.group) / "nodes" / At(bake.node)
        live = next((b for b in modifier.bakes if (b.node.id_data.name, b.node.name) == (bake.group, bake.node)), None)
        if live is not None and values(live) != bake.settings:
            loop.do(Find("bake", thing / "bakes", "node", node))
            loop.fit(Place("bake"), live, bake.settings)


def _fit_properties(loop: Loop, thing: Place, modifier: Any, identifier: str, want: Mapping[str, Value]) -> None:
    for suffix, value in want.items():
        key = identifier + suffix
        if key in modifier and _plain(modifier[key]) != value:
            loop.tried(Put(thing, key, value))


# Data paths


def told_path(ob: Any, path: str) -> str:
    """A data path of the object, with a socket's place where Blender has its identifier."""
    found = (RNA if BY_RNA else PROPERTY).fullmatch(path)
    if found:
        start, name, identifier, what, rest = found.groups()
        for side in SIDES.values():
            known = _identifiers(_group(ob, name), side)
            if identifier in known:
                return f"{start}.{side}[{known.index(identifier)}].{what if BY_RNA else SUFFIXES[what]}{rest}"
    return path


def live_path(ob: Any, path: str) -> str:
    """The data path that Blender has in place of a told one."""
    if found := PLACE.fullmatch(path):
        start, name, side, place, what, rest = found.groups()
        known = _identifiers(_group(ob, name), side)
        if int(place) < len(known):
            identifier = known[int(place)]
            if BY_RNA:
                return f"{start}.properties.{side}.{identifier}.{what}{rest}"
            suffix = next((suffix for suffix, told in SUFFIXES.items() if told == what), "")
            return f'{start}["{identifier}{suffix}"]{rest}'
    return path


def _group(ob: Any, modifier: str) -> Any:
    """The group that a modifier of that name (as paths spell it) runs, or None."""
    return getattr(ob.modifiers.get(bpy.utils.unescape_identifier(modifier)), "node_group", None)
