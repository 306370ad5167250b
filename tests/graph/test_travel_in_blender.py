# SPDX-License-Identifier: GPL-3.0-or-later
"""The measured table agrees with what this Blender says of its own node types."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.graph import travel
from voxel_trainer_addon.worker.inside import empty

pytestmark = pytest.mark.bpy
HERE = bpy.app.version[:2]
NOT_READ = {"GeometryNodeListGetItem"}
"""Types that this Blender has, but does not find again in files of an older one."""


@cache
def node(tree_type: str, type: str) -> Any:
    """A fresh node of that type, or None where this Blender makes none in such a tree."""
    if tree_type == "CompositorNodeTree" and HERE < (5, 0):
        scene = bpy.data.scenes[0]
        scene.use_nodes = True
        tree: Any = scene.node_tree
    else:
        tree = bpy.data.node_groups.new("Tree", tree_type)
    try:
        return tree.nodes.new(type)
    except RuntimeError:
        return None


def has(node: Any, change: travel.Change, place: str) -> bool | None:
    """Whether the node has a setting or a socket; None where that depends on how the node is set."""
    kind, _, name = place.partition(":")
    if kind == "setting":
        return hasattr(node, name)
    side = node.outputs if change.kind.startswith("output") else node.inputs
    return True if any(s.identifier == name for s in side) else None


@pytest.fixture(scope="module", autouse=True)
def clean() -> None:
    empty()


def test_what_the_table_says_of_this_version_is_so() -> None:
    seen: Counter[str] = Counter()
    for part in (p for p in travel.parts() if travel.minor(p.new) == HERE):
        replaced = {(change.tree, change.type) for change in part.changes if change.kind == "type"}
        for change in part.changes:
            now = node(change.tree, change.type) if change.tree and change.kind != "tree" and change.type else None
            if change.kind != "type" and (change.tree, change.type) in replaced:
                continue
            if change.kind == "type":
                assert now is None or change.becomes or change.type in NOT_READ, change
                for type in (change.becomes or "").split(" + "):
                    assert not type or node(change.tree, type) is not None, change
                seen["type"] += 1
            elif now is not None and change.kind == "setting":
                assert not hasattr(now, change.name), change
                for place in (change.becomes or "").split(" + "):
                    if place and "." not in place:
                        seen[f"setting {has(now, change, place)}"] += 1
            elif now is not None and change.kind == "new setting":
                assert hasattr(now, change.name), change
                seen["new setting"] += 1
            elif now is not None and change.kind in ("input", "output", "new input", "input name", "output name"):
                name = change.name if change.kind in ("new input", "input name", "output name") else change.becomes
                seen[f"socket {has(now, change, f'input:{name}')}" if name else "socket gone"] += 1
    if any(travel.minor(p.new) == HERE for p in travel.parts()):
        assert sum(seen.values()) > 30
        assert seen["setting None"] <= seen["setting True"] // 10
        assert seen["socket None"] <= seen["socket True"] // 4


def test_what_the_table_says_was_there_is_there() -> None:
    seen: Counter[bool] = Counter()
    for part in (p for p in travel.parts() if travel.minor(p.old) == HERE):
        for change in part.changes:
            then = node(change.tree, change.type) if change.tree and change.kind != "tree" and change.type else None
            if change.kind in ("type", "setting", "superseded"):
                assert then is not None, change
                seen[change.kind == "type" or hasattr(then, change.name)] += 1
            elif change.kind == "item":
                name = change.name.partition("=")[0]
                assert then is not None and name in then.bl_rna.properties, change
                seen[True] += 1
            elif change.kind in ("new setting", "new input") and then is not None:
                assert change.kind == "new input" or not hasattr(then, change.name), change
    if any(travel.minor(p.old) == HERE for p in travel.parts()):
        assert seen[True] > 5 and not seen[False]


def test_an_item_that_was_renamed_is_refused_under_its_old_name() -> None:
    checked = 0
    for part in (p for p in travel.parts() if travel.minor(p.new) == HERE):
        for change in part.changes:
            name, _, item = change.name.partition("=")
            now = node(change.tree, change.type) if change.kind == "item" else None
            if now is None or not change.becomes or change.becomes == item:
                continue
            try:
                setattr(now, name, change.becomes)
            except TypeError:
                continue  # what is offered depends on another setting
            assert getattr(now, name) == change.becomes
            checked += 1
    assert checked > 0 or HERE not in {(5, 2)}
