# SPDX-License-Identifier: GPL-3.0-or-later
"""Written code: plain Python within 100 columns, whatever strangers call their things."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxel_trainer_addon.graph.model import Graph, Node
from voxel_trainer_addon.graph.names import LETTERS, Names, snake, type_words, wish
from voxel_trainer_addon.graph.steps import DATA, TREE, At, Call, Fetch, Place, Set, data
from voxel_trainer_addon.graph.write import WIDTH, Block, literal, script

pytestmark = pytest.mark.plain


def material(name: str = "Rust", label: str = "", image: str = "Photo", value: object = 0.25) -> str:
    nodes = (
        Node("Image", "ShaderNodeTexImage", {"image": {"id": "IMAGE", "name": image}}, layout={"label": label}),
        Node("Mix", "ShaderNodeMath", {"operation": "MULTIPLY"}),
    )
    a, b = Place("node/Image"), Place("node/Mix")
    steps = (
        Fetch(TREE.base, data("MATERIAL", name) / "node_tree"),
        Call(TREE / "nodes", "clear"),
        Call(TREE / "nodes", "new", ("ShaderNodeTexImage",), result=a.base),
        Set(a, "image", {"id": "IMAGE", "name": image}),
        Call(TREE / "nodes", "new", ("ShaderNodeMath",), result=b.base),
        Set(b, "operation", "MULTIPLY"),
        Call(TREE / "links", "new", (a / "outputs" / At("Alpha"), b / "inputs" / At(0))),
        Set(b / "inputs" / At(1), "default_value", value),
    )
    return script([Block(Graph(f"materials/{name}", "ShaderNodeTree", nodes), steps)])


def test_a_small_material_reads_like_a_tutorial() -> None:
    assert (
        material()
        == """import bpy

photo_image = bpy.data.images.new("Photo", 1, 1)
rust_material = bpy.data.materials.new("Rust")

tree = rust_material.node_tree
tree.nodes.clear()
new, link = tree.nodes.new, tree.links.new
image_texture = new("ShaderNodeTexImage"); image_texture.image = photo_image
multiply = new("ShaderNodeMath"); multiply.operation = "MULTIPLY"
link(image_texture.outputs["Alpha"], multiply.inputs[0])
multiply.inputs[1].default_value = 0.25
"""
    )


@given(st.text(min_size=1, max_size=300), st.text(max_size=63), st.text(min_size=1, max_size=300))
def test_any_name_gives_code_that_parses_and_fits(name: str, label: str, image: str) -> None:
    code = material(name, label, image)
    parsed = ast.parse(code)
    assert max(map(len, code.splitlines())) <= WIDTH
    assert name in {n.value for n in ast.walk(parsed) if isinstance(n, ast.Constant)}


@given(st.text(max_size=400))
def test_strings_come_back(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text
    assert literal(text).isprintable()


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=60))
def test_long_values_are_broken_and_come_back(numbers: list[float]) -> None:
    code = material(value=numbers)
    assert max(map(len, code.splitlines())) <= WIDTH
    last = ast.parse(code).body[-1]
    assert isinstance(last, ast.Assign)
    assert list(ast.literal_eval(last.value)) == numbers


def test_numbers_that_have_no_literal() -> None:
    assert 'default_value = float("inf")' in material(value={"float": "inf"})


@given(st.lists(st.text(max_size=80), max_size=30))
def test_variables_are_words_of_3_to_40_characters_given_once(wishes: list[str]) -> None:
    names = Names()
    given_names = [names.give(text) for text in wishes]
    assert len(set(given_names)) == len(given_names)
    for name in given_names:
        assert name.isidentifier() and name.isascii() and (3 <= len(name) <= 40 or name in LETTERS)


def test_a_node_is_called_by_label_group_operation_type() -> None:
    group = {"node_tree": {"id": "NODETREE", "name": "Edge Wear"}}
    assert wish(Node("a", "ShaderNodeGroup", group, layout={"label": "Höhe (cm)"})) == "hohe_cm"
    assert wish(Node("a", "ShaderNodeGroup", group)) == "edge_wear"
    assert wish(Node("a", "ShaderNodeMath", {"operation": "LESS_THAN"})) == "less_than"
    assert wish(Node("a", "ShaderNodeTexNoise", layout={"label": "噪波"})) == "noise"
    assert type_words("GeometryNodeInputMeshFaceArea") == "mesh_face_area"
    assert snake("Base Color (sRGB)") == "base_color_srgb"


def test_unused_results_get_no_name() -> None:
    steps = (
        Call(DATA / "node_groups", "new", ("G", "ShaderNodeTree"), result=TREE.base),
        Call(TREE / "nodes", "new", ("NodeGroupInput",), result="node/In"),
    )
    code = script([Block(Graph("node_groups/G", "ShaderNodeTree", (Node("In", "NodeGroupInput"),)), steps)])
    assert code.endswith('\nnew("NodeGroupInput")\n')
