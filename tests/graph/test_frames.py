# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in one frame is written together, where the flow lets it, and never before what flows into it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxel_trainer_addon.graph.flow import in_flow
from voxel_trainer_addon.graph.frames import by_frame
from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket

pytestmark = pytest.mark.plain
ONE = (Socket("a", "A", "VALUE", value=0.0),)


def tree(frames: dict[str, str], links: list[tuple[str, str]]) -> Graph:
    nodes = [Node(f, "NodeFrame") for f in sorted({*frames.values()} - {""})]
    nodes += [
        Node(n, "ShaderNodeMath", inputs=ONE, outputs=ONE, layout={"parent": f} if f else {}) for n, f in frames.items()
    ]
    return Graph("materials/M", "ShaderNodeTree", tuple(nodes), tuple(Link(a, 0, b, 0) for a, b in links))


def order(frames: dict[str, str], links: list[tuple[str, str]]) -> list[str]:
    return [node.name for node in by_frame(tree(frames, links)) if node.type != "NodeFrame"]


def test_a_frame_waits_for_what_it_takes_and_is_written_at_once() -> None:
    frames = {"a": "F", "x": "", "b": "F", "y": "", "c": "F", "end": ""}
    links = [("a", "b"), ("x", "b"), ("b", "end"), ("y", "c"), ("c", "end")]
    assert order(frames, links) == ["x", "y", "a", "b", "c", "end"]


def test_a_frame_that_takes_what_comes_of_it_is_written_in_parts() -> None:
    assert order({"a": "F", "x": "", "b": "F"}, [("a", "x"), ("x", "b")]) == ["a", "x", "b"]


def test_frames_that_wait_for_one_another_end() -> None:
    frames = {"a": "F", "b": "G", "c": "G", "d": "F"}
    assert order(frames, [("a", "b"), ("c", "d")]) == ["a", "b", "c", "d"]


def test_the_input_of_a_zone_comes_before_its_output() -> None:
    ends = (Node("out", "RepeatOutput", layout={"parent": "F"}), Node("in", "RepeatInput", pair="out"), Node("F", "F"))
    found = [node.name for node in by_frame(Graph("materials/M", "ShaderNodeTree", ends)) if node.name != "F"]
    assert found == ["in", "out"]


def test_a_long_chain_through_many_frames_is_quick() -> None:
    names = [f"n{i}" for i in range(3000)]
    frames = {name: f"F{i // 100}" for i, name in enumerate(names)}
    assert order(frames, list(pairwise(names))) == names


@given(
    st.lists(st.sampled_from(["", "F", "G", "H"]), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=24),
)
def test_every_node_once_and_after_what_flows_into_it(frames: list[str], links: list[tuple[int, int]]) -> None:
    fit = [(f"n{a}", f"n{b}") for a, b in links if a < len(frames) and b < len(frames)]
    graph = tree({f"n{i}": frame for i, frame in enumerate(frames)}, fit)
    at = {node.name: n for n, node in enumerate(by_frame(graph))}
    flow = {node.name: n for n, node in enumerate(in_flow(graph))}
    assert at.keys() == flow.keys()
    assert all(at[a] < at[b] for a, b in fit if flow[a] < flow[b])
