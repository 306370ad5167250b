# SPDX-License-Identifier: GPL-3.0-or-later
"""The ladder: what an answer must reach one rung after the other, and how like the wanted tree its tree is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..bpy_code import allowed, source
from ..graph import canonical, similarity
from ..graph.model import Graph

RUNGS = ("finished", "parses", "imports_bpy", "safe", "runs")
"""Yes-or-no, in order: an answer that fails one has failed those after it."""
GRADED = ("makes_tree", "node_f1", "link_f1", "graph_match")
"""Of any answer, failing lines left out: whether there is a tree at all, its likeness, and whether it is the same."""
HEADLINE = "node_f1"
"""The one metric that decides; named before any model is trained, so that nobody can choose the kindest afterwards."""

LABELS = {
    "finished": "stopped by itself",
    "parses": "is Python",
    "imports_bpy": "imports bpy",
    "safe": "passes the safety check",
    "runs": "runs in Blender to its end",
    "makes_tree": "makes a node tree, failing lines left out",
    "node_f1": "has the nodes that were asked for (F1)",
    "link_f1": "has the links that were asked for (F1)",
    "graph_match": "makes exactly the same graph",
}
"""Metric → what it says of an answer, for people."""
BINARY = frozenset({*RUNGS, "makes_tree", "graph_match"})


@dataclass(frozen=True)
class Ran:
    """What came of running a script: whether it came to its end, the first error, statements left out on the second try
    (0 where it was not needed), and the trees that stood at the end by key."""

    ran: bool = False
    error: str = ""
    dropped: int = 0
    graphs: Mapping[str, Graph] | None = None


@dataclass(frozen=True)
class Score:
    """One answer on the ladder. Rungs are 0 or 1, each 0 after the first 0; F1 values are 0 to 1. `error` tells what
    went wrong first, empty where nothing did."""

    finished: int
    parses: int
    imports_bpy: int
    safe: int
    runs: int
    makes_tree: int
    node_f1: float
    link_f1: float
    graph_match: int
    dropped: int
    error: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def score(code: str, finished: bool, ran: Ran, wanted: Graph, wanted_graphs: Mapping[str, Graph]) -> Score:
    """Judge one answer's `code` from what running it gave, against the tree that the reference makes."""
    findings = allowed.unsafe(code)
    facts = (
        (finished, "The answer was cut off at the token limit."),
        (
            source.parses(code),
            "The answer holds no Python that parses." if code.strip() else "The answer holds no code.",
        ),
        (source.imports_bpy(code), "The script never imports bpy."),
        (not findings, f"Not run: {'; '.join(findings[:3])}."),
        (ran.ran, ran.error or "The script did not come to its end."),
    )
    error = next((words for fact, words in facts if not fact), "")
    height = next((rung for rung, (fact, _) in enumerate(facts) if not fact), len(RUNGS))
    graphs = ran.graphs or {}
    made = similarity.nearest(wanted, graphs)
    same = made is not None and not canonical.differences(wanted, made, wanted_graphs, graphs)
    return Score(
        finished=int(height > 0),
        parses=int(height > 1),
        imports_bpy=int(height > 2),
        safe=int(height > 3),
        runs=int(height > 4),
        makes_tree=int(made is not None),
        node_f1=round(similarity.node_f1(wanted, made), 4) if made else 0.0,
        link_f1=round(similarity.link_f1(wanted, made), 4) if made else 0.0,
        graph_match=int(same),
        dropped=ran.dropped,
        error=error,
    )


def mean(scores: Sequence[Score], metric: str) -> float:
    """Mean of a metric over all answers, those that failed early included."""
    return sum(float(getattr(score, metric)) for score in scores) / len(scores) if scores else 0.0
