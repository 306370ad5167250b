# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees copied as graphs in one Blender and pasted in another: how many are what that Blender itself makes of the file.

    python benchmarks/paste.py copy FOLDER FORMS.json       (a Python with the older bpy)
    python benchmarks/paste.py paste FORMS.json             (one with the newer, or the same)

Takes up to three trees of five and more nodes of each .blend file. Prints one JSON object: trees by type and whether
their canonical hash is equal, what the others differ in, and milliseconds of the processor for pasting 100 nodes.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from voxel_trainer_addon.graph.blender.build import make_placeholders
from voxel_trainer_addon.graph.blender.paste import form_of, paste
from voxel_trainer_addon.graph.blender.read import read_graphs, read_with_groups
from voxel_trainer_addon.graph.canonical import differences, graph_hash
from voxel_trainer_addon.graph.compact import compact, text
from voxel_trainer_addon.graph.model import Graph, closure
from voxel_trainer_addon.graph.write import variables
from voxel_trainer_addon.worker.inside import empty
from voxel_trainer_addon.worker.inside.compact import built

A_FILE = 3
LEAST = 5
VERSION = bpy.app.version_string.split()[0]


def opened(path: str) -> dict[str, Graph]:
    """The trees of a file as this Blender has them; none where it does not open."""
    try:
        bpy.ops.wm.open_mainfile(filepath=path, load_ui=False, use_scripts=False)
    except RuntimeError:
        return {}
    return read_graphs(bpy.data)[0]


def copied(folder: Path) -> list[list[str]]:
    """Path, key and form of each tree."""
    rows = []
    for path in sorted(folder.rglob("*.blend")):
        found = opened(str(path))
        fit = [key for key, graph in sorted(found.items()) if len(graph.nodes) >= LEAST and not graph.linked]
        whole = [trees for trees in (closure(found[key], found) for key in fit) if _is_whole(trees)]
        for trees in whole[:A_FILE]:
            blocks = built(trees, layout=True)
            rows.append([str(path), trees[-1].key, text(compact(blocks, variables(blocks), VERSION))])
    return rows


def _is_whole(trees: list[Graph]) -> bool:
    return not any(t.refused or t.missing or t.linked or t.type == "TextureNodeTree" for t in trees)


def pasted(rows: list[list[str]]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    why: Counter[str] = Counter()
    times: list[float] = []
    for path, key, form in rows:
        found = opened(path)
        if key not in found:  # a scene's compositor is a group from 5.0 on
            key = next((k for k, g in found.items() if g.type == "CompositorNodeTree"), "")
        if not key:
            counts["not there any more"] += 1
            continue
        trees = closure(found[key], found)
        root = trees[-1]
        empty()
        make_placeholders(trees)
        bpy.data.batch_remove([*bpy.data.node_groups, *bpy.data.actions])
        target: Any = bpy.data.node_groups.new(root.name, root.type)  # type: ignore[arg-type]
        began = time.process_time()
        paste(form_of(form), target)
        times.append(1e5 * (time.process_time() - began) / sum(len(tree.nodes) for tree in trees))
        made = read_with_groups(target, root.key)
        equal = graph_hash(root.key, made) == graph_hash(root.key, {tree.key: tree for tree in trees})
        counts[f"{root.type} {'equal' if equal else 'differs'}"] += 1
        if not equal:
            lost = [tree.key for tree in trees if tree.key not in made]
            lines = [line for t in trees if t.key in made for line in differences(t, made[t.key], {}, {})]
            why.update({*map(_cause, lines), *(["a group is missing"] if lost else [])})
    quick = {"median_ms_for_100_nodes": round(statistics.median(times), 1)} if times else {}
    return {"blender": VERSION, "trees": len(rows), **dict(sorted(counts.items())), "differ_in": dict(why), **quick}


def _cause(line: str) -> str:
    """What differs, without names and values: `node_tool_idname` of `tree, node_tool_idname: "x" → ""`."""
    return line.split(": ")[0].rsplit(", ", 1)[-1]


if __name__ == "__main__":
    if sys.argv[1] == "copy":
        Path(sys.argv[3]).write_text(json.dumps(copied(Path(sys.argv[2]))), encoding="utf-8")
    else:
        told = pasted(json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
        print(json.dumps(told, indent=2, ensure_ascii=False))
    sys.stdout.flush()
    os._exit(0)  # Blender's own exit can crash
