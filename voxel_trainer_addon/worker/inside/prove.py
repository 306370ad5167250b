# SPDX-License-Identifier: GPL-3.0-or-later
"""The job `prove`: trees become code, and the code is run in an empty Blender: does it make the same trees?"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from ...graph.canonical import graph_hash, shape_hash
from ...graph.model import closure
from ...graph.write import script
from . import empty
from .trial import LazyGraphs, Seen, built, compared, held, refusal, tried


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
    blocks, failures = built([tree for key, trees in roots.items() if not refusals[key] for tree in trees], layout)
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
