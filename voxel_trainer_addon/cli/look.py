# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands `explain`, `diff` and `check`: what node trees are, what changed, what is wrong with them."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from ..errors import Exit, UserError
from ..graph.check import STOPS, Finding, heading
from ..graph.words.description import description
from ..pipeline import trees
from ..words import harmless
from ..worker.protocol import Host

Tick = Callable[[], bool]
NODES_NAMED = 4


def explain(found: argparse.Namespace, blender: Host, tick: Tick) -> int:
    """What each tree is and does."""
    file = trees.one_file(found.file, blender, tick)
    for key, graph in file.chosen(found.key).items():
        told = description(graph, found.length, file.plain(graph.type))
        if found.json:
            statements = [{"text": one.text, "nodes": one.nodes} for one in told]
            _line({"file": file.name, "key": key, "statements": statements})
        else:
            print(harmless(key))
            for one in told:
                print(f"  {harmless(one.text)}")
    return Exit.DONE


def diff(found: argparse.Namespace, blender: Host, tick: Tick) -> int:
    """What makes the trees of the second file of those of the first."""
    old, new = (trees.one_file(path, blender, tick) for path in (found.old, found.new))
    told = trees.compared(old.chosen(found.key), new.chosen(found.other or found.key))
    if found.json:
        _line({"old": old.name, "new": new.name, "blender": new.blender, **told.as_json()})
        return Exit.DONE
    for sign, keys in (("+", told.added), ("-", told.removed)):
        for key in keys:
            print(f"{sign} {harmless(key)}")
    for key, edits in told.changed.items():
        print(f"~ {harmless(key)}")
        for edit in edits:
            print(f"    {harmless(edit.words())}")
    if not (told.added or told.removed or told.changed):
        print("The trees mean the same.")
    return Exit.DONE


def check(found: argparse.Namespace, blender: Host, tick: Tick) -> int:
    """The findings of each tree; status 4 where something breaks."""
    if found.key and not found.file.is_file():
        raise UserError("A KEY names a tree of one file. `check --help` tells more.")
    if found.to:
        trees.measured(blender.name, found.to)
    paths, asides = trees.blend_files(found.file), 0

    def aside(error: UserError) -> None:
        nonlocal asides
        if found.file.is_file():
            raise error
        asides += 1
        print(harmless(error), file=sys.stderr)

    stopped: Counter[str] = Counter()
    for file in trees.looked_at(paths, blender, tick, aside):
        findings = file.check(found.key, found.to)
        stopped.update(kind for told in findings.values() for kind in STOPS & {one.kind for one in told})
        if found.json:
            rows = {key: [one.as_json() for one in told] for key, told in findings.items()}
            _line({"file": file.name, "blender": file.blender, "trees": len(file.chosen(found.key)), "findings": rows})
        else:
            _print(file, findings, found.to)
    if not found.json:
        what = {"breaks": f"lose something in Blender {found.to}", "unknown": f"hold what Blender {blender.name} lacks"}
        told = [f"Trees that {words}: {stopped[kind]:,}" for kind, words in what.items() if stopped[kind]]
        print(("; ".join(told) + ".") if told else "Nothing breaks.")
    return Exit.ANSWER_IS_NO if stopped else Exit.SET_ASIDE if asides else Exit.DONE


COMMANDS = {"explain": explain, "diff": diff, "check": check}


def _print(file: trees.File, findings: dict[str, list[Finding]], to: str) -> None:
    print(harmless(file.name))
    for key, told in findings.items():
        print(f"  {harmless(key)}")
        for one in told:
            names = [f"“{harmless(name, 40)}”" for name in one.nodes[:NODES_NAMED]]
            names += [f"{len(one.nodes) - NODES_NAMED} more"] if len(one.nodes) > NODES_NAMED else []
            nodes = f" ({', '.join(names)})" if names else ""
            print(f"    {heading(one.kind, to)}: {harmless(one.sentence)}{nodes}")


def _line(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=True) + "\n")
