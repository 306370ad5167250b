# SPDX-License-Identifier: GPL-3.0-or-later
"""Description to compact JSON: the same trees, answered in the form voxel-graph/1, built and compared."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..files import digest
from .asking import prompt_of, telling, ways
from .kinds import Ask, Draft, File, Settings, Tree
from .proving import without_layout

JOB = "compact"
VERSION = 1
MOST_NODES = 60
"""Nodes of a tree and its groups together."""


def unit(tree: Tree) -> str:
    """The name of its proof in this form."""
    return digest(["compact", VERSION, tree.proof.unit])


def fit(tree: Tree) -> bool:
    """Whether it is neither trivial nor too large for an answer."""
    return telling(tree.graph) and sum(len(g.nodes) for g in tree.below) <= MOST_NODES


def asks(file: File, settings: Settings) -> Iterator[Ask]:
    """Each tree with the groups below it."""
    for tree in filter(fit, file.trees):
        graphs = {graph.key: without_layout(graph.as_json()) for graph in tree.below}
        nodes = sum(len(graph.nodes) for graph in tree.below)
        yield Ask(JOB, {"graphs": graphs}, {tree.graph.key: unit(tree)}, f"{tree.graph.key} in {file.path}", nodes)


def drafts(file: File, settings: Settings) -> Iterator[Draft]:
    """Of each tree whose form was built a row for each length of prompt."""
    for tree in filter(fit, file.trees):
        proof = file.proof(unit(tree))
        if proof is None or not proof.proven or not proof.code:
            continue
        choice = digest([settings.seed, "json", tree.proof.graph])
        plain = settings.plain(tree.graph.type)
        for variant, length in enumerate(ways(tree.graph, choice, settings.each)):
            yield tree.draft(
                "json",
                settings,
                shown="built",
                prompt=partial(prompt_of, tree.task, tree.graph, plain, choice, variant, length, "json"),
                completion=proof.code,
                form="json",
                variant=variant,
                among="tree",
            )
