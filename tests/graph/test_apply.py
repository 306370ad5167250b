# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the assistant taken into the open file: new trees, edits of what is there, and what is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.graph.blender import apply
from voxel_trainer_addon.graph.blender.apply import NotApplied, Proposal
from voxel_trainer_addon.graph.blender.read import owner_of, read_graph, read_graphs, read_with_groups, tree_of
from voxel_trainer_addon.graph.canonical import graph_hash
from voxel_trainer_addon.graph.diff import diff
from voxel_trainer_addon.graph.model import Graph, Graphs
from voxel_trainer_addon.worker.inside import empty

pytestmark = pytest.mark.bpy


@pytest.fixture(autouse=True)
def fresh() -> None:
    empty()


def hashes() -> dict[str, str]:
    found, _ = read_graphs(bpy.data)
    return {key: graph_hash(key, found) for key in found}


def rust(name: str = "Rust") -> Any:
    """A material whose colour comes from a group, its nodes in places of their own."""
    group = bpy.data.node_groups.new("Spots", "ShaderNodeTree")
    group.interface.new_socket("Color", in_out="OUTPUT", socket_type="NodeSocketColor")
    noise, end = group.nodes.new("ShaderNodeTexNoise"), group.nodes.new("NodeGroupOutput")
    group.links.new(noise.outputs["Color"], end.inputs[0])
    material = bpy.data.materials.new(name)
    if material.node_tree is None:
        material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    spots, surface, end = map(
        tree.nodes.new, ("ShaderNodeGroup", "ShaderNodeBsdfPrincipled", "ShaderNodeOutputMaterial")
    )
    spots.node_tree = group
    spots.name, spots.location, surface.location, end.location = "My Spots", (-300, 70), (11, 22), (400, 0)
    tree.links.new(spots.outputs[0], surface.inputs["Base Color"])
    tree.links.new(surface.outputs[0], end.inputs[0])
    return material


def told(key: str) -> dict[str, Any]:
    """A tree of the file with its groups, as an answer has them."""
    graphs = read_with_groups(tree_of(bpy.data, key), key, owner_of(bpy.data, key))
    made: dict[str, Any] = json.loads(json.dumps({name: graph.as_json() for name, graph in graphs.items()}))
    return made


def answer(key: str, change: Callable[[Any], None]) -> tuple[Proposal, Graphs]:
    """An edit of a tree: what `change` does to a copy of it; and the tree as it is."""
    owner, tree = owner_of(bpy.data, key), tree_of(bpy.data, key)
    before = read_with_groups(tree, key, owner)
    block = (owner or tree).copy()
    change(block.node_tree if block.bl_rna.identifier != tree.bl_rna.identifier else block)
    collection = key.split("/", 1)[0]
    there = f"{collection}/{block.name}"
    after = read_with_groups(tree_of(bpy.data, there), there)
    edits = [edit.as_json() for edit in diff(before[key], replace(after[there], key=key))]
    said = json.dumps([{name: graph.as_json() for name, graph in after.items()}, edits])
    graphs, edits = json.loads(said.replace(f'"name": "{block.name}"', f'"name": "{key.split("/")[1]}"'))
    bpy.data.batch_remove([block])
    return Proposal(key, graphs, edits), before


def take(proposal: Proposal, asked: Graphs) -> apply.Applied:
    key = proposal.key
    return apply.edit(proposal, tree_of(bpy.data, key), key, owner_of(bpy.data, key), asked)


def test_a_new_material_is_the_answers_and_goes_to_the_object() -> None:
    rust()
    graphs = told("materials/Rust")
    wanted = hashes()["materials/Rust"]
    ob = bpy.data.objects.new("Cube", bpy.data.meshes.new("Cube"))
    made = apply.new_material(Proposal("materials/Rust", graphs), ob)
    assert made.key == "materials/Rust.001" and not made.told and ob.active_material.name == "Rust.001"
    assert hashes()["materials/Rust.001"] == wanted and len(bpy.data.node_groups) == 1, "the equal group is used"
    bpy.data.node_groups["Spots"].nodes["Noise Texture"].mute = True
    apply.new_material(Proposal("materials/Rust", graphs), None)
    nodes = bpy.data.materials["Rust.002"].node_tree.nodes
    assert nodes["My Spots"].node_tree.name == "Spots.001", "another one of that name stays as it is"
    assert tuple(nodes["Principled BSDF"].location) == (11, 22)


def test_what_cannot_be_made_leaves_nothing() -> None:
    rust()
    graphs = told("materials/Rust")
    bpy.data.node_groups["Spots"].name = "Other"
    bpy.data.materials.remove(bpy.data.materials["Rust"])
    before = hashes()
    bare, cube = (bpy.data.objects.new("O", data) for data in (None, bpy.data.meshes.new("Cube")))
    strange = json.loads(json.dumps(graphs).replace("ShaderNodeOutputMaterial", "NodeOfAnAddon"))
    broken = json.loads(json.dumps(graphs).replace("ShaderNodeOutputMaterial", "CompositorNodeBlur"))
    whole = Proposal("materials/Rust", graphs)
    for do, proposal, ob, words in (
        (apply.new_material, whole, bare, "can have no material"),
        (apply.new_material, Proposal("materials/Rust", broken), None, "nothing was changed: .*CompositorNodeBlur"),
        (apply.new_material, Proposal("materials/Rust", strange), None, "does not fit this Blender.*NodeOfAnAddon"),
        (apply.new_material, Proposal("materials/Rust", {"materials/Rust": {"nodes": 3}}), None, "damaged"),
        (apply.new_modifier, whole, cube, "another kind"),
        (apply.new_modifier, whole, None, "No object is active"),
        (apply.new_compositor, whole, bpy.context.scene, "another kind"),
    ):
        with pytest.raises(NotApplied, match=words):
            do(proposal, ob)
        assert hashes() == before and not bpy.data.materials and not cube.modifiers


def test_an_edit_changes_what_it_names_and_leaves_the_rest_where_it_is() -> None:
    tree = rust().node_tree
    frame = tree.nodes.new("NodeFrame")
    tree.nodes["My Spots"].parent = frame

    def change(tree: Any) -> None:
        ramp, inner = tree.nodes.new("ShaderNodeValToRGB"), tree.nodes.new("ShaderNodeGroup")
        ramp.color_ramp.elements.new(0.4).color = (1, 0, 0, 1)
        spots, surface = tree.nodes["My Spots"], tree.nodes["Principled BSDF"]
        tree.links.new(spots.outputs[0], ramp.inputs[0])
        tree.links.new(ramp.outputs[0], surface.inputs["Base Color"])
        surface.inputs["Roughness"].default_value = 0.9
        inner.node_tree = bpy.data.node_groups["Spots"].copy()
        inner.node_tree.name, inner.name = "Dents", "Inner"
        inner.node_tree.nodes["Noise Texture"].inputs["Scale"].default_value = 40
        tree.links.new(inner.outputs[0], surface.inputs["Normal"])

    proposal, asked = answer("materials/Rust", change)
    bpy.data.node_groups.remove(bpy.data.node_groups["Dents"])
    before, places = hashes(), {node.name: tuple(node.location) for node in tree.nodes}
    surface = tree.nodes["Principled BSDF"]
    surface.inputs["Metallic"].default_value = 0.5
    with pytest.raises(NotApplied, match="has changed since you asked"):
        take(proposal, asked)
    surface.inputs["Metallic"].default_value = 0.0
    for wrong in (
        {"do": "add driver", "node": None, "property": "color", "index": 0, "settings": {}},
        {"do": "set value", "node": "Nobody", "side": "inputs", "socket": "x", "old": 1, "new": 2, "socket_name": "x"},
        {"do": "set", "node": "My Spots", "path": ["node_tree"], "old": None, "new": {"id": "NODETREE", "name": "No"}},
        {"do": "run", "node": "My Spots"},
    ):
        with pytest.raises(NotApplied):
            take(Proposal(proposal.key, proposal.graphs, [*proposal.edits, wrong]), asked)
        assert hashes() == before and len(bpy.data.materials) == 1
    began = time.perf_counter()
    made = take(proposal, asked)
    assert time.perf_counter() - began < 1, "Blender is held for a moment only"
    assert made.told == [] and len(bpy.data.materials) == 1
    assert {name: tuple(tree.nodes[name].location) for name in places} == places
    assert tree.nodes["My Spots"].parent == frame
    ramp = next(node for node in tree.nodes if node.bl_idname == "ShaderNodeValToRGB")
    assert ramp.location.x < 11 and len({tuple(node.location) for node in tree.nodes if not node.parent}) == 5
    assert round(surface.inputs["Roughness"].default_value, 3) == 0.9 and len(ramp.color_ramp.elements) == 3
    assert tree.nodes["Inner"].node_tree.nodes["Noise Texture"].inputs["Scale"].default_value == 40
    (root,) = (Graph.from_json(graph) for key, graph in proposal.graphs.items() if key.startswith("materials/"))
    assert diff(read_graph(tree, "materials/Rust"), root) == []


def test_a_modifiers_group_is_made_and_then_edited_for_its_object() -> None:
    group = bpy.data.node_groups.new("Wave", "GeometryNodeTree")
    for in_out in ("INPUT", "OUTPUT"):
        group.interface.new_socket("Geometry", in_out=in_out, socket_type="NodeSocketGeometry")
    start, end = map(group.nodes.new, ("NodeGroupInput", "NodeGroupOutput"))
    group.links.new(start.outputs[0], end.inputs[0])
    cube = bpy.data.objects.new("Cube", bpy.data.meshes.new("Cube"))
    made = apply.new_modifier(Proposal("node_groups/Wave", told("node_groups/Wave")), cube)
    (modifier,) = cube.modifiers
    assert made.key == "node_groups/Wave.001" and modifier.node_group.name == "Wave.001"

    def change(tree: Any) -> None:
        tree.interface.new_socket("Height", in_out="INPUT", socket_type="NodeSocketFloat").default_value = 2
        smooth = tree.nodes.new("GeometryNodeSetPosition")
        start, end = tree.nodes["Group Input"], tree.nodes["Group Output"]
        combine = tree.nodes.new("ShaderNodeCombineXYZ")
        tree.links.new(start.outputs["Height"], combine.inputs["Z"])
        tree.links.new(combine.outputs[0], smooth.inputs["Offset"])
        tree.links.new(start.outputs[0], smooth.inputs[0])
        tree.links.new(smooth.outputs[0], end.inputs[0])

    take(*answer("node_groups/Wave.001", change))
    assert [item.name for item in modifier.node_group.interface.items_tree][-1] == "Height"
    assert "Set Position" in modifier.node_group.nodes and len(group.nodes) == 2


def test_the_compositor_is_taken_once_and_speaks_of_this_scene() -> None:
    scene = bpy.context.scene
    scene.name = "Shot"
    key = "scenes/Shot"
    if bpy.app.version < (5, 0):
        scene.use_nodes = True
        tree = scene.node_tree
        tree.nodes.clear()
    else:
        key, tree = "node_groups/Compositing", bpy.data.node_groups.new("Compositing", "CompositorNodeTree")
    layers, blur = map(tree.nodes.new, ("CompositorNodeRLayers", "CompositorNodeBlur"))
    tree.links.new(layers.outputs[0], blur.inputs[0])
    proposal = Proposal(key, json.loads(json.dumps(told(key)).replace('"name": "Shot"', '"name": "Scene"')))
    tree.nodes.clear()
    made = apply.new_compositor(proposal, scene)
    live = tree_of(bpy.data, made.key)
    assert made.told == [] and [node.scene for node in live.nodes if hasattr(node, "scene")] == [scene]
    with pytest.raises(NotApplied, match="has compositor nodes already"):
        apply.new_compositor(proposal, scene)
    take(*answer(made.key, lambda tree: tree.nodes.new("CompositorNodeInvert")))
    assert len(live.nodes) == 3 and len(bpy.data.scenes) == 1


def test_what_lies_in_another_file_is_left_alone(tmp_path: Path) -> None:
    rust()
    proposal, asked = answer("materials/Rust", lambda tree: tree.nodes.new("ShaderNodeMath"))
    bpy.data.libraries.write(str(tmp_path / "rust.blend"), {bpy.data.materials["Rust"]}, fake_user=True)
    bpy.data.batch_remove((bpy.data.materials["Rust"], bpy.data.node_groups["Spots"]))
    with bpy.data.libraries.load(str(tmp_path / "rust.blend"), link=True) as (_, wanted):
        wanted.materials = ["Rust"]
    linked = bpy.data.materials["Rust"]
    with pytest.raises(NotApplied, match="linked from another file"):
        take(proposal, asked)
    override = linked.override_create()
    with pytest.raises(NotApplied, match="library override"):
        apply.edit(proposal, override.node_tree, "materials/Rust", override, asked)
    cube = bpy.data.objects.new("Cube", bpy.data.meshes.new("Cube"))
    cube.data.materials.append(linked)
    for foreign in (linked, override):
        mine = apply.own_copy(foreign)
        apply.edit(proposal, mine.node_tree, f"materials/{mine.name}", mine, asked)
        assert "Math" in mine.node_tree.nodes and "Math" not in foreign.node_tree.nodes
        with pytest.raises(NotApplied, match="would be lost"):
            apply.give(None, foreign, mine)
    apply.give(cube, linked, mine)
    assert cube.active_material == mine
