# SPDX-License-Identifier: GPL-3.0-or-later
"""Code that is not ours is refused by its line, whatever it is, and none is ever executed."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxel_trainer_addon.graph.compact import compact, text
from voxel_trainer_addon.graph.compact_parts import NotTold
from voxel_trainer_addon.graph.model import Graph
from voxel_trainer_addon.graph.parse_code import NotUnderstood, parse_code
from voxel_trainer_addon.graph.sparse import graphs
from voxel_trainer_addon.graph.write import Block, script

from .drawn_steps import blocks
from .mutations import changed

pytestmark = pytest.mark.plain

HEAD = "import bpy\n\ntree = bpy.data.node_groups.new('G', 'ShaderNodeTree')\nnodes, links = tree.nodes, tree.links\n"
MOVED = """import bpy

dance_action = bpy.data.actions.new("Dance")
paint_material = bpy.data.materials.new("Paint")

# Below
tree = below_group = bpy.data.node_groups.new("Below", "GeometryNodeTree")
for _ in range(2):
    tree.interface.remove(tree.interface.new_socket("unused", socket_type="NodeSocketFloat"))
panel = tree.interface.new_panel("Shape", default_closed=True)
size_socket = tree.interface.new_socket("Size", socket_type="NodeSocketFloat", parent=panel)
size_socket["unit"] = {"name": "m", "steps": (1, 2.5), "raw": b"\\xff"}
tree.interface.move(size_socket, 0)
new, link = tree.nodes.new, tree.links.new
repeat = new("GeometryNodeRepeatInput"); repeat_output = new("GeometryNodeRepeatOutput")
repeat.pair_with_output(repeat_output)
holder = repeat_output.repeat_items
for _ in range(1):
    holder.remove(holder.new("FLOAT", "c"))
for kind, name in (("FLOAT", "c"), ("VECTOR", "e")):
    repeat_output.repeat_items.new(kind, name)
repeat_output.repeat_items.move(1, 0)

# Paint
tree = paint_material.node_tree
tree.nodes.clear()
new, link = tree.nodes.new, tree.links.new
group = new("ShaderNodeGroup"); group.node_tree = below_group
grow = new("ShaderNodeMath"); grow.operation = "SINE"
wire = link(group.outputs[0], grow.inputs[0])
wire.is_muted = True
frame = new("NodeFrame")
grow.parent = frame; grow.label = "Grow"; grow.width = 222; grow.name = "Math.001"
grow.inputs["Value"].hide = True
group.panel_states[0].is_collapsed = True
curve = grow.inputs[1].driver_add("default_value")
driver = curve.driver
driver.expression = "size * 2"
variable = driver.variables.new()
target = variable.targets[0]
target.id_type = "NODETREE"
target.id = tree
animation = tree.animation_data_create()
animation.action = dance_action
curve = dance_action.fcurve_ensure_for_datablock(
    tree, grow.inputs[0].path_from_id("default_value"), index=1
)
curve.keyframe_points.insert(1, 0)
curve.keyframe_points[0].interpolation = "LINEAR"
modifier = curve.modifiers.new("NOISE")
modifier.strength = 2
"""
"""A script with layout, drivers and keyframes, as the command writes it."""


def read(code: str) -> list[Graph]:
    """The whole way from code to graphs."""
    return graphs(json.loads(text(compact(parse_code(code)))))


def real_scripts(root: Path) -> list[str]:
    """The scripts that the documentation shows, and one with everything else."""
    page = (root / "docs" / "graph.md").read_text(encoding="utf-8")
    return [*re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL), MOVED]


@pytest.mark.parametrize(
    "line",
    [
        "import os",
        "from bpy import data",
        "open('x')",
        "__import__('os').system('true')",
        "bpy.ops.wm.quit_blender()",
        "tree.nodes.__class__",
        "exec('1')",
        "nodes.new",
        "def f(): pass",
        "while True: pass",
        "for x in tree.nodes: x.mute = True",
        "for x in range(10 ** 9): nodes.new('ShaderNodeMath')",
        "x = unknown",
        "x = (0,) * 100000000",
        "x = [n for n in (1, 2)]",
        "a, b = nodes.new('ShaderNodeMath')",
        "links['x'] = 1",
        "bpy.data.node_groups.new('G', 'ShaderNodeTree')",
        "bpy.data.objects.new('O', None).modifiers.new('M', 'NODES')",
        "for _ in range(3): tree.nodes.remove(nodes.new('ShaderNodeMath'))",
        "links.new(tree, tree)",
        "nodes.new('ShaderNodeMath').label = tree.nodes",
        "nodes.new('ShaderNodeMath').inputs['Value'].path_from_id('default_value').x = 1",
        "tree.driver_add('x', -1)",
        "bpy.data.actions.new('Dance').fcurve_ensure_for_datablock(tree, 'x')",
        "tree.animation_data_create().drivers.new(tree.path_from_id('a') + 'b')",
        "x, y = tree.driver_add('x'), tree.driver_add('y'); x.mute = True",
        "x = nodes.new('ShaderNodeMath'); nodes.clear()",
        "for tree in (1, 2): pass",
        "x = y = z",
        "nodes.new(*('ShaderNodeMath',))",
    ],
)
def test_what_is_not_ours_is_refused_by_its_line(line: str) -> None:
    with pytest.raises((NotUnderstood, NotTold), match=r"^line 5: "):
        read(f"{HEAD}{line}\n")


@pytest.mark.parametrize("code", ["x = (", "\0", "(" * 500, "x = " + "-" * 100_000 + "1"])
def test_what_is_no_python_is_refused(code: str) -> None:
    with pytest.raises(NotUnderstood):
        parse_code(code)


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 3))
def test_changed_scripts_are_read_or_refused_by_their_line(root: Path, dice: Random, which: int) -> None:
    refused_or_read(changed(real_scripts(root)[which], dice))


@settings(max_examples=50, deadline=None)
@given(blocks(), st.randoms(use_true_random=False))
def test_changed_scripts_of_every_kind_are_read_or_refused_by_their_line(written: list[Block], dice: Random) -> None:
    refused_or_read(changed(script(written), dice))


def refused_or_read(code: str) -> None:
    """Nothing but graphs or a sentence with a line comes of it, and nothing is executed."""
    with watched() as seen:
        try:
            read(code)
        except (NotUnderstood, NotTold) as refused:
            assert re.match(r"line \d+: .", str(refused)), refused
    assert seen == [], code


def test_what_watches_sees_what_is_executed() -> None:
    with watched() as seen:
        exec("open('/dev/null').close()")
    assert seen == ["exec", "open"]


SEEN: list[str] = []
WATCHING = [False]
DEEDS = ("exec", "import", "open", "os.", "subprocess.", "socket.", "ctypes.", "sys.", "builtins.input")
"""What Python reports of itself when something is done; that a text is compiled is none, `ast` does it too."""


def _hear(event: str, args: tuple[Any, ...]) -> None:
    looks_for_a_line = event == "open" and args[0] == "<unknown>"  # that has an error
    if WATCHING[0] and event.startswith(DEEDS) and not looks_for_a_line:
        SEEN.append(event)


sys.addaudithook(_hear)


@contextmanager
def watched() -> Iterator[list[str]]:
    """What Python does meanwhile, by the names of its audit events."""
    SEEN.clear()
    WATCHING[0] = True
    try:
        yield SEEN
    finally:
        WATCHING[0] = False
