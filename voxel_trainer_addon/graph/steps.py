# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to make a tree, statement by statement, as plain data: Blender performs it, the writer spells it out.

A thing is named by a base: `tree`, `node/<name>`, `item/<index>` (of the interface), `data/<ID type>/<name>`,
`bpy.data`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .model import Graph, Value


@dataclass(frozen=True)
class At:
    """`[key]` on the way to a place. `identifier` is that of a socket, where it is known; it says nothing new."""

    key: str | int
    identifier: str = field(default="", compare=False)


@dataclass(frozen=True)
class Place:
    """A thing: `base`, then attributes (strings) and keys (`At`)."""

    base: str
    path: tuple[str | At, ...] = ()

    def __truediv__(self, step: str | At) -> Place:
        return Place(self.base, (*self.path, step))


@dataclass(frozen=True)
class Join:
    """The text at `place` with more text after it."""

    place: Place
    text: str


@dataclass(frozen=True)
class PathOf:
    """The data path of the property `name` of the struct at `place` (of the struct itself where that is empty), and
    more text after it."""

    place: Place
    name: str
    text: str = ""


@dataclass(frozen=True)
class Set:
    """`place.name = value`."""

    place: Place
    name: str
    value: Value


@dataclass(frozen=True)
class Put:
    """`place[key] = value`: a custom property."""

    place: Place
    key: str
    value: Value


@dataclass(frozen=True)
class Call:
    """`result = place.name(*args, **named)`; of an operator, with `context` in place of what a person would see."""

    place: Place
    name: str
    args: tuple[Value, ...] = ()
    named: Mapping[str, Value] = field(default_factory=dict)
    result: str = ""
    context: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Fetch:
    """`result = place`: a fresh look at something whose old wrapper went stale."""

    result: str
    place: Place


@dataclass(frozen=True)
class Find:
    """`result` = the first in the collection at `place` whose `name` is `value`: what has no name or fixed place."""

    result: str
    place: Place
    name: str
    value: Value


@dataclass(frozen=True)
class Waste:
    """`place.remove(place.name(*args, **named))`, `count` times: identifiers count up, and those of the removed are not
    used again."""

    place: Place
    name: str
    args: tuple[Value, ...]
    named: Mapping[str, Value]
    count: int


@dataclass(frozen=True)
class Note:
    """Something to say in a comment."""

    text: str
    place: Place = Place("tree")


Step = Set | Put | Call | Fetch | Find | Waste | Note

DATA = Place("bpy.data")
TREE = Place("tree")
OWN_TREE: Mapping[str, Value] = {"id": "NODETREE", "name": ""}
"""A reference to the tree itself; that of a material, say, has no name of its own."""


@dataclass(frozen=True)
class Kind:
    """How a data-block of one ID type is made as a placeholder: its collection in `bpy.data`, and what its `new` wants
    after the name."""

    collection: str
    args: tuple[Value, ...] = ()


KINDS: Mapping[str, Kind] = {
    "ACTION": Kind("actions"),
    "ARMATURE": Kind("armatures"),
    "BRUSH": Kind("brushes"),
    "CACHEFILE": Kind("cache_files"),
    "CAMERA": Kind("cameras"),
    "COLLECTION": Kind("collections"),
    "CURVE": Kind("curves", ("CURVE",)),
    "CURVES": Kind("hair_curves"),
    "FONT": Kind("fonts"),
    "GREASEPENCIL": Kind("grease_pencils"),
    "GREASEPENCIL_V3": Kind("grease_pencils"),
    "IMAGE": Kind("images", (1, 1)),
    "LATTICE": Kind("lattices"),
    "LIGHT": Kind("lights", ("POINT",)),
    "LIGHT_PROBE": Kind("lightprobes", ("SPHERE",)),
    "LINESTYLE": Kind("linestyles"),
    "MASK": Kind("masks"),
    "MATERIAL": Kind("materials"),
    "MESH": Kind("meshes"),
    "META": Kind("metaballs"),
    "MOVIECLIP": Kind("movieclips"),
    "NODETREE": Kind("node_groups"),
    "OBJECT": Kind("objects", (None,)),
    "PALETTE": Kind("palettes"),
    "PARTICLE": Kind("particles"),
    "POINTCLOUD": Kind("pointclouds"),
    "SCENE": Kind("scenes"),
    "SOUND": Kind("sounds"),
    "SPEAKER": Kind("speakers"),
    "TEXT": Kind("texts"),
    "TEXTURE": Kind("textures", ("NONE",)),
    "VOLUME": Kind("volumes"),
    "WORLD": Kind("worlds"),
}
BODIES: Mapping[str, tuple[str, tuple[Value, ...]]] = {
    "ARMATURE": ("armatures", ()),
    "CAMERA": ("cameras", ()),
    "CURVE": ("curves", ("CURVE",)),
    "CURVES": ("hair_curves", ()),
    "FONT": ("curves", ("FONT",)),
    "GPENCIL": ("grease_pencils", ()),
    "GREASEPENCIL": ("grease_pencils", ()),
    "GREASEPENCIL_V3": ("grease_pencils_v3", ()),
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
"""Type of an object → the collection and the arguments that make its data; an empty has none. GREASEPENCIL_V3 is
what we call those of 4.3 to 4.5, which have a collection of their own."""
OWNERS: Mapping[str, str] = {
    "materials": "MATERIAL",
    "worlds": "WORLD",
    "lights": "LIGHT",
    "linestyles": "LINESTYLE",
    "textures": "TEXTURE",
    "scenes": "SCENE",
}
"""Collections of `bpy.data` whose data-blocks own a tree → their ID type."""

PASSES: Mapping[str, str] = {
    "Depth": "use_pass_z",
    "Mist": "use_pass_mist",
    "Position": "use_pass_position",
    "Normal": "use_pass_normal",
    "Vector": "use_pass_vector",
    "UV": "use_pass_uv",
    "IndexOB": "use_pass_object_index",
    "IndexMA": "use_pass_material_index",
    "Object Index": "use_pass_object_index",
    "Material Index": "use_pass_material_index",
    "Shadow": "use_pass_shadow",
    "AO": "use_pass_ambient_occlusion",
    "Ambient Occlusion": "use_pass_ambient_occlusion",
    "Emit": "use_pass_emit",
    "Emission": "use_pass_emit",
    "Env": "use_pass_environment",
    "Environment": "use_pass_environment",
    "DiffDir": "use_pass_diffuse_direct",
    "Diffuse Direct": "use_pass_diffuse_direct",
    "DiffInd": "use_pass_diffuse_indirect",
    "Diffuse Indirect": "use_pass_diffuse_indirect",
    "DiffCol": "use_pass_diffuse_color",
    "Diffuse Color": "use_pass_diffuse_color",
    "GlossDir": "use_pass_glossy_direct",
    "Glossy Direct": "use_pass_glossy_direct",
    "GlossInd": "use_pass_glossy_indirect",
    "Glossy Indirect": "use_pass_glossy_indirect",
    "GlossCol": "use_pass_glossy_color",
    "Glossy Color": "use_pass_glossy_color",
    "TransDir": "use_pass_transmission_direct",
    "Transmission Direct": "use_pass_transmission_direct",
    "TransInd": "use_pass_transmission_indirect",
    "Transmission Indirect": "use_pass_transmission_indirect",
    "TransCol": "use_pass_transmission_color",
    "Transmission Color": "use_pass_transmission_color",
    "SubsurfaceDir": "use_pass_subsurface_direct",
    "SubsurfaceInd": "use_pass_subsurface_indirect",
    "SubsurfaceCol": "use_pass_subsurface_color",
}
"""Output of a Render Layers node → the switch of the view layer that gives it."""

LOADED = frozenset({"CACHEFILE", "FONT", "MOVIECLIP", "SOUND"})
"""Kinds that come only from a file: one that every Blender brings along stands for it, under the wanted name."""
FILE = "Inter.woff2"
BUILTIN_FONT = "Bfont Regular"
RENDER_LAYERS = "CompositorNodeRLayers"


def data(kind: str, name: str) -> Place:
    """The data-block of that ID type and name."""
    return Place(f"data/{kind}/{name}")


def is_reference(value: Value) -> bool:
    """Whether a value stands for a data-block."""
    return isinstance(value, dict) and value.keys() == {"id", "name"}


def references(value: Value) -> Iterator[tuple[str, str]]:
    """(ID type, name) of every data-block below a value."""
    if isinstance(value, dict):
        if is_reference(value):
            yield value["id"], value["name"]
            return
        for below in value.values():
            yield from references(below)
    elif isinstance(value, (list, tuple)):
        for below in value:
            yield from references(below)


def references_of(graph: Graph, layout: bool = False) -> list[tuple[str, str]]:
    """(ID type, name) of every data-block that a tree refers to, each once, node groups apart; with `layout`, its
    custom properties too."""
    found: dict[tuple[str, str], None] = {}
    if layout:
        layouts = [graph.layout, *(item.layout for item in graph.interface), *(node.layout for node in graph.nodes)]
        layouts += [socket.layout for node in graph.nodes for socket in (*node.inputs, *node.outputs)]
        for looks in layouts:
            found.update(dict.fromkeys(references(looks.get("custom"))))
    animation = graph.animation
    curves = (curve.settings for curve in (*animation.drivers, *animation.keys))
    items = (i.settings for i in graph.interface)
    for settings in (*(n.settings for n in graph.nodes), *items, *curves, animation.settings):
        found.update(dict.fromkeys(references(settings)))
    for node in graph.nodes:
        for socket in (*node.inputs, *node.outputs):
            if isinstance(socket.value, dict):
                found.update(dict.fromkeys(references(socket.value)))
    return [ref for ref in found if ref[0] != "NODETREE"]


def placeholder(kind: str, name: str, body: str = "") -> list[Step]:
    """Make a data-block that stands for one of the file; `body` is the type of an object where that matters. The empty
    file has a scene called Scene."""
    how, base = KINDS[kind], data(kind, name).base
    if kind == "OBJECT" and body in BODIES:
        collection, args = BODIES[body]
        made = Call(DATA / collection, "new", (name, *args), result="body")
        return [made, Call(DATA / how.collection, "new", (name, Place("body")), result=base)]
    if (kind, name) == ("SCENE", "Scene"):
        return [Fetch(base, DATA / "scenes" / At("Scene"))]
    if (kind, name) == ("FONT", BUILTIN_FONT):
        return [Call(DATA / "fonts", "load", ("<builtin>",), result=base)]
    if kind in LOADED:
        fonts = Call(Place("bpy.utils"), "system_resource", ("DATAFILES",), {"path": "fonts"}, "fonts")
        path = Join(Place("fonts"), f"/{FILE}")
        load: list[Step] = [Call(DATA / how.collection, "load", (path,), result=base)]
        if kind == "CACHEFILE":
            opened = Call(Place("bpy.ops.cachefile"), "open", (), {"filepath": path})
            load = [opened, Fetch(base, DATA / how.collection / At(FILE))]
        return [fonts, *load, Set(Place(base), "name", name)]
    return [Call(DATA / how.collection, "new", (name, *how.args), result=base)]


def scene_steps(graphs: Iterable[Graph]) -> list[Step]:
    """View layers and passes that Render Layers nodes need of the placeholder scenes."""
    layers: dict[str, dict[str, set[str]]] = {}
    for graph in graphs:
        linked = {(link.source, link.output) for link in graph.links}
        for node in graph.nodes:
            scene: Value = node.settings.get("scene")
            if node.type == RENDER_LAYERS and is_reference(scene):
                passes = layers.setdefault(scene["name"], {}).setdefault(
                    node.settings.get("layer") or "ViewLayer", set()
                )
                passes |= {
                    PASSES[s.name] for i, s in enumerate(node.outputs) if (node.name, i) in linked and s.name in PASSES
                }
    steps: list[Step] = []
    for scene, wanted in layers.items():
        all_layers = data("SCENE", scene) / "view_layers"
        for n, (layer, passes) in enumerate(wanted.items()):
            if n:
                steps.append(Call(all_layers, "new", (layer,)))
            else:
                steps.append(Set(all_layers / At(0), "name", layer))
            steps += [Set(all_layers / At(layer), switch, True) for switch in sorted(passes)]
    return steps
