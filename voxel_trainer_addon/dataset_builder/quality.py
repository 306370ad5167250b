# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a tree teaches, as a number from 0 to 1, and which trees teach nothing because they are broken or bare.

    score = 0.30 size + 0.20 variety + 0.25 connected + 0.15 set + 0.10 named

Every part is from 0 to 1 and none falls where a tree gets better in its respect and stays as it is in the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..graph.check import FEW
from ..graph.describe import Plain, settings_told, values_told
from ..graph.flow import fed_inputs
from ..graph.model import Graph, Node
from ..graph.names import COPY
from ..graph.pieces import refers
from ..graph.similarity import node_types
from ..graph.words.view import ENDS, View

WEIGHTS = {"size": 0.30, "variety": 0.20, "connected": 0.25, "set": 0.15, "named": 0.10}
LARGE = 16
"""Nodes from which on a tree counts as large: more are no better, since answers get long."""
VARIED_BITS = 3.0
"""Entropy of the node types from which on a tree counts as varied: that of eight types, each as frequent."""
GIVEN = frozenset(
    {"area", "compositing", "compositing nodetree", "compositor nodes", "dots stroke", "geometry nodes", "group"}
    | {"lamp", "light", "line style", "linestyle", "mat", "material", "node group", "nodegroup", "nodes", "nodetree"}
    | {"point", "scene", "shader", "shader nodetree", "spot", "sun", "tex", "texture", "world"}
)
"""Names that Blender gives, or that say no more than those."""

GIZMO = "GeometryNodeGizmo"
UNLINKED, NO_WAY, DEFAULTS = "nothing linked", "no way to the output", "defaults only"
"""Words for the funnel of trees that teach nothing."""


@dataclass(frozen=True)
class Quality:
    """`parts` by the names of `WEIGHTS`. `fault` is why the tree teaches nothing, or empty; the score is 0 then."""

    score: float
    parts: dict[str, float]
    fault: str = ""


def quality(graph: Graph, plain: Plain, *, part: bool = False) -> Quality:
    """How much a tree teaches. `plain` has node types as Blender makes them: a type that it lacks is not asked what is
    set. A `part` of a tree needs no way to an output."""
    view = View(graph)
    ends = _ends(view)
    live = view.before(ends)
    told, free = _set(view, plain, ends)
    parts = {
        "size": min(1.0, math.log2(max(1, len(view.nodes))) / math.log2(LARGE)),
        "variety": min(1.0, _entropy(graph) / VARIED_BITS),
        "connected": 1.0 if part else len(live) / max(1, len(view.nodes)),
        "set": told / (told + free) if told + free else 1.0,
        "named": (is_given_by_a_person(graph.name) + any(node.layout.get("label") for node in graph.nodes)) / 2,
    }
    fault = ""
    if not any(view.above.values()):
        fault = UNLINKED
    elif not part and len(live) == len(ends):
        fault = NO_WAY
    elif len(view.nodes) <= FEW and not told and not any(item.kind == "INPUT" for item in graph.interface):
        fault = DEFAULTS
    score = 0.0 if fault else sum(weight * parts[name] for name, weight in WEIGHTS.items())
    return Quality(round(score, 4), {name: round(value, 4) for name, value in parts.items()}, fault)


def is_given_by_a_person(name: str) -> bool:
    """Whether a data-block's name says something: `Rusty Iron`, not `Material.001`."""
    words = COPY.sub("", name).strip().lower()
    return sum(c.isalpha() for c in words) > 2 and words.rstrip(" _.-0123456789") not in GIVEN


def _ends(view: View) -> list[str]:
    """What a tree is there for: its outputs (all of them where none is marked as active), and gizmos."""
    outputs = view.ends or [name for name, node in view.nodes.items() if node.type.startswith(ENDS)]
    return [*outputs, *(name for name, node in view.nodes.items() if node.type.startswith(GIZMO))]


def _entropy(graph: Graph) -> float:
    """Bits that tell the type of a node drawn at random (Shannon, 1948)."""
    counts = node_types(graph)
    shares = [count / counts.total() for count in counts.values()]
    return sum(share * math.log2(1 / share) for share in shares)


def _set(view: View, plain: Plain, ends: list[str]) -> tuple[int, int]:
    """How many nodes hold something that is not as Blender makes it, and how many could and do not."""
    fed = fed_inputs(view.graph)
    told = free = 0
    for node in view.nodes.values():
        if _is_set(node, plain, fed):
            told += 1
        elif node.type in plain and node.name not in ends and _is_free(node, fed):
            free += 1
    return told, free


def _is_set(node: Node, plain: Plain, fed: set[tuple[str, int]]) -> bool:
    if refers(node.settings) or any(settings_told(node, plain)) or any(values_told(node, plain, fed)):
        return True
    usual = plain.get(node.type)
    return usual is not None and [s.value for s in node.outputs] != [s.value for s in usual.outputs]


def _is_free(node: Node, fed: set[tuple[str, int]]) -> bool:
    return any(s.available and s.value is not None and (node.name, n) not in fed for n, s in enumerate(node.inputs))
