# SPDX-License-Identifier: GPL-3.0-or-later
"""The job `prove_edits`: edits of a tree as code, run after the tree's own script: does that make what they say?

Body: `pairs`, by id `code` (a proven script that makes the tree; where it is empty, one is written and proven first),
`root` (the tree's key), `before` (key → graph as JSON: the tree and the groups below it), `edits` (as JSON); `roots`
(ids). Answer: `scripts`, by id `proven`, `reason`, `graph`, `shape` and `nodes` (of the tree after the edits), and as
`code` a JSON text of `given` and `edit` (the scripts), `before` (hash of the given tree), `called` (node of the tree
before → its variable in the given script).
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import bpy

from ...graph.blender.alter import alter
from ...graph.blender.build import make_placeholders
from ...graph.blender.read import owner_of, read_graph, tree_of
from ...graph.blender.run import CODE_NAME, run_plain
from ...graph.canonical import Form, graph_hash, mapping, shape_hash
from ...graph.edit_code import There, edit_script
from ...graph.edits import Edit, apply
from ...graph.model import Graph, closure
from ...graph.steps import references_of
from ...graph.write import script
from . import clear, empty
from .trial import LIMIT_S, LazyGraphs, built, compared, refusal, tried


class _NotProven(Exception):
    """Says why."""


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """See the module."""
    empty()
    return {"scripts": {root: _answer(body["pairs"][root]) for root in body["roots"]}}


def _answer(pair: Mapping[str, Any]) -> dict[str, Any]:
    graphs = LazyGraphs(pair["before"])
    trees = closure(graphs[pair["root"]], graphs)
    wanted, told, reason = trees[-1], {}, ""
    try:
        wanted = apply(trees[-1], list(map(Edit.from_json, pair["edits"])))
        given = pair["code"] or _given(trees)
        code, called = _written(given, trees, wanted)
        told = {"given": given, "edit": code, "called": called, "before": graph_hash(pair["root"], graphs)}
        _try(given, code, [*trees[:-1], wanted])
    except _NotProven as error:
        reason = str(error)
    except Exception as error:  # whatever Blender raises belongs to this pair alone
        reason = f"failed: {type(error).__name__}: {error}"
    return {
        "code": json.dumps(told, ensure_ascii=False, sort_keys=True),
        "proven": not reason,
        "reason": reason,
        "graph": graph_hash(wanted.key, {tree.key: tree for tree in (*trees[:-1], wanted)}),
        "shape": shape_hash(wanted),
        "nodes": len(wanted.nodes),
    }


def _given(trees: Sequence[Graph]) -> str:
    """A script that makes the last of the trees, proven."""
    if reason := refusal(trees):
        raise _NotProven(reason)
    blocks, failures = built(trees)
    if failures:
        raise _NotProven(next(iter(failures.values())))
    code = script([blocks[tree.key] for tree in trees])
    if reason := tried(code, trees, partial(compared, trees, trees[-1], {})):
        raise _NotProven(f"given {reason}")
    return code


def _written(given: str, trees: Sequence[Graph], wanted: Graph) -> tuple[str, dict[str, str]]:
    """The code that turns the tree that `given` makes (the last of `trees`) into the wanted one, and what the given
    code calls its nodes."""
    if reason := refusal([wanted]):
        raise _NotProven(reason)
    clear()
    space = run_plain(given, LIMIT_S)
    live = tree_of(bpy.data, wanted.key)
    make_placeholders([wanted])
    made = read_graph(live, wanted.key, owner_of(bpy.data, wanted.key))
    names = mapping(Form(trees[-1]), Form(made))
    variables = variables_of(space, live)
    altered = alter(live, names, trees[-1], wanted)
    if not altered.steps:
        raise _NotProven("refused: no script can change anything of it")
    bases = {base: variables[str(name)] for base, name in altered.found.items() if _is_node(base) and name in variables}
    there = frozenset(ref for tree in trees for ref in references_of(tree))
    code = edit_script(wanted, altered.steps, There(altered.found, bases, there))
    return code, {name: variables[here] for name, here in names.items() if here in variables}


def _is_node(base: str) -> bool:
    return base.startswith(("node/", "gone/"))


def variables_of(space: Mapping[str, Any], live: Any) -> dict[str, str]:
    """Node of the live tree → the first variable that held it to the end."""
    names = {node.as_pointer(): node.name for node in live.nodes}
    held: dict[str, str] = {}
    for variable, value in space.items():
        if isinstance(value, bpy.types.Node) and value.as_pointer() in names:
            held.setdefault(names[value.as_pointer()], variable)
    return held


def _try(given: str, code: str, wanted: Sequence[Graph]) -> None:
    """Run the given code in an empty Blender, then the edit: the tree must be the last of the wanted ones."""
    clear()
    run_plain(given, LIMIT_S)
    try:
        run_plain(code, LIMIT_S)
    except TimeoutError as error:
        raise _NotProven(f"time: {error} to run") from None
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == CODE_NAME]
        where = f"line {lines[-1] if lines else 0}"
        raise _NotProven(f"failed at {where}: {type(error).__name__}: {error}") from None
    if reason := compared(wanted, wanted[-1], {}):
        raise _NotProven(reason)
