# SPDX-License-Identifier: GPL-3.0-or-later
"""The job `prove_stacks`: stacks of modifiers and constraints become code, run in an empty Blender and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ...graph.blender.build import build_all, make_placeholders
from ...graph.blender.stacks import build_stack, read_stack
from ...graph.model import Graph, closure
from ...graph.stack import Stack, stack_differences
from ...graph.steps import KINDS
from ...graph.write import Block, script
from . import clear, empty, trial
from .trial import LazyGraphs, Seen, compared, differs, held, tried

NODES_MAX = 1000
"""A stack whose groups hold more nodes than this is refused: each stack builds and runs all of them again."""


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """For each root (`objects/<name>`): its code with the node groups that it runs, whether it was proven, why not.

    `body`: `graphs` and `stacks` (key → as JSON) or `record` (path of a parsed record that has both), `roots` (keys).
    The answer: `scripts`, by key `code`, `proven`, `reason`.
    """
    record = held(body)
    graphs = LazyGraphs(record["graphs"])
    empty()
    seen: Seen = {}
    scripts = {}
    for key in body["roots"]:
        stack = Stack.from_json(record["stacks"][key])
        used = dict.fromkeys(f"node_groups/{entry.group}" for entry in stack.modifiers if entry.group)
        trees = {tree.key: tree for name in used if name in graphs for tree in closure(graphs[name], graphs)}
        code, reason = None, _refusal(stack, trees, used)
        if not reason:
            code, reason = _proven(stack, list(trees.values()), seen)
        scripts[key] = {"code": code, "proven": code is not None and not reason, "reason": reason}
    return {"scripts": scripts}


def _refusal(stack: Stack, trees: dict[str, Graph], used: dict[str, None]) -> str:
    if not all(entry.type for entry in stack.constraints):
        return "refused: it has a constraint of a type that this Blender does not know"
    for key in used:
        if key not in trees:
            return f"refused: it uses “{key.split('/', 1)[1]}”, which could not be read"
    for tree in trees.values():
        if tree.refused or tree.missing:
            return tree.refused or f"refused: the library of “{tree.name}” is missing"
    nodes = sum(len(tree.nodes) for tree in trees.values())
    if nodes > NODES_MAX:
        return f"refused: the groups that it runs hold {nodes:,} nodes; stacks are proven up to {NODES_MAX:,}"
    for kind, name in stack.references():
        if kind not in KINDS:
            return f"refused: it refers to “{name}”, and no script makes a data-block of type {kind}"
    return ""


def _proven(stack: Stack, trees: list[Graph], seen: Seen) -> tuple[str | None, str]:
    """The code, and why it is not proven, or nothing."""
    clear()
    others = [ref for ref in stack.references() if ref != ("OBJECT", stack.name) and ref[0] != "NODETREE"]
    make_placeholders(trees, others)
    blocks = []
    for tree, steps in zip(trees, build_all(trees, limit_s=trial.LIMIT_S).values(), strict=True):
        if isinstance(steps, Exception):
            return None, f"failed: {tree.key}: {steps}"
        blocks.append(Block(tree, steps))
    code = script([*blocks, Block(Graph(stack.key, ""), build_stack(stack))])

    def verdict() -> str:
        found = stack_differences(stack, read_stack(bpy.data.objects[stack.name]))
        return differs(found) if found else compared(trees, None, seen)

    return code, tried(code, trees, verdict)
