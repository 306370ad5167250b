# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits in an artist's words: exact, with the given script's names where two nodes are alike, or not told at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from voxel_trainer_addon.graph.diff import diff
from voxel_trainer_addon.graph.edits import Edit
from voxel_trainer_addon.graph.model import Graph, Item, Link, Node, Socket
from voxel_trainer_addon.graph.words.changes import NotTellable, clauses

pytestmark = pytest.mark.plain

VECTOR = Socket("Vector", "Vector", "VECTOR")


def noise(name: str = "Noise", scale: float = 5.0, **settings: Any) -> Node:
    inputs = (VECTOR, Socket("Scale", "Scale", "VALUE", value=scale))
    outputs = (Socket("Fac", "Factor", "VALUE"), Socket("Color", "Color", "RGBA"))
    return Node(name, "ShaderNodeTexNoise", {"normalize": True, **settings}, inputs, outputs)


def bump(name: str = "Bump", strength: float = 1.0) -> Node:
    inputs = (Socket("Strength", "Strength", "VALUE", value=strength), Socket("Height", "Height", "VALUE", value=1.0))
    return Node(name, "ShaderNodeBump", {}, inputs, (Socket("Normal", "Normal", "VECTOR"),))


def tree(*nodes: Node, links: tuple[Link, ...] = (), interface: tuple[Item, ...] = ()) -> Graph:
    return Graph("materials/Rust", "ShaderNodeTree", nodes, links, interface)


FRESH = {node.type: node for node in (noise(), bump())}


def told(a: Graph, b: Graph, called: Mapping[str, str] | None = None, style: int = 0) -> list[str]:
    return clauses(diff(a, b), a, called or {}, FRESH, style)


def test_more_of_it_is_said_as_it_looks() -> None:
    assert told(tree(noise()), tree(noise(scale=12))) == ["make the Noise Texture finer: Scale 12 instead of 5"]
    assert told(tree(bump()), tree(bump(strength=0.3))) == ["make the Bump weaker: Strength 0.3 instead of 1"]


def test_alike_nodes_are_called_as_in_the_given_script() -> None:
    a, b = tree(noise("A"), noise("B", 2)), tree(noise("A"), noise("B", 3))
    assert told(a, b, {"A": "noise", "B": "noise2"}) == ["make the Noise Texture `noise2` finer: Scale 3 instead of 2"]
    assert "the Noise Texture that nothing uses yet finer" in told(a, b, {"A": "noise"})[0]
    with pytest.raises(NotTellable):
        told(a, b)


def test_a_new_node_is_told_with_what_is_not_usual_and_where_it_goes() -> None:
    a = tree(noise())
    b = tree(noise(), bump(strength=0.2), links=(Link("Noise", 0, "Bump", 1),))
    assert told(a, b) == [
        "add a Bump (Strength: 0.2)",
        "connect the Factor of the Noise Texture to the Height of the new Bump",
    ]


def test_a_link_that_another_replaces_is_not_told() -> None:
    a = tree(noise(), bump(), links=(Link("Noise", 0, "Bump", 1),))
    b = tree(noise(), bump(), links=(Link("Noise", 1, "Bump", 1),))
    assert told(a, b, style=1) == ["plug the Color of the Noise Texture into the Height of the Bump"]
    assert told(a, tree(noise(), bump()), style=1) == [
        "disconnect the Factor of the Noise Texture from the Height of the Bump"
    ]


def test_a_setting_is_switched() -> None:
    assert told(tree(noise()), tree(noise(normalize=False))) == ["turn off normalize of the Noise Texture"]
    kinds = [tree(noise(noise_type=kind)) for kind in ("FBM", "RIDGED_MULTIFRACTAL")]
    assert told(*kinds) == ["switch noise type of the Noise Texture from fbm to ridged multifractal"]


def test_the_interface_is_told_by_names_and_places() -> None:
    size = Item("INPUT NodeSocketFloat", "Size", {"default_value": 1.0, "max_value": 3.4e38, "subtype": "NONE"})
    seed = Item("INPUT NodeSocketInt", "Seed", {"default_value": 3, "subtype": "NONE"})
    assert told(tree(interface=(size,)), tree(interface=(size, seed))) == [
        'give the group an int input "Seed" (default value: 3), after "Size"'
    ]
    assert told(tree(interface=(size, seed)), tree(interface=(size,))) == ['remove the input "Seed" of the group']


@pytest.mark.parametrize(
    "edit",
    [
        Edit("unset", {"node": "Noise", "path": ["x"], "old": 1}),
        Edit("set", {"node": "Noise", "path": ["x"], "old": None, "new": {"deep": {"er": 1}}}),
        Edit("add keys", {"node": "Noise", "property": "x", "index": 0, "settings": {}}),
    ],
)
def test_what_has_no_short_words_is_not_told(edit: Edit) -> None:
    with pytest.raises(NotTellable):
        clauses([edit], tree(noise()), {}, FRESH)
