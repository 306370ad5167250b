# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes become scripts that make them again: one of everything, real files, and what must not be proven."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.graph.scene import NotPlanned, Plan, plan_differences
from voxel_trainer_addon.graph.scene_plan import MOST, plan, scopes
from voxel_trainer_addon.worker.inside import Refused, empty, prove_scenes, read

pytestmark = pytest.mark.bpy

Json = dict[str, Any]
EVERY = 8
"""Of the corpus's files, sorted by size, every so many."""


def linked(name: str, data: Any, collection: Any, **settings: Any) -> Any:
    ob = bpy.data.objects.new(name, data)
    collection.objects.link(ob)
    for key, value in settings.items():
        setattr(ob, key, value)
    return ob


def make_everything() -> None:
    """A scene with each thing that a plan can tell."""
    empty()
    scene: Any = bpy.context.scene
    scene.name = "Studio"
    scene.render.resolution_x, scene.render.film_transparent, scene.frame_end = 1280, True, 48
    scene.view_settings.view_transform, scene.view_settings.exposure = "Standard", 0.5
    world: Any = bpy.data.worlds.new("Dusk")
    if world.node_tree is None:
        world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.1, 0.2, 0.3, 1)
    scene.world = world
    props = bpy.data.collections.new("Props")
    small = bpy.data.collections.new('Small "things"')
    scene.collection.children.link(props)
    props.children.link(small)
    mesh: Any = bpy.data.meshes.new("Slab")
    mesh.from_pydata([(0, 0, 0), (2, 0, 0), (2, 1, 0.25), (0, 1, 0)], [], [(0, 1, 2, 3)])
    slab = linked("Slab", mesh, props, location=(1, 2, 3), rotation_euler=(0.5, 0, 0), scale=(1, 2, 1))
    small.objects.link(slab)
    flat: Any = bpy.data.meshes.new("Flat")
    flat.from_pydata([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], [], [(0, 1, 2, 3)])
    child = linked("Flat", flat, small, parent=slab, rotation_mode="QUATERNION")
    child.rotation_quaternion = (0.8, 0.6, 0, 0)
    child.matrix_parent_inverse = slab.matrix_basis.inverted()
    linked("Twin", mesh, props, rotation_mode="ZXY", rotation_euler=(0.1, 0.2, 0.3), delta_location=(0, 0, 1))
    empty_one = linked("Target", None, scene.collection, empty_display_type="CUBE", hide_render=True)
    camera: Any = bpy.data.cameras.new("Lens")
    camera.lens, camera.dof.use_dof, camera.dof.aperture_fstop = 35, True, 1.8
    scene.camera = linked("Camera", camera, scene.collection, location=(0, -8, 2))
    scene.camera.constraints.new("TRACK_TO").target = empty_one
    for kind in ("POINT", "SUN", "SPOT", "AREA"):
        light: Any = bpy.data.lights.new(kind, kind)
        light.energy, light.color = 42, (1, 0.5, 0.25)
        linked(f"{kind} light", light, scene.collection)
    rig: Any = linked("Rig", bpy.data.armatures.new("Rig"), scene.collection)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    root = rig.data.edit_bones.new("root")
    root.tail = (0, 0, 1)
    tip = rig.data.edit_bones.new("tip")
    tip.head, tip.tail, tip.parent, tip.use_connect = (0, 0, 1), (0, 1, 1), root, True
    bpy.ops.object.mode_set(mode="OBJECT")
    held = linked("Held", flat, scene.collection, parent=rig, parent_type="BONE", parent_bone="tip")
    held.modifiers.new("Edge", "BEVEL").width = 0.02
    held.modifiers.new("Mirror", "MIRROR").mirror_object = empty_one
    text: Any = bpy.data.curves.new("Sign", "FONT")
    text.body, text.extrude = 'Open "24 h"\nCome in', 0.1
    linked("Sign", text, scene.collection)


def proven(found: Plan) -> Json:
    answer = prove_scenes.run({"plans": {"it": json.loads(json.dumps(found.as_json()))}, "roots": ["it"]}, Path())
    return dict(answer["scripts"]["it"])


@pytest.mark.parametrize(("scope", "name"), [("scene", "Studio"), ("collection", "Props"), ("objects", "Slab")])
def test_everything_is_made_again(scope: str, name: str) -> None:
    make_everything()
    found = plan(prove_scenes.record(), scope, name)
    answer = proven(found)
    assert answer["proven"], f"{answer['reason']}\n{answer['code']}"
    assert answer["nodes"] == len(found.objects) >= 2
    assert "voxel" not in answer["code"] and max(map(len, answer["code"].splitlines())) < 140


def test_what_a_script_leaves_out_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line but the helpers is needed: without it the script fails or makes something else."""
    make_everything()
    found = plan(prove_scenes.record(), "scene", "Studio")
    code = proven(found)["code"]
    lines = code.splitlines()
    settings = [n for n, line in enumerate(lines) if " = " in line and line.startswith(("scene.", "camera", "rig"))]
    assert len(settings) > 5
    for n in settings:
        without = "\n".join([*lines[:n], *lines[n + 1 :]]) + "\n"
        monkeypatch.setattr(prove_scenes, "scene_script", lambda *_, text=without: text)
        assert not proven(found)["proven"], lines[n]


def test_plans_of_real_files_are_proven(corpus: Path, tmp_path: Path) -> None:
    tried, told = 0, []
    for path in sorted(corpus.rglob("*.blend"), key=lambda p: (p.stat().st_size, p.name))[::EVERY]:
        try:
            record = json.loads(Path(read.run({"path": str(path), "sha256": "0" * 64}, tmp_path)["record"]).read_text())
        except Refused:
            continue
        for scope, name in scopes(record):
            try:
                found = plan(record, scope, name)
            except NotPlanned:
                continue
            assert 2 <= len(found.objects) <= MOST
            tried += 1
            if not (answer := proven(found))["proven"]:
                told.append((path.name, name, answer["reason"]))
    assert tried > 8
    assert told == []


def test_plans_differ_by_what_is_moved() -> None:
    make_everything()
    before = plan(prove_scenes.record(), "scene", "Studio")
    assert plan_differences(before, before) == []
    bpy.data.objects["Slab"].location.x += 0.001
    bpy.data.lights["SUN"].energy = 43
    found = plan_differences(before, plan(prove_scenes.record(), "scene", "Studio"))
    assert len(found) == 2 and any("location" in line for line in found) and any("energy" in line for line in found)
