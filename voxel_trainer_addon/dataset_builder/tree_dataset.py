# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows that ask for a tree, or a piece of one, in words: what was proven of a candidate becomes drafts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from ..catalog import Proof
from ..graph.features import graph_features
from ..graph.minhash import packed
from .asking import prompt_of, ways
from .kinds import Candidate, Draft, Place, Settings, TreeKind
from .quality import quality

COUNTED = re.compile(r"\.\d{3,}$")
"""How Blender numbers names that were taken."""


def drafts(kind: TreeKind, candidate: Candidate, proof: Proof, place: Place, settings: Settings) -> Iterator[Draft]:
    """The drafts of a candidate that was proven."""
    graph, plain = candidate.graph, settings.plain(candidate.graph.type)

    def draft(variant: int, prompt: Callable[[], str]) -> Draft:
        return Draft(
            kind="piece" if candidate.part else "tree",
            task=candidate.task,
            answer=proof.graph,
            prompt=prompt,
            variant=variant,
            completion=proof.code or "",
            proof={
                "name": "same graph",
                "graph": proof.graph,
                "blender": settings.blender_name,
                "compared": "sem",
            },
            places=(place,),
            nodes=proof.nodes,
            family=proof.shape,
            key=graph.key,
            score=quality(graph, plain, part=candidate.part).score,
            rank=rank(graph.key, proof.unit),
            among="piece" if candidate.part else "tree",
            features=packed(graph_features(graph)),
        )

    if candidate.part:
        yield draft(0, lambda: kind.request(candidate.task, graph, plain, proof.graph).text(proof.graph))
        return
    for variant, length in enumerate(ways(graph, proof.graph, settings.each)):
        yield draft(variant, partial(prompt_of, candidate.task, graph, plain, proof.graph, variant, length))


def rank(key: str, unit: str) -> list[object]:
    """Of equal trees the one stays whose name says most: no number at its end, then first by name."""
    return [bool(COUNTED.search(key)), key, unit]
