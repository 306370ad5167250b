# SPDX-License-Identifier: GPL-3.0-or-later
"""A JSON Schema of the compact form, asked of the running Blender: node types, their settings, sockets and items."""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import bpy

from ..compact import FORMAT, LAYOUT, SIDES
from ..steps import KINDS
from .animation import BLENDED
from .read import SOCKET_LAYOUT
from .rna import class_fields

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
TREES = ("ShaderNodeTree", "GeometryNodeTree", "CompositorNodeTree", "TextureNodeTree")
LARGEST = 3e38
"""Limits of numbers beyond it are none."""
VALUE: Schema = {"type": ["null", "boolean", "number", "string", "array", "object"]}
FLOAT: Schema = {"$ref": "#/$defs/float"}
PLACE: Schema = {"type": "integer", "minimum": 0}
TEXT: Schema = {"type": "string"}
CUSTOM: Schema = {"$ref": "#/$defs/custom"}
BASE: dict[str, Schema] = {
    "float": {
        "anyOf": [
            {"type": "number"},
            {"type": "object", "properties": {"float": {"enum": ["nan", "inf", "-inf"]}}, "required": ["float"]},
        ]
    },
    "reference": {
        "description": "a data-block, by ID type and name",
        "type": ["object", "null"],
        "properties": {"id": {"enum": sorted(KINDS)}, "name": {"type": "string"}},
        "required": ["id", "name"],
        "additionalProperties": False,
    },
    "custom": {
        "description": 'custom properties by name: data-blocks, {"group": {…}} and {"bytes": "hex"} too',
        "type": "object",
        "additionalProperties": VALUE,
    },
    "move": {
        "description": "an item of the interface and its new place among those of its panel, or of another panel",
        "type": "array",
        "prefixItems": [PLACE] * 3,
        "items": False,
        "minItems": 2,
    },
    "link": {
        "description": "from node, its output, to node, its input; sockets by identifier",
        "type": "array",
        "prefixItems": [{"type": "string"}] * 4 + [{"const": "muted"}],
        "items": False,
        "minItems": 4,
    },
}


def schema() -> Schema:
    """The schema for this Blender. Makes and removes node groups in the open file."""
    return _Writer().whole()


class _Writer:
    def __init__(self) -> None:
        self.defs: dict[str, Schema] = dict(BASE)
        self.defs |= {"looks": self.looks(), "animation": self.animation()}

    def whole(self) -> Schema:
        version = bpy.app.version_string.split()[0]
        trees = [self.tree(kind) for kind in TREES]
        return {
            "$schema": DRAFT,
            "title": f"{FORMAT} of Blender {version}",
            "type": "object",
            "properties": {
                "format": {"const": FORMAT},
                "blender": {"type": "string"},
                "trees": {"type": "array", "minItems": 1, "items": {"allOf": trees}},
            },
            "required": ["format", "trees"],
            "$defs": dict(sorted(self.defs.items())),
        }

    def tree(self, kind: str) -> Schema:
        """What holds for trees of one type."""
        groups: Any = bpy.data.node_groups
        tree = groups.new("Schema", kind)
        try:
            nodes = [self.node(node) for node in _fresh_nodes(tree)]
            items = [self.item(item) for item in _fresh_items(tree)]
        finally:
            groups.remove(tree)
        told = {
            "key": {"type": "string", "pattern": "^[a-z_]+/"},
            "type": {"enum": list(TREES)},
            "settings": self.struct(getattr(bpy.types, kind)),
            "layout": _object({"use_nodes": {"const": False}, "custom": CUSTOM}),
            "interface": {"type": "array", "items": _by("kind", items)},
            "moves": {"type": "array", "items": {"$ref": "#/$defs/move"}},
            "nodes": {"type": "object", "additionalProperties": _by("type", nodes)},
            "links": {"type": "array", "items": {"$ref": "#/$defs/link"}},
            "animation": {"$ref": "#/$defs/animation"},
        }
        then = {"properties": told, "required": ["key", "type"], "additionalProperties": False}
        return {
            "if": {"properties": {"type": {"const": kind}}},
            "then": then,
            "else": {"properties": {"type": told["type"]}},
        }

    def node(self, node: Any) -> tuple[str, Schema]:
        kind = type(node)
        name = f"node.{node.bl_idname}"
        if name not in self.defs:
            settings = self.properties(kind) | {"mute": {"type": "boolean"}}
            told: Schema = {
                "type": {"const": node.bl_idname},
                "settings": _object(settings),
                "name": TEXT,
                "pair": TEXT,
                "layout": {"$ref": "#/$defs/looks"},
            }
            told |= {side: {"type": "object", "properties": values} for side, values in self.sockets(node).items()}
            if rows := list(self.rows(kind)):
                told["items"] = {"type": "array", "items": {"anyOf": rows}}
            self.defs[name] = {"description": kind.bl_rna.name, **_object(told), "required": ["type"]}
        return node.bl_idname, {"$ref": f"#/$defs/{name}"}

    def sockets(self, node: Any) -> dict[str, dict[str, Schema]]:
        """What the sockets of a node may hold, by side and identifier, in any state that one setting brings about."""
        found: dict[str, dict[str, list[Schema]]] = {"inputs": defaultdict(list), "outputs": defaultdict(list)}
        for _ in _states(node):
            for side, by_identifier in found.items():
                for socket in getattr(node, side):
                    p = socket.bl_rna.properties.get("default_value")
                    told = {} if p is None else self.value(p)
                    if told and told not in by_identifier[socket.identifier]:
                        by_identifier[socket.identifier].append(told)
        return {
            side: {k: {"anyOf": v} if len(v) > 1 else v[0] for k, v in ids.items() if v} for side, ids in found.items()
        }

    def item(self, item: Any) -> tuple[str, Schema]:
        panel = item.item_type == "PANEL"
        kind = "PANEL" if panel else f"{item.in_out} {item.socket_type}"
        told = {
            "kind": {"const": kind},
            "name": TEXT,
            "identifier": TEXT,
            "parent": PLACE,
            "custom": CUSTOM,
            "settings": _object(self.properties(type(item)) | _subtypes(item)),
        }
        return kind, {**_object(told), "required": ["kind", "name"]}

    def looks(self) -> Schema:
        """What a node looks like, with its panels by place and its sockets by identifier."""
        node = bpy.types.Node.bl_rna.properties
        told = {name: self.value(node[name]) for name in sorted(LAYOUT) if name in node}
        socket = _object({**{name: {"type": "boolean"} for name in SOCKET_LAYOUT}, "custom": CUSTOM})
        told |= {side: {"type": "object", "additionalProperties": socket} for side in SIDES}
        panels = {"type": "object", "patternProperties": {"^[0-9]+$": {"type": "boolean"}}}
        return _object({**told, "parent": TEXT, "panels": panels, "custom": CUSTOM})

    def animation(self) -> Schema:
        """Drivers and keyframes; their settings and what they consist of, by RNA."""
        modifiers = self.collection(bpy.types.FCurve.bl_rna.properties["modifiers"])
        kinds = [self.struct(getattr(bpy.types, name)) for name in _registered(bpy.types.FModifier)]
        modifiers["patternProperties"] = {"^[0-9]+$": {"anyOf": kinds}}
        settings = _object({**self.properties(bpy.types.FCurve), "modifiers": modifiers})
        told = {"node": TEXT, "property": TEXT, "path": TEXT, "index": PLACE, "settings": settings}
        ways: Schema = {"oneOf": [{"required": ["property"]}, {"required": ["path"]}]}
        curves = {"type": "array", "items": _object(told) | ways}
        held = {name: self.value(p) for name, p in bpy.types.AnimData.bl_rna.properties.items() if name in BLENDED}
        return _object({"drivers": curves, "keys": curves, "settings": _object(held)})

    def struct(self, kind: Any) -> Schema:
        """The settings of a class of `bpy.types`, kept once under its name."""
        name = kind.bl_rna.identifier
        if name not in self.defs:
            self.defs[name] = {}
            self.defs[name] = _object(self.properties(kind))
        return {"$ref": f"#/$defs/{name}"}

    def properties(self, kind: Any) -> dict[str, Schema]:
        names = [name for name, _ in class_fields(kind)]
        return {name: self.value(kind.bl_rna.properties[name]) for name in names}

    def value(self, p: Any) -> Schema:
        """What may stand for a property."""
        one = self.one(p)
        if p.type in ("BOOLEAN", "INT", "FLOAT") and getattr(p, "is_array", False):
            return {"type": "array", "items": _described(one, p)}
        return _described(one, p)

    def one(self, p: Any) -> Schema:
        if p.type == "BOOLEAN":
            return {"type": "boolean"}
        if p.type in ("INT", "FLOAT"):
            limits = {k: v for k, v in (("minimum", p.hard_min), ("maximum", p.hard_max)) if abs(v) < LARGEST}
            return {"type": "integer", **limits} if p.type == "INT" else dict(FLOAT)
        if p.type == "STRING":
            return {"type": "string"}
        if p.type == "ENUM":
            return _enum(p)
        if p.type == "COLLECTION":
            return self.collection(p)
        kind = getattr(bpy.types, p.fixed_type.identifier)
        return {"$ref": "#/$defs/reference"} if issubclass(kind, bpy.types.ID) else self.struct(kind)

    def collection(self, p: Any) -> Schema:
        """What is done to a collection, and the settings of its items by index."""
        told: Schema = {}
        functions = p.srna.functions if p.srna else {}
        for name in ("new", "insert", "add"):
            if name in functions:
                told[name] = {"type": "array", "items": _row(self.arguments(functions[name]))}
        if "remove" in functions:
            told["remove"] = {"type": "array", "items": PLACE}
        if "clear" in functions:
            told["clear"] = {"const": True}
        items = {"^[0-9]+$": self.struct(getattr(bpy.types, p.fixed_type.identifier))}
        return {**_object(told), "patternProperties": items}

    def rows(self, kind: Any) -> Iterator[Schema]:
        """What may be done to a node's items one after the other."""
        for name, _ in class_fields(kind):
            p = kind.bl_rna.properties[name]
            functions = p.srna.functions if p.type == "COLLECTION" and p.srna else {}
            if "new" not in functions:
                continue
            args = self.arguments(functions["new"])
            done = {"new": args, "skip": [PLACE, *args], "clear": [], "remove": [PLACE], "move": [PLACE, PLACE]}
            for what, cells in done.items():
                if what == "skip" or what in functions:
                    yield _row([{"const": name}, {"const": what}, *cells])

    def arguments(self, function: Any) -> list[Schema]:
        return [self.value(parameter) for parameter in function.parameters if not parameter.is_output]


def _fresh_nodes(tree: Any) -> Iterator[Any]:
    """A node of every type that can be added to such a tree, each alone in it."""
    for name in _registered(bpy.types.Node):
        try:
            node = tree.nodes.new(name)
        except RuntimeError:
            continue
        yield node
        tree.nodes.clear()


def _states(node: Any) -> Iterator[None]:
    """Bring a node into each state that one of its menus has; None for each."""
    yield
    for p in node.bl_rna.properties:
        if p.type != "ENUM" or p.is_readonly or p.is_enum_flag or p.identifier in bpy.types.Node.bl_rna.properties:
            continue
        before = getattr(node, p.identifier)
        for item in p.enum_items:
            with contextlib.suppress(TypeError):  # not every item is there in every kind of tree
                setattr(node, p.identifier, item.identifier)
                yield
        with contextlib.suppress(TypeError):
            setattr(node, p.identifier, before)


def _subtypes(item: Any) -> Schema:
    """The subtypes that a socket of the interface may have, asked by giving it one that there never is."""
    if not hasattr(item, "subtype"):
        return {}
    try:
        item.subtype = "?"
    except TypeError as error:
        return {"subtype": {"enum": ["", *re.findall(r"'([A-Z_0-9]+)'", str(error))]}}
    return {}


def _fresh_items(tree: Any) -> Iterator[Any]:
    """A panel, and a socket of every type that the interface of such a tree takes, each alone in it."""
    yield tree.interface.new_panel("Panel")
    for name in _registered(bpy.types.NodeSocket):
        for in_out in ("INPUT", "OUTPUT"):
            tree.interface.clear()
            try:
                item = tree.interface.new_socket("Socket", in_out=in_out, socket_type=name)
            except TypeError:
                break
            if item is not None:
                yield item


def _registered(base: Any) -> list[str]:
    """Names of the classes below `base` that this Blender has; it makes them when they are asked for."""
    kinds = ((name, getattr(bpy.types, name)) for name in dir(bpy.types))
    return [name for name, kind in kinds if isinstance(kind, type) and issubclass(kind, base)]


def _by(word: str, options: Iterable[tuple[str, Schema]]) -> Schema:
    """One of several objects, told apart by what stands at `word`: a wrong one is named by its own faults."""
    known = dict(options)
    cases = [{"if": {"properties": {word: {"const": kind}}}, "then": then} for kind, then in known.items()]
    return {"type": "object", "required": [word], "properties": {word: {"enum": list(known)}}, "allOf": cases}


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _row(cells: list[Schema]) -> Schema:
    return {"type": "array", **({"prefixItems": cells} if cells else {}), "items": False}


def _enum(p: Any) -> Schema:
    """Items that the type itself has; where they follow the data, any text."""
    items = [item.identifier for item in p.enum_items_static if item.identifier]
    one: Schema = {"enum": items} if items and not _follows_data(p) else {"type": "string"}
    return {"type": "object", "properties": {"set": {"type": "array", "items": one}}} if p.is_enum_flag else one


def _follows_data(p: Any) -> bool:
    items, static = ([item.identifier for item in found] for found in (p.enum_items, p.enum_items_static))
    return items != static or static == ["DEFAULT"]


def _described(one: Schema, p: Any) -> Schema:
    return {**one, "description": p.description} if p.description and "$ref" not in one else one
