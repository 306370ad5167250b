# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole trees that are no shaders: geometry nodes, compositor, textures."""

from __future__ import annotations

from collections.abc import Iterator

from ..graph.describe import Plain
from ..graph.model import Graph, Graphs
from ..prompts import Request
from .kinds import Candidate, Settings, whole

TASKS = {
    "geometry": "geometry node group",
    "compositor": "compositor node tree",
    "texture": "texture node tree",
}
TREES = {"GeometryNodeTree": "geometry", "CompositorNodeTree": "compositor", "TextureNodeTree": "texture"}


def candidates(graphs: Graphs, settings: Settings) -> Iterator[Candidate]:
    """Every such tree, a scene's or texture's own and groups alike."""
    for key, graph in sorted(graphs.items()):
        if graph.type in TREES:
            yield Candidate(TREES[graph.type], graph, key)


def request(task: str, graph: Graph, plain: Plain, choice: str) -> Request:
    """Asked for in words."""
    return whole(TASKS[task], graph, plain)
