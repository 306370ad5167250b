# SPDX-License-Identifier: GPL-3.0-or-later
"""Written code: plain Python within 100 columns, whatever strangers call their things."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket
from voxel_trainer_addon.graph.names import LETTERS, Names, cut, snake, type_words, wish, wishes
from voxel_trainer_addon.graph.steps import DATA, TREE, At, Call, Fetch, Place, Set, Step, data
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


def test_quotes_inside_a_string_are_not_escaped_where_others_do() -> None:
    assert literal('nodes["Mix"].mute') == """'nodes["Mix"].mute'"""
    assert literal("""5' 3" wide""") == '"5\' 3\\" wide"'


def written(graph: Graph, *steps: Step) -> str:
    opened = Call(DATA / "node_groups", "new", ("G", "ShaderNodeTree"), result=TREE.base)
    code = script([Block(graph, (opened, *steps))])
    return code.split(".new\n", 1)[1]


def made(node: Node) -> Call:
    return Call(TREE / "nodes", "new", (node.type,), result=f"node/{node.name}")


def linked(start: Node, end: Node, entry: int) -> Call:
    ends = Place(f"node/{start.name}") / "outputs" / At(0), Place(f"node/{end.name}") / "inputs" / At(entry)
    return Call(TREE / "links", "new", ends)


def test_a_line_speaks_of_one_node_and_of_all_of_it_where_that_is_short() -> None:
    value, sine, add = Node("a", "ShaderNodeValue"), Node("s", "ShaderNodeMath"), Node("b", "ShaderNodeMath")
    steps = (
        made(value),
        Set(Place("node/a") / "outputs" / At(0), "default_value", 2.0),
        made(sine),
        Set(Place("node/s"), "operation", "SINE"),
        linked(value, sine, 0),
        made(add),
        linked(value, add, 0),
        linked(sine, add, 1),
    )
    assert (
        written(Graph("node_groups/G", "ShaderNodeTree", (value, sine, add)), *steps)
        == """value_node = new("ShaderNodeValue"); value_node.outputs[0].default_value = 2
math = new("ShaderNodeMath"); math.operation = "SINE"; link(value_node.outputs[0], math.inputs[0])
math2 = new("ShaderNodeMath")
link(value_node.outputs[0], math2.inputs[0])
link(math.outputs[0], math2.inputs[1])
"""
    )


def test_what_is_done_deep_inside_a_node_has_a_name_and_a_row_a_line() -> None:
    ramp = Node("r", "ShaderNodeValToRGB")
    stops = Place("node/r") / "color_ramp" / "elements"
    steps: list[Step] = [made(ramp), Call(stops, "new", (0.5,))]
    for n in range(4):
        steps += [Set(stops / At(n), "position", n / 4), Set(stops / At(n), "color", (0.123456 * n, 0.5, 0.25, 1.0))]
    assert (
        written(Graph("node_groups/G", "ShaderNodeTree", (ramp,)), *steps)
        == """color_ramp = new("ShaderNodeValToRGB")
stops = color_ramp.color_ramp.elements
stops.new(0.5)
for index, position, color in (
    (0, 0, (0, 0.5, 0.25, 1)),
    (1, 0.25, (0.123456, 0.5, 0.25, 1)),
    (2, 0.5, (0.246912, 0.5, 0.25, 1)),
    (3, 0.75, (0.370368, 0.5, 0.25, 1)),
):
    stops[index].position = position
    stops[index].color = color
"""
    )


def test_a_reroute_tells_what_it_carries() -> None:
    def socket(name: str) -> tuple[Socket, ...]:
        return (Socket(name, name, "VALUE"),)

    sine = Node("s", "ShaderNodeMath", {"operation": "SINE"}, outputs=socket("Value"))
    noise = Node("n", "ShaderNodeTexNoise", outputs=socket("Factor"))
    reroutes = [Node(name, "NodeReroute", inputs=socket("Input"), outputs=socket("Output")) for name in "pqr"]
    links = (Link("s", 0, "p", 0), Link("p", 0, "q", 0), Link("n", 0, "r", 0))
    found = wishes(Graph("node_groups/G", "ShaderNodeTree", (sine, noise, *reroutes), links))
    assert [found[name] for name in "pqr"] == ["sine_value", "sine_value", "factor"]


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
    assert cut("nurbs_segment_to_the_bezier_chain", 20) == "nurbs_segment"


def test_unused_results_get_no_name() -> None:
    steps = (
        Call(DATA / "node_groups", "new", ("G", "ShaderNodeTree"), result=TREE.base),
        Call(TREE / "nodes", "new", ("NodeGroupInput",), result="node/In"),
    )
    code = script([Block(Graph("node_groups/G", "ShaderNodeTree", (Node("In", "NodeGroupInput"),)), steps)])
    assert code.endswith('\nnew("NodeGroupInput")\n')
