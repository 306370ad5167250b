# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes come after what flows into them; dead links feed nothing."""

from __future__ import annotations

from itertools import pairwise

import pytest

from voxel_trainer_addon.graph.flow import fed_inputs, in_flow
from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket

pytestmark = pytest.mark.plain
ONE = (Socket("a", "A", "VALUE", value=0.0),)


def node(name: str, kind: str = "ShaderNodeMath", **more: object) -> Node:
    return Node(name, kind, inputs=ONE, outputs=ONE, **more)  # type: ignore[arg-type]


def order(nodes: list[Node], links: list[tuple[str, str]]) -> list[str]:
    made = tuple(Link(a, 0, b, 0) for a, b in links)
    return [n.name for n in in_flow(Graph("materials/M", "ShaderNodeTree", tuple(nodes), made))]


def test_sources_first_whatever_the_order_of_nodes() -> None:
    assert order([node("c"), node("b"), node("a")], [("a", "b"), ("b", "c")]) == ["a", "b", "c"]


def test_a_loop_ends() -> None:
    assert sorted(order([node("a"), node("b")], [("a", "b"), ("b", "a")])) == ["a", "b"]


def test_a_long_chain_needs_no_deep_stack() -> None:
    names = [f"n{i}" for i in range(5000)]
    found = order([node(n) for n in reversed(names)], list(pairwise(names)))
    assert found == names


def test_a_zone_is_entered_before_it_is_left() -> None:
    zone = [node("out", "GeometryNodeRepeatOutput"), node("in", "GeometryNodeRepeatInput", pair="out")]
    assert order(zone, []) == ["in", "out"]


def test_reroutes_in_a_circle_feed_nothing() -> None:
    nodes = (node("r", "NodeReroute"), node("s", "NodeReroute"), node("a"))
    links = (Link("r", 0, "s", 0), Link("s", 0, "r", 0), Link("s", 0, "a", 0))
    assert fed_inputs(Graph("materials/M", "ShaderNodeTree", nodes, links)) == set()
