# SPDX-License-Identifier: GPL-3.0-or-later
"""Code, compact form and Blender are three views of one tree: going round the triangle changes nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.files import read_json
from voxel_trainer_addon.graph.blender.read import read_graph, read_graphs
from voxel_trainer_addon.graph.compact import compact, text
from voxel_trainer_addon.graph.model import Animation, Graph, Graphs, closure
from voxel_trainer_addon.graph.parse_code import parse_code
from voxel_trainer_addon.graph.sparse import graphs
from voxel_trainer_addon.graph.write import script, variables
from voxel_trainer_addon.worker.inside import Refused, empty, prove, read
from voxel_trainer_addon.worker.inside.compact import built, trial
from voxel_trainer_addon.worker.inside.trial import LazyGraphs, compared, refusal

from . import test_animation, test_layout
from .every_node import KINDS, quiet
from .mixed_trees import TYPES as node_types_of
from .mixed_trees import mixed

pytestmark = pytest.mark.bpy

SEEDS = range(12)
MIXED = [(kind, seed) for kind in KINDS for seed in range(2)]
MORE_MIXED = [(kind, seed) for kind in KINDS for seed in range(2, 15)]
CORPUS = [
    "chsh2__nijiGPen/res__library.blend",
    "IRCSS__Trees-With-Geometry-Nodes-Blender/LowpolyGeometrynodeTree.blend",
    "KhronosGroup__glTF-Blender-IO/tests__pbr_node__glTF2.blend",
]
MOVED = [
    "KhronosGroup__glTF-Blender-IO/tests__scenes__01_alpha_animation.blend",
    "saturday06__VRM-Addon-for-Blender/tests__resources__blend__image_node_traverse.blend",
]
"""Files whose trees have keyframes and drivers."""
LAYOUT = pytest.mark.parametrize("layout", (False, True), ids=("plain", "layout"))

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


def unnamed(form: Mapping[str, Any]) -> dict[str, Any]:
    """A form that has been through JSON, its nodes called by number: which names Blender gives, code does not say."""
    trees = []
    for tree in json.loads(json.dumps(form["trees"])):
        at = {name: n for n, name in enumerate(tree.get("nodes", {}))}
        for node in tree.get("nodes", {}).values():
            node.pop("name", None)
            looks = node.get("layout", {})
            for holder, key in ((node, "pair"), (looks, "parent")):
                if key in holder:
                    holder[key] = at[holder[key]]
        for curve in (row for rows in ("drivers", "keys") for row in tree.get("animation", {}).get(rows, ())):
            if "node" in curve:
                curve["node"] = at[curve["node"]]
        links = [[at[link[0]], link[1], at[link[2]], *link[3:]] for link in tree.get("links", ())]
        trees.append({**tree, "nodes": list(tree.get("nodes", {}).values()), "links": links})
    return {**form, "trees": trees}


def go_round(trees: Sequence[Graph], layout: bool = False) -> dict[str, Any]:
    """Blender → code → steps → code, and both forms → Blender → form; the compact form."""
    blocks = built(trees, layout)
    code, form = script(blocks, arrange=not layout), compact(blocks, variables(blocks))
    read = parse_code(code)
    assert unnamed(compact(parse_code(script(read)))) == unnamed(compact(read))
    for view in (form, compact(read)):
        again = built(graphs(json.loads(text(view))), layout)
        assert unnamed(compact(again)) == unnamed(form)
        assert not compared(trees, trees[-1], {}, layout) or trial(text(view), trees, layout) == ""
    return form


def test_a_subtype_without_a_name_goes_round() -> None:
    empty()
    tree, helper = (bpy.data.node_groups.new(name, "GeometryNodeTree") for name in ("Unsigned", "Other"))
    socket = tree.interface.new_socket("Count", socket_type="NodeSocketInt")
    socket.from_socket(helper.nodes.new("GeometryNodeCurveArc"), helper.nodes[0].inputs["Resolution"])
    tree.interface.new_socket("After", socket_type="NodeSocketInt").default_value = 3
    form = go_round([read_graph(tree, "node_groups/Unsigned")])
    assert form["trees"][0]["interface"][0]["settings"]["subtype"] == ""


@LAYOUT
@pytest.mark.parametrize("make", test_animation.MADE, ids=lambda f: f.__name__)
def test_drivers_and_keyframes_go_round(make: Callable[[], None], layout: bool) -> None:
    empty()
    make()
    found, _ = read_graphs(bpy.data)
    form = go_round(list(found.values()), layout)
    assert form["trees"][0]["animation"]


@pytest.mark.parametrize("make", test_layout.MADE, ids=lambda f: f.__name__)
def test_looks_go_round(make: Callable[[], None]) -> None:
    empty()
    make()
    found, _ = read_graphs(bpy.data)
    for tree in found.values():
        go_round(closure(tree, found), layout=True)


def test_a_form_says_only_what_is_not_usual() -> None:
    """Identifiers where others were removed, names that Blender would not give, animation that is not the default."""
    empty()
    tree = bpy.data.node_groups.new("Tree", "ShaderNodeTree")
    for name in ("First", "Second", "Third"):
        tree.interface.new_socket(name, socket_type="NodeSocketFloat")
    tree.interface.remove(tree.interface.items_tree["Second"])
    math = tree.nodes.new("ShaderNodeMath")
    math.label, math["own"] = "Grow", 2.0
    math.inputs[1].driver_add("default_value").driver.expression = "frame / 7"
    graph = read_graph(tree, "node_groups/Tree")
    (plain,) = go_round([graph])["trees"]
    (told,) = go_round([graph], layout=True)["trees"]
    assert [item.get("identifier") for item in plain["interface"]] == [None, None]
    assert [item.get("identifier") for item in told["interface"]] == [None, "Socket_2"]
    assert plain["nodes"]["grow"] == {"type": "ShaderNodeMath", "name": "Math"}
    assert told["nodes"]["grow"] == {
        **plain["nodes"]["grow"],
        "layout": {"label": "Grow", "custom": {"own": {"float": "2.0"}}},
    }
    driver = {
        "node": "grow",
        "property": "inputs[1].default_value",
        "settings": {"driver": {"expression": "frame / 7"}},
    }
    assert plain["animation"] == told["animation"] == {"drivers": [driver]}


@pytest.mark.parametrize("seed", SEEDS)
def test_drawn_trees_go_round(seed: int) -> None:
    empty()
    tree = drawn(seed)
    form = go_round([read_graph(tree, f"node_groups/{tree.name}")])
    assert "[" not in "".join(key for link in form["trees"][0].get("links", ()) for key in (link[1], link[3]))


@LAYOUT
@pytest.mark.parametrize(
    ("kind", "seed"), [*MIXED, *(pytest.param(*made, marks=pytest.mark.slow) for made in MORE_MIXED)]
)
def test_trees_made_by_chance_go_round(kind: str, seed: int, layout: bool) -> None:
    node_types_of(kind)
    empty()
    with quiet():
        key = mixed(kind, seed)
    found, _ = read_graphs(bpy.data)
    go_round(closure(found[key], found), layout)


@LAYOUT
@pytest.mark.parametrize("name", [*CORPUS, *MOVED])
def test_real_trees_go_round(name: str, layout: bool, corpus: Path) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(corpus / name), load_ui=False, use_scripts=False)
    found, _ = read_graphs(bpy.data)
    trees = chosen(found, 6)
    assert trees
    for tree in trees:
        go_round(closure(tree, found), layout)


@pytest.mark.slow
@LAYOUT
def test_whatever_is_proven_goes_round(layout: bool, corpus: Path, tmp_path: Path) -> None:
    """Every file that this Blender reads; of each the largest trees, and those that something moves."""
    moved = 0
    for path in sorted(corpus.rglob("*.blend")):
        try:
            record = read.run({"path": str(path), "sha256": "one"}, tmp_path)["record"]
        except Refused:
            continue
        found = LazyGraphs(read_json(Path(record))["graphs"])
        roots = [tree.key for tree in chosen(found, 2)]
        answers = prove.run({"record": record, "roots": roots, "layout": layout}, tmp_path)["scripts"]
        for key in roots:
            if answers[key]["proven"]:
                go_round(closure(found[key], found), layout)
                moved += found[key].animation != Animation()
    assert moved


def chosen(found: Graphs, count: int) -> list[Graph]:
    """The largest trees that a script can make, and as many of those with drivers or keyframes."""
    trees = [graph for graph in found.values() if not refusal(closure(graph, found), True) and len(graph.nodes) < 300]
    trees.sort(key=lambda graph: -len(graph.nodes))
    moved = [graph for graph in trees if graph.animation != Animation()]
    return list({graph.key: graph for graph in (*trees[:count], *moved[:count])}.values())
