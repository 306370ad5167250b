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


@pytest.mark.parametrize("code", ["", "x = (", "import bpy\nx = bpy.data.materials.new('Nodes of wood')\n"])
def test_scripts_without_nodes_have_no_sketch(code: str) -> None:
    assert sketch(code) is None
