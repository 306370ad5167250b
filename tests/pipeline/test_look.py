# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands `explain`, `diff` and `check` on files that Blender wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.errors import Exit
from voxel_trainer_addon.worker.inside import empty

pytestmark = pytest.mark.bpy


def save(place: Path, *, operation: str = "SINE", extra: bool = False) -> Path:
    """A file with a group that takes a picture which is not there, has a loose node, and maybe one group more."""
    empty()
    tree: Any = bpy.data.node_groups.new("Rust", "ShaderNodeTree")
    tree.use_fake_user = True
    tree.interface.new_socket("Value", in_out="OUTPUT", socket_type="NodeSocketFloat")
    image = bpy.data.images.new("Plate", 1, 1)
    image.source, image.filepath = "FILE", "//gone.png"
    picture, math, out, loose = (
        tree.nodes.new(name)
        for name in ("ShaderNodeTexImage", "ShaderNodeMath", "NodeGroupOutput", "ShaderNodeTexNoise")
    )
    loose.name = "Loose"
    picture.image, math.operation = image, operation
    tree.links.new(picture.outputs[0], math.inputs[0])
    tree.links.new(math.outputs[0], out.inputs[0])
    if extra:
        bpy.data.node_groups.new("Extra", "ShaderNodeTree").use_fake_user = True
    bpy.ops.wm.save_as_mainfile(filepath=str(place), check_existing=False, compress=False)
    return place


def ask(root: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "scripts" / "run_headless.py"), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def told_json(told: subprocess.CompletedProcess[str]) -> list[Any]:
    return [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]


def test_explain_tells_each_length_with_the_nodes_that_it_speaks_of(root: Path, tmp_path: Path) -> None:
    file = save(tmp_path / "rust.blend")
    told = ask(root, "explain", file, "node_groups/Rust", "--json")
    (row,) = told_json(told)
    assert told.returncode == Exit.DONE and row["key"] == "node_groups/Rust"
    assert ["Loose"] in [one["nodes"] for one in row["statements"]]
    words = {n: ask(root, "explain", file, "--length", n).stdout for n in ("line", "full")}
    assert 0 < len(words["line"]) < len(words["full"]) and "sine" in words["full"].lower()
    wrong = ask(root, "explain", file, "node_groups/Never")
    assert wrong.returncode == Exit.USAGE and "It has: node_groups/Rust" in wrong.stderr


def test_diff_tells_what_came_and_what_changed(root: Path, tmp_path: Path) -> None:
    old, new = save(tmp_path / "a.blend"), save(tmp_path / "b.blend", operation="COSINE", extra=True)
    told = ask(root, "diff", old, new)
    assert told.returncode == Exit.DONE and "+ node_groups/Extra" in told.stdout
    assert "Set operation of “Math” from SINE to COSINE." in told.stdout
    (row,) = told_json(ask(root, "diff", old, new, "--json"))
    (edit,) = row["changed"]["node_groups/Rust"]
    assert (edit["do"], edit["old"], edit["new"]) == ("set", "SINE", "COSINE") and row["removed"] == []
    assert "The trees mean the same." in ask(root, "diff", old, old).stdout
    other = ask(root, "diff", new, new, "node_groups/Extra", "node_groups/Rust")
    assert "Add the node “Math” (ShaderNodeMath)." in other.stdout


def test_check_names_what_is_wrong_and_goes_on_past_what_is_no_blend_file(root: Path, tmp_path: Path) -> None:
    save(tmp_path / "rust.blend")
    told = ask(root, "check", tmp_path, "--json")
    (row,) = told_json(told)
    found = {one["kind"]: one for one in row["findings"]["node_groups/Rust"]}
    assert told.returncode == Exit.DONE and set(found) == {"missing", "no effect"}
    assert "“Plate”" in found["missing"]["sentence"] and found["no effect"]["nodes"] == ["Loose"]
    (tmp_path / "broken.blend").write_bytes(b"no blend file")
    told = ask(root, "check", tmp_path)
    assert told.returncode == Exit.SET_ASIDE and "broken.blend" in told.stderr and "Nothing breaks." in told.stdout
    assert ask(root, "check", tmp_path / "broken.blend").returncode == Exit.USAGE
    assert ask(root, "check", tmp_path, "--for", "9.9").returncode == Exit.USAGE


@pytest.mark.skipif(bpy.app.version >= (5, 0), reason="the setting is gone there already")
def test_check_says_no_where_something_breaks(root: Path, tmp_path: Path) -> None:
    empty()
    tree: Any = bpy.data.node_groups.new("Soft", "CompositorNodeTree")
    tree.use_fake_user = True
    blur = tree.nodes.new("CompositorNodeBlur")
    blur.use_gamma_correction = True
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "soft.blend"), check_existing=False)
    told = ask(root, "check", tmp_path / "soft.blend", "--for", "5.2")
    assert told.returncode == Exit.ANSWER_IS_NO, told.stdout + told.stderr
    assert "Breaks in 5.2: Blur: the setting use_gamma_correction is gone. (“Blur”)" in told.stdout
