# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole shader trees: materials, worlds, lights, line styles and shader groups."""

from __future__ import annotations

from collections.abc import Iterator

from ..graph.model import Graphs
from .kinds import Candidate, Settings

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
