# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits as code: run after the first tree's script they make the second, and say no more than what differs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.graph.blender.read import read_graphs
from voxel_trainer_addon.graph.diff import diff
from voxel_trainer_addon.graph.model import Animation, Graph, Graphs, closure
from voxel_trainer_addon.graph.near import near_pairs
from voxel_trainer_addon.graph.parts import without
from voxel_trainer_addon.worker.inside import empty, prove_edits

from .every_node import KINDS, quiet
from .mixed_trees import TYPES, mixed

pytestmark = pytest.mark.bpy


def said(before: Graphs, root: str, after: Graph) -> dict[str, Any]:
    """What the job says of the edits from a tree to another."""
    edits = [edit.as_json() for edit in diff(before[root], after)]
    graphs = {graph.key: graph.as_json() for graph in closure(before[root], before)}
    pair = json.loads(json.dumps({"code": "", "root": root, "before": graphs, "edits": edits}))
    answer = prove_edits.run({"pairs": {"a": pair}, "roots": ["a"]}, Path())["scripts"]["a"]
    return {**answer, **json.loads(answer["code"])}


def edited(change: Callable[[Any], None], kind: str = "GeometryNodeTree") -> list[str]:
    """The lines of the edit that does to a small tree what `change` does; proven."""
    empty()
    tree: Any = bpy.data.node_groups.new("Small", kind)
    first, second, third = (tree.nodes.new("ShaderNodeMath") for _ in range(3))
    tree.links.new(first.outputs[0], second.inputs[0])
    tree.links.new(second.outputs[0], third.inputs[1])
    if kind == "GeometryNodeTree":
        tree.interface.new_socket("Size", socket_type="NodeSocketFloat")
        cube, join = tree.nodes.new("GeometryNodeMeshCube"), tree.nodes.new("GeometryNodeJoinGeometry")
        sphere = tree.nodes.new("GeometryNodeMeshUVSphere")
        for node in (cube, sphere):
            tree.links.new(node.outputs["Mesh"], join.inputs[0])
    before = read_graphs(bpy.data)[0]
    change(tree)
    after = read_graphs(bpy.data)[0]["node_groups/Small"]
    answer = said(before, "node_groups/Small", after)
    assert answer["proven"], answer["reason"]
    return [line for line in answer["edit"].splitlines() if line and line != "import bpy"][1:]


def test_a_value_is_one_line() -> None:
    def change(tree: Any) -> None:
        tree.nodes["Math"].inputs[1].default_value = 0.25

    assert edited(change) == ['tree.nodes["Math"].inputs[1].default_value = 0.25']


def test_a_new_link_takes_the_place_of_the_old() -> None:
    def change(tree: Any) -> None:
        tree.links.new(tree.nodes["Math"].outputs[0], tree.nodes["Math.002"].inputs[1])

    assert edited(change) == ['tree.links.new(tree.nodes["Math"].outputs[0], tree.nodes["Math.002"].inputs[1])']


def test_a_node_that_goes_takes_its_links_along() -> None:
    assert edited(lambda tree: tree.nodes.remove(tree.nodes["Math.001"])) == [
        'tree.nodes.remove(tree.nodes["Math.001"])'
    ]


def test_a_link_goes() -> None:
    def change(tree: Any) -> None:
        tree.links.remove(tree.nodes["Math.001"].inputs[0].links[0])

    assert edited(change) == ['tree.links.remove(tree.nodes["Math.001"].inputs[0].links[0])']


def test_links_of_one_input_change_their_order() -> None:
    def change(tree: Any) -> None:
        join = tree.nodes["Join Geometry"].inputs[0]
        tree.links.remove(join.links[0])
        tree.links.remove(join.links[0])
        for name in ("UV Sphere", "Cube"):
            tree.links.new(tree.nodes[name].outputs["Mesh"], join)

    assert edited(change)


def test_a_zone_with_its_body_comes_in() -> None:
    def change(tree: Any) -> None:
        start, end = tree.nodes.new("GeometryNodeRepeatInput"), tree.nodes.new("GeometryNodeRepeatOutput")
        start.pair_with_output(end)
        end.repeat_items.new("FLOAT", "Height")
        math = tree.nodes.new("ShaderNodeMath")
        math.operation = "SINE"
        tree.links.new(start.outputs["Height"], math.inputs[0])
        tree.links.new(math.outputs[0], end.inputs["Height"])
        start.inputs["Iterations"].default_value = 7

    assert any("pair_with_output" in line for line in edited(change))


def test_the_interface_changes() -> None:
    def change(tree: Any) -> None:
        tree.interface.items_tree["Size"].default_value = 2
        new = tree.interface.new_socket("Seed", socket_type="NodeSocketInt")
        tree.interface.move(new, 0)
        tree.interface.new_socket("Mesh", in_out="OUTPUT", socket_type="NodeSocketGeometry")
        given, taken = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
        tree.links.new(given.outputs["Size"], tree.nodes["Math"].inputs[0])
        tree.links.new(tree.nodes["Join Geometry"].outputs[0], taken.inputs["Mesh"])

    lines = edited(change)
    assert 'tree.interface.items_tree["Size"].default_value = 2' in lines


def test_data_that_is_not_there_gets_a_stand_in_and_what_is_there_is_found() -> None:
    empty()
    tree: Any = bpy.data.node_groups.new("Small", "ShaderNodeTree")
    textures = [tree.nodes.new("ShaderNodeTexImage") for _ in range(2)]
    textures[0].interpolation, textures[0].projection = "Closest", "SPHERE"
    textures[0].image = bpy.data.images.new("Rust", 1, 1)
    before = read_graphs(bpy.data)[0]
    textures[1].image = textures[0].image
    textures[0].image = bpy.data.images.new("Moss", 1, 1)
    answer = said(before, "node_groups/Small", read_graphs(bpy.data)[0]["node_groups/Small"])
    assert answer["proven"], answer["reason"]
    assert 'bpy.data.images["Rust"]' in answer["edit"] and 'bpy.data.images.new("Moss", 1, 1)' in answer["edit"]


def made_by_chance(kind: str, seed: int) -> Graph:
    """Without groups, which a script of an edit does not make, and without what moves it."""
    TYPES(kind)
    empty()
    with quiet():
        key = mixed(kind, seed)
    graph = read_graphs(bpy.data)[0][key]
    bare = without(graph, frozenset(node.name for node in graph.nodes if node.group))
    return replace(bare, key="node_groups/Chance", animation=Animation())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "compositor" or bpy.app.version >= (5, 0)])
def test_trees_made_by_chance_become_each_other(kind: str) -> None:
    first, second = made_by_chance(kind, 0), made_by_chance(kind, 1)
    answer = said({first.key: first}, first.key, second)
    assert answer["proven"], answer["reason"]


def test_nearly_equal_trees_of_the_corpus_become_each_other(corpus: Path) -> None:
    tried = 0
    for path in sorted(corpus.rglob("*.blend")):
        if path.name.startswith(("tests__resources__blend__mtoon1_2_20_54", "nodes", "examples__transpile")):
            bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
            found = read_graphs(bpy.data)[0]
            fit = {key: graph for key, graph in found.items() if 3 <= len(graph.nodes) < 60 and not graph.refused}
            for a, b, _ in list(near_pairs(fit, 12))[:12]:
                if set(found[b].groups) <= set(found[a].groups):
                    answer = said(found, a, replace(found[b], key=a))
                    assert answer["proven"], f"{path.name}, {a} to {b}: {answer['reason']}"
                    tried += 1
    assert tried >= 10
