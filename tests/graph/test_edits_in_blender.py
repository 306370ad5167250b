# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits between trees that Blender holds, with all that it says of them, make the other tree, as data and built."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import bpy
import pytest

from voxel_trainer_addon.graph.blender.read import read_graphs
from voxel_trainer_addon.graph.canonical import differences
from voxel_trainer_addon.graph.diff import diff
from voxel_trainer_addon.graph.edits import Edit, apply
from voxel_trainer_addon.graph.model import Animation, Graph, Graphs, closure
from voxel_trainer_addon.worker.inside import empty
from voxel_trainer_addon.worker.inside.compact import built
from voxel_trainer_addon.worker.inside.trial import compared

from .every_node import KINDS, quiet
from .mixed_trees import TYPES, mixed

pytestmark = pytest.mark.bpy


def changed(a: Graph, b: Graph) -> Graph:
    """`a` after the edits to `b`, which have been through JSON, each told in words."""
    edits = [Edit.from_json(row) for row in json.loads(json.dumps([edit.as_json() for edit in diff(a, b)]))]
    made = apply(a, edits)
    assert differences(made, b, {}, {}) == []
    assert all(edit.words().endswith(".") for edit in edits)
    return made


def made_by_chance(kind: str, seed: int) -> tuple[Graph, Graphs]:
    TYPES(kind)
    empty()
    with quiet():
        key = mixed(kind, seed)
    found, _ = read_graphs(bpy.data)
    return found[key], found


@pytest.mark.parametrize("kind", KINDS)
def test_trees_made_by_chance_become_each_other(kind: str) -> None:
    (first, _), (second, found) = made_by_chance(kind, 0), made_by_chance(kind, 1)
    made = replace(changed(first, second), key=second.key)
    trees = closure(second, found)
    built([*trees[:-1], made])
    assert compared(trees, second, {}) == ""
    changed(second, first)


def test_trees_lose_and_get_back_what_moves_them(corpus: Path) -> None:
    names = ("tests__scenes__01_alpha_animation", "tests__resources__blend__image_node_traverse")
    moved = 0
    for path in sorted(path for name in names for path in corpus.rglob(f"{name}.blend")):
        bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
        for tree in read_graphs(bpy.data)[0].values():
            if tree.animation != Animation():
                still = replace(tree, animation=Animation())
                changed(tree, still)
                changed(still, tree)
                moved += 1
    assert moved > 3
