# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces are connected, small, free of what cannot stand alone, and the same for the same graph and seed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket
from voxel_trainer_addon.graph.pieces import can_stand_alone, pieces

pytestmark = pytest.mark.plain


def math(name: str, **settings: object) -> Node:
    return Node(
        name, "ShaderNodeMath", settings, (Socket("a", "Value", "VALUE", value=0.5),), (Socket("v", "Value", "VALUE"),)
    )


def chain(count: int) -> Graph:
    nodes = tuple(math(f"n{i}") for i in range(count))
    links = tuple(Link(f"n{i}", 0, f"n{i + 1}", 0) for i in range(count - 1))
    return Graph("materials/Long", "ShaderNodeTree", nodes, links)


def connected(piece: Graph) -> bool:
    reached, todo = set(), [piece.nodes[0].name]
    while todo:
        name = todo.pop()
        reached.add(name)
        ends = [(x.source, x.target) for x in piece.links] + [(x.target, x.source) for x in piece.links]
        todo += [b for a, b in ends if a == name and b not in reached]
    return reached == {node.name for node in piece.nodes}


def test_pieces_are_small_connected_groups() -> None:
    found = list(pieces(chain(60), most=8, seed=1))
    assert len(found) == 8
    for piece in found:
        assert 2 <= len(piece.nodes) <= 8 and connected(piece)
        assert piece.key == "node_groups/Math" and piece.type == "ShaderNodeTree"


def test_the_same_graph_and_seed_give_the_same_pieces() -> None:
    assert list(pieces(chain(60), most=8, seed=1)) == list(pieces(chain(60), most=8, seed=1))
    assert list(pieces(chain(60), most=8, seed=1)) != list(pieces(chain(60), most=8, seed=2))


def test_at_most_so_many() -> None:
    assert len(list(pieces(chain(60), most=3, seed=1))) == 3
    assert list(pieces(chain(60), most=0, seed=1)) == []


@pytest.mark.parametrize(
    "odd",
    [
        Node("n1", "NodeGroupInput"),
        Node("n1", "NodeGroupOutput"),
        Node("n1", "ShaderNodeOutputMaterial"),
        Node("n1", "GeometryNodeViewer"),
        replace(math("n1"), type="ShaderNodeGroup", settings={"node_tree": {"id": "NODETREE", "name": "G"}}),
        math("n1", image={"id": "IMAGE", "name": "Rust"}),
        math("n1", items=[{"object": {"id": "OBJECT", "name": "Cube"}}]),
        replace(math("n1"), inputs=(Socket("a", "Object", "OBJECT", value={"id": "OBJECT", "name": "Cube"}),)),
        replace(math("n1"), pair="n2"),
    ],
)
def test_what_cannot_stand_alone_is_left_out(odd: Node) -> None:
    graph = chain(3)
    sockets = {"inputs": odd.inputs or graph.nodes[1].inputs, "outputs": graph.nodes[1].outputs}
    graph = replace(graph, nodes=(graph.nodes[0], replace(odd, **sockets), graph.nodes[2]))
    assert list(pieces(graph, most=8, seed=1)) == []


def test_a_reroute_between_nodes_is_skipped() -> None:
    reroute = Node("r", "NodeReroute", {}, (Socket("i", "I", "VALUE"),), (Socket("o", "O", "VALUE"),))
    graph = Graph(
        "materials/R", "ShaderNodeTree", (math("a"), reroute, math("b")), (Link("a", 0, "r", 0), Link("r", 0, "b", 0))
    )
    (piece,) = pieces(graph, most=8, seed=1)
    assert [n.name for n in piece.nodes] == ["a", "b"] and piece.links == (Link("a", 0, "b", 0),)


def test_which_trees_have_pieces() -> None:
    assert can_stand_alone("GeometryNodeTree", (4, 2, 23)) and can_stand_alone("CompositorNodeTree", (5, 0, 1))
    assert not can_stand_alone("CompositorNodeTree", (4, 5, 15)) and not can_stand_alone("TextureNodeTree", (5, 2, 3))
