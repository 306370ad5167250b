# SPDX-License-Identifier: GPL-3.0-or-later
"""Graphs pasted from a clipboard: whole, among others, as a group; what is lacking, damaged or hostile."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.graph.blender.paste import Damaged, Pasted, form_of, paste
from voxel_trainer_addon.graph.blender.read import read_graph, read_graphs
from voxel_trainer_addon.graph.canonical import graph_hash
from voxel_trainer_addon.graph.compact import compact, text
from voxel_trainer_addon.graph.model import Graph, closure
from voxel_trainer_addon.graph.write import variables
from voxel_trainer_addon.worker.inside import empty
from voxel_trainer_addon.worker.inside.compact import built

pytestmark = pytest.mark.bpy

VERSION = bpy.app.version_string.split()[0]
FILES = (
    "ncthbrt__materialize_nodes",
    "princeton-vl__procfunc",
    "saturday06__VRM-Addon-for-Blender",
    "ucupumar__ucupaint",
)


@pytest.fixture(autouse=True)
def fresh() -> None:
    empty()


def group(name: str, kind: str = "ShaderNodeTree") -> Any:
    return bpy.data.node_groups.new(name, kind)


def clipboard(*trees: Any) -> str:
    """What Copy as Graph gives for the last tree, with the groups below it; they are gone from the file then."""
    found = [read_graph(tree, f"node_groups/{tree.name}") for tree in trees]
    blocks = built(found, layout=True)
    said = text(compact(blocks, variables(blocks), VERSION))
    for tree in list(bpy.data.node_groups):
        bpy.data.node_groups.remove(tree)
    return said


def waves(name: str = "Waves", operation: str = "SINE", below: Any = None) -> Any:
    """A group with an input and an output, a node that is set, and maybe a group below it."""
    tree = group(name)
    tree.interface.new_socket("Height", in_out="INPUT", socket_type="NodeSocketFloat")
    tree.interface.new_socket("Value", in_out="OUTPUT", socket_type="NodeSocketFloat")
    start, math, end = (tree.nodes.new(kind) for kind in ("NodeGroupInput", "ShaderNodeMath", "NodeGroupOutput"))
    math.operation, math.location = operation, (300, 40)
    tree.links.new(start.outputs[0], math.inputs[0])
    tree.links.new(math.outputs[0], end.inputs[0])
    if below is not None:
        node = tree.nodes.new("ShaderNodeGroup")
        node.node_tree = below
        tree.links.new(start.outputs[0], node.inputs[0])
        tree.links.new(node.outputs[0], math.inputs[1])
    return tree


def hashes() -> dict[str, str]:
    found, _ = read_graphs(bpy.data)
    return {key: graph_hash(key, found) for key in found}


def real_trees(corpus: Path) -> Iterator[list[Graph]]:
    """A few trees of each of some files, with the groups below them."""
    for folder in FILES:
        for file in sorted((corpus / folder).glob("*.blend"))[:2]:
            try:
                bpy.ops.wm.open_mainfile(filepath=str(file), load_ui=False, use_scripts=False)
            except RuntimeError:
                continue
            found, _ = read_graphs(bpy.data)
            for key in sorted(found)[:: max(1, len(found) // 5)]:
                trees = closure(found[key], found)
                if key.startswith("node_groups/") and not any(t.refused or t.missing or t.linked for t in trees):
                    yield trees


def test_real_trees_pasted_into_an_empty_one_are_the_same(corpus: Path) -> None:
    count = 0
    for trees in real_trees(corpus):
        blocks = built(trees, layout=True)
        said = text(compact(blocks, variables(blocks), VERSION))
        for tree in list(bpy.data.node_groups):
            bpy.data.node_groups.remove(tree)
        root = trees[-1]
        target = group(root.name, root.type)
        made = paste(form_of(said), target)
        assert not made.told and len(made.nodes) == len(root.nodes)
        assert hashes()[root.key] == graph_hash(root.key, {tree.key: tree for tree in trees})
        count += 1
    assert count >= 6


def test_among_others_a_group_becomes_a_node_under_the_mouse() -> None:
    said = clipboard(waves())
    target = group("Target")
    old = target.nodes.new("ShaderNodeMath")
    before = hashes()["node_groups/Target"]
    made = paste(form_of(said), target, (500, -200))
    (node,) = made.nodes
    assert node.node_tree.name == "Waves" and node.select and not old.select
    assert abs(node.location.x + node.width / 2 - 500) <= 1 and node.location.y == -200
    target.nodes.remove(node)
    assert hashes()["node_groups/Target"] == before


def test_nodes_without_an_interface_join_the_others_and_keep_their_links() -> None:
    loose = group("Loose")
    noise, math = (loose.nodes.new(kind) for kind in ("ShaderNodeTexNoise", "ShaderNodeMath"))
    math.location = (400, 100)
    loose.links.new(noise.outputs[0], math.inputs[0])
    said = clipboard(loose)
    target = waves("Target")
    count = len(target.nodes)
    made = paste(form_of(said), target, (0, 0))
    assert len(made.nodes) == 2 and len(target.nodes) == count + 2 and len(target.links) == 3
    places = [tuple(node.location) for node in made.nodes]
    assert abs(places[0][0] - places[1][0]) == 400


def test_nodes_pasted_again_and_again_get_names_that_are_free() -> None:
    tree = group("Many")
    for n in range(40):
        tree.nodes.new("ShaderNodeMath").location = 50 * n, 0
    said = clipboard(tree)
    target = group("Target")
    for n in range(7):
        target.nodes.new("ShaderNodeMath").name = f"Math.{3 * n + 2:03}"
    for count in (1, 2, 3):
        paste(form_of(said), target)
        names = [node.name for node in target.nodes]
        assert len(set(names)) == 7 + 40 * count and not [name for name in names if "swap" in name]


def test_an_equal_group_is_shared_and_another_one_gets_another_name() -> None:
    low = waves("Low")
    said = clipboard(low, waves("High", below=low))
    there = waves("Low")
    there.interface.remove(there.interface.new_socket("Gone", in_out="INPUT", socket_type="NodeSocketFloat"))
    for item in list(there.interface.items_tree)[::-1]:  # the same sockets, with other identifiers
        there.interface.copy(item)
        there.interface.remove(item)
    start, math, end = there.nodes
    there.links.new(start.outputs[0], math.inputs[0])
    there.links.new(math.outputs[0], end.inputs[0])
    target = group("Target")
    target.nodes.new("ShaderNodeMath")
    made = paste(form_of(said), target)
    assert [tree.name for tree in made.groups] == ["High"] and "Low.001" not in bpy.data.node_groups
    (node,) = (node for node in made.groups[0].nodes if node.bl_idname == "ShaderNodeGroup")
    assert node.node_tree.name == "Low" and not made.told and len(made.groups[0].links) == 4
    waves("Low", "COSINE")
    for name in ("High", "Low"):
        bpy.data.node_groups.remove(bpy.data.node_groups[name])
    bpy.data.node_groups["Low.001"].name = "Low"
    made = paste(form_of(said), target)
    assert [tree.name for tree in made.groups] == ["Low.001", "High"]
    assert bpy.data.node_groups["Low"].nodes["Math"].operation == "COSINE"
    assert bpy.data.node_groups["Low.001"].nodes["Math"].operation == "SINE"


def changed(said: str, do: Any) -> dict[str, Any]:
    form: dict[str, Any] = form_of(said)
    do(form["trees"][-1])
    return form


def test_what_is_not_here_is_left_out_and_named() -> None:
    said = clipboard(waves())

    def unknown(tree: Any) -> None:
        tree["nodes"]["math"] = {"type": "MagicNodeOfAnAddon"}
        tree["nodes"]["image"] = {
            "type": "ShaderNodeTexImage",
            "settings": {"image": {"id": "IMAGE", "name": "Rust"}},
        }
        tree["links"] = [link for link in tree["links"] if "sine" not in link]

    form = changed(said, unknown)
    target = group("Target")
    made = paste(form, target)
    assert any("MagicNodeOfAnAddon" in sentence for sentence in made.told)
    assert "The image “Rust” is not in this file: its place stays empty." in made.told
    assert "Rust" not in bpy.data.images
    assert sorted(node.bl_idname for node in made.nodes).count("ShaderNodeTexImage") == 1


@pytest.mark.parametrize(
    ("expression", "kept"),
    [
        ("frame / 7", True),
        ("sin(frame) if frame > 3 else -1.5", True),
        ("__import__('os').system('x')", False),
        ("9 ** 9 ** 9", False),
        ("'x' * 9", False),
        ("frame.real", False),
    ],
)
def test_a_driver_that_would_run_python_is_not_pasted(expression: str, kept: bool) -> None:
    tree = waves()
    tree.nodes["Math"].inputs[1].driver_add("default_value").driver.expression = expression
    target = group("Target")
    target.name = "Waves target"
    said = clipboard(tree)
    target = group("Target")
    made = paste(form_of(said), target)
    drivers = target.animation_data.drivers if target.animation_data else []
    assert len(drivers) == int(kept) and bool(made.told) != kept


def test_keyframes_come_with_an_action_of_their_own() -> None:
    tree = waves()
    tree.nodes["Math"].inputs[1].default_value = 0.25
    tree.nodes["Math"].inputs[1].keyframe_insert("default_value", frame=12)
    name = tree.animation_data.action.name
    said = clipboard(tree)
    target = group("Target")
    paste(form_of(said), target)
    assert target.animation_data.action.name == f"{name}.001"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("", "is empty"),
        ("import bpy", "holds no graph"),
        ("[1, 2]", "holds no graph"),
        ('{"format": "voxel-graph/9"}', "not 'voxel-graph/1'"),
        ('{"format": "voxel-graph/1", "trees": []}', "names no tree"),
        ("[" * 100_000, "holds no graph"),
    ],
)
def test_what_is_no_graph_gets_a_sentence(said: str, words: str) -> None:
    with pytest.raises(Damaged, match=words):
        form_of(said)


def test_another_kind_of_tree_is_refused() -> None:
    said = clipboard(waves())
    with pytest.raises(Damaged, match=r"holds shader nodes, and this is a tree of geometry nodes"):
        paste(form_of(said), group("Geometry", "GeometryNodeTree"))


def test_a_damaged_clipboard_changes_nothing() -> None:
    """Values and keys of a form are changed by chance: it is pasted as far as it makes sense, or nothing is changed."""
    low = waves("Low")
    said = clipboard(low, waves("High", below=low))
    target = waves("Target")
    chance, refused = random.Random(7), 0
    for _ in range(150):
        form = json.loads(said)
        for _ in range(chance.randint(1, 3)):
            damage(form, chance)
        before, counts = hashes(), [len(bpy.data.actions), len(bpy.data.node_groups)]
        made: Pasted | None = None
        try:
            made = paste(form_of(json.dumps(form)), target)
        except Damaged as error:
            refused += 1
            assert str(error).endswith(".") and hashes() == before
            assert [len(bpy.data.actions), len(bpy.data.node_groups)] == counts
        if made is not None:
            for node in made.nodes:
                target.nodes.remove(node)
            bpy.data.batch_remove(made.groups)
            assert hashes() == before
    assert refused > 20


WRONG: list[Any] = [
    None,
    -1,
    10**30,
    1e308,
    "",
    "\x00",
    "__class__",
    [],
    {},
    [[1]],
    {"id": "OBJECT", "name": "x"},
    True,
]


def damage(value: Any, chance: random.Random) -> None:
    """Change something somewhere in a JSON value."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = chance.choice(keys)
        if isinstance(value[key], dict | list) and value[key] and chance.random() < 0.85:
            value = value[key]
            continue
        what = chance.random()
        if what < 0.3:
            del value[key]
        elif what < 0.5 and isinstance(value, dict):
            value[chance.choice(["__doc__", "trees", "nodes", "inputs", key + "x"])] = value.pop(key)
        else:
            value[key] = chance.choice(WRONG)
        return
