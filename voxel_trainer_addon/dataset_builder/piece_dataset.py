# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces of trees, for models with a small answer budget: half asked for in words, half in bpy's identifiers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..graph.describe import Plain, in_identifiers, in_words
from ..graph.model import Graph, Graphs
from ..graph.pieces import can_stand_alone, pieces
from ..prompts import Request
from .kinds import Candidate, Settings

NOUNS = {
    "ShaderNodeTree": "shader node group",
    "GeometryNodeTree": "geometry node group",
    "CompositorNodeTree": "compositor node group",
}


def candidates(graphs: Graphs, settings: Settings) -> Iterator[Candidate]:
    """Connected parts of 2 to 8 nodes of every tree whose nodes may stand in a group."""
    for key, graph in sorted(graphs.items()):
        if can_stand_alone(graph.type, settings.blender) and graph.type in settings.fresh:
            for part in pieces(graph, most=settings.pieces, seed=settings.seed):
                piece = replace(part, settings=settings.fresh[graph.type].settings)
                yield Candidate("piece", piece, key, part=True)


def request(graph: Graph, plain: Plain, choice: str) -> Request:
    """Asked for in words or in identifiers, by the last digit of `choice`."""
    exact = int(choice[-1], 16) % 2 == 1
    description = in_identifiers(graph, plain) if exact else in_words(graph, plain)
    return Request(NOUNS[graph.type], graph.name, description, exact)
