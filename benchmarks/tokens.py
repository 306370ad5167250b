# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens a node of written code: the whole script, groups included, by the nodes that it makes; no layout.

    python benchmarks/tokens.py SCRIPTS [--vocabulary FOLDER] [--least N]     (a Python with tiktoken)

SCRIPTS is what `code FOLDER --out SCRIPTS --bare` wrote. Counted with o200k_base; `--vocabulary` is a folder that holds
it as tiktoken caches it (`litellm/litellm_core_utils/tokenizers` of the package litellm does), so that nothing is
fetched. Prints one JSON object over the trees of at least N nodes of their own (10): tokens a node, as the mean and the
median of trees and all together; shares by kind of statement; lines of the trees of 25 to 35 nodes without groups,
interface, ramps and curves.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import json
import os
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MIDDLE = range(25, 36)
EDITS = {"new", "clear", "remove", "update"}


class Reader:
    """Sorts the statements of one script by kind."""

    def __init__(self) -> None:
        self.items: set[str] = set()

    def kind(self, statement: ast.stmt) -> str:
        if isinstance(statement, ast.For):
            return self.kind(statement.body[0])
        value = getattr(statement, "value", None)
        targets = getattr(statement, "targets", [])
        called = value.func if isinstance(value, ast.Call) else None
        path = ast.unparse(called) if called else ""
        if path == "link" or "wire" in {_root(target) for target in targets}:
            return "links"
        if path in ("new_socket", "new_panel") or path.startswith("tree.interface."):
            self.items |= {target.id for target in targets if isinstance(target, ast.Name)}
            return "interface"
        if path == "new":
            return "nodes.new"
        if {_root(target) for target in targets} & self.items or "tree.interface" in ast.unparse(statement):
            return "interface"
        if called is not None and path.rpartition(".")[2] in EDITS and not path.startswith(("bpy.", "tree.")):
            return "items, ramps, curves"
        attributes = [target for target in targets if isinstance(target, ast.Attribute)]
        if attributes and attributes[0].attr == "default_value":
            return "socket values"
        if any(isinstance(part, ast.Subscript) for target in attributes for part in ast.walk(target)):
            return "items, ramps, curves"
        if attributes and _root(attributes[0]) != "tree":
            return "node properties"
        return "heads, comments, blank lines"


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _texts(code: str) -> Iterator[tuple[str, str]]:
    """(kind, text) of all that a script says; comments and blank lines go with the heads."""
    lines, reader, done = code.encode().splitlines(keepends=True), Reader(), 0
    starts = [0, *itertools.accumulate(map(len, lines))]
    for statement in ast.parse(code).body:
        begin = starts[statement.lineno - 1] + statement.col_offset
        end = starts[(statement.end_lineno or 1) - 1] + (statement.end_col_offset or 0)
        end += len(code.encode()[end:]) - len(code.encode()[end:].lstrip(b"; \n")) and 1
        yield "heads, comments, blank lines", code.encode()[done:begin].decode()
        yield reader.kind(statement), code.encode()[begin:end].decode()
        done = end


def _own_lines(code: str) -> int:
    """Lines of the script without groups below, interface, ramps and curves."""
    lines = code.split("\n")
    trees = [n for n, line in enumerate(lines) if line.startswith("tree = ")]
    above, last = lines[: trees[0]], lines[trees[-1] :]
    kept = [(kind, text) for kind, text in _texts("\n".join(last)) if kind not in ("interface", "items, ramps, curves")]
    return len(above) + sum(text.count("\n") for _, text in kept)


def _scripts(folder: Path) -> Iterator[str]:
    for index in sorted(folder.rglob("index.json")):
        for entry in json.loads(index.read_text(encoding="utf-8")):
            if entry["script"]:
                yield (index.parent / entry["script"]).read_text(encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scripts", type=Path)
    parser.add_argument("--vocabulary", type=Path)
    parser.add_argument("--least", type=int, default=10)
    options = parser.parse_args()
    if options.vocabulary:
        os.environ["TIKTOKEN_CACHE_DIR"] = str(options.vocabulary)
    sys.path.insert(0, str(ROOT))
    import tiktoken

    from voxel_trainer_addon.graph.parse_code import parse_code

    encoding = tiktoken.get_encoding("o200k_base")
    shares: list[float] = []
    kinds: Counter[str] = Counter()
    tokens = nodes = longest = 0
    lines: list[int] = []
    for code in _scripts(options.scripts):
        blocks = parse_code(code)
        own, all_nodes = len(blocks[-1].graph.nodes), sum(len(block.graph.nodes) for block in blocks)
        longest = max(longest, *map(len, code.splitlines()))
        if own < options.least:
            continue
        count = len(encoding.encode(code, disallowed_special=()))
        shares.append(count / all_nodes)
        tokens, nodes = tokens + count, nodes + all_nodes
        for kind, text in _texts(code):
            kinds[kind] += len(encoding.encode(text, disallowed_special=()))
        if own in MIDDLE:
            lines.append(_own_lines(code))
    said: dict[str, Any] = {
        "trees": len(shares),
        "tokens_a_node": {
            "mean_of_trees": round(statistics.mean(shares), 1),
            "median_of_trees": round(statistics.median(shares), 1),
            "all_together": round(tokens / nodes, 1),
        },
        "by_kind": {
            kind: {"tokens_a_node": round(count / nodes, 1), "percent": round(100 * count / kinds.total(), 1)}
            for kind, count in kinds.most_common()
        },
        "trees_of_25_to_35_nodes": {"trees": len(lines), "median_lines": statistics.median(lines) if lines else None},
        "longest_line": longest,
    }
    print(json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
