# SPDX-License-Identifier: GPL-3.0-or-later
"""A verdict does not hang on what the process did before: it is the one that a new process comes to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.graph.blender.read import read_graphs
from voxel_trainer_addon.graph.canonical import shape_hash
from voxel_trainer_addon.graph.model import Graph, closure
from voxel_trainer_addon.worker.inside import empty, prove, trial

pytestmark = pytest.mark.bpy
FOLDER = "saturday06__VRM-Addon-for-Blender"
FRESH = """
import json, os, sys
from pathlib import Path
import bpy
from voxel_trainer_addon.graph.blender.run import run_plain
from voxel_trainer_addon.graph.model import Graph
from voxel_trainer_addon.worker.inside import trial
asked = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
bpy.ops.wm.read_factory_settings(use_empty=True)
trees = [Graph.from_json(tree) for tree in asked["trees"]]
try:
    run_plain(asked["code"])
    reason = trial.compared(trees, trees[-1], {})
except Exception as error:
    reason = f"failed: {type(error).__name__}"
Path(sys.argv[2]).write_text(reason, encoding="utf-8")
os._exit(0)
"""


def trees_of(folder: Path, count: int) -> Iterator[list[Graph]]:
    """Closures of so many real trees, each of another shape."""
    shapes: set[str] = set()
    for path in sorted(folder.rglob("*.blend")):
        try:
            bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
        except RuntimeError:
            continue
        graphs, _ = read_graphs(bpy.data)
        for graph in graphs.values():
            trees = closure(graph, graphs)
            if any(tree.refused or tree.missing for tree in trees) or shape_hash(graph) in shapes:
                continue
            if len(shapes) == count:
                return
            shapes.add(shape_hash(graph))
            yield trees


def verdict_of_a_new_process(code: str, trees: list[Graph], folder: Path) -> str:
    asked, answer = folder / "asked.json", folder / "answer.txt"
    asked.write_text(json.dumps({"code": code, "trees": [tree.as_json() for tree in trees]}), encoding="utf-8")
    answer.unlink(missing_ok=True)
    subprocess.run(
        [sys.executable, "-c", FRESH, str(asked), str(answer)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=300,
        check=True,
    )
    return answer.read_text(encoding="utf-8")


def cut(code: str, random: Random) -> str:
    """The script without one of its statements that stand on a line."""
    lines = code.splitlines()
    places = [
        n for n, line in enumerate(lines) if line.startswith(("link(", "new_socket(")) or ".default_value = " in line
    ]
    if places:
        del lines[random.choice(places)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("folder", "count"), [(FOLDER, 3), pytest.param("", 150, marks=pytest.mark.slow)], ids=("few", "300")
)
def test_a_verdict_is_that_of_a_new_process(folder: str, count: int, corpus: Path, tmp_path: Path) -> None:
    """Of real trees, whole and with a statement cut, one after the other in this process."""
    asked: list[tuple[str, list[Graph]]] = []
    random = Random(count)
    for trees in list(trees_of(corpus / folder, count)):
        body: Any = {"graphs": {tree.key: tree.as_json() for tree in trees}, "roots": [trees[-1].key]}
        code = prove.run(body, tmp_path)["scripts"][trees[-1].key]["code"]
        if code is not None:
            asked += [(code, trees), (cut(code, random), trees)]
    empty()
    here = [trial.tried(code, trees, partial(trial.compared, trees, trees[-1], {})) for code, trees in asked]
    assert "" in here and any(here), "some pass and some do not"
    for (code, trees), reason in zip(asked, here, strict=True):
        other = verdict_of_a_new_process(code, trees, tmp_path)
        assert bool(reason) == bool(other), f"{trees[-1].key}: {reason!r} here, {other!r} in a new process\n{code}"
