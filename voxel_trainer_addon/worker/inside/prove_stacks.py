# SPDX-License-Identifier: GPL-3.0-or-later
"""The job `prove_stacks`: stacks of modifiers and constraints become code, run in an empty Blender and compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import bpy

from ...graph.blender.build_stack import build_stack
from ...graph.blender.stacks import read_stack
from ...graph.model import Graph, Graphs, closure
from ...graph.stack import Stack, stack_differences
from ...graph.steps import KINDS
from ...graph.write import Block, script
from . import empty
from .trial import LazyGraphs, Seen, built, compared, differs, held, tried


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """For each root (`objects/<name>`): its code with the node groups that it runs, whether it was proven, why not.

    `body`: `graphs` and `stacks` (key → as JSON) or `record` (path of a parsed record that has both), `roots` (keys).
    The answer: `scripts`, by key `code`, `proven`, `reason`. All groups are built once, in one file; each script holds
    its own and is run with them.
    """
    record = held(body)
    graphs = LazyGraphs(record["graphs"])
    stacks = {key: Stack.from_json(record["stacks"][key]) for key in body["roots"]}
    trees = {key: _groups(stack, graphs) for key, stack in stacks.items()}
    reasons = {key: _refusal(stack, trees[key]) for key, stack in stacks.items()}
    empty()
    blocks, failures = _built([(stack, trees[key]) for key, stack in stacks.items() if not reasons[key]])
    codes: dict[str, str] = {}
    for key, stack in stacks.items():
        reasons[key] = reasons[key] or next((failures[t.key] for t in trees[key] if t.key in failures), "")
        if reasons[key]:
            continue
        try:
            made = Block(Graph(stack.key, ""), build_stack(stack))
        except Exception as error:
            reasons[key] = f"failed: {type(error).__name__}: {error}"
        else:
            codes[key] = script([*(blocks[tree.key] for tree in trees[key]), made], bodies=stack.all_bodies)
    seen: Seen = {}
    for key, code in codes.items():
        reasons[key] = tried(code, trees[key], partial(_verdict, stacks[key], trees[key], seen))
    return {
        "scripts": {
            key: {"code": codes.get(key), "proven": key in codes and not reason, "reason": reason}
            for key, reason in reasons.items()
        }
    }


def _groups(stack: Stack, graphs: Graphs) -> list[Graph]:
    """The groups that it runs and those below them, users after what they use."""
    used = [f"node_groups/{entry.group}" for entry in stack.modifiers if entry.group]
    return list({tree.key: tree for key in used if key in graphs for tree in closure(graphs[key], graphs)}.values())


def _refusal(stack: Stack, trees: list[Graph]) -> str:
    """Why no script can make it, or nothing."""
    if not all(entry.type for entry in stack.entries):
        return "refused: it has a constraint of a type that this Blender does not know"
    for entry in stack.modifiers:
        if entry.group and f"node_groups/{entry.group}" not in {tree.key for tree in trees}:
            return f"refused: it uses “{entry.group}”, which could not be read"
        for bake in entry.bakes:
            twins = (other for other in entry.bakes if (other.group, other.node) == (bake.group, bake.node))
            if any(other != bake for other in twins):
                return f"refused: “{bake.node}” is baked in several ways, and Blender does not say which is which"
    for tree in trees:
        if tree.refused or tree.missing:
            return tree.refused or f"refused: the library of “{tree.name}” is missing"
    for kind, name in stack.references():
        if kind not in KINDS:
            return f"refused: it refers to “{name}”, and no script makes a data-block of type {kind}"
    return ""


def _built(stacks: Iterable[tuple[Stack, list[Graph]]]) -> tuple[dict[str, Block], dict[str, str]]:
    """All groups of these stacks, built in one file with all that the stacks refer to."""
    trees: list[Graph] = []
    references: list[tuple[str, str]] = []
    bodies: dict[str, str] = {}
    kept: dict[str, list[str]] = defaultdict(list)
    for stack, groups in stacks:
        trees += groups
        references += [ref for ref in stack.references() if ref[0] != "NODETREE"]
        bodies |= stack.all_bodies
        for entry in stack.modifiers:
            for bake in entry.bakes:
                kept[f"node_groups/{bake.group}"].append(bake.node)
    return built(trees, more=references, bodies=bodies, kept=kept)


def _verdict(stack: Stack, trees: list[Graph], seen: Seen) -> str:
    made = read_stack(bpy.data.objects[stack.name])
    if made is None:
        return "failed: the code made no modifier or constraint"
    found = stack_differences(stack, made)
    return differs(found) if found else compared(trees, None, seen)
