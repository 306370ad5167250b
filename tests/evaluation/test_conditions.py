# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions ask for what a prompt says and nothing else, and let other right answers through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voxel_trainer_addon.evaluation.conditions import Tree, conditions, looseness, met, near
from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket

pytestmark = pytest.mark.plain


def node(name: str, type: str, inputs: dict[str, object], outputs: tuple[str, ...], **settings: object) -> Node:
    kind = "SHADER" if type.startswith("ShaderNodeBsdf") else "VALUE"
    return Node(
        name,
        type,
        settings,
        tuple(Socket(key, key, "VALUE", value=value) for key, value in inputs.items()),
        tuple(Socket(key, key, kind) for key in outputs),
    )


NOISE = node("Noise", "ShaderNodeTexNoise", {"Vector": None, "Scale": 12.5}, ("Factor", "Color"), noise_type="FBM")
MATH = node("Math", "ShaderNodeMath", {"Value": 0.5, "Value_001": 2.0}, ("Value",), operation="MULTIPLY")
SHADER = node("Shader", "ShaderNodeBsdfPrincipled", {"Base Color": None, "Roughness": 0.5}, ("BSDF",))
OUTPUT = node("Output", "ShaderNodeOutputMaterial", {"Surface": None}, ())
RUST = Graph(
    "materials/Rust",
    "ShaderNodeTree",
    (NOISE, SHADER, OUTPUT),
    (Link("Noise", 0, "Shader", 1), Link("Shader", 0, "Output", 0)),
)
LISTED = (
    'Make the material "Rust". Nodes: Noise Texture (noise type fbm, Scale 12.5), Principled BSDF, Material Output. '
    "Connect Noise Texture Factor to Principled BSDF Roughness; Principled BSDF BSDF to Material Output Surface."
)
EXACT = (
    "Make the material \"Rust\" with exactly these nodes. Nodes: noise = ShaderNodeTexNoise(noise_type='FBM', "
    "Scale=12.5); principled = ShaderNodeBsdfPrincipled; output = ShaderNodeOutputMaterial. Links: noise.Factor -> "
    "principled.Roughness; principled.BSDF -> output.Surface."
)
SENTENCES = (
    'I need a material called "Rust". Noise Texture: noise type fbm, Scale 12.5. Principled BSDF: Roughness from Noise '
    "Texture (Factor). Material Output: Surface from Principled BSDF."
)
LINE = 'Make a material with noise-driven roughness. Name it "Rust".'
WHAT = {
    *("has Noise Texture", "has Principled BSDF", "has Material Output", "Noise Texture: noise type fbm"),
    *("Noise Texture: Scale 12.5", "Noise Texture Factor comes into Principled BSDF Roughness"),
    "Principled BSDF BSDF comes into Material Output Surface",
}


@pytest.mark.parametrize("prompt", [LISTED, SENTENCES])
def test_all_that_is_said_is_asked(prompt: str) -> None:
    assert {condition.words for condition in conditions(RUST, prompt)} == WHAT


def test_identifiers_ask_for_the_same() -> None:
    kinds = [condition.kind for condition in conditions(RUST, EXACT)]
    assert kinds == ["node"] * 3 + ["link"] * 2 + ["value"] * 2 + ["only"]


def test_what_is_not_said_is_not_asked() -> None:
    assert [condition.words for condition in conditions(RUST, LINE)] == ["has noise-driven roughness"]
    assert conditions(RUST, "Something rusty, please.") == ()
    without = LISTED.replace(", Scale 12.5", "")
    assert {c.words for c in conditions(RUST, without)} == WHAT - {"Noise Texture: Scale 12.5"}


def test_what_is_said_and_not_so_is_not_asked() -> None:
    assert {c.words for c in conditions(RUST, LISTED.replace("12.5", "13"))} == WHAT - {"Noise Texture: Scale 12.5"}


@pytest.mark.parametrize("prompt", [LISTED, SENTENCES, LINE])
def test_another_right_answer_meets_all(prompt: str) -> None:
    asked = conditions(RUST, prompt)
    renamed = [replace(n, name=f"Other {n.name}", layout={"label": "mine"}) for n in (OUTPUT, NOISE, MATH, SHADER)]
    reroute = Node(
        "Way", "NodeReroute", {}, (Socket("Input", "Input", "VALUE"),), (Socket("Output", "Output", "VALUE"),)
    )
    links = (
        *(Link("Other Noise", 0, "Way", 0), Link("Way", 0, "Other Math", 0), Link("Other Math", 0, "Other Shader", 1)),
        Link("Other Shader", 0, "Other Output", 0),
    )
    frame = Node("Frame", "NodeFrame")
    other = replace(RUST, key="materials/Mine", nodes=(*renamed, reroute, frame), links=links)
    assert met(asked, other) == met(asked, RUST) == 1


def test_only_these_nodes_means_no_others() -> None:
    asked = conditions(RUST, EXACT)
    assert met(asked, RUST) == 1
    assert [c.kind for c in asked if not c.met(Tree(replace(RUST, nodes=(*RUST.nodes, MATH))))] == ["only"]


def test_a_value_by_a_node_is_as_good() -> None:
    value = replace(
        node("Number", "ShaderNodeValue", {}, ("Value",)), outputs=(Socket("V", "Value", "VALUE", value=12.5),)
    )
    other = replace(RUST, nodes=(*RUST.nodes, value), links=(*RUST.links, Link("Number", 0, "Noise", 1)))
    assert met(conditions(RUST, LISTED), other) == 1


@pytest.mark.parametrize(
    ("wanted", "held", "equal"),
    [
        (12.5, 12.6, True),
        (12.5, 13.75, False),
        (0.0, 0.0, True),
        (0.0, 0.01, False),
        (True, 1.0, True),
        ("A", "B", False),
        ([1.0, 2.0], [1.0, 2.01], True),
        ([1.0, 2.0], [1.1, 2.0], False),
        ([1.0], 1.0, False),
    ],
)
def test_numbers_are_equal_to_a_hundredth(wanted: object, held: object, equal: bool) -> None:
    assert near(wanted, held) == equal


def test_each_thing_that_is_wrong_is_found() -> None:
    asked = conditions(RUST, LISTED)
    loud = replace(NOISE, inputs=(NOISE.inputs[0], replace(NOISE.inputs[1], value=125.0)))
    wrong = {
        "Noise Texture: Scale 12.5": replace(RUST, nodes=(loud, SHADER, OUTPUT)),
        "Noise Texture Factor comes into Principled BSDF Roughness": replace(RUST, links=RUST.links[1:]),
    }
    for words, graph in wrong.items():
        assert [condition.words for condition in asked if not condition.met(Tree(graph))] == [words]
    assert met(asked, None) == 0


def test_a_chain_is_counted_by_the_inputs_that_it_reaches() -> None:
    """In a row of four, one link less is not made up for by the way through the node between."""
    row = [replace(MATH, name=f"Math {n}") for n in range(4)]
    links = tuple(Link(f"Math {n}", 0, f"Math {n + 1}", 0) for n in range(3))
    graph = Graph("node_groups/Row", "ShaderNodeTree", tuple(row), links)
    ways = "; ".join(f"Math {n} Value to Math {n + 1} Value" for n in (1, 2, 3))
    asked = conditions(
        graph, f'Make the shader node group "Row". Nodes: Math 1, Math 2, Math 3, Math 4. Connect {ways}.'
    )
    assert [condition.times for condition in asked] == [4, 3]
    assert met(asked, replace(graph, links=links[:2])) == 0.5


def test_a_prompt_that_asks_for_little_is_loose() -> None:
    rough = replace(NOISE, name="Second")
    other = replace(RUST, nodes=(*RUST.nodes, rough), links=(*RUST.links, Link("Second", 0, "Noise", 0)))
    assert looseness(conditions(RUST, LINE), RUST, [Tree(RUST), Tree(other)]) == 1
    assert looseness(conditions(RUST, EXACT), RUST, [Tree(other)]) == 0
    assert looseness(conditions(RUST, LINE), RUST, [Tree(RUST)]) is None
