# SPDX-License-Identifier: GPL-3.0-or-later
"""Every type of modifier and constraint that Blender lists comes back in all its settings, each enum item too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
import pytest

from tests.blenders import NEWEST, OLDEST, slow_but_in
from tests.graph.every_modifier import DATA, aims, failures, listed, new_object, prove_mixed, prove_type
from tests.graph.stack_dump import stack
from voxel_trainer_addon.worker.inside import empty

pytestmark = pytest.mark.bpy
DASH = "GREASE_PENCIL_DASH"


def every(kind: str) -> list[Any]:
    """All in the oldest and the newest Blender; in each other another third, and all with `--all`."""
    marks, minor = slow_but_in(OLDEST, NEWEST), bpy.app.version[1]
    return [pytest.param(name, marks=marks if (at - minor) % 3 else []) for at, name in enumerate(listed(kind))]


@pytest.mark.parametrize("modifier", every("modifiers"))
def test_a_modifier_comes_back(modifier: str) -> None:
    assert prove_type("modifiers", modifier) == []


@pytest.mark.parametrize("constraint", every("constraints"))
def test_a_constraint_comes_back(constraint: str) -> None:
    assert prove_type("constraints", constraint) == []


def test_stacks_made_by_chance_come_back() -> None:
    assert prove_mixed(range(40)) == []


@pytest.mark.slow
def test_many_stacks_made_by_chance_come_back() -> None:
    assert prove_mixed(range(40, 1000)) == []


def test_the_dump_sees_every_change() -> None:
    """A comparison that finds nothing wrong must be able to: each of these is seen."""
    empty()
    aims()
    ob = new_object("ARMATURE")
    lattice = new_object("MESH", "Body")
    hook, paint = lattice.modifiers.new("Hook", "HOOK"), lattice.modifiers.new("Particles", "PARTICLE_SYSTEM")
    limit = ob.pose.bones[0].constraints.new("LIMIT_LOCATION")
    before = stack(ob), stack(lattice)
    changes: list[Callable[[], Any]] = [
        lambda: setattr(hook, "object", bpy.data.objects["Aim mesh"]),
        lambda: setattr(hook, "matrix_inverse", [[1, 2, 3, 4]] * 4),
        lambda: hook.vertex_indices_set([2]),
        lambda: setattr(hook, "show_render", False),
        lambda: hook.falloff_curve.curves[0].points.new(0.5, 0.7),
        lambda: setattr(paint.particle_system, "seed", 7),
        lambda: setattr(paint.particle_system, "settings", DATA.particles.new("Mine")),
        lambda: lattice.modifiers.move(0, 1),
        lambda: setattr(limit, "max_x", 0.5),
        lambda: setattr(limit, "name", "Other"),
        lambda: ob.constraints.new("TRACK_TO"),
    ]
    for n, change in enumerate(changes):
        change()
        after = stack(ob), stack(lattice)
        assert before != after, n
        before = after


def test_what_has_been_emptied_comes_back_empty() -> None:
    """Segments and surfaces that were there from the start."""
    empty()
    pencil, ob = new_object("GREASEPENCIL", "Pencil"), new_object("MESH")
    ob.modifiers.new("Paint", "DYNAMIC_PAINT")
    with bpy.context.temp_override(object=ob):
        bpy.ops.dpaint.type_toggle(type="CANVAS")
        bpy.ops.dpaint.surface_slot_remove()
    old = pencil.type == "GPENCIL"
    dash = pencil.grease_pencil_modifiers.new("Dash", "GP_DASH") if old else pencil.modifiers.new("Dash", DASH)
    with bpy.context.temp_override(object=pencil):
        if old:
            bpy.ops.gpencil.segment_remove(modifier="Dash", index=0)
        else:
            bpy.ops.object.grease_pencil_dash_modifier_segment_remove(modifier="Dash", index=0)
    assert len(dash.segments) == 0 and len(ob.modifiers[0].canvas_settings.canvas_surfaces) == 0
    assert failures([pencil, ob]) == []


@pytest.mark.parametrize("spray", (False, True), ids=("liquid", "spray"))
def test_what_a_fluid_brings_along_comes_back(spray: bool) -> None:
    """A domain makes modifiers by itself; they may be renamed, moved and have settings of their own."""
    empty()
    ob = new_object("MESH")
    ob.modifiers.new("Edges", "BEVEL")
    fluid = ob.modifiers.new("Sea", "FLUID")
    fluid.fluid_type = "DOMAIN"
    domain: Any = fluid.domain_settings
    domain.domain_type = "LIQUID"
    for name in ("use_spray_particles", "use_foam_particles") if spray else ():
        setattr(domain, name, True)
    ob.modifiers.new("Smooth", "SMOOTH")
    ob.modifiers.new("Dust", "PARTICLE_SYSTEM")
    if spray:
        domain.sndparticle_combined_export = "SPRAY_FOAM"
        ob.modifiers["Dust"].name = "Pollen"
    ob.particle_systems[0].seed = 12
    ob.particle_systems[0].settings = DATA.particles.new("Drops")
    ob.modifiers[2].name = "Water"
    ob.modifiers.move(2, 0)
    assert failures([ob]) == []


def test_stand_ins_that_stacks_share_are_new_for_each() -> None:
    """What one stack adds to an action, a material or an object is not there for the next one of the same job."""
    empty()
    pencils = [new_object("GREASEPENCIL", name) for name in ("First", "Second")]
    ink = DATA.materials.new("Ink")
    DATA.materials.create_gpencil_data(ink)
    action: Any = DATA.actions.new("Dance")
    slot = action.slots.new("OBJECT", "Slot") if hasattr(action, "slots") else None
    for ob, other in zip(pencils, reversed(pencils), strict=True):
        ob.data.materials.append(ink)
        if ob.type == "GPENCIL":
            ob.grease_pencil_modifiers.new("Fade", "GP_OPACITY").material = ink
        else:
            ob.modifiers.new("Fade", "GREASE_PENCIL_OPACITY").material_filter = ink
        constraint = ob.constraints.new("ACTION")
        constraint.target, constraint.action = other, action
        if slot:
            constraint.action_slot = slot
    assert failures(pencils) == []


@pytest.mark.parametrize("body", ("ARMATURE", "CURVE", "LATTICE", "MESH"))
def test_stand_ins_are_of_the_kind_that_a_modifier_takes(body: str) -> None:
    """Also where a node of a group refers to the same object, or to the stack's own."""
    kinds = {"ARMATURE": "ARMATURE", "CURVE": "CURVE", "LATTICE": "LATTICE", "MESH": "SHRINKWRAP"}
    empty()
    aim, ob = new_object(body, "Aim"), new_object("MESH")
    group = DATA.node_groups.new("Grow", "GeometryNodeTree")
    for other in (aim, ob):
        group.nodes.new("GeometryNodeObjectInfo").inputs["Object"].default_value = other
    ob.modifiers.new("Grow", "NODES").node_group = group
    modifier: Any = ob.modifiers.new("Bend", kinds[body])
    setattr(modifier, "target" if body == "MESH" else "object", aim)
    assert (modifier.target if body == "MESH" else modifier.object) == aim
    assert failures([ob]) == []


def test_a_name_that_an_object_has_no_more_comes_back() -> None:
    """A vertex group, a UV map and a bone that are named and not there."""
    empty()
    ob = new_object("MESH")
    ob.vertex_groups.new(name="Top")
    ob.data.uv_layers.new(name="Skin")
    ob.modifiers.new("Wave", "WAVE").vertex_group = "Top"
    ob.modifiers["Wave"].uv_layer = "Skin"
    ob.vertex_groups.clear()
    ob.data.uv_layers.remove(ob.data.uv_layers[0])
    copy: Any = ob.constraints.new("COPY_LOCATION")
    copy.target, copy.subtarget = new_object("ARMATURE", "Rig"), "No bone"
    assert ob.modifiers["Wave"].vertex_group == "Top"
    assert failures([ob]) == []
