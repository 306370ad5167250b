# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens a node of written code and what makes it readable, beside what peers write for the same trees; no layout.

    python scripts/run_headless.py code FOLDER --out SCRIPTS --bare        (a Python that has bpy)
    python benchmarks/peers.py FOLDER SCRIPTS --peer NAME=PLACE --out TEXTS            (the same)
    python benchmarks/tokens.py SCRIPTS [--peer NAME=TEXTS]…               (a Python with tiktoken)
        [--vocabulary FOLDER] [--least N]

Counted with o200k_base; `--vocabulary` is a folder that holds it as tiktoken caches it, so that nothing is fetched
(`litellm/litellm_core_utils/tokenizers` of the package litellm does). Prints one JSON object over the trees of at least
N nodes of their own (10). Tokens are those of the whole script, groups included; nodes are those that our script makes,
of the tree and of its groups, frames apart. `distinct` counts equal scripts once: files repeat their groups. `peers`:
each beside ours, over the trees that both took through. Lines are those of the trees of 25 to 35 nodes, without groups,
interface, ramps and curves.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import json
import os
import platform
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

MIDDLE = range(25, 36)
NAMES = range(3, 41)
LETTERS = set("xyzab")
EDITS = {"new", "clear", "remove", "update"}
ANIMATION = {"animation", "driver", "curve", "variable", "modifier"}
HEADS = "heads, comments, blank lines"
ITEMS = "items, ramps, curves"
Count = Callable[[str], int]


@dataclass(frozen=True)
class Script:
    """What we wrote for one tree. `place`: its path below the folder of scripts, without an ending."""

    place: str
    code: str

    @cached_property
    def body(self) -> list[ast.stmt]:
        return ast.parse(self.code).body

    @cached_property
    def nodes(self) -> int:
        return sum(map(_makes_node, self.body))

    @property
    def own_nodes(self) -> int:
        return sum(map(_makes_node, self.body[self.last_tree :]))

    @property
    def last_tree(self) -> int:
        """The statement that makes the tree itself; before it are stand-ins and groups."""
        return max(n for n, statement in enumerate(self.body) if "tree" in map(_root, _targets(statement)))

    @property
    def names(self) -> set[str]:
        stored = (n for n in ast.walk(ast.parse(self.code)) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
        return {name.id for name in stored}


class Reader:
    """Sorts the statements of one script by kind."""

    def __init__(self) -> None:
        self.items: set[str] = set()

    def kind(self, statement: ast.stmt) -> str:
        if isinstance(statement, ast.For):
            return self.kind(statement.body[0])
        targets = _targets(statement)
        roots, path = set(map(_root, targets)), _called(statement)
        if path == "link" or "wire" in roots:
            return "links"
        if path in ("new_socket", "new_panel") or path.startswith("tree.interface."):
            self.items |= {target.id for target in targets if isinstance(target, ast.Name)}
            return "interface"
        if path == "new":
            return "nodes.new"
        if roots & self.items or "tree.interface" in ast.unparse(statement):
            return "interface"
        if roots & ANIMATION or "driver_add" in path:
            return "drivers, keyframes"
        if path.rpartition(".")[2] in EDITS and not path.startswith(("bpy.", "tree.")):
            return ITEMS
        attributes = [target for target in targets if isinstance(target, ast.Attribute)]
        if attributes and attributes[0].attr == "default_value":
            return "socket values"
        if any(isinstance(part, ast.Subscript) for target in attributes for part in ast.walk(target)):
            return ITEMS
        return "node properties" if attributes and _root(attributes[0]) != "tree" else HEADS


def _targets(statement: ast.stmt) -> list[ast.expr]:
    return statement.targets if isinstance(statement, ast.Assign) else []


def _called(statement: ast.stmt) -> str:
    """What a statement calls, as it is spelled."""
    value = getattr(statement, "value", None)
    return ast.unparse(value.func) if isinstance(value, ast.Call) else ""


def _makes_node(statement: ast.stmt) -> bool:
    return _called(statement) == "new"


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def texts(code: str, body: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    """(kind, text) of all that a script says; comments and blank lines go with the heads."""
    text, reader, done = code.encode(), Reader(), 0
    starts = [0, *itertools.accumulate(map(len, text.splitlines(keepends=True)))]
    for statement in body:
        begin = starts[statement.lineno - 1] + statement.col_offset
        end = starts[(statement.end_lineno or 1) - 1] + (statement.end_col_offset or 0)
        end += text[end : end + 1] in (b";", b"\n")
        yield HEADS, text[done:begin].decode()
        yield reader.kind(statement), text[begin:end].decode()
        done = end


def own_lines(script: Script) -> int:
    """Lines of the script without groups below, interface, ramps and curves."""
    lines = script.code.split("\n")
    trees = [n for n, line in enumerate(lines) if line.startswith("tree = ")]
    last = "\n".join(lines[trees[-1] :])
    kept = [text for kind, text in texts(last, ast.parse(last).body) if kind not in ("interface", ITEMS)]
    return trees[0] + sum(text.count("\n") for text in kept)


def read_scripts(folder: Path) -> Iterator[Script]:
    for index in sorted(folder.rglob("index.json")):
        for entry in json.loads(index.read_text(encoding="utf-8")):
            if entry["script"]:
                path = index.parent / entry["script"]
                yield Script(str(path.relative_to(folder).with_suffix("")), path.read_text(encoding="utf-8"))


def tokens_a_node(counts: Sequence[tuple[int, int]]) -> dict[str, float]:
    """Of (tokens, nodes) of each tree."""
    shares = [tokens / nodes for tokens, nodes in counts]
    return {
        "mean_of_trees": round(statistics.mean(shares), 1),
        "median_of_trees": round(statistics.median(shares), 1),
        "all_together": round(sum(tokens for tokens, _ in counts) / sum(nodes for _, nodes in counts), 1),
    }


def beside(folder: Path, scripts: Sequence[Script], count: Count) -> dict[str, Any]:
    """What a peer wrote, beside ours for the same trees."""
    theirs = {script.place: folder / f"{script.place}.txt" for script in scripts}
    both = [script for script in scripts if theirs[script.place].exists() and theirs[script.place].stat().st_size]
    if not both:
        return {"trees": 0}
    written = [(count(theirs[script.place].read_text(encoding="utf-8")), script.nodes) for script in both]
    return {
        "trees": len(both),
        "nodes": sum(script.nodes for script in both),
        "theirs": tokens_a_node(written),
        "ours": tokens_a_node([(count(script.code), script.nodes) for script in both]),
    }


def by_kind(scripts: Sequence[Script], count: Count) -> dict[str, Any]:
    kinds: Counter[str] = Counter()
    for script in scripts:
        for kind, text in texts(script.code, script.body):
            kinds[kind] += count(text)
    nodes = sum(script.nodes for script in scripts)
    return {
        kind: {"tokens_a_node": round(tokens / nodes, 1), "percent": round(100 * tokens / kinds.total(), 1)}
        for kind, tokens in kinds.most_common()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scripts", type=Path)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=TEXTS")
    parser.add_argument("--vocabulary", type=Path)
    parser.add_argument("--least", type=int, default=10)
    options = parser.parse_args()
    if options.vocabulary:
        os.environ["TIKTOKEN_CACHE_DIR"] = str(options.vocabulary)
    import tiktoken

    encoding = tiktoken.get_encoding("o200k_base")

    def count(text: str) -> int:
        return len(encoding.encode(text, disallowed_special=()))

    everything = list(read_scripts(options.scripts))
    scripts = [script for script in everything if script.own_nodes >= options.least]
    distinct = {script.code: (count(script.code), script.nodes) for script in scripts}
    lines = [own_lines(script) for script in scripts if script.own_nodes in MIDDLE]
    names = set().union(*(script.names for script in everything))
    result = {
        "benchmark": "tokens",
        "trees": len(scripts),
        "nodes": sum(script.nodes for script in scripts),
        "tokens_a_node": tokens_a_node([(count(script.code), script.nodes) for script in scripts]),
        "distinct": {"trees": len(distinct), "tokens_a_node": tokens_a_node(list(distinct.values()))},
        "by_kind": by_kind(scripts, count),
        "readable": {
            "trees_of_25_to_35_nodes": len(lines),
            "their_median_lines": statistics.median(lines) if lines else None,
            "longest_line": max(len(line) for script in everything for line in script.code.split("\n")),
            "names_of_other_length": sorted(name for name in names if len(name) not in NAMES and name not in LETTERS),
        },
        "peers": {
            name: beside(Path(place), scripts, count)
            for name, _, place in (asked.partition("=") for asked in options.peer)
        },
        "machine": {"system": platform.platform(), "cpus": os.cpu_count(), "python": platform.python_version()},
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
