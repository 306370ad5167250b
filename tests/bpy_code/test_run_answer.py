# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `run_answer` in a real Blender: what ran, what failed, what was left out, and which trees stand at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.graph.model import Graph
from voxel_trainer_addon.worker.inside import Refused, run_answer

pytestmark = pytest.mark.bpy

GOOD = """import bpy

tree = bpy.data.node_groups.new("Wear", "ShaderNodeTree")
nodes, links = tree.nodes, tree.links
noise = nodes.new("ShaderNodeTexNoise")
ramp = nodes.new("ShaderNodeValToRGB")
links.new(noise.outputs[0], ramp.inputs[0])
"""


def run(code: str, tmp_path: Path, *, drop: bool = False) -> dict[str, Any]:
    return run_answer.run({"code": code, "drop_failing": drop}, tmp_path)


def graph(answer: dict[str, Any], key: str = "node_groups/Wear") -> Graph:
    return Graph.from_json(answer["graphs"][key])


def test_a_good_script_runs_and_its_tree_is_read(tmp_path: Path) -> None:
    answer = run(GOOD, tmp_path)
    assert (answer["ran"], answer["error"], answer["dropped"]) == (True, "", 0)
    assert sorted(node.type for node in graph(answer).nodes) == ["ShaderNodeTexNoise", "ShaderNodeValToRGB"]
    assert len(graph(answer).links) == 1


def test_a_script_that_raises_stops_there_and_names_the_line(tmp_path: Path) -> None:
    code = GOOD.replace("ShaderNodeValToRGB", "ShaderNodeColorLamp")
    answer = run(code, tmp_path)
    assert not answer["ran"]
    assert answer["line"] == 6
    assert "RuntimeError" in answer["error"]
    assert [node.type for node in graph(answer).nodes] == ["ShaderNodeTexNoise"]


def test_failing_lines_can_be_left_out(tmp_path: Path) -> None:
    code = GOOD + 'noise.inputs["Sclae"].default_value = 3\nmix = nodes.new("ShaderNodeMix")\nlinks.new(ramp.outp'
    answer = run(code, tmp_path, drop=True)
    assert answer["dropped"] == 2
    assert answer["line"] == 8
    assert "Sclae" in answer["error"]
    assert len(graph(answer).nodes) == 3


def test_each_script_has_an_empty_blender(tmp_path: Path) -> None:
    run(GOOD, tmp_path)
    answer = run("import bpy\nassert not bpy.data.node_groups\n", tmp_path)
    assert answer["ran"], answer["error"]
    assert not answer["graphs"]


def test_what_is_not_allowed_does_not_run_at_all(tmp_path: Path) -> None:
    code = GOOD + f"open({str(tmp_path / 'out')!r}, 'w')\n"
    for drop in (False, True):
        with pytest.raises(Refused) as refused:
            run(code, tmp_path, drop=drop)
        assert refused.value.code == "unsafe"
    assert not (tmp_path / "out").exists()


def test_scripts_have_only_the_builtins_of_the_allow_list(tmp_path: Path) -> None:
    answer = run("import bpy\nx = input\ninput = 3\n", tmp_path)
    assert not answer["ran"]
    assert "NameError" in answer["error"]


@pytest.mark.parametrize("code", ["raise RuntimeError('no')", "x = (", "import bpy\n1 / 0"])
def test_no_script_ends_the_worker(code: str, tmp_path: Path) -> None:
    assert not run(code, tmp_path)["ran"]


def test_modules_stay_as_they_are(tmp_path: Path) -> None:
    name = bpy.context.scene.name
    run("import bpy\nbpy.context.scene.name = 'Changed'\n", tmp_path)
    run(GOOD, tmp_path)
    assert bpy.context.scene.name == name
