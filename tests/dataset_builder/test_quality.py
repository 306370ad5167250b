# SPDX-License-Identifier: GPL-3.0-or-later
"""A score rises with what makes a tree worth learning, and broken and bare trees are named."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from voxel_trainer_addon.dataset_builder.quality import (
    DEFAULTS,
    NO_WAY,
    UNLINKED,
    WEIGHTS,
    is_given_by_a_person,
    quality,
)
from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket

pytestmark = pytest.mark.plain


def node(type: str, number: int, value: float = 0.5) -> Node:
    inputs = (Socket("In", "In", "VALUE", value=0.0), Socket("Scale", "Scale", "VALUE", value=value))
    return Node(f"{type} {number}", type, {}, inputs, (Socket("Out", "Out", "VALUE"),))


def tree(*types: str, key: str = "materials/Material", value: float = 0.5) -> Graph:
    nodes = [node(type, n, value) for n, type in enumerate(types)]
    end = Node("Output", "ShaderNodeOutputMaterial", {"is_active_output": True}, (Socket("In", "In", "SHADER"),))
    links = [Link(a.name, 0, b.name, 0) for a, b in pairwise([*nodes, end])]
    return Graph(key, "ShaderNodeTree", (*nodes, end), tuple(links))


KINDS = [f"ShaderNode{letter}" for letter in "ABCDEFGHIJKLMNOP"]
PLAIN = {kind: node(kind, 0) for kind in KINDS}


def score(graph: Graph) -> float:
    told = quality(graph, PLAIN)
    assert not told.fault
    return told.score


def test_the_parts_make_the_score() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)
    told = quality(tree(*KINDS, key="materials/Rust", value=2.0), PLAIN)
    assert told.parts == {"size": 1.0, "variety": 1.0, "connected": 1.0, "set": 1.0, "named": 0.5}
    assert told.score == pytest.approx(0.95)


def test_it_rises_with_size_and_never_falls() -> None:
    scores = [score(tree(*(KINDS * 3)[:count], value=2.0)) for count in range(1, 40)]
    assert scores[:15] == sorted(set(scores[:15]))
    assert scores == sorted(scores)


def test_it_rises_with_other_types() -> None:
    scores = [score(tree(*KINDS[:distinct], *[KINDS[0]] * (12 - distinct))) for distinct in range(1, 8)]
    assert scores == sorted(set(scores))


def test_it_rises_with_what_is_set() -> None:
    def with_set(count: int) -> Graph:
        graph = tree(*KINDS[:6])
        nodes = [replace(node(n.type, i, 3.0), name=n.name) if i < count else n for i, n in enumerate(graph.nodes)]
        return replace(graph, nodes=tuple(nodes))

    scores = [score(with_set(count)) for count in range(7)]
    assert scores == sorted(set(scores))


def test_it_falls_with_loose_nodes() -> None:
    whole = tree(*KINDS[:6])
    scores = [score(replace(whole, links=whole.links[loose:])) for loose in range(5)]
    assert scores == sorted(set(scores), reverse=True)


def test_it_rises_with_names_of_people() -> None:
    bare, named = tree(*KINDS[:6]), tree(*KINDS[:6], key="materials/Rusty Iron")
    labelled = replace(named, nodes=(replace(named.nodes[0], layout={"label": "Large spots"}), *named.nodes[1:]))
    assert score(bare) < score(named) < score(labelled)


@pytest.mark.parametrize("name", ["Rusty Iron", "rock.004", "Scatter Rocks", "木目調の床", "SP - Mean Plane"])
def test_names_of_people(name: str) -> None:
    assert is_given_by_a_person(name)


@pytest.mark.parametrize(
    "name", ["Material", "Material.001", "material_2", "Geometry Nodes.012", "NodeGroup", "01", "M"]
)
def test_names_of_blender(name: str) -> None:
    assert not is_given_by_a_person(name)


def test_faults_are_named_and_score_nothing() -> None:
    whole = tree(*KINDS[:6])
    no_output = replace(whole, nodes=whole.nodes[:-1], links=whole.links[:-1])
    cases = {
        UNLINKED: replace(whole, links=()),
        NO_WAY: replace(whole, links=whole.links[:-1]),
        DEFAULTS: tree(KINDS[0]),
    }
    assert [(quality(graph, PLAIN).fault, quality(graph, PLAIN).score) for graph in cases.values()] == [
        (fault, 0.0) for fault in cases
    ]
    assert quality(no_output, PLAIN).fault == NO_WAY
    assert not quality(no_output, PLAIN, part=True).fault, "a part of a tree has no output"
    assert not quality(tree(KINDS[0], value=3.0), PLAIN).fault, "something is set"


def test_an_output_that_is_not_marked_as_active_is_one_and_so_is_a_gizmo() -> None:
    whole = tree(*KINDS[:6])
    asleep = replace(whole.nodes[-1], settings={"is_active_output": False})
    assert score(replace(whole, nodes=(*whole.nodes[:-1], asleep))) == score(whole)
    gizmo = replace(whole.nodes[-1], type="GeometryNodeGizmoDial", settings={})
    assert score(replace(whole, nodes=(*whole.nodes[:-1], gizmo))) == score(whole)
