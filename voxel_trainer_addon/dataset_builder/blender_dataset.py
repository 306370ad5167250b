# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole trees that are no shaders: geometry nodes, compositor, textures."""

from __future__ import annotations

from collections.abc import Iterator

from ..graph.model import Graphs
from .kinds import Candidate, Settings

TREES = {"GeometryNodeTree": "geometry", "CompositorNodeTree": "compositor", "TextureNodeTree": "texture"}


def candidates(graphs: Graphs, settings: Settings) -> Iterator[Candidate]:
    """Every such tree, a scene's or texture's own and groups alike."""
    for key, graph in sorted(graphs.items()):
        if graph.type in TREES:
            yield Candidate(TREES[graph.type], graph, key)
