# SPDX-License-Identifier: GPL-3.0-or-later
"""The job `try_broken`: scripts of ours that were broken on purpose are run; what does Blender say, what do they make?

Body: `graphs` (key → graph as JSON: trees with the groups below them), `broken`, by id `code` and `root` (the tree that
it should make); `roots` (ids). Answer: `scripts`, by id `proven` (it was run, to its end or to an error), `reason` (why
not), `graph`, `shape` and `nodes` (of the right tree), and as `code` a JSON text of `error` and `line` (Blender's
words, empty where it ran), `lacks` (what the tree then needs, in words) and `useless` (why it is no example: it is
right all the same, or more is wrong than a few edits mend).
"""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from ...graph.blender.read import owner_of, read_graph, tree_of
from ...graph.blender.run import CODE_NAME, run_plain
from ...graph.canonical import graph_hash, shape_hash
from ...graph.diff import diff
from ...graph.model import closure
from ...graph.words.changes import NotTellable, clauses
from . import clear, empty
from .prove_edits import variables_of
from .trial import LIMIT_S, LazyGraphs, compared

MOST_EDITS = 6
ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
LONGEST = 500


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """See the module."""
    empty()
    graphs = LazyGraphs(body["graphs"])
    return {"scripts": {root: _answer(body["broken"][root], graphs) for root in body["roots"]}}


def _answer(broken: Mapping[str, Any], graphs: LazyGraphs) -> dict[str, Any]:
    root = graphs[broken["root"]]
    told: dict[str, Any] = {"error": "", "line": 0, "lacks": [], "useless": ""}
    reason = ""
    clear()
    try:
        space = run_plain(broken["code"], LIMIT_S)
    except TimeoutError as error:
        reason = f"time: {error} to run"
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == CODE_NAME]
        words = ADDRESS.sub("0x…", f"{type(error).__name__}: {error}".strip())
        told |= {"error": words[:LONGEST], "line": lines[-1] if lines else getattr(error, "lineno", 0) or 0}
    else:
        trees = closure(root, graphs)
        difference = compared(trees, root, {})
        live = tree_of(bpy.data, root.key)
        if not difference:
            told["useless"] = "the script is right all the same"
        elif live is None or "group “" in difference:
            told["useless"] = difference
        else:
            made = replace(read_graph(live, root.key, owner_of(bpy.data, root.key)), layout={})
            edits = diff(made, root)
            try:
                told["lacks"] = clauses(edits, made, variables_of(space, live), {})
            except NotTellable as error:
                told["useless"] = str(error)
            if not 0 < len(edits) <= MOST_EDITS:
                told["useless"] = f"{len(edits)} edits would mend the tree"
    return {
        "code": json.dumps(told, ensure_ascii=False, sort_keys=True),
        "proven": not reason,
        "reason": reason,
        "graph": graph_hash(root.key, graphs),
        "shape": shape_hash(root),
        "nodes": len(root.nodes),
    }
