# SPDX-License-Identifier: GPL-3.0-or-later
"""Fifty rounds of paste and one undo; the time from a click to the clipboard by size; how long we held Blender."""

from __future__ import annotations

import os
import random
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import guikit as g

sys.path.insert(0, str(Path(__file__).parent))
import editor_steps as steps

FILE = "KhronosGroup__glTF-Blender-IO/tests__scenes__01_alpha_animation.blend"
ROUNDS = 50
SIZES = (10, 100, 500, 1000)


def maths(count: int) -> Any:
    """A group of Math nodes, each fed by two before it."""
    chance = random.Random(count)
    tree = bpy.data.node_groups.new(f"Maths {count}", "ShaderNodeTree")
    nodes = [tree.nodes.new("ShaderNodeMath") for _ in range(count)]
    for n, node in enumerate(nodes):
        node.operation = chance.choice(("ADD", "MULTIPLY", "SINE", "POWER"))
        node.location = 5000 + 200 * (n // 20), -180 * (n % 20)
        for socket in node.inputs[:2] if n else ():
            tree.links.new(nodes[chance.randrange(n)].outputs[0], socket)
    return tree


def counts() -> dict[str, int]:
    kinds = (p.identifier for p in bpy.data.bl_rna.properties if p.type == "COLLECTION")
    return {kind: len(getattr(bpy.data, kind)) for kind in kinds}


def way() -> Iterator[float]:
    bpy.ops.wm.open_mainfile(filepath=str(Path(os.environ["VOXEL_TEST_CORPUS"]) / FILE), load_ui=False)
    yield 0.5
    steps.prepare()
    trees = {count: maths(count) for count in SIZES}
    target = maths(7)
    name = target.name
    forms: dict[int, str] = {}
    for again in range(4):
        for count, tree in trees.items():
            yield from steps.editor(tree, whole=False)
            yield from steps.clicked("voxel.copy_python(", steps.noted)
            assert bpy.context.window_manager.clipboard.startswith("import bpy"), steps.desk().view
            which = "first" if not g.facts.get("clipboard_s") else f"later, {count} nodes"
            g.facts.setdefault("click_ms", {}).setdefault(str(count), []).append(steps.held["copy"][-1])
            g.facts.setdefault("clipboard_s", {}).setdefault(which, []).append(round(steps.seconds[0], 2))
            if not again:
                yield from steps.clicked("voxel.copy_graph(", steps.noted)
                forms[count] = bpy.context.window_manager.clipboard
    g.facts["clipboard_s"] = {which: statistics.median(times) for which, times in g.facts["clipboard_s"].items()}

    bpy.data.batch_remove(list(trees.values()))
    yield from steps.editor(target)
    with steps.over_nodes():
        bpy.ops.ed.undo_push(message="before")
    before, there, wrong = steps.hashes(), counts(), 0
    for n in range(ROUNDS):
        nodes = len(bpy.data.node_groups[name].nodes)
        yield from steps.press("voxel.paste_graph(", clipboard=forms[(10, 100)[n % 2]])
        yield 0.1
        pasted = len(bpy.data.node_groups[name].nodes) - nodes
        with steps.over_nodes():
            bpy.ops.ed.undo()
        yield 0.1
        wrong += pasted != (10, 100)[n % 2] or steps.hashes() != before or counts() != there
    g.facts["rounds"] = [ROUNDS, wrong]
    g.facts["held_ms"] = {what: [len(x), statistics.median(x), max(x)] for what, x in steps.held.items()}


g.run(way())
