# SPDX-License-Identifier: GPL-3.0-or-later
"""Words for nodes and values: articles, units, short numbers."""

from __future__ import annotations

import pytest

from voxel_trainer_addon.graph.model import Node
from voxel_trainer_addon.graph.words import phrases
from voxel_trainer_addon.graph.words.about_nodes import folded

pytestmark = pytest.mark.plain


@pytest.mark.parametrize(
    "words", ["a Mix", "an Emission", "a UV Map", "an RGB Curves", "an Image Texture", 'a group "Rust"']
)
def test_articles_are_those_of_speech(words: str) -> None:
    assert phrases.article(words.split(" ", 1)[1]) == words


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0.7853981852531433, "°", "45°"),
        ([0.0, 0.0, 1.5707963705062866], "°", "(0, 0, 90)°"),
        (0.2, "m", "0.2 m"),
        (1e-05, "m", "0.00001 m"),
        (10000.0, "", "10000"),
        (6500.0, "K", "6500 K"),
        (True, "", "on"),
        ("BOX", "", "box"),
        ({"id": "OBJECT", "name": "Rock"}, "", 'the object "Rock"'),
        ({"elements": []}, "", None),
    ],
)
def test_values_come_with_their_unit(value: object, unit: str, words: str | None) -> None:
    assert phrases.measured(value, unit) == words


def test_a_vector_named_rotation_is_an_angle_and_a_number_of_that_name_may_be_none() -> None:
    assert phrases.unit_by_name("Rotation", "VECTOR") == "°"
    assert phrases.unit_by_name("Rotation", "VALUE") == ""
    assert phrases.unit_by_name("Voxel Size", "VALUE") == "m"


def test_a_node_is_called_by_menu_label_or_group() -> None:
    group = {"node_tree": {"id": "NODETREE", "name": "Rust"}}
    assert phrases.node_words(Node("x", "ShaderNodeTexNoise", layout={"label": "Dirt"})) == 'Noise Texture "Dirt"'
    assert phrases.node_words(Node("x", "ShaderNodeGroup", group)) == 'group "Rust"'


def test_runs_of_one_name_are_counted() -> None:
    assert folded(["Mix", "Mix", "Switch", "Mix"]) == ["2 × Mix", "Switch", "Mix"]
