# SPDX-License-Identifier: GPL-3.0-or-later
"""Nearly equal trees find each other; noise is no edit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voxel_trainer_addon.graph.diff import diff
from voxel_trainer_addon.graph.edits import Edit
from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket
from voxel_trainer_addon.graph.near import as_made, can_be_told, distance, is_noise, near_pairs, stem

pytestmark = pytest.mark.plain


def tree(name: str, *values: float) -> Graph:
    nodes = tuple(
        Node(f"n{n}", "ShaderNodeMath", {}, (Socket("a", "Value", "VALUE", value=v),), (Socket("v", "Value", "VALUE"),))
        for n, v in enumerate(values)
    )
    links = (Link("n0", 0, "n1", 0),)
    return Graph(f"materials/{name}", "ShaderNodeTree", nodes, links)


def test_trees_that_differ_in_a_value_are_a_pair_and_equal_ones_are_none() -> None:
    found = {"a": tree("Rust", 0, 1, 2), "b": tree("Moss", 0, 1, 3), "c": tree("Iron", 0, 1, 3)}
    pairs = {frozenset((a, b)): edits for a, b, edits in near_pairs(found, 4)}
    assert frozenset("ab") in pairs and frozenset("bc") not in pairs
    assert [edit.do for edit in pairs[frozenset("ab")]] == ["set value"]


def test_a_name_brings_trees_of_other_shapes_together_within_the_limit() -> None:
    found = {"a": tree("Rust", 0, 1, 2), "b": tree("Rust.001", 0, 1, 2, 4, 5)}
    assert len(list(near_pairs(found, 4))) == 1 and list(near_pairs(found, 1)) == []
    assert distance(*found.values()) == 2


@pytest.mark.parametrize(("name", "begins"), [("Rust.003", "rust"), ("rust 2", "rust"), ("2", "2"), ("R2D", "r2d")])
def test_a_name_without_its_number(name: str, begins: str) -> None:
    assert stem(name) == (begins if name != "2" else "")


@pytest.mark.parametrize(
    ("old", "new", "noise"),
    [
        (0.5, 0.50001, True),
        (0.5, 0.51, False),
        ([1.0, 2.0], [1.0, 2.00001], True),
        (True, False, False),
        ("A", "B", False),
    ],
)
def test_noise_is_a_number_that_hardly_moved(old: object, new: object, noise: bool) -> None:
    assert is_noise(Edit("set", {"path": ["x"], "old": old, "new": new})) is noise


def test_what_moves_and_what_is_called_as_another_was_cannot_be_told() -> None:
    before = tree("Rust", 0, 1)
    assert not can_be_told([Edit("add driver", {})], before)
    sockets = [{"identifier": "v", "name": "Vector", "type": "VALUE", "available": True}]
    edit = Edit("sockets", {"node": "n0", "side": "outputs", "sockets": sockets})
    assert not can_be_told([edit], before)
    same = Edit("sockets", {**edit.what, "sockets": [{**sockets[0], "name": "Value"}]})
    assert can_be_told([same], replace(before))


def test_a_value_that_only_the_file_knew_is_told_when_its_link_goes() -> None:
    linked = tree("Rust", 7, 7)
    loose = replace(linked, links=())
    fresh = {"ShaderNodeMath": tree("New", 0.5).nodes[0]}
    assert [edit.do for edit in diff(linked, loose)] == ["unlink"]
    assert [edit.do for edit in diff(as_made(linked, fresh), loose)] == ["unlink", "set value"]
    assert [edit.do for edit in diff(as_made(linked, {"ShaderNodeMath": tree("New", 7).nodes[0]}), loose)] == ["unlink"]
