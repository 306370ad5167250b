# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits with updates held back: they end in the same state, in less time, and errors come out."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.graph.blender.build import build, build_all
from voxel_trainer_addon.graph.blender.clock import used_s
from voxel_trainer_addon.graph.blender.held import Holder
from voxel_trainer_addon.graph.blender.read import read_graph, read_graphs
from voxel_trainer_addon.graph.blender.run import run_held, run_plain
from voxel_trainer_addon.graph.canonical import differences
from voxel_trainer_addon.graph.phases import parts
from voxel_trainer_addon.graph.write import Block
from voxel_trainer_addon.worker.inside import empty, prove, trial

pytestmark = pytest.mark.bpy
MANY = 300


@pytest.fixture(autouse=True)
def emptied() -> None:
    empty()


def hold(job: Callable[[], object], *trees: Any) -> None:
    with Holder() as held:
        held(job, *trees)


def shader(name: str) -> Any:
    return bpy.data.node_groups.new(name, "ShaderNodeTree")


def chain(tree: Any, length: int) -> None:
    before = tree.nodes.new("ShaderNodeValue")
    for n in range(length):
        node = tree.nodes.new("ShaderNodeMath")
        node.name = f"n{n}"
        tree.links.new(before.outputs[0], node.inputs[0])
        node.inputs[1].default_value = n
        before = node


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def test_a_held_tree_is_up_to_date_afterwards_and_nothing_else_is_left() -> None:
    low, tree = shader("Low"), shader("High")
    low.interface.new_socket("Amount", in_out="INPUT", socket_type="NodeSocketFloat")

    def job() -> None:
        node = tree.nodes.new("ShaderNodeGroup")
        node.node_tree = low
        assert not node.inputs

    hold(job, tree)
    assert [socket.name for socket in tree.nodes[0].inputs] == ["Amount"]
    assert {group.name for group in bpy.data.node_groups} == {"Low", "High"}


def test_holding_back_is_worth_it() -> None:
    plain, held = shader("Plain"), shader("Held")
    assert seconds(lambda: chain(plain, MANY)) > 3 * seconds(lambda: hold(lambda: chain(held, MANY), held))
    assert not differences(read_graph(plain, "node_groups/Held"), read_graph(held, "node_groups/Held"), {}, {})


def test_what_a_job_raises_comes_out_and_the_next_one_runs() -> None:
    tree = shader("Tree")
    with pytest.raises(ZeroDivisionError):
        hold(lambda: 1 // 0, tree)
    with pytest.raises(RuntimeError, match="inside"):
        hold(lambda: hold(lambda: None), tree)
    hold(lambda: tree.nodes.new("ShaderNodeMath"), tree)
    assert len(tree.nodes) == 1


def test_nodes_built_get_the_names_that_blender_gives() -> None:
    chain(shader("Chain"), 3)
    want = read_graph(bpy.data.node_groups["Chain"], "node_groups/Chain")
    empty()
    build(want)
    assert {node.name for node in bpy.data.node_groups["Chain"].nodes} == {"Value", "Math", "Math.001", "Math.002"}


SCRIPT = """
import bpy
low = bpy.data.node_groups.new("Low", "GeometryNodeTree")
low.interface.new_socket("Menu", in_out="INPUT", socket_type="NodeSocketMenu")
nodes, links = low.nodes, low.links
entry = nodes.new("NodeGroupInput")
switch = nodes.new("GeometryNodeMenuSwitch")
item = switch.enum_items.new("C")
item.description = "Third"
links.new(entry.outputs["Menu"], switch.inputs[0])
low.interface.items_tree[0].default_value = "C"
tree = bpy.data.node_groups.new("High", "GeometryNodeTree")
new, link = tree.nodes.new, tree.links.new
repeat = new("GeometryNodeRepeatInput")
repeated = new("GeometryNodeRepeatOutput")
repeat.pair_with_output(repeated)
repeated.repeat_items.new("FLOAT", "Height")
first, second = "ShaderNodeMath", "ShaderNodeMath"
add = new(first)
add.operation = "MULTIPLY_ADD"
link(repeat.outputs["Height"], add.inputs[2])
add.inputs[1].default_value = 7.0
link(add.outputs[0], repeated.inputs["Height"])
group = new("GeometryNodeGroup")
group.node_tree = low
group.inputs["Menu"].default_value = "C"
for name, place in (("A", (1.0, 2.0)), ("B", (3.0, 4.0))):
    new("ShaderNodeMath").label = name
add.name = "Grow"
add.location = (100.0, 50.0)
"""


def test_a_script_makes_the_same_held_back_and_plainly() -> None:
    run_plain(SCRIPT)
    want = read_graphs(bpy.data)[0]
    empty()
    run_held(SCRIPT)
    assert read_graphs(bpy.data)[0] == want and len(want["node_groups/High"].nodes) == 6


def test_scripts_of_real_trees_make_their_nodes_in_phases(corpus: Path, tmp_path: Path) -> None:
    """Else they would run as they stand, which takes minutes for a large tree."""
    path = corpus / "IRCSS__Trees-With-Geometry-Nodes-Blender" / "LowpolyGeometrynodeTree.blend"
    bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
    graphs = {key: graph.as_json() for key, graph in read_graphs(bpy.data)[0].items()}
    for answer in prove.run({"graphs": graphs, "roots": list(graphs)}, tmp_path)["scripts"].values():
        stay = [ast.unparse(statement) for part in parts(answer["code"]) for statement in part.phases.get("", ())]
        assert answer["proven"] and not [line for line in stay if re.match(r"(\w+ = )?(new|link)\(", line)]


def test_what_a_held_script_raises_comes_out() -> None:
    with pytest.raises(KeyError, match="Gone"):
        run_held(SCRIPT.replace('inputs["Menu"]', 'inputs["Gone"]'))


def test_what_takes_too_long_ends_and_says_so() -> None:
    for run in (run_plain, run_held):
        with pytest.raises(TimeoutError, match="more than 0 s"):
            run("while True:\n    pass\n", 0.2)
    chain(shader("Chain"), 3)
    want = read_graph(bpy.data.node_groups["Chain"], "node_groups/Chain")
    empty()
    assert isinstance(build_all([want], limit_s=0.0)[want.key], TimeoutError)
    hold(lambda: None)


def test_a_slow_tree_does_not_take_the_others_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("Slow", "Quick"):
        chain(shader(name), 3)
    graphs = read_graphs(bpy.data)[0]
    write = prove.script

    def endless(blocks: list[Block], arrange: bool) -> str:
        return write(blocks) + ("while True:\n    pass\n" if blocks[-1].graph.name == "Slow" else "")

    monkeypatch.setattr(prove, "script", endless)
    monkeypatch.setattr(trial, "LIMIT_S", 2.0)
    body = {"graphs": {key: graph.as_json() for key, graph in graphs.items()}, "roots": list(graphs)}
    reasons = {key: found["reason"] for key, found in prove.run(body, tmp_path)["scripts"].items()}
    assert reasons == {"node_groups/Slow": "time: it takes more than 2 s to run", "node_groups/Quick": ""}


def test_the_clock_tells_work_from_waiting() -> None:
    began, slept = used_s(), time.monotonic() + 1.0
    while time.monotonic() < slept:
        time.sleep(0.05)
        used_s()
    assert used_s() - began < 0.5
    began, ends = used_s(), time.thread_time() + 0.5
    while time.thread_time() < ends:
        pass
    assert 0.3 < used_s() - began < 0.7
