# SPDX-License-Identifier: GPL-3.0-or-later
"""What the words say of Blender is so: each technique can be built and is recognised, units and menu names are its own,
and every sentence about real trees is true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.graph.blender.read import read_graph, read_graphs
from voxel_trainer_addon.graph.menu import TYPE_NAMES, type_words
from voxel_trainer_addon.graph.words import phrases
from voxel_trainer_addon.graph.words.clauses import Apart, Feeds, Holds
from voxel_trainer_addon.graph.words.description import LENGTHS, TECHNIQUES, description, recognised
from voxel_trainer_addon.graph.words.technique import Technique
from voxel_trainer_addon.graph.words.view import View
from voxel_trainer_addon.worker.inside import empty

pytestmark = pytest.mark.bpy
V5 = bpy.app.version >= (5, 0)
TRIED = (
    1.0,
    0.0,
    True,
    2.5,
    "Box",
    "BOX",
    "CONSTANT",
    "DOT_PRODUCT",
    "ADD",
    "word",
    (0.1, 0.2, 0.3),
    (0.1, 0.2, 0.3, 1.0),
)
SOLID = ("GEOMETRY", "SHADER", "MENU", "STRING", "OBJECT", "MATERIAL")
ONLY_OLDER = {"sun beams"}
"""Techniques of which 5.x has no node left, or the same by other nodes."""


@pytest.fixture(autouse=True, scope="module")
def clean() -> None:
    empty()
    layer = bpy.data.scenes[0].view_layers[0]
    layer.use_pass_z = layer.use_pass_mist = layer.use_pass_ambient_occlusion = True


def new_tree(kind: str) -> Any:
    if kind == "CompositorNodeTree" and not V5:
        scene = bpy.data.scenes[0]
        scene.use_nodes = True
        scene.node_tree.nodes.clear()
        return scene.node_tree
    return bpy.data.node_groups.new("Tree", kind)


def asked(technique: Technique, role: str) -> tuple[list[str], list[str]]:
    """What clauses ask of a role: inputs (each of some alternatives) and outputs."""
    ins, outs = [], []
    for clause in technique.clauses:
        if isinstance(clause, Feeds):
            giver, _, output = clause.source.partition(".")
            taker, _, entry = clause.target.partition(".")
            ins += [entry] if taker == role and entry else []
            outs += [output] if giver == role else []
    return ins, outs


def cast(tree: Any, technique: Technique, role: str) -> Any:
    """A node of the first type that Blender has and that has the sockets asked for; None where there is none."""
    ins, outs = asked(technique, role)
    for type in sorted(technique.roles[role], key=lambda t: ("Legacy" in type_words(t), t)):
        if type == "NodeGroupInput":
            entry = next(c.target.partition(".")[2] for c in technique.clauses if c.source == role)  # type: ignore[attr-defined]
            kind = {"Switch": "Bool", "Menu": "Menu", "Fac|Factor": "Float"}.get(entry, "Geometry")
            tree.interface.new_socket(entry, in_out="INPUT", socket_type=f"NodeSocket{kind}")
        if type == "NodeGroupOutput":
            tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        try:
            node = tree.nodes.new(type)
        except RuntimeError:
            continue
        if type == "ShaderNodeGroup":
            node.node_tree = used = bpy.data.node_groups.new("Used", "ShaderNodeTree")
            used.interface.new_socket("Color", in_out="INPUT", socket_type="NodeSocketColor")
            used.interface.new_socket("Shader", in_out="OUTPUT", socket_type="NodeSocketShader")
        if type == "ShaderNodeMix" and any("Color" in entry for entry in ins):
            node.data_type = "RGBA"
        if all(socket(node.inputs, i) for i in ins) and all(socket(node.outputs, o) for o in outs):
            return node
        tree.nodes.remove(node)
    return None


def socket(sockets: Any, names: str) -> Any:
    return next((s for s in sockets if s.enabled and (not names or s.name in names.split("|"))), None)


def settle(node: Any, clause: Holds) -> None:
    """Give the node a value that the clause wants."""
    for name in clause.place.partition(".")[2].split("|"):
        for value in TRIED:
            entry = node.inputs.get(name)
            try:
                if name == "color_ramp":
                    node.color_ramp.interpolation = "CONSTANT"
                elif entry is not None:
                    entry.default_value = value
                    held = entry.default_value
                    if clause.test(list(held) if hasattr(held, "__len__") and not isinstance(held, str) else held):
                        return
                elif clause.test(getattr(node, name)):
                    return
                else:
                    setattr(node, name, value)
            except (TypeError, ValueError, AttributeError):
                continue


def built(technique: Technique) -> Any:
    """The smallest tree with that technique, or None where this Blender lacks the nodes."""
    tree = new_tree(technique.tree)
    nodes = {role: cast(tree, technique, role) for role in technique.roles}
    if None in nodes.values():
        return None
    for clause in technique.clauses:
        if isinstance(clause, Holds):
            settle(nodes[clause.place.partition(".")[0]], clause)
    for clause in technique.clauses:
        if isinstance(clause, Apart):
            both = nodes[clause.where]
            entries = [s for s in both.inputs if s.enabled and s.name not in ("Factor", "Fac")]
            spread = entries if len(entries) > 1 else entries * 2
            tree.links.new(nodes[clause.one].outputs[0], spread[0])
            tree.links.new(nodes[clause.other].outputs[0], spread[1])
        elif isinstance(clause, Feeds):
            giver, _, output = clause.source.partition(".")
            taker, _, entry = clause.target.partition(".")
            free = [s for s in nodes[taker].inputs if s.enabled and (not entry or s.name in entry.split("|"))]
            source = socket(nodes[giver].outputs, output)
            fits = [s for s in free if (s.type in SOLID) == (source.type in SOLID)]
            target = next((s for s in fits if not s.is_linked), fits[0])
            tree.links.new(source, target)
    for node in nodes.values():
        if node.outputs and not any(s.is_linked for s in node.outputs):
            to_the_end(tree, node)
    return tree


def to_the_end(tree: Any, node: Any) -> None:
    """Let a node lead to an output."""
    if tree.bl_idname == "CompositorNodeTree" and not V5:
        end = tree.nodes.new("CompositorNodeComposite")
        tree.links.new(socket(node.outputs, ""), end.inputs[0])
        return
    out = socket(node.outputs, "")
    kind = out.type.capitalize()
    kind = {"Value": "Float", "Rgba": "Color", "Boolean": "Bool"}.get(kind, kind)
    tree.interface.new_socket("Out", in_out="OUTPUT", socket_type=f"NodeSocket{kind}")
    end = tree.nodes.get("Group Output") or tree.nodes.new("NodeGroupOutput")
    tree.links.new(out, end.inputs[len(end.inputs) - 2])


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda t: f"{t.name}: {t.words[:30]}")
def test_each_technique_is_recognised_in_blender(technique: Technique) -> None:
    tree = built(technique)
    if tree is None:
        assert V5 is False or technique.name in ONLY_OLDER, "no node of this Blender can play a role"
        pytest.skip("this Blender has no such node")
    graph = read_graph(tree, "node_groups/Tree")
    found = [f for f in recognised(graph) if f.technique is technique]
    assert found, [link for link in graph.links]
    words = technique.sentence(View(graph), found[0].castings[0][0])
    assert "as made" not in words and "None" not in words


def every_type() -> Iterator[tuple[str, Any]]:
    for kind in ("ShaderNodeTree", "GeometryNodeTree", "CompositorNodeTree", "TextureNodeTree"):
        tree = new_tree(kind)
        for name in sorted(dir(bpy.types)):
            if "Node" in name:
                try:
                    yield name, tree.nodes.new(name)
                except RuntimeError:
                    continue


def test_units_are_those_of_blender() -> None:
    units = {"ROTATION": "°", "LENGTH": "m", "WAVELENGTH": "nm", "COLOR_TEMPERATURE": "K"}
    checked = 0
    for name, node in every_type():
        for entry in node.inputs:
            p = entry.bl_rna.properties.get("default_value")
            mine = phrases.unit_by_name(entry.name, entry.type)
            if p is not None and mine:
                old_kelvin = mine == "K" and not V5
                assert units.get(p.unit, "") == mine or old_kelvin, f"{name}: {entry.name}"
                checked += 1
        for p in node.bl_rna.properties:
            if p.type == "FLOAT" and phrases.unit_by_name(p.identifier, ""):
                assert units.get(p.unit, "") == phrases.unit_by_name(p.identifier, ""), f"{name}.{p.identifier}"
                checked += 1
    assert checked > 60


def test_types_are_called_as_the_menu_calls_them() -> None:
    wrong = {name: node.bl_rna.name for name, node in every_type() if type_words(name) != node.bl_rna.name}
    if bpy.app.version >= (5, 2):
        assert not wrong
    assert len(wrong) <= len(TYPE_NAMES) // 4


def test_every_sentence_about_real_trees_is_true(corpus: Path) -> None:
    checked = 0
    for path in sorted(corpus.rglob("*.blend"), key=lambda p: p.stat().st_size)[40:60]:
        try:
            bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
        except RuntimeError:
            continue
        for graph in read_graphs(bpy.data)[0].values():
            for length in LENGTHS:
                for statement in description(graph, length):
                    assert statement.holds(graph), f"{path.name} {graph.key}: {statement.text}"
                    checked += 1
    assert checked > 300
