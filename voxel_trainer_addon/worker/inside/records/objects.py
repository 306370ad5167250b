# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects: how they stand as stored, what they are made of, their physics and poses; their stacks beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ....graph.blender.rna import numbers
from ....graph.blender.stacks import read_stack, side_of
from ....graph.stack import Entry, Stack
from ...private import base_name
from ..places import without_places
from ..rna import ITEMS_MAX, custom, rare, some
from .source import Json, Source

GROUPS_MAX = 1000
"""Vertex groups of an object, materials of it."""
BONES_MAX = 10_000

ROTATIONS = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}
TURNED = ("rotation_quaternion", "rotation_axis_angle", "rotation_euler")
NOT_MOVED: Mapping[str, Any] = {
    "delta_location": (0.0, 0.0, 0.0),
    "delta_rotation_euler": (0.0, 0.0, 0.0),
    "delta_rotation_quaternion": (1.0, 0.0, 0.0, 0.0),
    "delta_scale": (1.0, 1.0, 1.0),
}
USUAL: Mapping[str, Any] = {
    **{"hide_viewport": False, "hide_select": False, "display_type": "TEXTURED", "show_in_front": False},
    **{"pass_index": 0, "color": (1.0, 1.0, 1.0, 1.0), "lightgroup": "", "is_holdout": False},
    **{"is_shadow_catcher": False, "visible_camera": True, "visible_diffuse": True, "visible_glossy": True},
    **{"visible_transmission": True, "visible_volume_scatter": True, "visible_shadow": True},
    **{"show_instancer_for_render": True, "use_instance_vertices_rotation": False, "use_instance_faces_scale": False},
}
"""What an object seldom has otherwise."""
RESTING: Mapping[str, Any] = {
    "location": (0.0, 0.0, 0.0),
    "rotation_quaternion": (1.0, 0.0, 0.0, 0.0),
    "rotation_euler": (0.0, 0.0, 0.0),
    "rotation_axis_angle": (0.0, 0.0, 1.0, 0.0),
    "scale": (1.0, 1.0, 1.0),
    **{"lock_location": (False,) * 3, "lock_rotation": (False,) * 3, "lock_scale": (False,) * 3},
    **{"lock_ik_x": False, "lock_ik_y": False, "lock_ik_z": False, "ik_stretch": 0.0},
}
EMPTY = ("empty_display_type", "empty_display_size")


def object_row(source: Source, ob: Any) -> Json:
    """An object without its stack (see `object_stack`)."""
    rotation = ROTATIONS.get(ob.rotation_mode, "rotation_euler")
    row: Json = {
        "name": ob.name,
        "type": ob.type,
        **source.common(ob),
        "data": source.reference(ob.data),
        "parent": source.reference(ob.parent),
        **(_parenting(ob) if ob.parent else {}),
        "location": numbers(ob.location),
        "rotation_mode": ob.rotation_mode,
        rotation: numbers(getattr(ob, rotation)),
        "scale": numbers(ob.scale),
        **rare(ob, NOT_MOVED),
        "hide_render": ob.hide_render,
        **rare(ob, USUAL),
        "instance_type": ob.instance_type,
        "instance_collection": source.reference(ob.instance_collection),
        "materials": [source.reference(slot.material) for slot in ob.material_slots[:GROUPS_MAX]],
    }
    if ob.type == "EMPTY":
        row |= some(ob, EMPTY)
    if groups := [group.name for group in ob.vertex_groups[:GROUPS_MAX]]:
        row["vertex_groups"] = groups
    if systems := [_particles(source, system) for system in ob.particle_systems[:ITEMS_MAX]]:
        row["particle_systems"] = systems
    if physics := _physics(source, ob):
        row["physics"] = physics
    if ob.pose and (pose := _pose(source, ob.pose)):
        row["pose"] = pose
    return row


def _parenting(ob: Any) -> Json:
    return {**some(ob, ("parent_type", "parent_bone")), "parent_inverse": numbers(ob.matrix_parent_inverse.col)}


def _particles(source: Source, system: Any) -> Json:
    return {"name": system.name, "settings": source.reference(system.settings), "seed": system.seed}


def _physics(source: Source, ob: Any) -> Json:
    """What of an object's physics is no modifier; soft bodies, cloth, fluids and collision are in its stack."""
    found = {name: getattr(ob, name) for name in ("rigid_body", "rigid_body_constraint", "field")}
    return {
        name: source.settings(held)
        for name, held in found.items()
        if held is not None and (name != "field" or held.type != "NONE")
    }


def _pose(source: Source, pose: Any) -> list[Json]:
    """The bones that say more than at rest."""
    rows = []
    for bone in pose.bones[:BONES_MAX]:
        row = rare(bone, RESTING)
        if row or bone.rotation_mode != "QUATERNION":
            row["rotation_mode"] = bone.rotation_mode
            turned = ROTATIONS.get(bone.rotation_mode, "rotation_euler")
            row = {name: value for name, value in row.items() if name == turned or name not in TURNED}
        if bone.custom_shape is not None:
            row["custom_shape"] = source.reference(bone.custom_shape)
        if own := custom(bone, source.reference):
            row["custom"] = own
        if row and row != {"rotation_mode": "QUATERNION"}:
            rows.append({"bone": bone.name, **row})
    return rows


def object_stack(source: Source, ob: Any) -> Stack | None:
    """An object's modifiers and constraints, where paths are cut to their last part. Constraints have none."""
    stack = read_stack(ob, source.data.objects)
    if stack is None:
        return None

    def cut(thing: Any, entry: Entry) -> Entry:
        bakes = tuple(
            replace(bake, settings={**bake.settings, "directory": base_name(bake.settings["directory"])})
            for bake in entry.bakes
        )
        return replace(entry, settings=without_places(type(thing), entry.settings), bakes=bakes)

    return replace(stack, modifiers=tuple(map(cut, getattr(ob, side_of(ob)), stack.modifiers)))
