# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask Voxel in real windows of Blender 4.3 and 5.2, answered by a scripted server on loopback."""

from __future__ import annotations

import json
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.providers.answer_server import answering
from voxel_trainer_addon import prompts
from voxel_trainer_addon.deployment import duels, pointer, registry
from voxel_trainer_addon.paths import DataFolder

pytestmark = pytest.mark.blender

RUST = """\
import bpy

material = bpy.data.materials.new("Rust")
material.use_nodes = True
tree = material.node_tree
tree.nodes.clear()
noise = tree.nodes.new("ShaderNodeTexNoise")
noise.inputs["Scale"].default_value = 9.0
ramp = tree.nodes.new("ShaderNodeValToRGB")
ramp.color_ramp.elements[0].color = (0.3, 0.08, 0.02, 1.0)
ramp.color_ramp.elements[1].color = (0.25, 0.25, 0.27, 1.0)
surface = tree.nodes.new("ShaderNodeBsdfPrincipled")
surface.inputs["Roughness"].default_value = 0.8
output = tree.nodes.new("ShaderNodeOutputMaterial")
tree.links.new(noise.outputs["Fac" if "Fac" in noise.outputs else "Factor"], ramp.inputs[0])
tree.links.new(ramp.outputs[0], surface.inputs["Base Color"])
tree.links.new(surface.outputs[0], output.inputs[0])
"""
ROUGH = """\
tree = bpy.data.materials["Material"].node_tree
surface = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
surface.inputs["Roughness"].default_value = 0.95
noise = tree.nodes.new("ShaderNodeTexNoise")
bump = tree.nodes.new("ShaderNodeBump")
tree.links.new(noise.outputs[0], bump.inputs["Height"])
tree.links.new(bump.outputs["Normal"], surface.inputs["Normal"])
"""

LIFT = """\
import bpy

tree = bpy.data.node_groups.new("Lift", "GeometryNodeTree")
tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
there, back = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
moved = tree.nodes.new("GeometryNodeSetPosition")
moved.inputs["Offset"].default_value = (0.0, 0.0, 1.0)
tree.links.new(there.outputs[0], moved.inputs[0])
tree.links.new(moved.outputs[0], back.inputs[0])
"""
HIGHER = """\
tree = bpy.data.node_groups["Lift"]
moved = next(node for node in tree.nodes if node.bl_idname == "GeometryNodeSetPosition")
moved.inputs["Offset"].default_value = (0.0, 0.0, 3.0)
"""
SCENE = """\
import bpy

scene = bpy.data.scenes.new("Turned")
scene.use_nodes = True
tree = scene.node_tree
tree.nodes.clear()
out = tree.nodes.new("CompositorNodeComposite")
"""
GROUP = """\
import bpy

tree = bpy.data.node_groups.new("Turned", "CompositorNodeTree")
tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
out = tree.nodes.new("NodeGroupOutput")
"""
INVERTED = """\
layers = tree.nodes.new("CompositorNodeRLayers")
invert = tree.nodes.new("CompositorNodeInvert")
tree.links.new(layers.outputs[0], invert.inputs["Color"])
tree.links.new(invert.outputs[0], out.inputs[0])
"""
BLURRED = """\
invert = next(node for node in tree.nodes if node.bl_idname == "CompositorNodeInvert")
out = invert.outputs[0].links[0].to_node
blur = tree.nodes.new("CompositorNodeBlur")
tree.links.new(invert.outputs[0], blur.inputs[0])
tree.links.new(blur.outputs[0], out.inputs[0])
"""
OF_SCENE = "tree = next(scene.node_tree for scene in bpy.data.scenes if scene.node_tree)\n"
OF_GROUP = 'tree = next(tree for tree in bpy.data.node_groups if tree.bl_idname == "CompositorNodeTree")\n'
ANSWERS = {
    "rough": ROUGH,
    "make lift it": LIFT,
    "change lift it": HIGHER,
    "make the picture in 4": SCENE + INVERTED,
    "make the picture in 5": GROUP + INVERTED,
    "change the picture in 4": OF_SCENE + BLURRED,
    "change the picture in 5": OF_GROUP + BLURRED,
}


def said(request: str) -> str:
    if "slowly" in request:
        time.sleep(20)
    return prompts.answer(next((answer for words, answer in ANSWERS.items() if words in request), RUST))


@pytest.mark.parametrize("version", ("4.3", "5.2"))
def test_asked_previewed_applied_undone(window: Any, version: str) -> None:
    with answering(said) as server:
        found = window(version, "drive_ask", URL=server.url)
    assert found["offer"][0] == "New Material: 4 nodes" and found["picture"] and found["applied"] == "Rust"
    assert len(found["changes"]) >= 5
    first, second = found["watched"][:2]
    assert first["applied"] and first["undone_s"] is not None and second["reason"] == "wrong nodes"


@pytest.mark.parametrize("version", (pytest.param("4.3", marks=pytest.mark.slow), "5.2"))
def test_a_duel_and_all_that_is_not_the_straight_way(window: Any, version: str, tmp_path: Path) -> None:
    scale = count(9)

    def otherwise(request: str) -> str:
        return said(request).replace("= 9.0", f"= {next(scale)}.0")

    folder = DataFolder(tmp_path / f"data {version}")
    folder.dataset("voxel").mkdir(parents=True)
    with answering(otherwise) as server:
        first, second = (registry.add(folder, "voxel", f"openai:{name}", server.url).id for name in ("one", "other"))
        pointer.move(folder, pointer.Pointer(), pointer.Pointer(live=first), done="", model=first, why="", by="")
        found = window(version, "drive_ask_more", 1500, URL=server.url)
    assert len(found["passed"]) == 7
    (duel,) = duels.kept(folder)
    assert {duel.a, duel.b} == {first, second} and duel.chosen == "B" and found["duel"] == [duel.b]
    assert found["modifier"] == "Lift" and "CompositorNodeBlur" in found["composited"]


@pytest.mark.slow
@pytest.mark.parametrize("version", ("4.3", "5.2"))
def test_fifty_answers_and_undos_leave_nothing(window: Any, version: str) -> None:
    found = window(version, "drive_ask_rounds", 900)
    rounds, taken, wrong = found["rounds"]
    assert rounds == 50 and taken >= 30 and wrong == []
    print(json.dumps({name: found[name] for name in ("blender", "round_s", "held_ms")}, indent=1))
