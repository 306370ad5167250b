# SPDX-License-Identifier: GPL-3.0-or-later
"""Arranged nodes stand in columns along the flow, and none covers another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxel_trainer_addon.graph.arrange import arranged, columns, height, width
from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket

pytestmark = pytest.mark.plain

SOCKETS = tuple(Socket(name, name, "VALUE") for name in "ABC")


def node(name: str, parent: str = "") -> Node:
    layout = {"parent": parent} if parent else {}
    return Node(name, "ShaderNodeMath", {}, SOCKETS, SOCKETS[:1], layout=layout)


def tree(links: list[tuple[int, int]], count: int, framed: frozenset[int] = frozenset()) -> Graph:
    nodes = [node(f"n{n}", "frame" if n in framed else "") for n in range(count)]
    frame = [Node("frame", "NodeFrame")] if framed else []
    made = tuple(Link(f"n{a % count}", 0, f"n{b % count}", n % 3) for n, (a, b) in enumerate(links))
    return Graph("node_groups/G", "ShaderNodeTree", (*nodes, *frame), made)


TREES = st.builds(
    tree,
    st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), max_size=30),
    st.integers(1, 16),
    st.frozensets(st.integers(0, 15), max_size=5),
)


@given(TREES)
def test_no_node_covers_another(graph: Graph) -> None:
    places = arranged(graph)
    boxes = [(*places[n.name], width(n), height(n)) for n in graph.nodes if n.type != "NodeFrame"]
    assert places.keys() == {n.name for n in graph.nodes}
    for i, (x, y, w, h) in enumerate(boxes):
        for x2, y2, w2, h2 in boxes[i + 1 :]:
            assert x + w <= x2 or x2 + w2 <= x or y - h >= y2 or y2 - h2 >= y


@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), max_size=30))
def test_links_without_a_ring_go_to_the_right(pairs: list[tuple[int, int]]) -> None:
    graph = tree([(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]], 16)
    places = arranged(graph)
    assert all(places[link.source][0] < places[link.target][0] for link in graph.links)


def test_what_crosses_is_turned_and_a_frame_stays_together() -> None:
    ends = [("a", "y"), ("b", "x"), ("x", "out"), ("y", "out")]
    left, middle, _ = columns(["a", "b", "x", "y", "out"], ends)
    assert [left.index(n) for n in "ab"] == [middle.index(n) for n in "yx"]
    framed = {"p": "f", "r": "f"}
    (column, _) = columns(["p", "q", "r", "out"], [("p", "out"), ("q", "out"), ("r", "out")], framed)
    assert abs(column.index("p") - column.index("r")) == 1


def test_a_chain_of_thousands_is_no_trouble() -> None:
    assert len(columns([str(n) for n in range(6000)], [(str(n), str(n + 1)) for n in range(5999)])) == 6000
