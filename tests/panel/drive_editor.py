# SPDX-License-Identifier: GPL-3.0-or-later
"""Every button of the node editors, clicked, with a picture of each."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import bpy
import guikit as g

sys.path.insert(0, str(Path(__file__).parent))
import editor_steps as steps


def way() -> Iterator[float]:
    bpy.ops.wm.open_mainfile(filepath=os.environ["VOXEL_TEST_FILE"], load_ui=False)
    yield 0.5
    steps.prepare()
    tree = bpy.data.node_groups[os.environ["VOXEL_TEST_TREE"]]
    manager = bpy.context.window_manager
    yield from steps.editor(tree)
    yield from steps.shot("1-open")
    yield from steps.clicked("voxel.explain(", lambda: steps.desk().view.lines)
    g.facts["first_s"] = round(steps.seconds[0], 2)
    yield from steps.shot("2-explain")
    g.facts["explained"] = [line.text for line in steps.desk().view.lines]
    yield from steps.press("voxel.select_nodes(", columns=14)
    yield 0.3
    g.facts["selected"] = sorted(node.name for node in tree.nodes if node.select)
    yield from steps.shot("3-selected")
    yield from steps.clicked("voxel.copy_python(", steps.noted)
    g.facts["python"] = manager.clipboard
    yield from steps.shot("4-python")
    yield from steps.clicked("voxel.check(", lambda: steps.desk().view.title == "Check" or steps.noted())
    yield from steps.shot("5-check")
    yield from steps.clicked("voxel.copy_graph(", steps.noted)
    form = manager.clipboard
    new = bpy.data.node_groups.new("Pasted", tree.bl_idname)
    yield from steps.editor(new)
    yield from steps.press("voxel.paste_graph(", clipboard=form)
    yield 0.3
    with steps.over_nodes():
        bpy.ops.node.view_all()
    g.facts["pasted"] = [len(new.nodes), len(tree.nodes), list(steps.desk().view.told)]
    found = steps.hashes()
    g.facts["equal"] = found["node_groups/Pasted"] == found[f"node_groups/{tree.name}"]
    yield from steps.shot("6-pasted")

    wave = next(node for node in new.nodes if node.bl_idname == "ShaderNodeMath")
    wave.operation, wave.mute = "COSINE", True
    new.nodes.remove(next(node for node in new.nodes if node.bl_idname == "ShaderNodeMath" and node != wave))
    extra = new.nodes.new("ShaderNodeTexNoise")
    extra.location = wave.location[0], wave.location[1] - 400
    with steps.over_nodes():
        bpy.ops.ed.undo_push(message="changed")
        bpy.ops.voxel.compare_here("EXEC_DEFAULT", key=f"node_groups/{tree.name}")
    yield from steps.wait(lambda: steps.desk().view.title == "Compare" and not steps.desk().waiting, 60, "compare")
    g.facts["changes"] = [line.text for line in steps.desk().view.lines]
    yield from steps.shot("7-compare")
    for _ in range(40):  # those that another one must come before are taken later
        edits = steps.desk().compared.edits
        if not edits:
            break
        for at in range(len(edits)):
            try:
                with steps.over_nodes():
                    bpy.ops.voxel.take_change("EXEC_DEFAULT", at=at)
            except RuntimeError:
                continue
            break
        else:
            break
        yield from steps.wait(lambda: not steps.desk().waiting, 60, "taken")
    g.facts["left"] = [edit["words"] for edit in steps.desk().compared.edits]
    yield from steps.shot("8-taken")
    g.facts["held_ms"] = {what: max(times) for what, times in steps.held.items()}


g.run(way())
