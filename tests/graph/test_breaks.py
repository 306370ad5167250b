# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts broken in one place: each kind of break is found, still parses, and differs where it says."""

from __future__ import annotations

import ast
import difflib

import pytest

from voxel_trainer_addon.graph.breaks import KINDS, breaks

pytestmark = pytest.mark.plain

CODE = """import bpy

material = bpy.data.materials.new("Größe")

material.use_nodes = True
tree = material.node_tree
tree.nodes.clear()
new, link = tree.nodes.new, tree.links.new
noise = new("ShaderNodeTexNoise"); noise.noise_dimensions = "4D"
sky = new("ShaderNodeTexSky"); sky.sky_type = "SINGLE_SCATTERING"
mix = new("ShaderNodeMix"); mix.data_type = "RGBA"; link(noise.outputs["Factor"], mix.inputs["Factor"])
principled = new("ShaderNodeBsdfPrincipled")
principled.inputs["Coat Weight"].default_value = 0.5
link(mix.outputs["Result"], principled.inputs["Base Color"])
material_output = new("ShaderNodeOutputMaterial")
link(principled.outputs[0], material_output.inputs["Surface"])
"""
GROUP = """import bpy

tree = bpy.data.node_groups.new("Group", "GeometryNodeTree")
tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
new, link = tree.nodes.new, tree.links.new
curve = new("GeometryNodeResampleCurve")
curve.inputs["Mode"].default_value = "Length"
"""


def broken(code: str = CODE, tree: str = "ShaderNodeTree", blender: tuple[int, ...] = (5, 2, 3)) -> dict[str, str]:
    return {one.kind: one.code for one in breaks(code, tree, blender, most=99, seed=0)}


def test_every_kind_breaks_one_place() -> None:
    found = broken() | broken(GROUP, "GeometryNodeTree")
    missing = KINDS.keys() - found.keys()
    assert missing <= {"node type of another version"}, missing
    for kind, code in found.items():
        ast.parse(code)
        origin = GROUP if "Group" in code else CODE
        lines = [line for line in difflib.ndiff(origin.splitlines(), code.splitlines()) if line[0] in "+-"]
        assert 1 <= len(lines) <= 2, f"{kind}: {lines}"


def test_versions_have_their_own_names() -> None:
    assert 'sky.sky_type = "NISHITA"' in broken()["menu item of another version"]
    assert 'curve.mode = "LENGTH"' in broken(GROUP, "GeometryNodeTree")["setting of another version"]
    old = CODE.replace("SINGLE_SCATTERING", "NISHITA").replace('outputs["Factor"]', 'outputs["Fac"]')
    back = broken(old, blender=(4, 2, 23))
    assert 'sky.sky_type = "SINGLE_SCATTERING"' in back["menu item of another version"]
    assert 'tree.outputs.new("NodeSocketGeometry", "Geometry")' in broken(GROUP)["interface of another version"]


def test_a_link_is_left_out_alone() -> None:
    for seed in range(6):
        for one in breaks(CODE, "ShaderNodeTree", (5, 2, 3), most=99, seed=seed):
            if one.kind == "missing link":
                assert one.code.count("link(") == CODE.count("link(") - 1
                assert one.code.count("new(") == CODE.count("new(")


def test_the_same_script_and_seed_break_alike_and_no_more_than_asked_for() -> None:
    first = list(breaks(CODE, "ShaderNodeTree", (5, 2, 3), most=3, seed=1))
    assert first == list(breaks(CODE, "ShaderNodeTree", (5, 2, 3), most=3, seed=1)) and len(first) == 3
    assert len({one.kind for one in first}) == 3
