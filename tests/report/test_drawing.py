# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawings show every node and link once, in columns from left to right."""

from __future__ import annotations

import re

import pytest

from tests.report.graphs import EVIL, brick, sockets
from voxel_trainer_addon.graph.model import Graph, Link, Node
from voxel_trainer_addon.report import drawing, plots

pytestmark = pytest.mark.plain


def row_of(count: int) -> Graph:
    nodes = tuple(
        Node(f"n{i}", "ShaderNodeMath", {}, sockets(("In", "VALUE")), sockets(("Out", "VALUE"))) for i in range(count)
    )
    return Graph(
        "materials/M", "ShaderNodeTree", nodes, tuple(Link(f"n{i}", 0, f"n{i + 1}", 0) for i in range(count - 1))
    )


def test_every_node_and_link_is_drawn() -> None:
    text = drawing.drawing(brick("Brick"), "a tree")
    assert text is not None
    assert text.count('class="box"') == 7
    assert text.count('class="wire"') == 8
    assert "Multiply Add" in text
    assert EVIL not in text


def test_links_go_from_left_to_right() -> None:
    text = drawing.drawing(row_of(5), "a row")
    assert text is not None
    ends = re.findall(r'd="M([\d.]+) [\d.]+C.*? ([\d.]+) [\d.]+" class="wire"', text)
    assert len(ends) == 4
    assert all(float(a) < float(b) for a, b in ends)


def test_rings_are_drawn_too() -> None:
    ring = Graph("materials/M", "", row_of(3).nodes, (*row_of(3).links, Link("n2", 0, "n0", 0), Link("n1", 0, "n1", 0)))
    text = drawing.drawing(ring, "a ring")
    assert text is not None
    assert text.count('class="wire"') == 4


def test_empty_and_huge_trees_are_not_drawn() -> None:
    assert drawing.drawing(row_of(0), "nothing") is None
    assert drawing.drawing(row_of(drawing.NODES_MAX + 1), "too much") is None


def test_equal_trees_give_equal_drawings() -> None:
    assert drawing.drawing(brick("A"), "x") == drawing.drawing(brick("B"), "x")


def test_curves_need_two_points_and_leave_out_what_is_not_finite() -> None:
    def plot(points: list[tuple[float, float]]) -> str | None:
        return plots.curves([("loss", "train", points)], x_label="step", y_label="loss", label="loss")

    assert plot([]) is None
    assert plot([(1, 2.0)]) is None
    text = plot([(0, 2.0), (1, float("nan")), (2, 1.0)])
    assert text is not None
    assert "nan" not in text


@pytest.mark.parametrize(
    ("low", "high", "found"), [(0, 1.6, [0, 0.5, 1.0, 1.5]), (0, 48, [0, 10, 20, 30, 40]), (2, 2, [2])]
)
def test_ticks_are_round_numbers(low: float, high: float, found: list[float]) -> None:
    assert plots.ticks(low, high) == pytest.approx(found)
