# SPDX-License-Identifier: GPL-3.0-or-later
"""A node tree as plain frozen data. Values are JSON types, so a graph goes through a file unchanged.

Values: numbers, strings, booleans, None, lists; a data-block is `{"id": "IMAGE", "name": "Rust"}` (Blender's
`id_type`); a number that JSON lacks is `{"float": "nan" | "inf" | "-inf"}`; flags are `{"set": ["A", "B"]}`; a custom
property that is a group is `{"group": {…}}`, one of bytes `{"bytes": "<hex>"}`, a whole number of the type float
`{"float": "2.0"}`; a part of a data-block that something points to is `{"thing": "ShapeKey", "name": "Smile"}` (its RNA
type); nested structs are objects by property identifier; item collections are lists of such objects; a matrix is the
list of its columns. Floats are the shortest decimals that stand for the same single-precision number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Value = Any
NODE_IN_PATH = re.compile(r'\bnodes\["((?:[^"\\]|\\.)*)"\]')
"""A node in a data path; its name is escaped."""
ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f"}


def pointed(number: float) -> Value:
    """A number of a custom property, which knows 2.0 from 2 and is kept in double precision."""
    return {"float": repr(number)} if not math.isfinite(number) or number.is_integer() else number


@dataclass(frozen=True)
class Socket:
    """One input or output. `value` is the stored value, None where the socket holds none or it is an output
    (outputs of Value, RGB and Normal nodes do hold one). `type` is Blender's `socket.type`."""

    identifier: str
    name: str
    type: str
    available: bool = True
    value: Value = None
    layout: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Node:
    """`type` is the `bl_idname`; `settings` are its writable properties, nested structs and item collections included;
    `pair` is the name of the output node of a zone's input node; `layout` has label, location, parent
    frame, width, colour …"""

    name: str
    type: str
    settings: Mapping[str, Value] = field(default_factory=dict)
    inputs: tuple[Socket, ...] = ()
    outputs: tuple[Socket, ...] = ()
    pair: str | None = None
    layout: Mapping[str, Value] = field(default_factory=dict)

    @property
    def group(self) -> str | None:
        """Name of the node group that this node uses."""
        used = self.settings.get("node_tree")
        return used["name"] if isinstance(used, Mapping) else None


@dataclass(frozen=True)
class Link:
    """From output `output` (an index into `outputs`) of node `source` to input `input` of node `target`.
    `order` is the place among the links of one multi-input, from 0. `valid` is Blender's opinion: an invalid link
    (types that do not fit, a loop) is there but brings nothing."""

    source: str
    output: int
    target: str
    input: int
    muted: bool = False
    order: int = 0
    valid: bool = True


@dataclass(frozen=True)
class Item:
    """A socket or panel of a group's interface, in `items_tree` order. `parent` is an index into `interface`;
    `identifier` is what the sockets of nodes, modifiers and drivers call it, of a panel its number (from 4.5 on)."""

    kind: str
    name: str
    settings: Mapping[str, Value] = field(default_factory=dict)
    parent: int | None = None
    identifier: str = ""
    layout: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Curve:
    """What moves one number. `path` and `index` (in an array, else 0) tell which property: of the node `node`, or of
    the data-block where that is None. `settings` as RNA has them: `keyframe_points`, `modifiers` with their `type`,
    `extrapolation`, `driver` …"""

    path: str
    index: int
    settings: Mapping[str, Value]
    node: str | None = None


@dataclass(frozen=True)
class Found(Curve):
    """A curve of a sparse graph, whose `path` is as code finds the property (`inputs["Fac"].default_value`): what the
    data path is then, Blender says."""


def _data_paths(value: Value) -> Iterator[str]:
    """Those of a driver's targets, in a whole graph and in a sparse one."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == "data_path":
                yield str(inner)
            else:
                yield from _data_paths(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _data_paths(inner)


@dataclass(frozen=True)
class Animation:
    """Drivers of a data-block, the keyframes of its action, and `settings`: the action and how it is blended in."""

    drivers: tuple[Curve, ...] = ()
    keys: tuple[Curve, ...] = ()
    settings: Mapping[str, Value] = field(default_factory=dict)

    @property
    def looked_at(self) -> frozenset[str]:
        """Names of the nodes that the drivers depend on, of this tree or another."""
        paths = (path for curve in self.drivers for path in _data_paths(curve.settings))
        return frozenset(unescaped(name) for path in paths for name in NODE_IN_PATH.findall(path))

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Animation:
        return cls(
            tuple(Curve(**row) for row in value["drivers"]),
            tuple(Curve(**row) for row in value["keys"]),
            value["settings"],
        )


@dataclass(frozen=True)
class Graph:
    """One node tree. `key` is `<collection of bpy.data>/<name>` of the data-block that owns it; `type` is the tree's
    `bl_idname`; `linked`: it comes from another file; `missing`: that file is not there, and the tree is what is
    known of it, an interface with the sockets of a node that uses it."""

    key: str
    type: str
    nodes: tuple[Node, ...] = ()
    links: tuple[Link, ...] = ()
    interface: tuple[Item, ...] = ()
    settings: Mapping[str, Value] = field(default_factory=dict)
    layout: Mapping[str, Value] = field(default_factory=dict)
    missing: bool = False
    linked: bool = False
    refused: str = ""
    """Why no script can make it (a node type that this Blender does not know, say), else empty."""
    sparse: bool = False
    """It came from the compact form: nodes stand in their order, only what differs from a fresh tree is mentioned, and
    sockets are found by identifier."""
    animation: Animation = field(default_factory=Animation)

    @property
    def name(self) -> str:
        return self.key.split("/", 1)[1]

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups used directly, sorted, each once."""
        return tuple(sorted({n.group for n in self.nodes if n.group}))

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = _as_json(self)
        return told

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Graph:
        def sockets(rows: Any) -> tuple[Socket, ...]:
            return tuple(Socket(**row) for row in rows)

        nodes = tuple(
            Node(**{**n, "inputs": sockets(n["inputs"]), "outputs": sockets(n["outputs"])}) for n in value["nodes"]
        )
        return cls(
            **{
                **value,
                "nodes": nodes,
                "links": tuple(Link(**row) for row in value["links"]),
                "interface": tuple(Item(**row) for row in value["interface"]),
                "animation": Animation.from_json(value["animation"]) if "animation" in value else Animation(),
            }
        )


def _as_json(value: Any) -> Any:
    """What `dataclasses.asdict` makes of it, in a quarter of the time: nothing in a graph needs a deep copy."""
    if isinstance(value, dict):
        return {key: _as_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_as_json, value))
    if hasattr(value, "__dataclass_fields__"):
        return {name: _as_json(getattr(value, name)) for name in value.__dataclass_fields__}
    return value


def unescaped(name: str) -> str:
    """A name as it stands between quotes in a data path, as it is."""
    return re.sub(r"\\(.)", lambda found: ESCAPED.get(found[1], found[1]), name)


Graphs = Mapping[str, Graph]
"""Key → graph: the trees of one file, groups under `node_groups/<name>`."""


def closure(root: Graph, graphs: Graphs) -> list[Graph]:
    """`root` and every group below it, each once, users after what they use (`root` is last)."""
    done: dict[str, Graph] = {}

    def visit(graph: Graph, above: tuple[str, ...]) -> None:
        for name in graph.groups:
            key = f"node_groups/{name}"
            if key not in done and key not in above and key in graphs:
                visit(graphs[key], (*above, key))
        done[graph.key] = graph

    visit(root, (root.key,))
    return list(done.values())


def linked_inputs(graph: Graph) -> Iterator[tuple[str, int]]:
    """(node name, input index) of every input that has a link, dead ones included."""
    for link in graph.links:
        yield link.target, link.input
