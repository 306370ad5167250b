# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees that a few edits lead from one to the other: found by cheap signs, told by their diff."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from .canonical import shape_hash
from .describe import Plain
from .diff import diff
from .edits import Edit
from .flow import FRAME, REROUTE, fed_inputs
from .model import Graph, Node, Value
from .wires import wires

CLOSE = 1e-3
"""Numbers that differ by a smaller part are the same to a person."""
NUMBER = re.compile(r"[ _.-]*\d+$")
MOST_BEHIND_A_SIGN = 40
"""Trees behind one sign that are compared with each other; the next ones are left out."""


def stem(name: str) -> str:
    """A name without the number at its end: `Rust.003` and `rust 2` are both `rust`."""
    return NUMBER.sub("", name).lower()


def signs(graph: Graph) -> list[str]:
    """What near trees have in common: the shape, the name without its number, or the node types but for one kind."""
    types = Counter(node.type for node in graph.nodes if node.type not in (FRAME, REROUTE))
    kind = f"{graph.key.split('/', 1)[0]} {graph.type}"
    found = [f"{kind} shape {shape_hash(graph)}", f"{kind} name {NUMBER.sub('', graph.name).lower()}"]
    for left_out in ("", *types):
        told = sorted(f"{name} {n}" for name, n in types.items() if name != left_out)
        if len(told) > 1:
            found.append(f"{kind} types {' '.join(told)}")
    return found


def distance(a: Graph, b: Graph) -> int:
    """How many nodes and wires one has that the other lacks, by their types: never more than edits can be."""
    told = []
    for graph in (a, b):
        types = {node.name: node.type for node in graph.nodes if node.type not in (FRAME, REROUTE)}
        linked = ((types[w.source], w.output, types[w.target], w.input) for w in wires(graph))
        told.append((Counter(types.values()), Counter(linked)))
    return sum(((x - y) + (y - x)).total() for x, y in zip(*told, strict=True))


def near_pairs(graphs: Mapping[str, Graph], most_edits: int) -> Iterator[tuple[str, str, list[Edit]]]:
    """Keys of two trees and the edits, one to `most_edits`, that lead from the first to the second, each pair one way.

    Each tree is the first of at most one pair behind one sign: that with the nearest one. The order and what is paired
    depend on the graphs and their keys alone.
    """
    behind: dict[str, list[str]] = defaultdict(list)
    for key in sorted(graphs):
        for sign in signs(graphs[key]):
            behind[sign].append(key)
    done: set[frozenset[str]] = set()
    for sign in sorted(behind):
        keys = behind[sign][:MOST_BEHIND_A_SIGN]
        for n, key in enumerate(keys):
            rest = sorted((distance(graphs[key], graphs[other]), other) for other in keys[n + 1 :])
            for far, other in rest:
                pair = frozenset((key, other))
                if pair in done or far > most_edits:
                    continue
                done.add(pair)
                edits = meant(diff(graphs[key], graphs[other]))
                if 0 < len(edits) <= most_edits and can_be_told(edits, graphs[key]):
                    yield key, other, edits
                    break


def as_made(graph: Graph, fresh: Plain) -> Graph:
    """The tree as its script makes it: what a script does not say, as a link overrides it, is as in a new node. So an
    edit that takes the link away says the value too where that is another."""
    fed = fed_inputs(graph)

    def usual(node: Node) -> Node:
        new = fresh.get(node.type)
        values = {socket.identifier: socket.value for socket in new.inputs} if new else {}
        sockets = [
            replace(s, value=values.get(s.identifier)) if (node.name, n) in fed else s
            for n, s in enumerate(node.inputs)
        ]
        return replace(node, inputs=tuple(sockets))

    return replace(graph, nodes=tuple(map(usual, graph.nodes)))


def meant(edits: Sequence[Edit]) -> list[Edit]:
    """The edits without those that are only noise: a number that moved by less than a person would set."""
    return [edit for edit in edits if not is_noise(edit)]


def can_be_told(edits: Sequence[Edit], before: Graph) -> bool:
    """Whether words can say the edits and a script do them: nothing that moves changes, and no identifier, which
    Blender counts by itself, is that of another socket before."""
    nodes = {node.name: node for node in before.nodes}
    for edit in edits:
        if edit.moves:
            return False
        if edit.do == "sockets":
            names = {s.identifier: s.name for s in getattr(nodes[edit.what["node"]], edit.what["side"])}
            if any(names.get(s["identifier"], s["name"]) != s["name"] for s in edit.what["sockets"]):
                return False
    return True


def is_noise(edit: Edit) -> bool:
    """Whether a change of a value is too small to have been meant."""
    what = edit.what
    return edit.do in ("set", "set value", "set item") and close(what["old"], what["new"])


def close(a: Value, b: Value) -> bool:
    """Equal, or numbers that nearly are."""
    if isinstance(a, bool) or isinstance(b, bool) or isinstance(a, str):
        return bool(a == b)
    if isinstance(a, int | float) and isinstance(b, int | float):
        return math.isclose(a, b, rel_tol=CLOSE, abs_tol=CLOSE / 100)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(close, a, b))
    return bool(a == b)
