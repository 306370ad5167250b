# SPDX-License-Identifier: GPL-3.0-or-later
"""Likeness counts nodes and links by type, is symmetric, and does not ask for names."""

from __future__ import annotations

import pytest

from voxel_trainer_addon.graph import similarity
from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket

pytestmark = pytest.mark.plain


def node(name: str, type: str) -> Node:
    return Node(name, type, inputs=(Socket("In", "In", "VALUE"),), outputs=(Socket("Out", "Out", "VALUE"),))


def graph(types: dict[str, str], links: list[tuple[str, str]], key: str = "materials/M") -> Graph:
    nodes = tuple(node(name, type) for name, type in types.items())
    return Graph(key, "ShaderNodeTree", nodes, tuple(Link(a, 0, b, 0) for a, b in links))


NOISE = graph({"n": "Noise", "r": "Ramp", "o": "Output"}, [("n", "r"), ("r", "o")])


def test_a_tree_is_like_itself_under_other_names() -> None:
    other = graph({"x": "Output", "y": "Ramp", "z": "Noise"}, [("y", "x"), ("z", "y")], "materials/Other")
    assert similarity.node_f1(NOISE, other) == similarity.link_f1(NOISE, other) == 1.0


def test_missing_and_invented_nodes_cost_alike() -> None:
    less = graph({"n": "Noise", "r": "Ramp"}, [("n", "r")])
    assert similarity.node_f1(NOISE, less) == similarity.node_f1(less, NOISE) == pytest.approx(4 / 5)
    assert similarity.link_f1(NOISE, less) == similarity.link_f1(less, NOISE) == pytest.approx(2 / 3)


def test_twins_are_counted() -> None:
    twins = graph({"n": "Noise", "m": "Noise", "r": "Ramp", "o": "Output"}, [("n", "r"), ("r", "o")])
    assert similarity.node_f1(NOISE, twins) == pytest.approx(6 / 7)


def test_reroutes_and_frames_are_layout() -> None:
    types = {"n": "Noise", "a": "NodeReroute", "b": "NodeReroute", "r": "Ramp", "o": "Output", "f": "NodeFrame"}
    routed = graph(types, [("n", "a"), ("a", "b"), ("b", "r"), ("r", "o")])
    assert similarity.node_f1(NOISE, routed) == similarity.link_f1(NOISE, routed) == 1.0


def test_reroutes_in_a_ring_end() -> None:
    ring = graph({"a": "NodeReroute", "b": "NodeReroute", "r": "Ramp"}, [("a", "b"), ("b", "a"), ("a", "r")])
    assert not similarity.link_ends(ring)


def test_trees_without_links_agree_in_having_none() -> None:
    lone = graph({"n": "Noise"}, [])
    assert similarity.link_f1(lone, lone) == 1.0
    assert similarity.link_f1(lone, NOISE) == 0.0


def test_the_root_is_the_tree_asked_for_or_the_largest_that_nobody_uses() -> None:
    user = Graph("materials/M", "ShaderNodeTree", (Node("g", "Group", {"node_tree": {"id": "NODETREE", "name": "G"}}),))
    group = graph({"n": "Noise", "r": "Ramp"}, [], "node_groups/G")
    graphs = {g.key: g for g in (user, group)}
    assert similarity.root(graphs) == user
    assert similarity.root(graphs, "node_groups/G") == group
    assert similarity.root({}) is None


def test_the_nearest_tree_is_found_under_any_name() -> None:
    far = graph({"a": "Noise"}, [], "materials/M")
    near = graph({"a": "Noise", "b": "Ramp"}, [("a", "b")], "materials/Z")
    assert similarity.nearest(NOISE, {far.key: far, near.key: near}) == near
    assert similarity.nearest(NOISE, {"materials/E": graph({}, [])}) is None
