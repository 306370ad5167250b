# SPDX-License-Identifier: GPL-3.0-or-later
"""The job `prove`: trees become code, and the code is run in an empty Blender: does it make the same trees?"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import bpy

from ...files import read_json
from ...graph.blender.build import build_all, make_placeholders
from ...graph.blender.read import owner_of, read_graph, tree_of
from ...graph.blender.run import CODE_NAME, holding_pays, run_held, run_plain
from ...graph.canonical import differences, graph_hash, shape_hash
from ...graph.exact import exact_differences
from ...graph.model import Graph, closure
from ...graph.steps import KINDS, references_of
from ...graph.write import Block, script
from . import Refused, clear, empty

LIMIT_S = 100.0
"""Seconds that one tree may take to be built, and that one run of its script may take."""


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """For each root: its code, whether the code was proven, and why not.

    `body`: `graphs` (key → graph as JSON) or `record` (path of a parsed record that has them), `roots` (keys),
    `layout` (write names, places and frames too), `arrange` (write lines that spread the nodes). The answer: `scripts`,
    by key `code`, `proven`, `reason`, `graph`, `shape` (hashes), `nodes` (of the tree itself).
    """
    if "record" in body:
        record = read_json(Path(body["record"]))
        if not isinstance(record, dict):
            raise Refused("no-record", "The record of the file is gone or damaged; parse it again.", body["record"])
        graphs = LazyGraphs(record["graphs"])
    else:
        graphs = LazyGraphs(body["graphs"])
    layout = bool(body.get("layout"))
    roots = {key: closure(graphs[key], graphs) for key in body["roots"]}
    refusals = {key: _refusal(trees, layout) for key, trees in roots.items()}
    empty()
    blocks, failures = _build_all([trees for key, trees in roots.items() if not refusals[key]], layout)
    seen: dict[str, list[Graph]] = {}
    scripts = {}
    for key, trees in roots.items():
        root = graphs[key]
        code, reason = None, refusals[key] or next((failures[t.key] for t in trees if t.key in failures), "")
        if not reason:
            code = script([blocks[tree.key] for tree in trees], arrange=bool(body.get("arrange")))
            reason = _trial(code, trees, seen, layout)
        scripts[key] = {
            "code": code,
            "proven": code is not None and not reason,
            "reason": reason,
            "graph": graph_hash(key, graphs),
            "shape": shape_hash(root),
            "nodes": len(root.nodes),
        }
    return {"scripts": scripts}


class LazyGraphs(Mapping[str, Graph]):
    """The graphs of a record, made from JSON when they are asked for."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        self.rows = rows
        self.made: dict[str, Graph] = {}

    def __getitem__(self, key: str) -> Graph:
        if key not in self.made:
            self.made[key] = Graph.from_json(self.rows[key])
        return self.made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, key: object) -> bool:
        return key in self.rows


def _refusal(trees: Sequence[Graph], layout: bool) -> str:
    """Why no script can make these trees, users after what they use, or nothing."""
    if trees[-1].missing:
        return "refused: its library is missing"
    for tree in trees:
        if tree.refused:
            return tree.refused
        for kind, name in references_of(tree, layout):
            if kind not in KINDS:
                return f"refused: “{tree.name}” refers to “{name}”, and no script makes a data-block of type {kind}"
    return ""


def _build_all(roots: Iterable[list[Graph]], layout: bool) -> tuple[dict[str, Block], dict[str, str]]:
    """Every tree of these closures built once, all in one file: its steps, or why it could not be built."""
    trees = {tree.key: tree for closure in roots for tree in closure}
    clear()
    make_placeholders(trees.values())
    blocks: dict[str, Block] = {}
    failures: dict[str, str] = {}
    for key, made in build_all(trees.values(), layout, LIMIT_S).items():
        if isinstance(made, TimeoutError):
            failures[key] = f"time: {made} to build"
        elif isinstance(made, Exception):
            failures[key] = f"failed: {type(made).__name__}: {made}"
        else:
            blocks[key] = Block(trees[key], made)
    return blocks, failures


def _trial(code: str, trees: list[Graph], seen: dict[str, list[Graph]], layout: bool) -> str:
    """Run `code` in an empty Blender and compare what it made; empty if it is the same.

    A script with a large tree runs with updates held back. If it passes, it is proven; else a plain run decides.
    """
    if holding_pays(len(tree.nodes) for tree in trees):
        clear()
        try:
            run_held(code, LIMIT_S)
        except TimeoutError as error:
            return f"time: {error} to run"
        except Exception:  # the plain run tells what is wrong, if anything is
            pass
        else:
            if not _compared(trees, seen, layout):
                return ""
    clear()
    try:
        run_plain(code, LIMIT_S)
    except TimeoutError as error:
        return f"time: {error} to run"
    except Exception as error:
        line = next(
            (f.lineno for f in reversed(traceback.extract_tb(error.__traceback__)) if f.filename == CODE_NAME), 0
        )
        return f"failed at line {line}: {type(error).__name__}: {error}"
    return _compared(trees, seen, layout)


def _compared(trees: list[Graph], seen: dict[str, list[Graph]], layout: bool) -> str:
    """The first difference between the trees and those in Blender; empty if there is none.

    `seen` keeps the groups that were found equal before, so that an equal reading need not be compared again.
    """
    for tree in reversed(trees):
        live = tree_of(bpy.data, tree.key)
        if live is None:
            return f"failed: the code made no {tree.key}"
        if tree.missing:  # only its sockets are known, and they are compared with the nodes that use it
            continue
        made = read_graph(live, tree.key, owner_of(bpy.data, tree.key))
        if made in seen.get(tree.key, ()):
            continue
        found = differences(tree, made, {}, {}) or (exact_differences(tree, made) if layout else [])
        if found:
            where = "" if tree is trees[-1] else f"group “{tree.name}”: "
            return f"differs: {where}{found[0]}" + (f" (and {len(found) - 1} more)" if len(found) > 1 else "")
        seen.setdefault(tree.key, []).append(made)
    return ""
