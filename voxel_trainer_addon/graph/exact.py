# SPDX-License-Identifier: GPL-3.0-or-later
"""How a tree differs from one that must be the same in everything: names, places, order, stored values, identifiers.

Nodes are told apart by name. All that the readings hold counts, but for the few things that `_kept` leaves out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from .canonical import DERIVED, OUTSIDE, same, show
from .flow import REROUTE
from .model import Graph, Node, Value

OLD_IDENTIFIER = re.compile(r"(Input|Output)_\d+")
"""Identifiers of interface items in files from 3.x: no script can set them."""

PLACE = 0.01
"""How far apart places of nodes may be."""


def exact_differences(a: Graph, b: Graph, limit: int = 20) -> list[str]:
    """How `b` differs from `a`, in at most `limit` sentences."""
    if a == b:
        return []
    found = _differences("tree", _kept(a), _kept(b))
    return [words for _, words in zip(range(limit), found, strict=False)]


def _kept(graph: Graph) -> dict[str, Value]:
    """A reading as JSON values, nodes by name, without what Blender computes and nobody can set."""
    nodes = {node.name: node for node in graph.nodes}
    linked = {(link.source, link.output) for link in graph.links}
    links = {}
    for link in graph.links:
        source = nodes[link.source]
        output = source.outputs[link.output].name if source.type in OUTSIDE else link.output
        words = f"{link.source}[{output}] → {link.target}[{link.input}], place {link.order}"
        links[words] = "muted" if link.muted else "there"
    return {
        "type": graph.type,
        "settings": dict(graph.settings),
        "layout": dict(graph.layout),
        "interface": [asdict(item) for item in graph.interface],
        "nodes": {node.name: _kept_node(node, linked) for node in graph.nodes},
        "links": links,
    }


def _kept_node(node: Node, linked: set[tuple[str, int]]) -> dict[str, Value]:
    kept = asdict(node)
    settings = {name: value for name, value in node.settings.items() if name not in DERIVED.get(node.type, ())}
    if not node.outputs:  # muting what has no output does nothing, and newer versions refuse it
        settings.pop("mute", None)
    if node.type == REROUTE:  # type, name and value are passed along the links; the width goes by the version
        layout = {name: value for name, value in node.layout.items() if name != "width"}
        kept |= {"layout": layout, "inputs": [], "outputs": []}
    if node.type in OUTSIDE:
        kept["outputs"] = sorted(s.name for n, s in enumerate(node.outputs) if (node.name, n) in linked)
    return {**kept, "settings": settings}


def _near(a: Value, b: Value) -> bool:
    """Whether two places are one: those below frames are computed back and forth, in single precision."""
    return a is not None and b is not None and all(math.isclose(x, y, abs_tol=PLACE) for x, y in zip(a, b, strict=True))


def _differences(where: str, a: Value, b: Value) -> Iterator[str]:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for key in [*a, *(key for key in b if key not in a)]:
            old = key == "identifier" and OLD_IDENTIFIER.fullmatch(str(a.get(key)))
            if not old and not (_near if key == "location" else same)(a.get(key), b.get(key)):
                yield from _differences(f"{where}, {key}", a.get(key), b.get(key))
    elif isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b):
        for n, (x, y) in enumerate(zip(a, b, strict=True)):
            if not same(x, y):
                yield from _differences(f"{where} {n}", x, y)
    else:
        yield f"{where}: {show(a)} → {show(b)}"
