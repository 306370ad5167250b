# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask Voxel in real windows of Blender 4.3 and 5.2, answered by a scripted server on loopback."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.providers.answer_server import answering
from voxel_trainer_addon import prompts

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


def said(request: str) -> str:
    if "slowly" in request:
        time.sleep(20)
    return prompts.answer(ROUGH if "rough" in request else RUST)


@pytest.mark.parametrize("version", ("4.3", "5.2"))
def test_asked_previewed_applied_undone(window: Any, version: str) -> None:
    with answering(said) as server:
        found = window(version, "drive_ask", URL=server.url)
    assert found["offer"][0] == "New Material: 4 nodes" and found["picture"] and found["applied"] == "Rust"
    assert len(found["changes"]) >= 5
    first, second = found["watched"][:2]
    assert first["applied"] and first["undone_s"] is not None and second["reason"] == "wrong nodes"


@pytest.mark.slow
@pytest.mark.parametrize("version", ("4.3", "5.2"))
def test_fifty_answers_and_undos_leave_nothing(window: Any, version: str) -> None:
    found = window(version, "drive_ask_rounds", 900)
    rounds, taken, wrong = found["rounds"]
    assert rounds == 50 and taken >= 30 and wrong == []
