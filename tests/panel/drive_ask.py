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
import ask_steps as ask
import editor_steps as steps


def watched() -> list[dict[str, Any]]:
    requests = steps.module("deployment.requests")
    folder = steps.module("paths").DataFolder(Path(os.environ["VOXEL_TEST_DATA"]))
    return [vars(request) for request in requests.watched(folder).requests]


def way() -> Iterator[float]:
    steps.prepare()
    fields = bpy.context.window_manager.voxel_assist
    yield from g.sidebar("Voxel")
    fields.model, fields.own, fields.url = "OWN", "openai:scripted", os.environ["VOXEL_TEST_URL"]
    yield from ask.settled()
    before = steps.hashes()

    # a new material, in the 3D viewport
    yield from g.enter("voxel_assist.text", "rusty metal")
    began = time.perf_counter()
    yield from g.press("voxel.ask(")
    yield from steps.wait(lambda: ask.assist().view.seconds >= 1, 30, "it thinks")
    yield from steps.shot("1-thinking")
    yield from ask.offered()
    g.facts["first_s"] = round(time.perf_counter() - began, 2)
    assert steps.hashes() == before, "nothing changes before Apply"
    g.facts["offer"] = [ask.assist().view.offer.heading, [line.text for line in ask.assist().view.offer.lines]]
    g.facts["picture"] = Path(ask.assist().answer["picture"]).is_file()
    yield from steps.shot("2-offer")
    yield from g.press("voxel.apply_answer(", columns=3)
    yield 0.4
    assert ask.assist().done, ask.assist().view
    g.facts["applied"] = bpy.context.object.active_material.name
    yield from steps.shot("3-applied")
    yield from ask.undo()
    assert (now := steps.hashes()) == before, f"one undo step takes all of it back: {now} {before}"
    assert ask.assist().view.offer.state == "undone", ask.assist().view

    # a change of a tree, in the shader editor
    tree = bpy.data.materials["Material"].node_tree
    places = {node.name: tuple(node.location) for node in tree.nodes}
    yield from ask.sidebar("ShaderNodeTree")
    with steps.over_nodes():
        bpy.ops.node.view_all()
    fields = bpy.context.window_manager.voxel_assist
    fields.text = "make it rough and bumpy"
    yield from g.press("voxel.ask(")
    yield from ask.offered()
    assert steps.hashes() == before
    g.facts["changes"] = [line.text for line in ask.assist().view.offer.lines]
    yield from steps.shot("4-diff")
    yield from g.press("voxel.apply_answer(", columns=3)
    yield 0.4
    assert ask.assist().done, ask.assist().view
    tree = bpy.data.materials["Material"].node_tree
    assert {name: tuple(tree.nodes[name].location) for name in places} == places
    with steps.over_nodes():
        bpy.ops.node.view_all()
    yield from steps.shot("5-changed")
    bpy.data.objects["Cube"].location.x += 1
    with steps.over_nodes():
        bpy.ops.ed.undo_push(message="moved")
    yield from ask.undo()
    assert ask.assist().view.offer.state == "applied" and steps.hashes() != before
    yield from ask.undo()
    assert ask.assist().view.offer.state == "undone" and steps.hashes() == before
    with steps.over_nodes():
        bpy.ops.voxel.why_not(reason="wrong nodes")
    yield 0.3
    g.facts["watched"] = watched()

    # stopped by Esc, the tree changed meanwhile, switched off meanwhile
    fields = bpy.context.window_manager.voxel_assist
    fields.text = "slowly"
    yield from g.press("voxel.ask(")
    yield from steps.wait(lambda: ask.assist().thinking, 5, "it thinks")
    yield 0.5
    g.xdo("key", "Escape")
    yield from steps.wait(lambda: not ask.assist().thinking, 5, "Esc stops it")
    assert ask.assist().view.note[1].startswith("Stopped"), ask.assist().view
    fields.text = "make it rough and bumpy"
    yield from g.press("voxel.ask(")
    yield from ask.offered()
    bpy.data.materials["Material"].node_tree.nodes["Principled BSDF"].inputs["Metallic"].default_value = 0.5
    try:
        with steps.over_nodes():
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
    assert not ask.assist().thinking and ask.assist().view.offer is None
    g.facts["held_ms"] = steps.held_ms()


g.run(way())
