# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees made in a real Blender become candidates that are proven, and requests that tell what was set in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.dataset_builder import blender_dataset, dataset, material_dataset, piece_dataset
from voxel_trainer_addon.dataset_builder.kinds import Candidate, Kind, Settings
from voxel_trainer_addon.dataset_builder.proving import Units, batches, proof, request
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


def candidates(record: dict[str, Any], scratch: Path) -> tuple[list[tuple[Kind, Candidate]], Settings]:
    graphs = {key: Graph.from_json(graph) for key, graph in record.items()}
    known = settings(graphs, scratch)
    kinds: tuple[Kind, ...] = (material_dataset, blender_dataset, piece_dataset)
    return [(kind, candidate) for kind in kinds for candidate in kind.candidates(graphs, known)], known


def test_every_tree_and_piece_is_proven(record: dict[str, Any], tmp_path: Path) -> None:
    found, _ = candidates(record, tmp_path)
    units = Units(record, {key: Graph.from_json(graph) for key, graph in record.items()}, "rust.blend")
    asked = [request(batch) for batch in batches(units.unit(candidate) for _, candidate in found)]
    answers = [Answer(one, True, prove.run(json.loads(json.dumps(one.body)), tmp_path)) for one in asked]
    scripts = {key: said for answer in answers for key, said in answer.body["scripts"].items()}
    assert {"materials/Rust", "node_groups/Scatter"} <= set(scripts) and any(c.part for _, c in found)
    assert {key: said["reason"] for key, said in scripts.items() if not said["proven"]} == {}
    for batch, answer in zip(batches(units.unit(c) for _, c in found), answers, strict=True):
        assert all(proof(unit, answer).proven for unit in batch)


def test_requests_tell_what_was_set_and_nothing_else(record: dict[str, Any], tmp_path: Path) -> None:
    found, known = candidates(record, tmp_path)
    kind, rust = next((k, c) for k, c in found if c.graph.key == "materials/Rust")
    text = kind.request(rust.task, rust.graph, known.plain(rust.graph.type), "0" * 64).text("0" * 64)
    assert "Noise Texture (Scale 12.5)" in text and "Bump (invert on)" in text and "Material Output" in text
    assert "Strength" not in text and "Metallic" not in text
    kind, scatter = next((k, c) for k, c in found if c.graph.key == "node_groups/Scatter")
    text = kind.request(scatter.task, scatter.graph, known.plain(scatter.graph.type), "0" * 64).text("0" * 64)
    assert "Nodes: Cube, Set Position. Connect Cube Mesh to Set Position Geometry." in text
