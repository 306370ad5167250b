# SPDX-License-Identifier: GPL-3.0-or-later
"""Likeness counts nodes and links by type, is symmetric, and does not ask for names."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def math(name: str, operation: str, value: float) -> Node:
    sockets = (Socket("Value", "Value", "VALUE", value=value), Socket("Value_001", "Value", "VALUE", value=0.5))
    return Node(name, "Math", {"operation": operation}, sockets, (Socket("Value", "Value", "VALUE"),))


def chain(operations: str, values: list[float], prefix: str = "n") -> Graph:
    nodes = tuple(
        math(f"{prefix}{n}", kind, value) for n, (kind, value) in enumerate(zip(operations, values, strict=True))
    )
    links = tuple(Link(a.name, 0, b.name, 0) for a, b in pairwise(nodes))
    return Graph("node_groups/G", "ShaderNodeTree", nodes, links)


CHAINS = st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from([0.0, 1.0])), max_size=5).map(
    lambda rows: chain("".join(kind for kind, _ in rows), [value for _, value in rows])
)


@settings(max_examples=40, deadline=None)
@given(CHAINS, CHAINS)
def test_every_measure_is_symmetric_and_a_share(a: Graph, b: Graph) -> None:
    for measure in (similarity.node_f1, similarity.link_f1, similarity.parameter_f1, similarity.edit_similarity):
        assert measure(a, b) == measure(b, a)
        assert 0.0 <= measure(a, b) <= 1.0
        assert measure(a, a) == 1.0


def test_parameters_count_values_that_have_an_effect() -> None:
    a, b = chain("AB", [1.0, 2.0]), chain("AB", [1.0, 3.0], "other")
    assert similarity.parameter_f1(a, b) == 1.0  # the second node's first value stands behind a link
    changed = chain("AC", [1.5, 2.0])
    assert similarity.parameter_f1(a, changed) == similarity.parameter_f1(changed, a) == pytest.approx(3 / 5)


def test_edits_are_counted_against_making_both_anew() -> None:
    a = chain("ABC", [0.0, 0.0, 0.0])
    assert similarity.edit_similarity(a, chain("ABC", [0.0, 0.0, 0.0], "other")) == 1.0
    assert similarity.edit_similarity(a, chain("AB", [0.0, 0.0])) == pytest.approx(1 - 1 / 8)
    assert similarity.edit_similarity(a, chain("", [])) < 0.5
    assert similarity.edit_similarity(chain("", []), chain("", [])) == 1.0
