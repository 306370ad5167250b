# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask Voxel by clicks: asked, previewed, applied, undone; a change of a tree; stopped; switched off meanwhile."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import addon_utils
import bpy
import guikit as g

sys.path.insert(0, str(Path(__file__).parent))
import editor_steps as steps


def assist() -> Any:
    """What is asked and offered."""
    return steps.module("panel.blender").ASSIST


def offered() -> Iterator[float]:
    yield from steps.wait(lambda: not assist().thinking, 120, "an answer")
    assert assist().view.offer, assist().view
    yield from steps.wait(lambda: not assist().undrawn, 5, "its picture")


def aside() -> Any:
    """A context with the mouse over the 3D viewport or the nodes."""
    return steps.over_nodes()


def undo() -> Iterator[float]:
    with aside():
        bpy.ops.ed.undo()
    yield 0.3


def watched() -> list[dict[str, Any]]:
    requests = steps.module("deployment.requests")
    folder = steps.module("paths").DataFolder(Path(os.environ["VOXEL_TEST_DATA"]))
    return [vars(request) for request in requests.watched(folder).requests]


def way() -> Iterator[float]:
    steps.prepare()
    fields = bpy.context.window_manager.voxel_assist
    yield from g.sidebar("Voxel")
    fields.model, fields.own, fields.url = "OWN", "openai:scripted", os.environ["VOXEL_TEST_URL"]
    with aside():  # an undo has Blender work out what it left open when it opened the file
        for words in ("before", "nothing"):
            bpy.ops.ed.undo_push(message=words)
        bpy.ops.ed.undo()
    yield 0.3
    before = steps.hashes()

    # a new material, in the 3D viewport
    yield from g.enter("voxel_assist.text", "rusty metal")
    began = time.perf_counter()
    yield from g.press("voxel.ask(")
    yield from steps.wait(lambda: assist().view.seconds >= 1, 30, "it thinks")
    yield from steps.shot("1-thinking")
    yield from offered()
    g.facts["first_s"] = round(time.perf_counter() - began, 2)
    assert steps.hashes() == before, "nothing changes before Apply"
    g.facts["offer"] = [assist().view.offer.heading, [line.text for line in assist().view.offer.lines]]
    g.facts["picture"] = Path(assist().answer["picture"]).is_file()
    yield from steps.shot("2-offer")
    yield from g.press("voxel.apply_answer(", columns=3)
    yield 0.4
    assert assist().done, assist().view
    g.facts["applied"] = bpy.context.object.active_material.name
    yield from steps.shot("3-applied")
    yield from undo()
    assert (now := steps.hashes()) == before, f"one undo step takes all of it back: {now} {before}"
    assert assist().view.offer.state == "undone", assist().view

    # a change of a tree, in the shader editor
    tree = bpy.data.materials["Material"].node_tree
    places = {node.name: tuple(node.location) for node in tree.nodes}
    steps.area().ui_type = "ShaderNodeTree"
    yield 0.4
    steps.area().spaces.active.show_region_ui = True
    yield 0.4
    steps.region("UI").active_panel_category = "Voxel"
    yield 0.3
    with aside():
        bpy.ops.node.view_all()
    g.find.__globals__["area"] = lambda kind="": steps.area()
    g.find.__globals__["region"] = lambda kind="UI", of="": steps.region(kind)
    fields = bpy.context.window_manager.voxel_assist
    fields.text = "make it rough and bumpy"
    yield from g.press("voxel.ask(")
    yield from offered()
    assert steps.hashes() == before
    g.facts["changes"] = [line.text for line in assist().view.offer.lines]
    yield from steps.shot("4-diff")
    yield from g.press("voxel.apply_answer(", columns=3)
    yield 0.4
    assert assist().done, assist().view
    tree = bpy.data.materials["Material"].node_tree
    assert {name: tuple(tree.nodes[name].location) for name in places} == places
    with aside():
        bpy.ops.node.view_all()
    yield from steps.shot("5-changed")
    bpy.data.objects["Cube"].location.x += 1
    with aside():
        bpy.ops.ed.undo_push(message="moved")
    yield from undo()
    assert assist().view.offer.state == "applied" and steps.hashes() != before
    yield from undo()
    assert assist().view.offer.state == "undone" and steps.hashes() == before
    with aside():
        bpy.ops.voxel.why_not(reason="wrong nodes")
    yield 0.3
    g.facts["watched"] = watched()

    # stopped by Esc, the tree changed meanwhile, switched off meanwhile
    fields = bpy.context.window_manager.voxel_assist
    fields.text = "slowly"
    yield from g.press("voxel.ask(")
    yield from steps.wait(lambda: assist().thinking, 5, "it thinks")
    yield 0.5
    g.xdo("key", "Escape")
    yield from steps.wait(lambda: not assist().thinking, 5, "Esc stops it")
    assert assist().view.note[1].startswith("Stopped"), assist().view
    fields.text = "make it rough and bumpy"
    yield from g.press("voxel.ask(")
    yield from offered()
    bpy.data.materials["Material"].node_tree.nodes["Principled BSDF"].inputs["Metallic"].default_value = 0.5
    try:
        with aside():
            bpy.ops.voxel.apply_answer("EXEC_DEFAULT")
    except RuntimeError as error:
        assert "has changed since you asked" in str(error), error
    else:
        raise AssertionError("it was applied")
    yield from steps.shot("6-refused")
    fields.text = "slowly"
    yield from g.press("voxel.ask(")
    yield 0.5
    addon_utils.disable(steps.PACKAGE)
    yield 1.0
    addon_utils.enable(steps.PACKAGE)
    yield 0.5
    assert not assist().thinking and assist().view.offer is None
    g.facts["held_ms"] = steps.held_ms()


g.run(way())
