# SPDX-License-Identifier: GPL-3.0-or-later
"""The job `prove`: trees become code, and the code is run in an empty Blender: does it make the same trees?"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from ...graph.blender.build import NotTaken, build_all, make_placeholders
from ...graph.canonical import graph_hash, shape_hash
from ...graph.model import Graph, closure
from ...graph.write import Block, script
from . import clear, empty, trial
from .trial import LazyGraphs, Seen, compared, held, refusal, tried


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """For each root: its code, whether the code was proven, and why not.

    `body`: `graphs` (key → graph as JSON) or `record` (path of a parsed record that has them), `roots` (keys),
    `layout` (write names, places and frames too), `arrange` (write lines that spread the nodes). The answer: `scripts`,
    by key `code`, `proven`, `reason`, `graph`, `shape` (hashes), `nodes` (of the tree itself).
    """
    graphs = LazyGraphs(held(body)["graphs"])
    layout = bool(body.get("layout"))
    roots = {key: closure(graphs[key], graphs) for key in body["roots"]}
    refusals = {key: refusal(trees, layout) for key, trees in roots.items()}
    empty()
    blocks, failures = _build_all([trees for key, trees in roots.items() if not refusals[key]], layout)
    seen: Seen = {}
    scripts = {}
    for key, trees in roots.items():
        root = graphs[key]
        code, reason = None, refusals[key] or next((failures[t.key] for t in trees if t.key in failures), "")
        if not reason:
            code = script([blocks[tree.key] for tree in trees], arrange=bool(body.get("arrange")))
            reason = tried(code, trees, partial(compared, trees, root, seen, layout))
        scripts[key] = {
            "code": code,
            "proven": code is not None and not reason,
            "reason": reason,
            "graph": graph_hash(key, graphs),
            "shape": shape_hash(root),
            "nodes": len(root.nodes),
        }
    return {"scripts": scripts}


def _build_all(roots: Iterable[list[Graph]], layout: bool) -> tuple[dict[str, Block], dict[str, str]]:
    """Every tree of these closures built once, all in one file: its steps, or why it could not be built."""
    trees = {tree.key: tree for closure in roots for tree in closure}
    clear()
    make_placeholders(trees.values())
    blocks: dict[str, Block] = {}
    failures: dict[str, str] = {}
    for key, made in build_all(trees.values(), layout, trial.LIMIT_S).items():
        if isinstance(made, TimeoutError):
            failures[key] = f"time: {made} to build"
        elif isinstance(made, NotTaken):
            failures[key] = f"refused: {made}"
        elif isinstance(made, Exception):
            failures[key] = f"failed: {type(made).__name__}: {made}"
        else:
            blocks[key] = Block(trees[key], made)
    return blocks, failures
