# SPDX-License-Identifier: GPL-3.0-or-later
"""How many sentences are said of real trees, how many of them are not true, and which techniques are recognised:
`python benchmarks/words.py FOLDER…` in a Python with bpy; the figures are printed as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from voxel_trainer_addon.graph.blender.read import read_graphs
from voxel_trainer_addon.graph.words.description import LENGTHS, TECHNIQUES, description, recognised, text
from voxel_trainer_addon.graph.words.view import View
from voxel_trainer_addon.worker.inside import empty


def main(folders: list[str]) -> None:
    """Open every .blend below the folders and describe every tree of it."""
    count: Counter[str] = Counter()
    words: Counter[str] = Counter()
    techniques: Counter[str] = Counter()
    seconds, slowest = 0.0, (0.0, 0)
    for path in sorted(path for folder in folders for path in Path(folder).rglob("*.blend")):
        empty()
        try:
            bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
        except RuntimeError:
            count["files that do not open"] += 1
            continue
        count["files"] += 1
        for graph in read_graphs(bpy.data)[0].values():
            started = time.perf_counter()
            found = {each.technique.name for each in recognised(graph)}
            said = {length: description(graph, length) for length in LENGTHS}
            took = time.perf_counter() - started
            seconds, slowest = seconds + took, max(slowest, (took, len(graph.nodes)))
            view = View(graph)
            count.update(trees=1, nodes=len(graph.nodes), recognised=bool(found))
            count["unknown to this Blender"] += bool(graph.refused)
            techniques.update(found)
            for length, statements in said.items():
                words[length] += len(text(statements).split())
                count["statements"] += len(statements)
                count["not true"] += sum(not statement.check(view) for statement in statements)
    figures = {
        "blender": bpy.app.version_string,
        **count,
        "words a tree": {length: round(n / count["trees"], 1) for length, n in words.items()},
        "seconds": round(seconds, 1),
        "slowest": {"seconds": round(slowest[0], 2), "nodes": slowest[1]},
        "techniques known": len({technique.name for technique in TECHNIQUES}),
        "techniques met": dict(techniques.most_common()),
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)  # Blender's own exit can crash
