# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `graph`: compact forms on standard output or in a folder, one by its key, and the schema."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.blenders import NEWEST, OLDEST, slow_but_in
from voxel_trainer_addon.errors import Exit
from voxel_trainer_addon.worker.inside import empty

pytestmark = [pytest.mark.bpy, *slow_but_in(OLDEST, NEWEST)]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a group in a group."""
    place = tmp_path_factory.mktemp("graph") / "rocks.blend"
    empty()
    low, high = (bpy.data.node_groups.new(name, "ShaderNodeTree") for name in ("Low", "High"))
    low.nodes.new("ShaderNodeMath").operation = "SINE"
    high.nodes.new("ShaderNodeGroup").node_tree = low
    high.use_fake_user = True
    bpy.ops.wm.save_as_mainfile(filepath=str(place), check_existing=False)
    return place


def graph(root: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "scripts" / "run_headless.py"), "graph", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def told_json(told: subprocess.CompletedProcess[str]) -> Any:
    """What stands on standard output after Blender's own lines."""
    assert told.returncode == Exit.DONE, told.stderr
    lines = told.stdout.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("{"))
    return json.loads("\n".join(lines[start:]))


def test_a_tree_is_told_by_its_key(root: Path, file: Path) -> None:
    form = told_json(graph(root, file, "node_groups/High"))
    assert form["format"] == "voxel-graph/1" and form["blender"] == bpy.app.version_string.split()[0]
    assert [tree["key"] for tree in form["trees"]] == ["node_groups/Low", "node_groups/High"]
    (math,) = form["trees"][0]["nodes"].values()
    assert math == {"type": "ShaderNodeMath", "settings": {"operation": "SINE"}}


def test_a_folder_gets_an_index_and_a_form_for_each_tree(root: Path, file: Path, tmp_path: Path) -> None:
    told = graph(root, file, "--out", tmp_path)
    assert told.returncode == Exit.DONE and "2 of 2 trees proven" in told.stdout, told.stderr
    index = json.loads((tmp_path / "index.json").read_text(encoding="utf-8"))
    assert [entry["key"] for entry in index] == ["node_groups/High", "node_groups/Low"]
    for entry in index:
        form = json.loads((tmp_path / entry["graph"]).read_text(encoding="utf-8"))
        assert entry["proven"] and form["trees"][-1]["key"] == entry["key"]


def test_what_is_not_there_is_said(root: Path, file: Path) -> None:
    told = graph(root, file, "node_groups/Never")
    assert told.returncode == Exit.USAGE and "node_groups/High, node_groups/Low" in told.stderr
    assert graph(root).returncode == Exit.USAGE


def test_the_schema_is_told(root: Path) -> None:
    assert "node.ShaderNodeMath" in told_json(graph(root, "--schema"))["$defs"]
