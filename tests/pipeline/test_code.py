# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `code` on a folder: each file has its own index, and one that cannot be read stops nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import bpy
import pytest

from voxel_trainer_addon.errors import Exit
from voxel_trainer_addon.worker.inside import empty

pytestmark = pytest.mark.bpy


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
