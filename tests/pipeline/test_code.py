# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `code` on a folder: each file has its own index, and one that cannot be read stops nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import bpy
import pytest

from tests.blenders import NEWEST, OLDEST, slow_but_in
from voxel_trainer_addon.errors import Exit
from voxel_trainer_addon.worker.inside import empty

pytestmark = [pytest.mark.bpy, *slow_but_in(OLDEST, NEWEST)]


def code(root: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "scripts" / "run_headless.py"), "code", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def saved(place: Path, world: str) -> None:
    empty()
    made = bpy.data.worlds.new(world)
    made.use_fake_user = True
    if made.node_tree is None:
        made.use_nodes = True
    place.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(place), check_existing=False)


def test_a_folder_has_an_index_a_file(root: Path, tmp_path: Path) -> None:
    files, out = tmp_path / "files", tmp_path / "out"
    saved(files / "day.blend", "Noon")
    saved(files / "below" / "night.blend", "Stars")
    (files / "torn.blend").write_bytes(b"BLENDER-v")
    told = code(root, files, "--out", out)
    assert told.returncode == Exit.SET_ASIDE, told.stderr
    assert "set aside  torn.blend: " in told.stdout and "2 of 2 trees proven" in told.stdout
    for place, key in (("day", "worlds/Noon"), ("below/night", "worlds/Stars")):
        (entry,) = json.loads((out / place / "index.json").read_text())
        assert entry["key"] == key and entry["proven"] and (out / place / entry["script"]).is_file()
    assert not (out / "torn").exists()


def test_a_file_by_itself_that_cannot_be_read_writes_nothing(root: Path, tmp_path: Path) -> None:
    (tmp_path / "torn.blend").write_bytes(b"BLENDER-v")
    told = code(root, tmp_path / "torn.blend", "--out", tmp_path / "out")
    assert told.returncode == Exit.USAGE and told.stderr.startswith("torn.blend: ")
    assert not (tmp_path / "out").exists()


def test_stacks_stand_beside_the_trees(root: Path, tmp_path: Path) -> None:
    """Modifiers and constraints are proven too, and are never in the index of trees."""
    empty()
    group = bpy.data.node_groups.new("Scatter", "GeometryNodeTree")
    for name, in_out, kind in (
        ("Geometry", "INPUT", "NodeSocketGeometry"),
        ("Count", "INPUT", "NodeSocketInt"),
        ("Geometry", "OUTPUT", "NodeSocketGeometry"),
    ):
        group.interface.new_socket(name, in_out=in_out, socket_type=kind)
    ob = bpy.data.objects.new("Rock", bpy.data.meshes.new("Rock"))
    aim = bpy.data.objects.new("Aim", None)
    for each in (ob, aim):
        bpy.context.scene.collection.objects.link(each)
    ob.modifiers.new("Edges", "BEVEL").width = 0.25
    ob.modifiers.new("Hook", "HOOK").object = aim
    nodes = ob.modifiers.new("Nodes", "NODES")
    nodes.node_group = group
    count = group.interface.items_tree["Count"].identifier
    if hasattr(nodes, "properties"):
        getattr(nodes.properties.inputs, count).value = 7
    else:
        nodes[count] = 7
    ob.constraints.new("TRACK_TO").target = aim
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "rock.blend"), check_existing=False)
    told = code(root, tmp_path / "rock.blend", "--out", tmp_path / "out")
    assert "1 of 1 trees and 1 of 1 stacks proven" in told.stdout, told.stdout + told.stderr
    assert told.returncode == Exit.DONE
    (tree,) = json.loads((tmp_path / "out" / "index.json").read_text())
    (stack,) = json.loads((tmp_path / "out" / "stacks.json").read_text())
    assert tree["key"] == "node_groups/Scatter" and tree.keys() == stack.keys()
    assert stack["key"] == "objects/Rock" and stack["proven"] and stack["reason"] == ""
    script = (tmp_path / "out" / stack["script"]).read_text()
    assert all(word in script for word in ('"BEVEL"', "0.25", '"HOOK"', "Scatter", "= 7", '"TRACK_TO"', "Aim"))
