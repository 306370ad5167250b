# SPDX-License-Identifier: GPL-3.0-or-later
"""A script is cut into phases only where its order does not matter."""

from __future__ import annotations

import ast

import pytest

from voxel_trainer_addon.graph.phases import GIVE_NAME, parts

HEAD = """
import bpy
low = bpy.data.node_groups.new("Low", "ShaderNodeTree")
nodes, links = low.nodes, low.links
"""
SHORT = """
import bpy
tree = low = bpy.data.node_groups.new("Low", "ShaderNodeTree")
new_socket = tree.interface.new_socket
new_socket("A", socket_type="NodeSocketFloat")
new, link = tree.nodes.new, tree.links.new
"""


def shape(code: str) -> list[tuple[str, dict[str, list[str]]]]:
    """The parts with their statements as text, head apart."""
    return [(p.tree, {k: [ast.unparse(s) for s in v] for k, v in p.phases.items()}) for p in parts(code)][1:]


def test_statements_are_sorted_by_phase() -> None:
    body = """
value = nodes.new("ShaderNodeValue")
value.outputs[0].default_value = 2.0
add = nodes.new("ShaderNodeMath")
add.operation = "ADD"
links.new(value.outputs[0], add.inputs[0])
wire = links.new(value.outputs[0], add.inputs["B"])
wire.is_muted = True
for end in (add, value):
    end.mute = True
"""
    ((tree, phases), *rest) = shape(HEAD + body.replace("for end", "ramp = nodes.new('R')\nfor end"))
    assert tree == "low"
    assert phases["new"] == [
        f"{made} = {GIVE_NAME}(nodes.new({kind}))"
        for made, kind in (("value", "'ShaderNodeValue'"), ("add", "'ShaderNodeMath'"), ("ramp", "'R'"))
    ]
    assert phases["settings"] == ["add.operation = 'ADD'"]
    assert phases["values"] == ["value.outputs[0].default_value = 2.0"]
    assert len(phases["links"]) == 3 and phases["links"][-1] == "wire.is_muted = True"
    assert [tree for tree, _ in rest] == [""], "what comes back to a linked node stays where it is"


def test_short_names_and_nodes_without_a_name_are_understood() -> None:
    body = 'new("NodeFrame")\nadd = new("ShaderNodeMath")\nlink(add.outputs[0], add.inputs[0])\n'
    ((tree, phases),) = shape(SHORT + body)
    assert tree == "tree" and [*phases] == ["new", "links"] and len(phases["new"]) == 2


def test_statements_on_one_line_are_told_apart() -> None:
    body = """
value = new("ShaderNodeValue"); value.label = "grün; (1)"; value.outputs[0].default_value = 2.0
add = new("ShaderNodeMath"); add.operation = "ADD"; link(value.outputs["Größe"], add.inputs[0])
"""
    ((tree, phases), *rest) = shape(SHORT + body.replace("label", "tag"))
    assert tree == "tree" and not rest
    assert {phase: len(statements) for phase, statements in phases.items()} == {
        "new": 2,
        "settings": 2,
        "values": 1,
        "links": 1,
    }


def test_parts_of_a_node_belong_to_it() -> None:
    body = """
switch = new("GeometryNodeMenuSwitch")
item = switch.enum_items.new("C")
item.description = "Third"
other = new("ShaderNodeMath")
link(switch.outputs[0], other.inputs[0])
item.name = "D"
"""
    first, *rest = shape(SHORT + body)
    assert len(first[1]["settings"]) == 2
    assert rest == [("", {"": ["item.name = 'D'"]})]


@pytest.mark.parametrize(
    "strange",
    [
        "if value:\n    value.mute = True",
        "setattr(value, 'mute', True)",
        "x = value.inputs",
        "low.tag = 1",
        'links.new(nodes.new("B").outputs[0], value.inputs[0])',
        'value.parent = nodes.new("NodeFrame")',
        'value = nodes.new("C")',
        "for value in ():\n    value.mute = True",
    ],
)
def test_what_is_not_understood_keeps_its_place_and_all_behind_it(strange: str) -> None:
    first, *rest = shape(HEAD + f'value = nodes.new("A")\n{strange}\nother = nodes.new("B")\n')
    assert [*first[1]] == ["new"] and len(first[1]["new"]) == 1
    assert [(tree, sum(map(len, phases.values()))) for tree, phases in rest] == [("", 2)]


def test_each_tree_begins_anew_and_looks_stay_apart() -> None:
    body = 'a = new("A")\na.location = (1.0, 2.0)\na.inputs[0].hide = True\n'
    found = shape(SHORT + body + SHORT.replace("low", "high") + body)
    assert [(tree, [*phases]) for tree, phases in found] == [
        ("tree", ["new"]),
        ("tree", ["looks"]),
        ("", [""]),
        ("tree", ["new"]),
        ("tree", ["looks"]),
    ]


def test_every_statement_is_in_exactly_one_part() -> None:
    code = HEAD + 'a = nodes.new("A")\nlinks.new(a.outputs[0], a.inputs[0])\na.x = 1\nprint(a)\n'
    assert sum(len(found) for part in parts(code) for found in part.phases.values()) == len(ast.parse(code).body)
