# SPDX-License-Identifier: GPL-3.0-or-later
"""Code, compact form and Blender are three views of one tree: going round the triangle changes nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.graph.blender.build import build, make_placeholders
from voxel_trainer_addon.graph.blender.read import read_graph, read_graphs, tree_of
from voxel_trainer_addon.graph.canonical import differences
from voxel_trainer_addon.graph.compact import compact, graphs
from voxel_trainer_addon.graph.model import Graph, closure
from voxel_trainer_addon.graph.parse_code import parse_code
from voxel_trainer_addon.graph.write import Block, script, variables
from voxel_trainer_addon.worker.inside import empty

pytestmark = pytest.mark.bpy

SEEDS = range(12)
CORPUS = [
    "chsh2__nijiGPen/res__library.blend",
    "IRCSS__Trees-With-Geometry-Nodes-Blender/LowpolyGeometrynodeTree.blend",
    "KhronosGroup__glTF-Blender-IO/tests__pbr_node__glTF2.blend",
]

TREES = {"ShaderNodeTree": "ShaderNode", "GeometryNodeTree": ("GeometryNode", "FunctionNode", "ShaderNode")}
LEFT_OUT = ("Undefined", "Custom", "Group", "Simulation", "Repeat", "ForEach", "Closure")


def node_types(tree: Any, prefixes: tuple[str, ...] | str) -> list[str]:
    """Types that can be added to such a tree, asked of this Blender."""
    found = []
    for name in sorted(dir(bpy.types)):
        if name.startswith(prefixes) and not any(word in name for word in LEFT_OUT):
            try:
                tree.nodes.remove(tree.nodes.new(name))
            except RuntimeError:
                continue
            found.append(name)
    return found


def drawn(seed: int, size: int = 12) -> Any:
    """A node group with nodes, settings, values and links drawn by `seed`."""
    dice = random.Random(seed)
    kind = dice.choice(sorted(TREES))
    tree = bpy.data.node_groups.new(f"Drawn {seed}", kind)
    types = node_types(tree, TREES[kind])
    for _ in range(size):
        node = tree.nodes.new(dice.choice(types))
        for p in node.bl_rna.properties:
            if p.identifier not in bpy.types.Node.bl_rna.properties and not p.is_readonly and dice.random() < 0.6:
                change(node, p, dice)
        for socket in node.inputs:
            if hasattr(socket, "default_value") and dice.random() < 0.4:
                change(socket, socket.bl_rna.properties["default_value"], dice)
    places = {node.name: n for n, node in enumerate(tree.nodes)}
    outputs = [s for node in tree.nodes for s in node.outputs if s.enabled]
    inputs = [s for node in tree.nodes for s in node.inputs if s.enabled]
    for _ in range(size * 2):
        if outputs and inputs:
            start, end = dice.choice(outputs), dice.choice(inputs)
            if places[start.node.name] < places[end.node.name]:
                tree.links.new(start, end)
    return tree


def change(struct: Any, p: Any, dice: random.Random) -> None:
    """Give a property another value, where it has one that can be drawn."""
    name = p.identifier
    if p.type == "ENUM" and not p.is_enum_flag and p.enum_items:
        value: Any = dice.choice([item.identifier for item in p.enum_items])
    elif p.type == "BOOLEAN" and not p.is_array:
        value = not getattr(struct, name)
    elif p.type == "INT" and not p.is_array:
        value = dice.randint(max(p.hard_min, -9), max(p.hard_min, 0) + 9)
    elif p.type == "FLOAT":
        value = [dice.uniform(0, 1) for _ in getattr(struct, name)] if p.is_array else dice.uniform(0, 1)
    elif p.type == "STRING":
        value = f"word {dice.randint(1, 99)}"
    else:
        return
    try:
        setattr(struct, name, value)
    except (TypeError, ValueError, AttributeError):
        return


def built(trees: Sequence[Graph]) -> list[Block]:
    """The trees made in an empty Blender, with the steps that it took."""
    empty()
    make_placeholders(trees)
    return [Block(tree, build(tree)) for tree in trees]


def unnamed(form: Mapping[str, Any]) -> dict[str, Any]:
    """A form that has been through JSON, its nodes called by number."""
    trees = []
    for tree in json.loads(json.dumps(form["trees"])):
        at = {name: n for n, name in enumerate(tree.get("nodes", {}))}
        for node in tree.get("nodes", {}).values():
            if "pair" in node:
                node["pair"] = at[node["pair"]]
        for curve in (row for rows in ("drivers", "keys") for row in tree.get("animation", {}).get(rows, ())):
            curve["node"] = at[curve["node"]]
        links = [[at[link[0]], link[1], at[link[2]], *link[3:]] for link in tree.get("links", ())]
        trees.append({**tree, "nodes": list(tree.get("nodes", {}).values()), "links": links})
    return {**form, "trees": trees}


def go_round(trees: Sequence[Graph]) -> dict[str, Any]:
    """Blender → code → steps → code, and both forms → Blender → form; the compact form."""
    blocks = built(trees)
    code, form = script(blocks), compact(blocks, variables(blocks))
    read = parse_code(code)
    assert unnamed(compact(parse_code(script(read)))) == unnamed(compact(read))
    for view in (form, compact(read)):
        again = built(graphs(json.loads(json.dumps(view))))
        assert unnamed(compact(again)) == unnamed(form)
        for tree in trees:
            live = tree_of(bpy.data, tree.key)
            assert live is not None and differences(tree, read_graph(live, tree.key), {}, {}) == []
    return form


def test_a_subtype_without_a_name_goes_round() -> None:
    empty()
    tree, helper = (bpy.data.node_groups.new(name, "GeometryNodeTree") for name in ("Unsigned", "Other"))
    socket = tree.interface.new_socket("Count", socket_type="NodeSocketInt")
    socket.from_socket(helper.nodes.new("GeometryNodeCurveArc"), helper.nodes[0].inputs["Resolution"])
    tree.interface.new_socket("After", socket_type="NodeSocketInt").default_value = 3
    form = go_round([read_graph(tree, "node_groups/Unsigned")])
    assert form["trees"][0]["interface"][0]["settings"]["subtype"] == ""


def test_drivers_and_keyframes_go_round_but_from_code() -> None:
    empty()
    tree = bpy.data.node_groups.new("Moved", "ShaderNodeTree")
    first, second = tree.nodes.new("ShaderNodeMath"), tree.nodes.new("ShaderNodeMath")
    driver = first.inputs[0].driver_add("default_value").driver
    driver.expression = "frame / 7"
    second.inputs[1].keyframe_insert("default_value", frame=5)
    graph = read_graph(tree, "node_groups/Moved")
    blocks = built([graph])
    form = json.loads(json.dumps(compact(blocks, variables(blocks))))
    assert form["trees"][0]["animation"]["drivers"][0]["settings"]["driver"]["expression"] == "frame / 7"
    again = built(graphs(form))
    made = tree_of(bpy.data, graph.key)
    assert made is not None and differences(graph, read_graph(made, graph.key), {}, {}) == []
    assert unnamed(compact(again, variables(again))) == unnamed(form)
    with pytest.raises(ValueError, match=r"^(line \d+|node_groups/Moved): "):
        compact(parse_code(script(blocks)))


@pytest.mark.parametrize("seed", SEEDS)
def test_drawn_trees_go_round(seed: int) -> None:
    empty()
    tree = drawn(seed)
    form = go_round([read_graph(tree, f"node_groups/{tree.name}")])
    assert "[" not in "".join(key for link in form["trees"][0].get("links", ()) for key in (link[1], link[3]))


@pytest.mark.parametrize("name", CORPUS)
def test_real_trees_go_round(name: str, corpus: Path) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(corpus / name), load_ui=False, use_scripts=False)
    found, _ = read_graphs(bpy.data)
    trees = sorted(found.values(), key=lambda graph: -len(graph.nodes))[:12]
    assert trees
    for tree in trees:
        go_round(closure(tree, found))
