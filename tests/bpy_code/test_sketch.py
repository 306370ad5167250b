# SPDX-License-Identifier: GPL-3.0-or-later
"""A script's tree is read off its text."""

from __future__ import annotations

import pytest

from voxel_trainer_addon.bpy_code.sketch import sketch

pytestmark = pytest.mark.plain

CODE = """import bpy

tree = bpy.data.node_groups.new("Wear", "ShaderNodeTree")
nodes, links = tree.nodes, tree.links
noise = nodes.new("ShaderNodeTexNoise")
noise.inputs["Scale"].default_value = 3.0
add = nodes.new(type="ShaderNodeMath")
links.new(noise.outputs["Fac"], add.inputs[0])
links.new(add.inputs[1], noise.outputs["Fac"])
"""


def test_nodes_and_links_are_found() -> None:
    graph = sketch(CODE)
    assert graph is not None
    assert [(n.name, n.type) for n in graph.nodes] == [("noise", "ShaderNodeTexNoise"), ("add", "ShaderNodeMath")]
    assert [(link.source, link.output, link.target, link.input) for link in graph.links] == [
        ("noise", 0, "add", 0),
        ("noise", 0, "add", 1),
    ]
    assert [s.name for s in graph.nodes[1].inputs] == ["0", "1"]


def test_of_several_trees_the_last_is_taken() -> None:
    graph = sketch(CODE + 'nodes, links = t.nodes, t.links\nmix = nodes.new("ShaderNodeMix")\n')
    assert graph is not None
    assert [node.type for node in graph.nodes] == ["ShaderNodeMix"]


def test_methods_may_have_names_and_links_stand_in_a_loop() -> None:
    graph = sketch("""import bpy

tree = bpy.data.node_groups.new("Wear", "ShaderNodeTree")
new, link = tree.nodes.new, tree.links.new
gone = new("ShaderNodeMath")
tree = bpy.data.node_groups.new("Rust", "ShaderNodeTree")
new, link = tree.nodes.new, tree.links.new
noise = new("ShaderNodeTexNoise")
wave = new("ShaderNodeTexWave")
combine_xyz = new("ShaderNodeCombineXYZ")
for node, name in ((noise, "X"), (wave, "Y")):
    link(node.outputs["Fac"], combine_xyz.inputs[name])
for name in ("Scale", "Detail"):
    link(wave.outputs["Color"], noise.inputs[name])
""")
    assert graph is not None
    assert [node.name for node in graph.nodes] == ["noise", "wave", "combine_xyz"]
    assert [(link.source, link.output, link.target, link.input) for link in graph.links] == [
        ("noise", 0, "combine_xyz", 0),
        ("wave", 0, "combine_xyz", 1),
        ("wave", 1, "noise", 0),
        ("wave", 1, "noise", 1),
    ]


@pytest.mark.parametrize("code", ["", "x = (", "import bpy\nx = bpy.data.materials.new('Nodes of wood')\n"])
def test_scripts_without_nodes_have_no_sketch(code: str) -> None:
    assert sketch(code) is None
