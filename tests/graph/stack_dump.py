# SPDX-License-Identifier: GPL-3.0-or-later
"""An object's modifiers and constraints as everything that RNA shows of them, without the project's own reader.

It shares nothing with the package: what is left out here is left out for a reason of its own, given beside it.
"""

from __future__ import annotations

import math
from typing import Any

import bpy

NEVER = {
    *("rna_type", "is_override_data", "select", "preview", "is_evaluated"),  # the type itself; not of the file
    *("is_active", "active"),  # which of them the user interface has picked
    *("persistent_uid", "bake_id", "action_slot_handle", "handle"),  # counted or drawn by Blender
    *("execution_time", "is_valid", "error_location", "error_rotation", "node_warnings", "dt_frac", "solver_result"),
    *("action_suitable_slots", "active_particle_target", "active_particle_target_index"),  # follow from others
    *("face_count", "total_levels", "hair_grid_min", "hair_grid_max", "hair_grid_resolution"),  # follow from geometry
    *("density_grid", "velocity_grid", "flame_grid", "color_grid", "heat_grid", "temperature_grid"),  # a simulation
    *(
        "particles",
        "child_particles",
        "domain_resolution",
        "start_point",
        "cell_size",
        "info",
        "is_outdated",
        "is_frame_skip",
        "is_baked",
        "is_baking",
    ),
}
ELSEWHERE = {"bakes", "properties"}
"""What is told by identifiers or in no order; `stack` looks at it in its own way."""
LEFT_OUT = NEVER | ELSEWHERE


def value(v: Any, depth: int) -> Any:
    if isinstance(v, str | int | None):
        return v
    if isinstance(v, float):
        return f"{v:.6g}" if math.isfinite(v) else str(v)
    if isinstance(v, bpy.types.ID):
        return [v.id_type, v.name]
    if isinstance(v, bpy.types.ParticleSystem | bpy.types.ShapeKey) and depth > 1:
        return v.name
    if hasattr(v, "name_display"):  # a slot of an action
        return v.name_display
    if isinstance(v, bpy.types.Node):
        return [v.id_data.name, v.name]
    if isinstance(v, bpy.types.bpy_struct):
        return struct(v, depth + 1)
    if isinstance(v, set):
        return sorted(v)
    return [value(x, depth) for x in v] if hasattr(v, "__len__") else v


def struct(thing: Any, depth: int = 0) -> dict[str, Any]:
    """Every property of a struct, read-only ones too."""
    found = {}
    for p in thing.bl_rna.properties:
        name = p.identifier
        if name in LEFT_OUT or (name == "segments" and hasattr(thing, "points")):
            continue  # segments of a curve profile are drawn from its points
        v = getattr(thing, name)
        if name == "particle_system" and thing.bl_rna.identifier != "ParticleSystemModifier":
            v = v and v.name
        found[name] = value(v, depth)
    return found


def sockets(modifier: Any) -> list[Any]:
    """What a Geometry Nodes modifier says about each socket of its group, in the order of the interface."""
    rows = []
    for item in modifier.node_group.interface.items_tree if modifier.node_group else ():
        name = item.name, item.item_type, getattr(item, "in_out", "")
        if item.item_type == "PANEL":
            panels = getattr(getattr(modifier, "properties", None), "panels", None)
            rows.append([*name, getattr(panels, f"open_{item.persistent_uid}") if panels else None])
        elif hasattr(modifier, "properties"):
            told = getattr(modifier.properties, f"{item.in_out.lower()}s")
            socket = getattr(told, item.identifier, None)
            rows.append([*name, socket and struct(socket)])
        else:
            ends = ("", "_use_attribute", "_attribute_name")
            told = {end: value(modifier[item.identifier + end], 0) for end in ends if item.identifier + end in modifier}
            rows.append([*name, told])
    return rows


def curves(ob: Any) -> list[str]:
    """What moves the object: paths of its drivers and keyframes, what they look at, where they go."""
    held = ob.animation_data
    if held is None:
        return []
    rows = []
    for curve in held.drivers:
        seen = [(t.id and t.id.name, t.data_path) for variable in curve.driver.variables for t in variable.targets]
        rows.append(f"{curve.data_path}[{curve.array_index}] = {curve.driver.expression} of {seen}")
    bags = [held.action] if held.action and not hasattr(held, "action_slot") else []
    if held.action and not bags:
        bags = [strip.channelbag(held.action_slot) for layer in held.action.layers for strip in layer.strips]
    for curve in (curve for bag in bags for curve in bag.fcurves):
        points = [(*map(float, p.co), p.interpolation, p.handle_left_type) for p in curve.keyframe_points]
        rows.append(f"{curve.data_path}[{curve.array_index}] {points}")
    return sorted(rows)


def stack(ob: Any) -> dict[str, Any]:
    """Modifiers, constraints and constraints of bones."""
    modifiers = ob.grease_pencil_modifiers if ob.type == "GPENCIL" else ob.modifiers
    rows = [struct(modifier) for modifier in modifiers]
    for row, modifier in zip(rows, modifiers, strict=True):
        if modifier.type == "NODES":
            row["properties"] = sockets(modifier)
            row["bakes"] = sorted(str(struct(bake)) for bake in modifier.bakes)
    bones = ob.pose.bones if ob.pose else ()
    return {
        "type": ob.type,
        "curves": [row for row in curves(ob) if "Socket_" not in row],  # sockets get other identifiers
        "modifiers": rows,
        "constraints": [struct(constraint) for constraint in ob.constraints],
        "bones": {bone.name: [struct(c) for c in bone.constraints] for bone in bones if len(bone.constraints)},
    }
