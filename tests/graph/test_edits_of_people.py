# SPDX-License-Identifier: GPL-3.0-or-later
"""Real trees changed as a person would, one to four times each: the diff is these changes, in words and applied."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.graph.blender.read import read_graph, read_graphs, tree_of
from voxel_trainer_addon.graph.canonical import differences
from voxel_trainer_addon.graph.diff import diff
from voxel_trainer_addon.graph.edits import Edit, apply

pytestmark = [pytest.mark.bpy, pytest.mark.slow]

EDITS = 200
Touched = set[str]


def mute(tree: Any, chance: random.Random) -> Touched:
    node = chance.choice([node for node in tree.nodes if len(node.outputs)])
    node.mute = not node.mute
    return {node.name}


def turn(tree: Any, chance: random.Random) -> Touched:
    """Another number in an input that no link feeds."""
    free = [
        (node, socket)
        for node in tree.nodes
        if node.bl_idname != "NodeReroute"
        for socket in node.inputs
        if socket.enabled and not socket.is_linked and isinstance(getattr(socket, "default_value", None), float)
    ]
    if not free:
        return set()
    node, socket = chance.choice(free)
    socket.default_value = round(chance.uniform(0.01, 0.99), 3)
    return {node.name}


def switch(tree: Any, chance: random.Random) -> Touched:
    maths = [node for node in tree.nodes if node.bl_idname == "ShaderNodeMath" and not node.inputs[2].is_linked]
    if not maths:
        return set()
    node = chance.choice(maths)
    node.operation = "MULTIPLY" if node.operation == "ADD" else "ADD"
    return {node.name}


def unlink(tree: Any, chance: random.Random) -> Touched:
    if not len(tree.links):
        return set()
    link = chance.choice(list(tree.links))
    touched = {link.from_node.name, link.to_node.name}
    tree.links.remove(link)
    return touched


def remove(tree: Any, chance: random.Random) -> Touched:
    node = chance.choice([node for node in tree.nodes if getattr(node, "paired_output", None) is None])
    around = {link.from_node.name for link in tree.links if link.to_node == node}
    around |= {link.to_node.name for link in tree.links if link.from_node == node}
    touched = around | {node.name}
    tree.nodes.remove(node)
    return touched


def add(tree: Any, chance: random.Random) -> Touched:
    node = tree.nodes.new("ShaderNodeMath")
    node.operation = chance.choice(("SINE", "POWER", "MODULO"))
    return {node.name}


CHANGES = (mute, turn, switch, unlink, remove, add)


def trees(corpus: Path) -> Iterator[tuple[str, Any]]:
    """Trees of five and more nodes, from all over the corpus."""
    for file in sorted(corpus.rglob("*.blend")):
        try:
            bpy.ops.wm.open_mainfile(filepath=str(file), load_ui=False, use_scripts=False)
        except RuntimeError:
            continue
        found, _ = read_graphs(bpy.data)
        fit = [key for key, graph in found.items() if len(graph.nodes) >= 5 and not graph.refused and not graph.linked]
        for key in fit[:4]:
            yield key, tree_of(bpy.data, key)


def test_the_diff_is_what_was_done(corpus: Path) -> None:
    chance, done, told = random.Random(11), 0, 0
    for key, tree in trees(corpus):
        before = read_graph(tree, key)
        touched: Touched = set()
        for _ in range(chance.randint(1, 4)):
            by_this = chance.choice(CHANGES)(tree, chance)
            touched |= by_this
            done += bool(by_this)
        after = read_graph(tree, key)
        edits = diff(before, after)
        assert differences(apply(before, edits), after, {}, {}) == [], key
        assert bool(edits) == bool(differences(before, after, {}, {})), key
        for edit in edits:
            told += 1
            assert spoken_of(edit) & (touched | {""}), f"{key}: {edit.words()} about none of {touched}"
        if done >= EDITS:
            break
    assert done >= EDITS and told >= EDITS / 2


def spoken_of(edit: Edit) -> set[str]:
    """The nodes that an edit names; an empty name for the tree."""
    names = {str(edit.what[name]) for name in ("node", "name", "source", "target") if edit.what.get(name)}
    return names or {""}
