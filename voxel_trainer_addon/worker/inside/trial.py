# SPDX-License-Identifier: GPL-3.0-or-later
"""What the jobs that prove share: the graphs of a record, what no script can make, a script's run and its verdict."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import bpy

from ...files import read_json
from ...graph.blender.build import NotTaken, build_all, make_placeholders
from ...graph.blender.read import owner_of, read_graph, tree_of
from ...graph.blender.run import CODE_NAME, holding_pays, run_held, run_plain
from ...graph.canonical import differences
from ...graph.exact import exact_differences
from ...graph.model import Graph
from ...graph.steps import KINDS, references_of
from ...graph.write import Block
from . import Refused, clear

LIMIT_S = 100.0
"""Seconds of the processor that one tree may take to be built, and that one run of a script may take."""

Seen = dict[str, list[Graph]]
"""Readings of groups that were found equal before, by key: an equal reading need not be compared again."""


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


def held(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record whose path the body gives as `record`, or the body itself. Raises Refused(`no-record`)."""
    if "record" not in body:
        return body
    record = read_json(Path(body["record"]))
    if not isinstance(record, dict):
        raise Refused("no-record", "The record of the file is gone or damaged; parse it again.", body["record"])
    return record


def refusal(trees: Sequence[Graph], layout: bool = False) -> str:
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


def built(
    graphs: Iterable[Graph],
    layout: bool = False,
    more: Iterable[tuple[str, str]] = (),
    bodies: Mapping[str, str] | None = None,
    kept: Mapping[str, Collection[str]] | None = None,
) -> tuple[dict[str, Block], dict[str, str]]:
    """Every tree built once, all in one emptied file: its steps, or why it could not be built. `more` and `bodies` are
    stand-ins and types of objects as `make_placeholders` takes them, `kept` are names as `build_all` does."""
    trees = {tree.key: tree for tree in graphs}
    clear()
    make_placeholders(trees.values(), more, bodies)
    blocks: dict[str, Block] = {}
    failures: dict[str, str] = {}
    for key, made in build_all(trees.values(), layout, LIMIT_S, kept).items():
        if isinstance(made, TimeoutError):
            failures[key] = f"time: {made} to build"
        elif isinstance(made, NotTaken):
            failures[key] = f"refused: {made}"
        elif isinstance(made, Exception):
            failures[key] = f"failed: {type(made).__name__}: {made}"
        else:
            blocks[key] = Block(trees[key], made)
    return blocks, failures


def tried(code: str, trees: Sequence[Graph], verdict: Callable[[], str]) -> str:
    """Run a script that makes `trees` in an empty Blender; why it is not proven, or nothing. `verdict` compares then.

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
            if not verdict():
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
    return verdict()


def compared(trees: Sequence[Graph], root: Graph | None, seen: Seen, layout: bool = False) -> str:
    """The first difference between the trees and those in Blender; empty if there is none."""
    for tree in reversed(trees):
        live = tree_of(bpy.data, tree.key)
        if live is None:
            return f"failed: the code made no {tree.key}"
        if tree.missing:  # only its sockets are known, and they are compared with the nodes that use it
            continue
        made = read_graph(live, tree.key, owner_of(bpy.data, tree.key))
        if made in seen.get(tree.key, ()):
            continue
        if found := differences(tree, made, {}, {}) or (exact_differences(tree, made) if layout else []):
            return differs(found, "" if tree is root else f"group “{tree.name}”: ")
        seen.setdefault(tree.key, []).append(made)
    return ""


def differs(found: Sequence[str], where: str = "") -> str:
    """The reason that tells the first of the differences."""
    return f"differs: {where}{found[0]}" + (f" (and {len(found) - 1} more)" if len(found) > 1 else "")
