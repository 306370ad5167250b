# SPDX-License-Identifier: GPL-3.0-or-later
"""What one file holds, as a record: objects, data, scenes, materials … of the file itself, never of what it links."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ...errors import SetAside
from ...graph.blender.pictures import is_missing
from ...graph.blender.read import read_graphs
from ...graph.blender.stacks import read_stack, side_of
from ...graph.stack import Entry, Stack
from ...graph.steps import is_reference
from ...words import without_addresses
from .rna import PATHS, base_name, numbers, plain, settings

TEXT_MAX = 20_000
"""Characters of a text block that are kept; hash and length are of all of it."""
EXTENT_MAX = 1_000_000
"""Meshes with more vertices get no extent."""

RENDER = (
    *("engine", "resolution_x", "resolution_y", "resolution_percentage", "fps", "fps_base", "film_transparent"),
    *("use_compositing", "use_sequencer", "use_motion_blur", "use_freestyle", "filter_size"),
)
CYCLES = (
    *("samples", "preview_samples", "use_adaptive_sampling", "adaptive_threshold", "use_denoising", "max_bounces"),
    *("diffuse_bounces", "glossy_bounces", "transmission_bounces", "transparent_max_bounces", "feature_set"),
)
EEVEE = ("taa_render_samples", "taa_samples", "use_raytracing", "use_shadows", "use_gtao", "use_bloom", "use_ssr")
DATA = (
    *("meshes", "curves", "armatures", "lattices", "metaballs", "grease_pencils", "grease_pencils_v3", "hair_curves"),
    *("pointclouds", "volumes", "speakers", "lightprobes"),
)
ASSETS = (
    *(
        "objects",
        "collections",
        "materials",
        "worlds",
        "node_groups",
        "actions",
        "scenes",
        "meshes",
        "curves",
        "images",
    ),
    *("armatures", "brushes", "cameras", "lights", "textures", "texts", "palettes", "hair_curves", "volumes", "sounds"),
)
"""Collections whose data-blocks people mark as assets."""
SIZES = ("vertices", "edges", "loops", "polygons", "splines", "bones", "points", "elements", "layers")
ROTATIONS = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}

Json = dict[str, Any]


class Reader:
    """Reads one file's data: `bpy.data`, or a `temp_data` that the whole file was linked into.

    `own` is the library that is the file itself, None where the file is open. With `look`, images tell whether their
    files are missing.
    """

    def __init__(self, data: Any, own: Any, look: bool = False) -> None:
        self.data, self.own, self.look = data, own, look
        self.asides: list[SetAside] = []
        self.stacks: dict[str, Stack] = {}

    def record(self) -> Json:
        """The record's sections; `graphs` and `stacks` hold Graph and Stack objects. A data-block that cannot be read
        is named under `set_aside`, with the reason."""
        graphs, asides = read_graphs(self.data, self.own)
        sections: Json = {
            "objects": self._each("objects", self._object),
            "data": [row for kind in DATA for row in self._each(kind, partial(self._data, kind))],
            "collections": self._each("collections", self._collection),
            "scenes": self._each("scenes", self._scene),
        }
        for kind in ("materials", "worlds", "lights", "cameras", "textures", "linestyles", "particles"):
            sections[kind] = self._each(kind, self._block)
        sections |= {
            "images": self._each("images", self._image),
            "texts": self._each("texts", _text),
            "actions": self._each("actions", _action),
            "assets": [row for kind in ASSETS for row in self._each(kind, self._asset) if row],
            "libraries": [_library(library) for library in self.data.libraries if library != self.own],
            "graphs": graphs,
            "stacks": self.stacks,
            "set_aside": [aside.as_json() for aside in (*self.asides, *asides)],
        }
        return sections

    def own_blocks(self, kind: str) -> Iterator[Any]:
        return (block for block in getattr(self.data, kind, ()) if block.library == self.own)

    def reference(self, block: Any) -> Json | None:
        """A data-block by type and name, and by its library's name where it is not the file's own."""
        if block is None:
            return None
        found = {"id": block.id_type, "name": block.name}
        if block.library != self.own:
            found["library"] = base_name(block.library.filepath) if block.library else ""
        return found

    def _each(self, kind: str, read: Callable[[Any], Json]) -> list[Json]:
        rows = []
        for number, block in enumerate(self.own_blocks(kind)):
            item = f"{kind}/#{number}"
            try:
                item = f"{kind}/{block.name}"
                rows.append(read(block))
            except UnicodeDecodeError as error:
                sentence = "It holds a name that is not UTF-8 text, as files from before Blender 2.50 do."
                self.asides.append(SetAside("parse", item, "name-not-text", sentence, repr(error.object)[:200]))
            except (AttributeError, TypeError, ValueError, RuntimeError, OverflowError) as error:
                sentence = "Blender gave no values for it."
                self.asides.append(SetAside("parse", item, "unreadable", sentence, f"{type(error).__name__}: {error}"))
        return rows

    def _image(self, image: Any) -> Json:
        """Never its size or pixels: Blender would open the file at its path for them."""
        row = {
            "name": image.name,
            "source": image.source,
            "packed": len(image.packed_files) > 0,
            "file": base_name(image.filepath_raw),
            "colour_space": image.colorspace_settings.name,
            "alpha_mode": image.alpha_mode,
        }
        return row | ({"missing": is_missing(image)} if self.look else {})

    def _asset(self, block: Any) -> Json:
        """What an asset tells of itself; empty where the data-block is none."""
        told = block.asset_data
        if told is None:
            return {}
        words = {
            name: without_addresses(getattr(told, name)) for name in ("author", "copyright", "license", "description")
        }
        return {"of": self.reference(block), **words, "tags": [tag.name for tag in told.tags]}

    def _object(self, ob: Any) -> Json:
        """Its row; modifiers and constraints go to `stacks`."""
        stack = read_stack(ob, self.data.objects)
        if stack is not None:
            self.stacks[stack.key] = _stack_without_places(ob, stack)
        rotation = ROTATIONS.get(ob.rotation_mode, "rotation_euler")
        return {
            "name": ob.name,
            "type": ob.type,
            "data": self.reference(ob.data),
            "parent": self.reference(ob.parent),
            **({"parent_type": ob.parent_type, "parent_bone": ob.parent_bone} if ob.parent else {}),
            "location": numbers(ob.location),
            "rotation_mode": ob.rotation_mode,
            rotation: numbers(getattr(ob, rotation)),
            "scale": numbers(ob.scale),
            "hide_render": ob.hide_render,
            "instance_type": ob.instance_type,
            "instance_collection": self.reference(ob.instance_collection),
            "materials": [self.reference(slot.material) for slot in ob.material_slots],
            "particle_systems": [
                {"name": system.name, "settings": self.reference(system.settings)} for system in ob.particle_systems
            ],
            **self._drivers(ob),
        }

    def _drivers(self, block: Any) -> Json:
        """The drivers of a data-block, of its tree and of its shape keys, as they are written; they never run."""
        rows = []
        for owner in (block, getattr(block, "node_tree", None), getattr(block, "shape_keys", None)):
            if owner is None or owner.animation_data is None:
                continue
            for curve in owner.animation_data.drivers:
                row = {"path": curve.data_path, "index": curve.array_index, "expression": curve.driver.expression}
                rows.append(row if owner == block else row | {"of": owner.id_type})
        return {"drivers": rows} if rows else {}

    def _block(self, block: Any) -> Json:
        return {"name": block.name, **_kind(block), **self._drivers(block), "settings": settings(block, self.reference)}

    def _collection(self, collection: Any) -> Json:
        return {
            "name": collection.name,
            "children": [self.reference(child) for child in collection.children],
            "objects": [self.reference(ob) for ob in collection.objects],
            "instance_offset": numbers(collection.instance_offset),
        }

    def _data(self, kind: str, block: Any) -> Json:
        row: Json = {"kind": kind, "name": block.name}
        row |= {name: len(getattr(block, name)) for name in SIZES if hasattr(getattr(block, name, None), "__len__")}
        if hasattr(block, "materials"):
            row["materials"] = len(block.materials)
        if kind == "meshes":
            row |= {
                "uv_layers": [layer.name for layer in block.uv_layers],
                "attributes": [[a.name, a.domain, a.data_type] for a in block.attributes if not a.name.startswith(".")],
                "shape_keys": [key.name for key in block.shape_keys.key_blocks] if block.shape_keys else [],
                "extent": _extent(block.vertices),
            }
        return row | self._drivers(block)

    def _scene(self, scene: Any) -> Json:
        return {
            "name": scene.name,
            "camera": self.reference(scene.camera),
            "world": self.reference(scene.world),
            "objects": len(scene.objects),
            "frames": [scene.frame_start, scene.frame_end, scene.frame_step],
            "frame": scene.frame_current,
            "render": _some(scene.render, RENDER) | _some(scene.render.image_settings, ("file_format", "color_mode")),
            "cycles": _some(getattr(scene, "cycles", None), CYCLES),
            "eevee": _some(getattr(scene, "eevee", None), EEVEE),
            "view": _some(scene.view_settings, ("view_transform", "look", "exposure", "gamma")),
            "display": scene.display_settings.display_device,
            "units": _some(scene.unit_settings, ("system", "scale_length", "length_unit")),
            "view_layers": [layer.name for layer in scene.view_layers],
            "markers": len(scene.timeline_markers),
            **self._drivers(scene),
        }


def _some(struct: Any, names: tuple[str, ...]) -> Json:
    """A few plain settings of a struct that may not be there, in one of many versions."""
    return {name: plain(getattr(struct, name), lambda block: None) for name in names if hasattr(struct, name)}


def _kind(block: Any) -> Json:
    return {"type": block.type} if isinstance(getattr(block, "type", None), str) else {}


def _stack_without_places(ob: Any, stack: Stack) -> Stack:
    """The object's stack, where paths are cut to their last part. Constraints have none."""

    def cut(thing: Any, entry: Entry) -> Entry:
        bakes = tuple(
            replace(bake, settings={**bake.settings, "directory": base_name(bake.settings["directory"])})
            for bake in entry.bakes
        )
        return replace(entry, settings=_without_places(thing, entry.settings), bakes=bakes)

    return replace(stack, modifiers=tuple(map(cut, getattr(ob, side_of(ob)), stack.modifiers)))


def _without_places(struct: Any, held: Mapping[str, Any]) -> Json:
    """A struct's settings, where paths, in nested ones too, are cut to their last part."""
    kept: Json = {}
    for name, value in held.items():
        p = struct.bl_rna.properties[name]
        if p.type == "STRING" and p.subtype in PATHS:
            value = base_name(value)
        elif p.type == "POINTER" and value and not (is_reference(value) or "thing" in value):
            value = _without_places(getattr(struct, name), value)
        elif p.type == "COLLECTION":
            value = [_without_places(*pair) for pair in zip(getattr(struct, name), value, strict=True)]
        kept[name] = value
    return kept


def _extent(vertices: Any) -> list[list[Any]] | None:
    """Smallest and largest coordinate on each axis."""
    if not 0 < len(vertices) <= EXTENT_MAX:
        return None
    flat = array("f", bytes(12 * len(vertices)))
    vertices.foreach_get("co", flat)
    axes = [flat[axis::3] for axis in range(3)]
    return [numbers([min(axis) for axis in axes]), numbers([max(axis) for axis in axes])]


def _text(text: Any) -> Json:
    whole = text.as_string()
    return {
        "name": text.name,
        "characters": len(whole),
        "sha256": hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest(),
        "text": whole[:TEXT_MAX],
        "register": text.use_module,
    }


def _action(action: Any) -> Json:
    if hasattr(action, "layers"):
        strips = [strip for layer in action.layers for strip in layer.strips]
        curves = sum(len(bag.fcurves) for strip in strips for bag in getattr(strip, "channelbags", ()))
    else:
        curves = len(action.fcurves)
    return {"name": action.name, "curves": curves, "frames": numbers(action.frame_range)}


def _library(library: Any) -> Json:
    return {"name": base_name(library.filepath), "version": ".".join(map(str, library.version))}
