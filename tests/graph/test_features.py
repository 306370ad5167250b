# SPDX-License-Identifier: GPL-3.0-or-later
"""Features tell near-equal trees and near-equal code from others, as a person would."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from voxel_trainer_addon.graph.features import code_features, graph_features
from voxel_trainer_addon.graph.minhash import NEAR, jaccard, packed
from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket

pytestmark = pytest.mark.plain


def node(type: str, number: int, value: float = 1.0, **settings: Any) -> Node:
    inputs = (Socket("In", "In", "VALUE", value=0.0), Socket("Scale", "Scale", "VALUE", value=value))
    return Node(f"{type} {number}", type, settings, inputs, (Socket("Out", "Out", "VALUE"),))


def chain(*nodes: Node) -> Graph:
    links = tuple(Link(a.name, 0, b.name, 0) for a, b in pairwise(nodes))
    return Graph("materials/M", "ShaderNodeTree", nodes, links)


TYPES = ("Noise", "Ramp", "Bump", "Math", "Mix", "Voronoi", "Gamma", "Clamp", "Principled", "Output")
TREE = chain(*(node(type, n, 3.0) for n, type in enumerate(TYPES)))


def likeness(a: Graph, b: Graph) -> float:
    return jaccard(packed(graph_features(a)), packed(graph_features(b)))


def changed(n: int, **parts: Any) -> Graph:
    nodes = [replace(one, **parts) if place < n else one for place, one in enumerate(TREE.nodes)]
    return replace(TREE, nodes=tuple(nodes))


def test_names_places_labels_and_reroutes_play_no_part() -> None:
    nodes = tuple(replace(one, name=f"x{one.name}", layout={"label": "Rust", "location": [1, 2]}) for one in TREE.nodes)
    links = [replace(link, source=f"x{link.source}", target=f"x{link.target}") for link in TREE.links]
    first = links.pop(0)
    dot = Node("Dot", "NodeReroute", {}, (Socket("Input", "Input", "VALUE"),), (Socket("Output", "Output", "VALUE"),))
    links += [Link(first.source, 0, "Dot", 0), Link("Dot", 0, first.target, 0)]
    other = replace(TREE, key="materials/Rust.001", nodes=(*nodes, dot), links=tuple(links))
    assert graph_features(other) == graph_features(TREE)


def test_small_changes_of_values_are_none() -> None:
    inputs = tuple(replace(socket, value=3.1) if socket.name == "Scale" else socket for socket in TREE.nodes[0].inputs)
    assert graph_features(changed(1, inputs=inputs)) == graph_features(TREE)


def test_a_few_other_values_or_choices_are_near() -> None:
    for parts in (
        {"inputs": (Socket("In", "In", "VALUE"), Socket("Scale", "", "VALUE", value=90.0))},
        {"settings": {"operation": "ADD"}},
    ):
        near, far = likeness(TREE, changed(3, **parts)), likeness(TREE, changed(9, **parts))
        assert NEAR <= near < 1.0
        assert far < NEAR


def test_a_node_more_is_near_and_other_nodes_are_not() -> None:
    assert likeness(TREE, chain(node("Hue", 11), *TREE.nodes)) >= NEAR
    others = [node(f"Other{n}", n, 3.0) for n in range(4)]
    assert likeness(TREE, chain(*others, *TREE.nodes[4:])) < NEAR


def test_the_same_nodes_linked_otherwise_are_another_tree() -> None:
    nodes = TREE.nodes
    assert likeness(TREE, chain(*nodes[::-1])) < likeness(TREE, changed(1, settings={"operation": "ADD"})) < 1.0


def test_twins_count() -> None:
    assert graph_features(chain(node("Noise", 1), node("Noise", 2))) > graph_features(chain(node("Noise", 1)))


def test_groups_are_told_apart_by_name_and_sockets_but_not_by_the_number_of_a_copy() -> None:
    def using(name: str) -> Graph:
        return chain(node("ShaderNodeGroup", 1, node_tree={"id": "NODETREE", "name": name}), node("Output", 2))

    assert graph_features(using("Rust")) == graph_features(using("Rust.001"))
    assert graph_features(using("Rust")) != graph_features(using("Moss"))


FUNCTION = '''
import bpy

def scatter(count=10, size=1.0):
    """Scatter cubes."""
    for index in range(count):
        bpy.ops.mesh.primitive_cube_add(size=size, location=(index, 0, 0))
        cube = bpy.context.object
        cube.name = f"Cube {index}"  # a name
        cube.modifiers.new("Bevel", 'BEVEL').width = 0.1
'''


def code_likeness(a: str, b: str) -> float:
    return jaccard(packed(code_features(a)), packed(code_features(b)))


def test_names_texts_numbers_comments_and_layout_play_no_part_in_code() -> None:
    other = (
        FUNCTION.replace("scatter", "spread").replace("index", "n").replace("cube.", "box.").replace("cube =", "box =")
    )
    other = other.replace("  # a name", "").replace("10", "25").replace("Scatter cubes", "Put it").replace("    ", "  ")
    assert code_features(other) == code_features(FUNCTION)


@pytest.mark.parametrize(
    ("old", "new"),
    [("primitive_cube_add", "primitive_uv_sphere_add"), ("'BEVEL'", "'SUBSURF'"), ("size=size", "radius=size")],
)
def test_what_is_called_is_part_of_code(old: str, new: str) -> None:
    assert 0.5 < code_likeness(FUNCTION, FUNCTION.replace(old, new)) < 1.0


def test_other_code_is_not_near() -> None:
    other = (
        "import bpy\nfor area in bpy.context.screen.areas:\n    if area.type == 'VIEW_3D':\n        area.tag_redraw()\n"
    )
    assert code_likeness(FUNCTION, other) < 0.1


@pytest.mark.parametrize("code", ["", "x", "'''open", "def (:", "\\", "f'{x!r}' '''\n\"\"\"", "\ud800 = 1"])
def test_broken_code_has_features_too(code: str) -> None:
    assert packed(code_features(code)) == packed(code_features(code + "  # end"))
