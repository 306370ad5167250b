# SPDX-License-Identifier: GPL-3.0-or-later
"""Collections inside nodes: what their `new` wants for an item, and outputs that follow other data."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from ..model import Node, Socket, Value
from ..steps import At

SOCKET_OF_DATA = {
    "FLOAT_VECTOR": "VECTOR",
    "FLOAT2": "VECTOR",
    "FLOAT_COLOR": "RGBA",
    "BYTE_COLOR": "RGBA",
    "QUATERNION": "ROTATION",
    "FLOAT4X4": "MATRIX",
    "INT8": "INT",
}
"""Attribute data type of an item → the socket type that makes it."""

OUTSIDE = frozenset(
    {"CompositorNodeRLayers", "CompositorNodeImage", "CompositorNodeCryptomatteV2", "CompositorNodeMovieClip"}
)
"""Nodes whose outputs follow a scene, an image or a clip, not the tree."""

UNSIGNED = ("GeometryNodeCurveArc", "Resolution")
"""A node, in 4.2 to 5.2, and its input of the subtype UNSIGNED."""

LATER = {
    ("ShaderNodeBsdfPrincipled", "subsurface_method"): 6,
    ("ShaderNodeSubsurfaceScattering", "falloff"): 6,
}
"""(Node, setting) → the number of the one value that a later version has: RANDOM_WALK of 5.2, which 4.5 and 5.0 keep in
its files but have no name for."""

DEADLY = {"GeometryNodeClosureInput"}
"""Node types that crash Blender when a script asks for their partner: closures in 4.5, where they are an experiment."""

LONGEST_KEY = 32
"""Longer names of sockets are not written; the index is."""

MADE_BY: Mapping[str, tuple[str, Value]] = {
    "curve_mapping": ("use_curve_mapping", True),  # colour management of File Output
    "cloth": ("use_hair_dynamics", True),
    "color_ramp": ("use_color_ramp", True),  # of a fluid's domain
    "domain_settings": ("fluid_type", "DOMAIN"),
    "effector_settings": ("fluid_type", "EFFECTOR"),
    "flow_settings": ("fluid_type", "FLOW"),
}
"""Struct that is there only after a switch was on → the switch, and its value."""

FOLLOWERS = frozenset({"CompositorNodeOutputFile"})
"""Nodes whose inputs take the type of what is linked to them (before 5.0), but not of what is muted already."""

FIRST_READ_LIES = {"CompositorNodeCryptomatteV2": "layer_name"}
"""Node type → a setting that 4.2 tells wrongly the first time that it is asked after a file was opened."""

SHOW_VALUES = frozenset({"CompositorNodeColorBalance"})
"""Nodes with settings that show the values of sockets, idle ones too (since 5.0; trees made by chance have them)."""


def key(sockets: Any, index: int) -> At:
    """A socket by its name where that finds it and no other in use has it, else by its index; the only one by 0.

    Which socket a name finds is Blender's affair: identifiers and hidden ones play into it, by version.
    """
    socket = sockets[index]
    name = socket.name
    alike = sum(s.name == name and not s.is_unavailable for s in sockets)
    only = index == 0 and sum(not s.is_unavailable for s in sockets) == 1
    named = name and not only and len(name) <= LONGEST_KEY and alike == 1 and sockets.get(name) == socket
    return At(name if named else index, socket.identifier)


NUMBERED = re.compile(r"([A-Za-z]+)(?:_(0|[1-9]\d*))?")
"""Identifier of an item's socket; the first of Capture Attribute is `Value`, those after it `Value_1` …"""


SAID_OTHERWISE = {("GeometryNodeViewer", "Value"): ("Item", 1)}
"""(Node type, identifier of a socket) → the word and the number that it stands for."""

TOGETHER = {
    "GeometryNodeForeachGeometryElementOutput": {
        "input_items": "Input",
        "main_items": "Main",
        "generation_items": "Generation",
    }
}
"""Nodes whose collections are counted together → the word of each in the identifiers of its items."""

Numbers = dict[str, list[int]]
"""Collection of a node → the numbers in the identifiers of its items' sockets, item by item."""


def item_numbers(node: Node, partner: Node | None) -> list[Numbers]:
    """Collections whose numbers are not just 0, 1, 2 …, those that are counted together in one. `partner` is the first
    node of the zone that `node` ends."""
    if words := TOGETHER.get(node.type):
        sockets = (*node.inputs, *(partner.outputs if partner else ()))
        return [
            {name: [number for told, number in map(_number, sockets) if told == word] for name, word in words.items()}
        ]
    collections = {
        name: len(held)
        for name, held in node.settings.items()
        if name.endswith("_items") and isinstance(held, list) and held
    }
    numbers: Numbers = {}
    for side in (node.inputs, node.outputs):
        by_word: dict[str, list[int]] = defaultdict(list)
        for socket in side:
            if NUMBERED.fullmatch(socket.identifier):
                told, number = SAID_OTHERWISE.get((node.type, socket.identifier), _number(socket))
                by_word[told].append(number)
        for word, held in by_word.items():
            if held == list(range(len(held))):
                continue
            fits = [name for name, count in collections.items() if count == len(held)]
            fits = [name for name in fits if name == f"{word.lower()}_items"] or fits
            if len(fits) == 1 and fits[0] not in numbers:
                numbers[fits[0]] = held
    return [{name: held} for name, held in numbers.items()]


def _number(socket: Socket) -> tuple[str, int]:
    """Word and number of an identifier; no word where it has no such form."""
    found = NUMBERED.fullmatch(socket.identifier)
    return (found[1], int(found[2] or 0)) if found else ("", 0)


def arguments(collection: Any, item: Mapping[str, Value]) -> tuple[Value, ...] | None:
    """Arguments of the collection's `new` for such an item; None where it has no `new`."""
    new = getattr(collection, "bl_rna", None) and collection.bl_rna.functions.get("new")
    if not new:
        return None
    args: list[Value] = []
    for parameter in new.parameters:
        if parameter.is_output:
            continue
        name = parameter.identifier
        if name in item:
            args.append(item[name])
        elif name == "socket_type" and "data_type" in item:
            args.append(SOCKET_OF_DATA.get(item["data_type"], item["data_type"]))
        elif name == "value" and "location" in item:  # a curve's point: new(position, value)
            args.append(item["location"][1])
        elif name == "position" and "location" in item:
            args.append(item["location"][0])
        elif name == "name":
            args.append(item.get("path", item.get("name", "")))
        else:
            break
    return tuple(args)


def output_index(node: Node, index: int, outputs: Any) -> int:
    """Where the node's output is among the live ones: by name where they follow other data, else at its place."""
    if node.type in OUTSIDE:
        name = node.outputs[index].name
        return next((n for n, socket in enumerate(outputs) if socket.name == name), len(outputs))
    return index


def index_of(sockets: Any, socket: str) -> int:
    """Where the compact form's socket is among the live ones: by identifier, or as code finds it (`[3]`, `["Fac"]`);
    their number where it is not."""
    found = next((n for n, live in enumerate(sockets) if live.identifier == socket), len(sockets))
    if found < len(sockets) or not socket.startswith("["):
        return found
    (key,) = json.loads(socket)
    live = sockets.get(key) if isinstance(key, str) else None
    return next((n for n, other in enumerate(sockets) if n == key or (live is not None and other == live)), found)
