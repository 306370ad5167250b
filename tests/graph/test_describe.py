# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a tree is true of it, and what is usual is not said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voxel_trainer_addon.graph import describe
from voxel_trainer_addon.graph.model import Graph, Item, Link, Node, Socket

pytestmark = pytest.mark.plain


def node(name: str, type: str, inputs: str = "", outputs: str = "", value: float = 0.0, **settings: object) -> Node:
    ins = tuple(Socket(n, n, "VALUE", value=value) for n in inputs.split())
    return Node(name, type, settings, ins, tuple(Socket(n, n, "VALUE") for n in outputs.split()))


NOISE = node("Noise", "ShaderNodeTexNoise", "Vector Scale", "Fac Color", noise_dimensions="3D", normalize=True)
BUMP = node("Bump", "ShaderNodeBump", "Strength Height", "Normal", invert=False)
PLAIN = {n.type: n for n in (NOISE, BUMP)}
GRAPH = Graph(
    "materials/Rust",
    "ShaderNodeTree",
    (
        replace(BUMP, settings={"invert": True}),
        Node("Reroute", "NodeReroute", {}, (Socket("i", "Input", "VALUE"),), (Socket("o", "Output", "VALUE"),)),
        replace(NOISE, inputs=(NOISE.inputs[0], replace(NOISE.inputs[1], value=12.5))),
    ),
    (Link("Noise", 0, "Reroute", 0), Link("Reroute", 0, "Bump", 1)),
)


@pytest.mark.parametrize(
    ("type", "words"),
    [
        ("ShaderNodeTexNoise", "Noise Texture"),
        ("ShaderNodeBsdfPrincipled", "Principled BSDF"),
        ("ShaderNodeOutputMaterial", "Material Output"),
        ("GeometryNodeMeshCube", "Cube"),
        ("GeometryNodeSetPosition", "Set Position"),
        ("ShaderNodeCombineXYZ", "Combine XYZ"),
        ("FunctionNodeInputVector", "Vector"),
        ("GeometryNodeCurveToPoints", "Curve to Points"),
        ("NodeGroupOutput", "Group Output"),
        ("ShaderNodeValToRGB", "Color Ramp"),
        ("x", "X"),
    ],
)
def test_types_read_as_in_the_menu(type: str, words: str) -> None:
    assert describe.type_words(type) == words


def test_the_long_form_tells_nodes_links_and_what_was_set() -> None:
    assert describe.in_words(GRAPH, PLAIN) == (
        "Nodes: Noise Texture (Scale 12.5), Bump (invert on). Connect Noise Texture Fac to Bump Height."
    )


def test_shorter_forms_tell_less() -> None:
    assert describe.in_words(GRAPH, PLAIN, "short") == "It uses Noise Texture and Bump."
    assert "12.5" not in describe.in_words(GRAPH, PLAIN, "medium")


def test_identifiers_are_those_of_bpy() -> None:
    assert describe.in_identifiers(GRAPH, PLAIN) == (
        "Nodes: noise = ShaderNodeTexNoise(Scale=12.5); bump = ShaderNodeBump(invert=True). "
        "Links: noise.Fac -> bump.Height."
    )


def test_without_knowing_what_is_usual_no_value_is_told() -> None:
    assert "12.5" not in describe.in_words(GRAPH, {}) and "invert" not in describe.in_identifiers(GRAPH, {})


def test_a_muted_link_is_not_told() -> None:
    muted = replace(GRAPH, links=(replace(GRAPH.links[0], muted=True), GRAPH.links[1]))
    assert "Connect" not in describe.in_words(muted, PLAIN)


def test_a_linked_value_is_not_told() -> None:
    linked = replace(GRAPH, links=(*GRAPH.links, Link("Bump", 0, "Noise", 1)))
    assert "12.5" not in describe.in_words(linked, PLAIN)


def test_twins_get_numbers_and_repeated_socket_names_an_index() -> None:
    math = node("a", "ShaderNodeMath", "Value Value", "Value")
    twins = Graph("node_groups/x", "ShaderNodeTree", (math, replace(math, name="b")), (Link("a", 0, "b", 1),))
    assert "Math 1 Value to Math 2 second Value" in describe.in_words(twins, {})
    assert "math.Value -> math2.[1]" in describe.in_identifiers(twins, {})


def test_a_socket_out_of_use_takes_no_name_from_one_in_use() -> None:
    math = node("a", "ShaderNodeMath", "Value Value", "Value")
    one = replace(math, name="b", inputs=(math.inputs[0], replace(math.inputs[1], available=False)))
    graph = Graph("node_groups/x", "ShaderNodeTree", (math, one), (Link("a", 0, "b", 0),))
    assert "to Math 2 Value." in describe.in_words(graph, {})
    assert "-> math2.Value" in describe.in_identifiers(graph, {})


def test_labels_and_group_names_are_told() -> None:
    group = Node("g", "ShaderNodeGroup", {"node_tree": {"id": "NODETREE", "name": "Rust"}}, layout={"label": "Dust"})
    assert describe.in_words(Graph("materials/m", "ShaderNodeTree", (group,)), {}) == 'Nodes: Group ("Rust", "Dust").'


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.20000000298023224, "0.2"),
        (10.0, "10"),
        (0.3333333432674408, "about 0.3333"),
        (1e-05, "1e-05"),
        (100000.0, "1e+05"),
        (True, "on"),
        ("FLOAT_VECTOR", "float vector"),
        ([0.0, 0.5, 1.0], "(0, 0.5, 1)"),
        ([0.3333333432674408, 1.0], "about (0.3333, 1)"),
        ({"a": 1}, None),
        ("", None),
    ],
)
def test_values_are_told_as_stored_or_as_about(value: object, words: str | None) -> None:
    assert describe.value_words(value) == words


def test_a_group_tells_what_it_takes_and_gives() -> None:
    items = (Item("SOCKET", "Scale", {"in_out": "INPUT"}), Item("SOCKET", "Normal", {"in_out": "OUTPUT"}))
    assert describe.interface_words(replace(GRAPH, interface=items)) == "It takes Scale and gives Normal."


def test_a_circle_of_nodes_is_told_once_each() -> None:
    a, b = node("a", "ShaderNodeMath", "Value", "Value"), node("b", "ShaderNodeGamma", "Value", "Value")
    circle = Graph("node_groups/x", "ShaderNodeTree", (a, b), (Link("a", 0, "b", 0), Link("b", 0, "a", 0)))
    assert describe.in_words(circle, {}, "short") in ("It uses Math and Gamma.", "It uses Gamma and Math.")


def test_the_short_form_names_groups_and_counts_twins() -> None:
    group = Node("g", "ShaderNodeGroup", {"node_tree": {"id": "NODETREE", "name": "Rust"}})
    nodes = (group, node("a", "ShaderNodeMath"), node("b", "ShaderNodeMath"), Node("i", "NodeGroupInput"))
    words = describe.in_words(Graph("materials/m", "ShaderNodeTree", nodes), {}, "short")
    assert words == 'It uses the group "Rust" and 2 x Math.'


def test_identifiers_come_with_python_values() -> None:
    made = replace(NOISE, settings={"noise_dimensions": "4D", "normalize": False})
    assert "noise_dimensions='4D', normalize=False" in describe.in_identifiers(
        Graph("node_groups/x", "ShaderNodeTree", (made,)), PLAIN
    )
