# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes and collections: render and view settings, view layers with their passes, strips of the sequencer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ....graph.blender.rna import numbers
from ...private import base_name
from ..rna import ITEMS_MAX, TEXT_MAX, rare
from .source import Json, Source

MEMBERS_MAX = 50_000
"""Objects of a collection."""
LAYERS_MAX = 500
"""View layers of a scene, and layer collections of one."""
STRIPS_MAX = 5000
"""Strips of a scene; files of one strip are counted."""
DEEPEST = 100
"""Layer collections and meta strips in one another."""

STAMP = frozenset(
    {f"use_stamp_{name}" for name in ("time", "date", "frame", "frame_range", "camera", "lens", "scene", "note")}
    | {f"use_stamp_{name}" for name in ("marker", "filename", "sequencer_strip", "render_time", "labels", "memory")}
    | {"use_stamp_hostname", "stamp_note_text", "stamp_font_size", "stamp_foreground", "stamp_background"}
)
RENDER: tuple[tuple[str, frozenset[str]], ...] = (
    ("use_stamp", STAMP),
    ("use_multiview", frozenset({"views", "stereo_views", "views_format"})),
    ("use_motion_blur", frozenset({"motion_blur_shutter", "motion_blur_position", "motion_blur_shutter_curve"})),
    ("use_border", frozenset({"border_min_x", "border_min_y", "border_max_x", "border_max_y", "use_crop_to_border"})),
    ("is_movie_format", frozenset({"ffmpeg"})),
)
"""Switch of the render settings → what says nothing where it is off."""
HOW_SHOWN = frozenset({"bake", "preview_pixel_size", "use_lock_interface", "sequencer_gl_preview"})
INPUTS = ("input_1", "input_2", "input_3")


def collection_row(source: Source, collection: Any) -> Json:
    return {
        "name": collection.name,
        **source.common(collection),
        "children": [source.reference(child) for child in collection.children],
        "objects": [source.reference(ob) for ob in collection.objects[:MEMBERS_MAX]],
        "instance_offset": numbers(collection.instance_offset),
        **rare(collection, {"hide_render": False, "hide_viewport": False, "color_tag": "NONE"}),
    }


def scene_row(source: Source, scene: Any) -> Json:
    row: Json = {
        "name": scene.name,
        **source.common(scene),
        "camera": source.reference(scene.camera),
        "world": source.reference(scene.world),
        "collection": {
            "children": [source.reference(child) for child in scene.collection.children],
            "objects": [source.reference(ob) for ob in scene.collection.objects[:MEMBERS_MAX]],
        },
        "objects": len(scene.objects),
        "frames": [scene.frame_start, scene.frame_end, scene.frame_step],
        "frame": scene.frame_current,
        "gravity": numbers(scene.gravity) if scene.use_gravity else None,
        "render": _render(source, scene.render),
        "cycles": _settings(source, scene, "cycles"),
        "eevee": _settings(source, scene, "eevee"),
        "view": source.settings(
            scene.view_settings, _unless(scene.view_settings, "use_curve_mapping", "curve_mapping")
        ),
        "display": scene.display_settings.display_device,
        "units": source.settings(scene.unit_settings),
        "view_layers": [_view_layer(source, layer) for layer in scene.view_layers[:LAYERS_MAX]],
        "markers": [_marker(source, marker) for marker in scene.timeline_markers[:LAYERS_MAX]],
    }
    for name in ("background_set", "active_clip", "compositing_node_group"):
        if getattr(scene, name, None) is not None:
            row[name] = source.reference(getattr(scene, name))
    if scene.rigidbody_world is not None:
        row["rigid_bodies"] = source.settings(scene.rigidbody_world)
    if scene.sequence_editor is not None:
        row["strips"] = list(islice(_strips(source, scene.sequence_editor), STRIPS_MAX))
    return row


def _render(source: Source, render: Any) -> Json:
    off = (names for switch, names in RENDER if not getattr(render, switch, True))
    return source.settings(render, HOW_SHOWN.union(*off))


def _settings(source: Source, scene: Any, name: str) -> Json:
    held = getattr(scene, name, None)
    return source.settings(held) if held is not None else {}


def _unless(struct: Any, switch: str, *names: str) -> frozenset[str]:
    return frozenset() if getattr(struct, switch) else frozenset(names)


def _marker(source: Source, marker: Any) -> Json:
    row = {"name": marker.name, "frame": marker.frame}
    return row | ({"camera": source.reference(marker.camera)} if marker.camera else {})


def _view_layer(source: Source, layer: Any) -> Json:
    row: Json = {
        "name": layer.name,
        "use": layer.use,
        "passes": [name for name in _passes(layer) if getattr(layer, name)],
        **rare(layer, {"samples": 0, "use_sky": True, "use_solid": True, "use_volumes": True, "use_freestyle": False}),
    }
    for name in ("material_override", "world_override"):
        if getattr(layer, name, None) is not None:
            row[name] = source.reference(getattr(layer, name))
    if aovs := [{"name": aov.name, "type": aov.type} for aov in layer.aovs[:ITEMS_MAX]]:
        row["aovs"] = aovs
    if groups := [group.name for group in layer.lightgroups[:ITEMS_MAX]]:
        row["lightgroups"] = groups
    if layer.use_freestyle:
        row["line_sets"] = [line.name for line in layer.freestyle_settings.linesets[:ITEMS_MAX]]
    if switched := list(islice(_switched(layer.layer_collection), LAYERS_MAX)):
        row["collections"] = switched
    return row


def _passes(layer: Any) -> list[str]:
    return [p.identifier for p in layer.bl_rna.properties if p.identifier.startswith("use_pass_")]


def _switched(above: Any, deep: int = DEEPEST) -> Iterator[Json]:
    """Collections that a view layer treats in another way than is usual."""
    usual = {"exclude": False, "holdout": False, "indirect_only": False, "hide_viewport": False}
    for below in above.children if deep else ():
        if other := rare(below, usual):
            yield {"name": below.name, **other}
        yield from _switched(below, deep - 1)


def _strips(source: Source, holder: Any, within: str = "", deep: int = DEEPEST) -> Iterator[Json]:
    """Strips of an editor or a meta strip; those of 4.x are called sequences."""
    for strip in getattr(holder, "strips", getattr(holder, "sequences", ())) if deep else ():
        yield _strip(source, strip) | ({"within": within} if within else {})
        if strip.type == "META":
            yield from _strips(source, strip, strip.name, deep - 1)


def _strip(source: Source, strip: Any) -> Json:
    """Where a strip stands and what it is made of. Nothing is asked that Blender would open a movie or sound for."""
    ends = (
        ("left_handle", "right_handle") if hasattr(strip, "left_handle") else ("frame_final_start", "frame_final_end")
    )
    row: Json = {
        "name": strip.name,
        "type": strip.type,
        "channel": strip.channel,
        "frames": [getattr(strip, end) for end in ends],
        **rare(strip, {"mute": False, "blend_type": "REPLACE", "blend_alpha": 1.0}),
    }
    if strip.type == "IMAGE":
        row |= {"files": len(strip.elements), "file": base_name(strip.elements[0].filename) if strip.elements else ""}
    elif hasattr(strip, "filepath"):
        row["file"] = base_name(strip.filepath)
    if strip.type == "TEXT":
        row["text"] = strip.text[:TEXT_MAX]
    for name in ("scene", "scene_camera", "sound", "clip", "mask"):
        if getattr(strip, name, None) is not None:
            row[name] = source.reference(getattr(strip, name))
    if inputs := [held.name for name in INPUTS if (held := getattr(strip, name, None)) is not None]:
        row["inputs"] = inputs
    if kinds := [modifier.type for modifier in strip.modifiers]:
        row["modifiers"] = kinds
    return row
