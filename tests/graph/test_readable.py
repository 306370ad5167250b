# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that make code readable hold for the code of real trees."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.graph.blender.read import read_graph, read_graphs
from voxel_trainer_addon.graph.model import Graph, closure
from voxel_trainer_addon.graph.names import LETTERS, LONGEST, snake, wishes
from voxel_trainer_addon.graph.write import script, variables
from voxel_trainer_addon.worker.inside import empty
from voxel_trainer_addon.worker.inside.trial import built

pytestmark = pytest.mark.bpy
FILES = (
    "IRCSS__Trees-With-Geometry-Nodes-Blender/LowpolyGeometrynodeTree.blend",
    "KhronosGroup__glTF-Blender-Exporter/pbr_node__glTF2_PBR_Lights.blend",
)


def comes_from(variable: str, wish: str) -> bool:
    """Whether a variable is the wish's beginning, with what makes it a name and the only one of its kind."""
    stem = re.sub(r"_?\d+$", "", variable)
    return any(
        f"{before}{snake(wish)}".startswith(said)
        for said in (stem, stem.removesuffix("_node"))
        for before in ("", "n_")
    ) or variable.startswith(snake(wish)[:LONGEST])


def code_of(tree: Any) -> str:
    """The code of a tree of the open file, from where its nodes begin."""
    graph = read_graph(tree, f"node_groups/{tree.name}")
    blocks, failures = built([graph])
    assert not failures
    return script(list(blocks.values())).split("tree.links.new\n")[1]


def test_operands_come_in_their_order_and_a_frame_is_named_once() -> None:
    empty()
    tree: Any = bpy.data.node_groups.new("Falloff", "ShaderNodeTree")
    frame = tree.nodes.new("NodeFrame")
    frame.label = "One minus all"
    value, first, outside, second = (
        tree.nodes.new(f"ShaderNode{kind}") for kind in ("Value", "Math", "LightPath", "Math")
    )
    for node in (first, second):
        node.operation, node.parent, node.inputs[0].default_value = "SUBTRACT", frame, 1
    tree.links.new(value.outputs[0], first.inputs[1])
    tree.links.new(outside.outputs["Ray Length"], second.inputs[1])
    end = tree.nodes.new("ShaderNodeMath")
    tree.links.new(first.outputs[0], end.inputs[0])
    tree.links.new(second.outputs[0], end.inputs[1])
    code = code_of(tree)
    assert code.count("# One minus all") == 1
    assert (
        """
subtract = new("ShaderNodeMath"); subtract.operation = "SUBTRACT"
subtract.inputs[0].default_value = 1
link(value_node.outputs[0], subtract.inputs[1])
subtract2 = new("ShaderNodeMath"); subtract2.operation = "SUBTRACT"
subtract2.inputs[0].default_value = 1
link(light_path.outputs["Ray Length"], subtract2.inputs[1])
"""
        in code
    )


def test_a_driver_as_blender_makes_it_is_short() -> None:
    empty()
    tree: Any = bpy.data.node_groups.new("Moved", "ShaderNodeTree")
    tree.nodes.new("ShaderNodeValue").outputs[0].driver_add("default_value").driver.expression = 'self["speed"] * 2'
    tree.links.new(tree.nodes["Value"].outputs[0], tree.nodes.new("ShaderNodeMath").inputs[0])
    code = code_of(tree)
    assert ".modifiers" not in code
    assert """driver.expression = 'self["speed"] * 2'\n""" in code


@pytest.mark.parametrize("name", FILES)
def test_names_say_what_things_are_and_lines_fit(name: str, corpus: Path) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(corpus / name), load_ui=False, use_scripts=False)
    graphs, _ = read_graphs(bpy.data)
    closures: list[list[Graph]] = [closure(graph, graphs) for graph in graphs.values()]
    blocks, failures = built(tree for trees in closures for tree in trees)
    assert not failures
    for trees in closures:
        used = [blocks[tree.key] for tree in trees]
        code = script(used, arrange=True)
        assert max(map(len, code.splitlines())) <= 100
        assert not any(line.count(" = new(") > 1 for line in code.splitlines())
        parsed = ast.parse(code, feature_version=(3, 11))
        names = {n.id for n in ast.walk(parsed) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        assert all(3 <= len(name) <= 40 or name in LETTERS for name in names - {"x", "y"})
        for block, given in zip(used, variables(used), strict=True):
            wanted = wishes(block.graph)
            nodes = {node.name: node.type for node in block.graph.nodes}
            for base, variable in given.items():
                if base.removeprefix("node/") in nodes and base.startswith("node/"):
                    wish = wanted[base.removeprefix("node/")]
                    assert comes_from(variable, wish), f"{variable} for {wish}"
