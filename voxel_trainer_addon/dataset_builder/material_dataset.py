# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole shader trees: materials, worlds, lights, line styles and shader groups."""

from __future__ import annotations

from collections.abc import Iterator

from ..graph.describe import Plain
from ..graph.model import Graph, Graphs
from ..prompts import Request
from .kinds import Candidate, Settings, whole

TASKS = {
    "material": "material",
    "world": "world",
    "light": "light",
    "line style": "line style",
    "shader": "shader node group",
}
COLLECTIONS = {
    "materials": "material",
    "worlds": "world",
    "lights": "light",
    "linestyles": "line style",
    "node_groups": "shader",
}


def candidates(graphs: Graphs, settings: Settings) -> Iterator[Candidate]:
    """Every shader tree."""
    for key, graph in sorted(graphs.items()):
        task = COLLECTIONS.get(key.split("/", 1)[0])
        if task and graph.type == "ShaderNodeTree":
            yield Candidate(task, graph, key)


def request(task: str, graph: Graph, plain: Plain, choice: str) -> Request:
    """Asked for in words."""
    return whole(TASKS[task], graph, plain)
