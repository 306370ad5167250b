# SPDX-License-Identifier: GPL-3.0-or-later
"""Proven scripts taken round the triangle: read without being run, told as compact JSON, built, and compared.

    run_headless.py code FOLDER --out SCRIPTS [--layout]
    python benchmarks/triangle.py FOLDER SCRIPTS [--layout] [--only TEXT]   (a Python with the same bpy)

SCRIPTS holds what `code` wrote for the .blend files of FOLDER. Each proven script becomes steps, the form as text,
sparse graphs, and trees in an empty Blender; with `--layout` they must be as in the file in everything
(`graph/exact.py`). Prints one JSON object: how many are exact, and why the others are not. `moved`: those of them that
have drivers or keyframes. `--only` takes the files whose path holds the text.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from voxel_trainer_addon.graph.compact import compact, text
from voxel_trainer_addon.graph.model import Animation, Graph, closure
from voxel_trainer_addon.graph.parse_code import parse_code
from voxel_trainer_addon.worker.inside import Refused, empty, read
from voxel_trainer_addon.worker.inside.compact import trial
from voxel_trainer_addon.worker.inside.trial import LazyGraphs


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("scripts", type=Path)
    parser.add_argument("--layout", action="store_true")
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    count: Counter[str] = Counter()
    wrong: dict[str, str] = {}
    started = time.process_time()
    empty()
    for index in sorted(asked.scripts.rglob("index.json")):
        file = index.parent.relative_to(asked.scripts).as_posix() + ".blend"
        if asked.only not in file:
            continue
        found = graphs_of(asked.folder / file)
        for entry in json.loads(index.read_text(encoding="utf-8")):
            if not entry["proven"]:
                continue
            trees = closure(found[entry["key"]], found)
            reason = round_trip((index.parent / entry["script"]).read_text(encoding="utf-8"), trees, asked.layout)
            is_moved = any(tree.animation != Animation() for tree in trees)
            count.update(proven=1, exact=not reason, moved=is_moved, moved_exact=is_moved and not reason)
            if reason:
                wrong[f"{file} {entry['key']}"] = reason
                print(f"{file} {entry['key']}: {reason}", file=sys.stderr, flush=True)
    figures: dict[str, Any] = {"blender": bpy.app.version_string, "layout": asked.layout, **count}
    print(json.dumps({**figures, "seconds": round(time.process_time() - started, 1), "wrong": wrong}, indent=1))


def graphs_of(file: Path) -> LazyGraphs:
    """What the file holds, read as `code` reads it."""
    body = {"path": str(file), "sha256": "one"}
    with tempfile.TemporaryDirectory() as folder:
        try:
            record = read.run(body, Path(folder))["record"]
        except Refused:
            record = read.run({**body, "way": "open"}, Path(folder))["record"]
        return LazyGraphs(json.loads(Path(record).read_text(encoding="utf-8"))["graphs"])


def round_trip(code: str, trees: list[Graph], layout: bool) -> str:
    """Why what the script says, told as the form and built, is not `trees`; empty if it is."""
    try:
        return trial(text(compact(parse_code(code))), trees, layout)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # some Blenders crash when they end
