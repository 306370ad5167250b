# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees made in a real Blender become candidates that are proven, and requests that tell what was set in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.dataset_builder import dataset
from voxel_trainer_addon.dataset_builder.asking import prompt_of
from voxel_trainer_addon.dataset_builder.kinds import Candidate, Settings
from voxel_trainer_addon.dataset_builder.library import TREE_KINDS
from voxel_trainer_addon.dataset_builder.proving import Units, asks, proof, request
from voxel_trainer_addon.graph.blender.read import read_graphs
from voxel_trainer_addon.graph.model import Graph
from voxel_trainer_addon.worker.inside import empty, node_table, prove
from voxel_trainer_addon.worker.protocol import Answer

pytestmark = pytest.mark.bpy


@pytest.fixture
def record() -> dict[str, Any]:
    """A record's graphs: a material with a bump, and a geometry group with a chain of nodes."""
    empty()
    rust = bpy.data.materials.new("Rust")
    if not rust.node_tree:
        rust.use_nodes = True
    nodes, links = rust.node_tree.nodes, rust.node_tree.links
    noise, bump = nodes.new("ShaderNodeTexNoise"), nodes.new("ShaderNodeBump")
    noise.inputs["Scale"].default_value = 12.5
    bump.invert = True
    shader = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    links.new(noise.outputs[0], bump.inputs["Height"])
    links.new(bump.outputs["Normal"], shader.inputs["Normal"])
    scatter = bpy.data.node_groups.new("Scatter", "GeometryNodeTree")
    cube, move = scatter.nodes.new("GeometryNodeMeshCube"), scatter.nodes.new("GeometryNodeSetPosition")
    scatter.links.new(cube.outputs["Mesh"], move.inputs["Geometry"])
    graphs, asides = read_graphs(bpy.data)
    assert not asides
    return {key: json.loads(json.dumps(graph.as_json())) for key, graph in graphs.items()}


def settings(graphs: dict[str, Graph], scratch: Path) -> Settings:
    types = {
        tree: sorted({n.type for g in graphs.values() if g.type == tree for n in g.nodes}) for tree in dataset.TREES
    }
    trees = node_table.run({"types": {tree: found for tree, found in types.items() if found}}, scratch)["trees"]
    fresh = {tree: Graph.from_json(json.loads(json.dumps(graph))) for tree, graph in trees.items()}
    return Settings(bpy.app.version, 8, 0, fresh)


def candidates(record: dict[str, Any], scratch: Path) -> tuple[list[Candidate], Settings]:
    graphs = {key: Graph.from_json(graph) for key, graph in record.items()}
    known = settings(graphs, scratch)
    return [candidate for kind in TREE_KINDS for candidate in kind.candidates(graphs, known)], known


def test_every_tree_and_piece_is_proven(record: dict[str, Any], tmp_path: Path) -> None:
    found, _ = candidates(record, tmp_path)
    units = Units(record, {key: Graph.from_json(graph) for key, graph in record.items()}, "rust.blend")
    asked = list(asks(units.unit(candidate) for candidate in found))
    requests = [request(ask) for ask in asked]
    answers = [Answer(one, True, prove.run(json.loads(json.dumps(one.body)), tmp_path)) for one in requests]
    scripts = {key: said for answer in answers for key, said in answer.body["scripts"].items()}
    assert {"materials/Rust", "node_groups/Scatter"} <= set(scripts) and any(candidate.part for candidate in found)
    assert {key: said["reason"] for key, said in scripts.items() if not said["proven"]} == {}
    for ask, answer in zip(asked, answers, strict=True):
        assert all(proof(unit, root, ask, answer).proven for root, unit in ask.units.items())


def test_requests_tell_what_was_set_and_nothing_else(record: dict[str, Any], tmp_path: Path) -> None:
    found, known = candidates(record, tmp_path)
    rust = next(candidate for candidate in found if candidate.graph.key == "materials/Rust")
    text = prompt_of(rust.task, rust.graph, known.plain(rust.graph.type), "0" * 64, 0, "full")
    assert "Noise Texture" in text and "12.5" in text and "Bump" in text and "Material Output" in text
    assert "Strength" not in text and "Metallic" not in text
    scatter = next(candidate for candidate in found if candidate.graph.key == "node_groups/Scatter")
    text = prompt_of(scatter.task, scatter.graph, known.plain(scatter.graph.type), "0" * 64, 0, "full")
    assert "Cube" in text and "Set Position" in text
