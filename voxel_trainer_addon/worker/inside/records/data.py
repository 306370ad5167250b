# SPDX-License-Identifier: GPL-3.0-or-later
"""What objects are made of: sizes and structure of meshes, curves, armatures, Grease Pencil …, never their geometry."""

from __future__ import annotations

from array import array
from functools import partial
from typing import Any

from ....graph.blender.rna import numbers, short
from ..rna import custom, rare
from .source import Json, Source

KINDS = (
    *("meshes", "curves", "armatures", "lattices", "metaballs", "grease_pencils", "grease_pencils_v3", "annotations"),
    *("hair_curves", "pointclouds", "volumes", "speakers", "lightprobes"),
)
SIZES = ("vertices", "edges", "loops", "polygons", "splines", "bones", "points", "elements", "curves", "layers")
EXTENT_MAX = 1_000_000
"""Meshes with more vertices get no extent."""
KEYS_MAX = 2000
"""Shape keys of one data-block; also attributes of a mesh."""
BONES_MAX = 10_000
FRAMES_MAX = 10_000
"""Frames of a layer of which strokes are counted."""

GEOMETRY = frozenset(
    {"animation_data", "attributes", "body_format", "bones", "collections", "collections_all", "color_attributes"}
    | {"curve_offset_data", "curves", "edges", "edit_bones", "edit_format", "elements", "grids", "layer_groups"}
    | {"layers", "loops", "materials", "normals", "points", "polygons", "position_data", "root_nodes", "shape_keys"}
    | {"splines", "vertices", "relation_line_position", "texspace_location", "texspace_size", "text_boxes"}
)
"""What the settings of such data leave out."""
BONE = {
    **{"use_deform": True, "use_connect": False, "inherit_scale": "FULL", "use_inherit_rotation": True},
    **{"use_local_location": True, "use_relative_parent": False, "bbone_segments": 1, "hide": False},
}
LAYER = {"blend_mode": "REGULAR", "hide": False, "annotation_hide": False, "lock": False, "opacity": 1.0}


def data_rows(source: Source) -> list[Json]:
    return [row for kind in KINDS for row in source.rows(kind, partial(_row, kind))]


def _row(kind: str, source: Source, block: Any) -> Json:
    row: Json = {"kind": kind, "name": block.name, **source.common(block)}
    row |= {name: len(getattr(block, name)) for name in SIZES if hasattr(getattr(block, name, None), "__len__")}
    if hasattr(block, "materials"):
        row["materials"] = len(block.materials)
    if shapes := getattr(block, "shape_keys", None):
        row["shape_keys"] = _shapes(shapes)
    if kind == "meshes":
        row |= {
            "uv_layers": [layer.name for layer in block.uv_layers],
            "attributes": [
                [a.name, a.domain, a.data_type] for a in block.attributes[:KEYS_MAX] if not a.name.startswith(".")
            ],
            "extent": _extent(block.vertices),
        }
        return row
    if kind == "armatures":
        row["skeleton"] = [_bone(source, bone) for bone in block.bones[:BONES_MAX]]
        if groups := [group.name for group in _bone_collections(block)]:
            row["bone_collections"] = groups
    elif kind in ("grease_pencils", "grease_pencils_v3", "annotations"):
        row["drawn"] = [_layer(layer) for layer in block.layers[:KEYS_MAX]]
    without = GEOMETRY if getattr(block, "bevel_mode", "PROFILE") == "PROFILE" else GEOMETRY | {"bevel_profile"}
    row["settings"] = source.settings(block, without)
    return row


def _extent(vertices: Any) -> list[list[Any]] | None:
    """Smallest and largest coordinate on each axis."""
    if not 0 < len(vertices) <= EXTENT_MAX:
        return None
    flat = array("f", bytes(12 * len(vertices)))
    vertices.foreach_get("co", flat)
    axes = [flat[axis::3] for axis in range(3)]
    return [numbers([min(axis) for axis in axes]), numbers([max(axis) for axis in axes])]


def _shapes(shapes: Any) -> Json:
    return {
        "relative": shapes.use_relative,
        "keys": [
            {
                "name": key.name,
                "value": short(key.value),
                "range": [short(key.slider_min), short(key.slider_max)],
                "relative_to": key.relative_key.name if key.relative_key else None,
                **rare(key, {"mute": False, "vertex_group": "", "interpolation": "KEY_LINEAR"}),
            }
            for key in shapes.key_blocks[:KEYS_MAX]
        ],
    }


def _bone_collections(armature: Any) -> Any:
    """Bones had layers and groups without names of their own before 4.0; nested collections came with 4.1."""
    return getattr(armature, "collections_all", getattr(armature, "collections", ()))[:KEYS_MAX]


def _bone(source: Source, bone: Any) -> Json:
    """A bone at rest; head and tail in the armature's space."""
    row: Json = {
        "name": bone.name,
        "parent": bone.parent.name if bone.parent else None,
        "head": numbers(bone.head_local),
        "tail": numbers(bone.tail_local),
        **rare(bone, BONE),
    }
    if groups := [group.name for group in bone.collections]:
        row["collections"] = groups
    if own := custom(bone, source.reference):
        row["custom"] = own
    return row


def _layer(layer: Any) -> Json:
    """A layer of a Grease Pencil or an annotation; strokes are counted."""
    frames = layer.frames
    return {
        "name": getattr(layer, "info", "") or layer.name,
        "frames": len(frames),
        "range": [frames[0].frame_number, frames[-1].frame_number] if len(frames) else None,
        "strokes": sum(map(_strokes, frames[:FRAMES_MAX])),
        **rare(layer, LAYER),
    }


def _strokes(frame: Any) -> int:
    if hasattr(frame, "strokes"):
        return len(frame.strokes)
    drawing = frame.drawing
    return max(0, len(drawing.curve_offsets) - 1) if drawing else 0
