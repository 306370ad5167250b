# SPDX-License-Identifier: GPL-3.0-or-later
"""What moves things: actions summed up, drivers as they are written, and which action plays on what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ....graph.blender.rna import numbers, short
from ..rna import TEXT_MAX, rare, some

if TYPE_CHECKING:
    from .source import Json, Source

DRIVERS_MAX = 1000
"""Drivers of one data-block."""
PATHS_MAX = 200
"""Kinds of data path of one action."""
STRIPS_MAX = 200
"""Strips of an NLA track, and tracks."""
KEY = re.compile(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]')
"""What a data path says of one of many: a bone's name, a place in a list."""

BLENDED = {"action_blend_type": "REPLACE", "action_extrapolation": "HOLD", "action_influence": 1.0, "use_nla": True}


def action_row(source: Source, action: Any) -> Json:
    """An action by kinds of data path; keyframes are counted, not told."""
    kinds: dict[str, list[int]] = {}
    modifiers: Counter[str] = Counter()
    slots: Counter[str] = Counter()
    for slot, curve in _curves(action):
        slots[slot] += 1
        kind = kinds.setdefault(KEY.sub("[]", curve.data_path), [0, 0, 0])
        kind[0] += 1
        kind[1] += len(curve.keyframe_points)
        kind[2] += len(curve.sampled_points)
        modifiers.update(modifier.type for modifier in curve.modifiers)
    row: Json = {
        "name": action.name,
        **source.common(action),
        "frames": numbers(action.frame_range),
        **some(action, ("id_root",)),
        **rare(action, {"use_frame_range": False, "use_cyclic": False}),
        "curves": sum(kind[0] for kind in kinds.values()),
        "keys": sum(kind[1] + kind[2] for kind in kinds.values()),
        "paths": [
            {"path": path[:TEXT_MAX], "curves": curves, "keys": keys} | ({"baked": baked} if baked else {})
            for path, (curves, keys, baked) in sorted(kinds.items())[:PATHS_MAX]
        ],
    }
    if modifiers:
        row["modifiers"] = dict(sorted(modifiers.items()))
    if hasattr(action, "layers"):
        row["layers"] = [[strip.type for strip in layer.strips] for layer in action.layers]
        row["slots"] = [
            {"name": slot.name_display, "for": slot.target_id_type, "curves": slots[slot.identifier]}
            for slot in action.slots
        ]
    return row


def _curves(action: Any) -> Iterator[tuple[str, Any]]:
    """(identifier of its slot, curve); actions had no slots before 4.4."""
    if not hasattr(action, "layers"):
        yield from (("", curve) for curve in action.fcurves)
        return
    for layer in action.layers:
        for strip in layer.strips:
            for bag in getattr(strip, "channelbags", ()):
                slot = bag.slot.identifier if bag.slot else ""
                yield from ((slot, curve) for curve in bag.fcurves)


def animation(source: Source, block: Any) -> Json:
    """Which action plays on a data-block, and its NLA tracks; empty where none does."""
    held = getattr(block, "animation_data", None)
    if held is None or (held.action is None and not len(held.nla_tracks)):
        return {}
    told: Json = {}
    if held.action is not None:
        told["action"] = source.reference(held.action)
        slot = getattr(held, "action_slot", None)
        told |= ({"slot": slot.name_display} if slot else {}) | rare(held, BLENDED)
    if tracks := [_track(source, track) for track in held.nla_tracks[:STRIPS_MAX]]:
        told["tracks"] = tracks
    return {"animation": told}


def _track(source: Source, track: Any) -> Json:
    return {
        "name": track.name,
        **rare(track, {"mute": False, "is_solo": False}),
        "strips": [
            {
                "name": strip.name,
                "type": strip.type,
                "action": source.reference(strip.action),
                "frames": [short(strip.frame_start), short(strip.frame_end)],
                **rare(strip, {"blend_type": "REPLACE", "mute": False, "repeat": 1.0, "scale": 1.0}),
            }
            for strip in track.strips[:STRIPS_MAX]
        ],
    }


def drivers(source: Source, block: Any) -> Json:
    """The drivers of a data-block, of its tree and of its shape keys, as they are written; they never run."""
    rows: list[Json] = []
    for owner in (block, getattr(block, "node_tree", None), getattr(block, "shape_keys", None)):
        if owner is None or (held := getattr(owner, "animation_data", None)) is None:
            continue
        for curve in held.drivers[: DRIVERS_MAX - len(rows)]:
            row = _driver(source, curve)
            rows.append(row if owner == block else row | {"of": owner.id_type})
    return {"drivers": rows} if rows else {}


def _driver(source: Source, curve: Any) -> Json:
    driver = curve.driver
    return {
        "path": curve.data_path[:TEXT_MAX],
        "index": curve.array_index,
        "type": driver.type,
        "expression": driver.expression,
        **rare(driver, {"use_self": False}),
        "variables": [
            {"name": v.name, "type": v.type, "targets": [_target(source, v.type, target) for target in v.targets]}
            for v in driver.variables
        ],
    }


def _target(source: Source, variable: str, target: Any) -> Json:
    told: Json = {"of": source.reference(target.id)}
    if variable in ("SINGLE_PROP", "CONTEXT_PROP"):
        return told | {"path": target.data_path[:TEXT_MAX]}
    return (
        told
        | ({"bone": target.bone_target} if target.bone_target else {})
        | some(target, ("transform_type", "transform_space"))
    )
