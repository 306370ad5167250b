# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows that ask for a tree, or a piece of one, in words: what was proven of a candidate becomes drafts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from ..catalog import Proof
from ..graph.features import graph_features
from ..graph.minhash import packed
from . import piece_dataset
from .asking import prompt_of, ways
from .kinds import Candidate, Draft, Place, Settings, proof_of, rank


def drafts(candidate: Candidate, proof: Proof, place: Place, score: float, settings: Settings) -> Iterator[Draft]:
    """The drafts of a candidate that was proven: a piece in one wording, a tree in several lengths."""
    graph = candidate.graph
    sort, features = "piece" if candidate.part else "tree", packed(graph_features(graph))
    for variant, prompt in enumerate(_prompts(candidate, proof.graph, settings)):
        yield Draft(
            kind=sort,
            task=candidate.task,
            answer=proof.graph,
            prompt=prompt,
            completion=proof.code or "",
            proof=proof_of("same graph", proof.graph, settings),
            places=(place,),
            nodes=proof.nodes,
            family=proof.shape,
            key=graph.key,
            variant=variant,
            score=score,
            rank=rank(graph.key, proof.unit),
            among=sort,
            features=features,
        )


def _prompts(candidate: Candidate, choice: str, settings: Settings) -> Iterator[Callable[[], str]]:
    graph, plain = candidate.graph, settings.plain(candidate.graph.type)
    if candidate.part:
        yield lambda: piece_dataset.request(graph, plain, choice).text(choice)
        return
    for variant, length in enumerate(ways(graph, choice, settings.each)):
        yield partial(prompt_of, candidate.task, graph, plain, choice, variant, length)
