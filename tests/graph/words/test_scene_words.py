# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes and stacks in words: what is told of a plan and a script, and what is told of neither."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from voxel_trainer_addon.dataset_builder import scene_dataset
from voxel_trainer_addon.graph.scene import Plan, plan_differences
from voxel_trainer_addon.graph.words.scenes import LENGTHS, describe, several
from voxel_trainer_addon.graph.words.stacks import NotTold, entries, in_order

pytestmark = pytest.mark.plain

STACK = """import bpy

body = bpy.data.armatures.new("Root")
root_object = bpy.data.objects.new("Root", body)
body = bpy.data.meshes.new("Arm")
arm_object = bpy.data.objects.new("Arm", body)

modifier = arm_object.modifiers.new("Edge", "BEVEL")
modifier.width = 0.060000002
modifier.angle_limit = 1.0471976
modifier.show_expanded = False
modifier = arm_object.modifiers.new("Armature", "ARMATURE")
modifier.object = root_object
constraint = arm_object.constraints.new("TRACK_TO")
constraint.target = root_object
"""


def ob(name: str, type: str = "MESH", **more: Any) -> dict[str, Any]:
    at_rest = {"location": [0.0, 0.0, 0.0], "rotation_mode": "XYZ", "rotation_euler": [0.0] * 3, "scale": [1.0] * 3}
    return {"name": name, "type": type, "data": name, **at_rest, **more}


PLAN = Plan(
    "scene",
    "Yard",
    ({"name": "Props", "parent": "", "objects": ["Crate", "Lid"]},),
    ("Key",),
    (
        ob("Crate", location=[1.0, 2.0, 0.5]),
        ob(
            "Lid",
            parent="Crate",
            parent_type="OBJECT",
            parent_inverse=[[float(i == j) for j in range(4)] for i in range(4)],
        ),
        ob("Key", "LIGHT", rotation_euler=[0.7853982, 0.0, 0.0]),
    ),
    (
        {"type": "MESH", "name": "Crate", "form": "box", "corners": [[-1, -1, -1], [1, 1, 1]]},
        {"type": "MESH", "name": "Lid", "form": "plane", "corners": [[-1, -1, 0], [1, 1, 0]]},
        {
            "type": "LIGHT",
            "name": "Key",
            "light": "SUN",
            "settings": {"energy": 3.0, "color": [1, 0.5, 0], "angle": 0.1},
        },
    ),
    "",
    None,
    {"render.engine": "CYCLES", "render.fps": 24, "frame_start": 1, "frame_end": 48},
)


def test_a_stack_is_told_in_its_order_with_what_is_set() -> None:
    found = entries(STACK)
    full = " | ".join(in_order(found, True))
    assert full == (
        'a Bevel modifier "Edge" (width 0.06, angle limit 60°, show expanded off), '
        'then an Armature modifier (object "Root") | a Track To constraint (target "Root")'
    )
    assert "expanded" not in " ".join(in_order(found, False))


@pytest.mark.parametrize(
    "line",
    [
        "modifier.falloff_curve.curves.new()",
        "for name in ('a', 'b'):\n    modifier.width = 1",
        "modifier.object = somewhere_else",
    ],
)
def test_what_has_no_words_is_refused(line: str) -> None:
    made = 'x = bpy.data.objects.new("X", None)\nmodifier = x.modifiers.new("Edge", "BEVEL")\n'
    with pytest.raises(NotTold):
        entries(made + line + "\n")


def test_a_plan_is_told_at_three_lengths() -> None:
    line, short, full = (describe(PLAN, "import bpy\n", length) for length in LENGTHS)
    assert line == "It has two meshes and a sun light. Boxes and planes stand in for the meshes."
    assert '"Lid" is a child of "Crate".' in short and "It renders with Cycles." in short
    assert 'Mesh "Crate", in "Props", at (1, 2, 0.5): a box from (-1, -1, -1) to (1, 1, 1).' in full
    assert 'Sun light "Key", turned by (45, 0, 0)°: strength 3, color (1, 0.5, 0) and angle 5.73°.' in full
    assert "frames 1 to 48" in full and "frames a second" not in full


def test_numbers_of_things_are_words() -> None:
    told = [several(n, words) for n, words in ((1, "empty"), (2, "mesh"), (12, "point light"))]
    assert told == ["an empty", "two meshes", "12 point lights"]


def test_plans_that_hold_an_address_or_the_startup_scene_alone_are_left_out() -> None:
    assert not scene_dataset.is_private(PLAN) and not scene_dataset.is_startup(PLAN)
    assert scene_dataset.is_private(replace(PLAN, name="jane@example.org"))
    assert scene_dataset.is_private(replace(PLAN, name="/home/jane/yard"))
    startup = (ob("Cube"), ob("Camera", "CAMERA"), ob("Light", "LIGHT"))
    assert scene_dataset.is_startup(replace(PLAN, objects=startup))


def test_differences_are_told_by_name_whatever_the_order() -> None:
    assert plan_differences(PLAN, replace(PLAN, data=PLAN.data[::-1])) == []
    moved = (ob("Crate", location=[1.0, 2.0, 0.50001]), *PLAN.objects[1:])
    assert len(plan_differences(PLAN, replace(PLAN, objects=moved))) == 0
    moved = (ob("Crate", location=[1.0, 2.0, 0.5001]), *PLAN.objects[1:])
    assert plan_differences(PLAN, replace(PLAN, objects=moved)) == ["objects.MESH Crate.location[2]: 0.5 → 0.5001"]
    assert scene_dataset.features(PLAN) != scene_dataset.features(replace(PLAN, objects=PLAN.objects[:2]))
