# SPDX-License-Identifier: GPL-3.0-or-later
"""Code comes back as the steps that it was written from, and both are told as the same compact form."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from voxel_trainer_addon.graph.compact import compact
from voxel_trainer_addon.graph.model import Found
from voxel_trainer_addon.graph.parse_code import parse_code
from voxel_trainer_addon.graph.sparse import graphs
from voxel_trainer_addon.graph.write import Block, script, variables

from .drawn_steps import blocks

pytestmark = pytest.mark.plain

HEAD = "import bpy\n\ntree = bpy.data.node_groups.new('G', 'ShaderNodeTree')\nnodes, links = tree.nodes, tree.links\n"


@settings(max_examples=40, deadline=None)
@given(blocks())
def test_code_and_compact_form_are_two_views_of_the_same_steps(written: list[Block]) -> None:
    code = script(written)
    read = parse_code(code)
    assert compact(read) == compact(written, variables(written))
    assert compact(parse_code(script(read))) == compact(read)


def test_loops_and_bound_methods_are_unrolled() -> None:
    code = (
        HEAD
        + """
link = tree.links.new
first, second = nodes.new("ShaderNodeMath"), nodes.new("ShaderNodeMath")
for node, operation in ((first, "SINE"), (second, "COSINE")):
    node.operation = operation
    node.use_clamp = True
for index in range(2):
    link(first.outputs["Value"], second.inputs[index])
"""
    )
    (tree,) = compact(parse_code(code))["trees"]
    assert tree["nodes"] == {
        "first": {"type": "ShaderNodeMath", "settings": {"operation": "SINE", "use_clamp": True}},
        "second": {"type": "ShaderNodeMath", "settings": {"operation": "COSINE", "use_clamp": True}},
    }
    assert tree["links"] == [["first", '["Value"]', "second", "[0]"], ["first", '["Value"]', "second", "[1]"]]


def test_what_arranges_nodes_is_no_step() -> None:
    block = parse_code(HEAD + "a = nodes.new('ShaderNodeMath')\n")
    assert compact(parse_code(script(block, arrange=True))) == compact(parse_code(script(block)))


def test_looks_are_told_apart_from_what_a_node_means() -> None:
    code = (
        HEAD
        + """
for _ in range(2):
    tree.interface.remove(tree.interface.new_socket("unused", socket_type="NodeSocketFloat"))
socket = tree.interface.new_socket("Size", socket_type="NodeSocketFloat")
socket["unit"] = "m"
frame = nodes.new("NodeFrame")
add = nodes.new("ShaderNodeMath")
add.parent = frame
add.location, add.label, add.name = (10, -20.5), "Grow", "Math.007"
add.inputs["Value"].hide = True
add["own"] = {"deep": (1, 2.5)}
tree.interface.move(socket, 0)
"""
    )
    (tree,) = compact(parse_code(code))["trees"]
    kind = "INPUT NodeSocketFloat"
    assert tree["interface"] == [{"kind": kind, "name": "Size", "identifier": "Socket_2", "custom": {"unit": "m"}}]
    assert tree["moves"] == [[0, 0]]
    assert tree["nodes"]["add"] == {
        "type": "ShaderNodeMath",
        "name": "Math.007",
        "layout": {
            "parent": "frame",
            "location": [10, -20.5],
            "label": "Grow",
            "inputs": {'["Value"]': {"hide": True}},
            "custom": {"own": {"group": {"deep": [1, 2.5]}}},
        },
    }
    (graph,) = graphs({"format": "voxel-graph/1", "trees": [tree]})
    (item,) = graph.interface
    assert (item.identifier, item.layout) == ("Socket_2", {"custom": {"unit": "m"}})
    assert graph.nodes[1].name == "Math.007" and graph.nodes[1].layout["parent"] == "frame"


def test_what_moves_a_tree_is_read() -> None:
    code = """import bpy

dance = bpy.data.actions.new("Dance")
tree = bpy.data.node_groups.new("G", "ShaderNodeTree")
add = tree.nodes.new("ShaderNodeMath")
curve = add.inputs["Value"].driver_add("default_value")
driver = curve.driver
driver.expression = "size * 2"
variable = driver.variables.new()
variable.name = "size"
target = variable.targets[0]
target.id_type, target.id = "NODETREE", tree
animation = tree.animation_data_create()
animation.action = dance
curve = dance.fcurve_ensure_for_datablock(tree, add.path_from_id() + ".odd", index=2)
for frame, value in ((1, 0), (24, 1.5)):
    curve.keyframe_points.insert(frame, value)
curve.keyframe_points[1].interpolation = "LINEAR"
"""
    (tree,) = compact(parse_code(code))["trees"]
    target = {"id_type": "NODETREE", "id": {"id": "NODETREE", "name": ""}}
    variables = {"new": [[]], "0": {"name": "size", "targets": {"0": target}}}
    driver = {"expression": "size * 2", "variables": variables}
    points = {"insert": [[1, 0], [24, 1.5]], "1": {"interpolation": "LINEAR"}}
    assert tree["animation"] == {
        "drivers": [{"node": "add", "property": 'inputs["Value"].default_value', "settings": {"driver": driver}}],
        "keys": [{"node": "add", "path": "odd", "index": 2, "settings": {"keyframe_points": points}}],
        "settings": {"action": {"id": "ACTION", "name": "Dance"}},
    }
    (graph,) = graphs({"format": "voxel-graph/1", "trees": [tree]})
    assert isinstance(graph.animation.drivers[0], Found) and not isinstance(graph.animation.keys[0], Found)


def test_a_form_names_what_is_wrong_with_it() -> None:
    tree = {"key": "node_groups/G", "type": "ShaderNodeTree", "links": [["a", "Value", "b", "Value"]]}
    with pytest.raises(ValueError, match="“a”"):
        graphs({"format": "voxel-graph/1", "trees": [tree]})
    with pytest.raises(ValueError, match="voxel-graph/1"):
        graphs({"format": "voxel-graph/9", "trees": []})
    keys = [{"property": "value", "settings": {}}]
    with pytest.raises(ValueError, match="no action"):
        graphs({"format": "voxel-graph/1", "trees": [{"key": "a/b", "type": "c", "animation": {"keys": keys}}]})
