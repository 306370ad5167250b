# SPDX-License-Identifier: GPL-3.0-or-later
"""The job `prove_edits`: what turns one tree into another as code, run after the first one's own: is it the other?

Body: `pairs`, each with `id`, `code` (proven: it makes the first tree), `root` (its key), `before` and `after` (key →
graph as JSON: each tree with the groups below it), `to` (the second tree's key). Answer: `pairs`, by id `code`,
`proven`, `reason`, `called` (node of the first tree → its variable in the given code).
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from ...graph.blender.alter import alter
from ...graph.blender.build import NotTaken, make_placeholders
from ...graph.blender.read import owner_of, read_graph, tree_of
from ...graph.blender.run import CODE_NAME, run_plain
from ...graph.canonical import Form, mapping
from ...graph.edit_code import There, edit_script
from ...graph.model import Graph, closure
from ...graph.steps import references_of
from . import clear, empty
from .trial import LIMIT_S, LazyGraphs, compared, refusal


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """See the module."""
    empty()
    return {"pairs": {pair["id"]: _answer(pair) for pair in body["pairs"]}}


def _answer(pair: Mapping[str, Any]) -> dict[str, Any]:
    before, after = LazyGraphs(pair["before"]), LazyGraphs(pair["after"])
    trees = [*closure(before[pair["root"]], before)]
    root = replace(after[pair["to"]], key=pair["root"])
    wanted = [*closure(root, after)[:-1], root]
    code, reason = "", refusal(wanted)
    called: dict[str, str] = {}
    try:
        if not reason:
            code, called = _written(pair["code"], trees, root)
            reason = _tried(pair["code"], code, wanted) if code else "refused: nothing can be changed by a script"
    except NotTaken as error:
        reason = f"refused: {error}"
    except Exception as error:  # whatever Blender raises belongs to this pair alone
        reason = f"failed: {type(error).__name__}: {error}"
    return {"code": code, "proven": not reason, "reason": reason, "called": called}


def _written(given: str, trees: Sequence[Graph], root: Graph) -> tuple[str, dict[str, str]]:
    """The code that turns the tree that `given` makes (the last of `trees`) into `root`, empty where it would do
    nothing, and what the given code calls the nodes."""
    clear()
    space = run_plain(given, LIMIT_S)
    live = tree_of(bpy.data, root.key)
    make_placeholders([root])
    before = trees[-1]
    made = read_graph(live, root.key, owner_of(bpy.data, root.key))
    names = mapping(Form(before), Form(made))
    variables = _variables(space, live)
    called = {name: variables[here] for name, here in names.items() if here in variables}
    altered = alter(live, names, before, root)
    by_name = {here: variable for here, variable in variables.items()}
    bases = {base: by_name[found] for base, found in altered.found.items() if _is_node(base) and found in by_name}
    there = frozenset(ref for tree in trees for ref in references_of(tree))
    code = edit_script(root, altered.steps, There(altered.found, bases, there)) if altered.steps else ""
    return code, called


def _is_node(base: str) -> bool:
    return base.startswith(("node/", "gone/"))


def _variables(space: Mapping[str, Any], live: Any) -> dict[str, str]:
    """Node of the live tree → the first variable that held it to the end."""
    names = {node.as_pointer(): node.name for node in live.nodes}
    held: dict[str, str] = {}
    for variable, value in space.items():
        if isinstance(value, bpy.types.Node) and value.as_pointer() in names:
            held.setdefault(names[value.as_pointer()], variable)
    return held


def _tried(given: str, code: str, wanted: Sequence[Graph]) -> str:
    """Run the given code in an empty Blender, then the edit; why the tree is not the wanted one, or nothing."""
    clear()
    run_plain(given, LIMIT_S)
    try:
        run_plain(code, LIMIT_S)
    except TimeoutError as error:
        return f"time: {error} to run"
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == CODE_NAME]
        return f"failed at line {lines[-1] if lines else 0}: {type(error).__name__}: {error}"
    return compared(wanted, wanted[-1], {})
