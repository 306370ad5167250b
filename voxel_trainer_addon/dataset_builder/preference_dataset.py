# SPDX-License-Identifier: GPL-3.0-or-later
"""Preferences: for one request an answer that is right and one that is worse, which says what it did instead: a script
that was broken on purpose and runs all the same."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..files import digest
from .asking import prompt_of, ways
from .kinds import Draft, File, Settings, Tree
from .repair_dataset import asks, tried

__all__ = ["asks", "drafts"]


def drafts(file: File, settings: Settings) -> Iterator[Draft]:
    """A row for each broken script that runs: the request for the tree, its proven script, and the broken one."""
    for tree in file.trees:
        for one, told in tried(file, tree, settings):
            if told["error"]:
                continue
            rejected = {"completion": one.broken.code, "what": what_it_did(told["lacks"])}
            yield tree.draft(
                "preference",
                settings,
                given=digest([one.broken.code]),
                prompt=partial(prompt, tree, settings),
                completion=tree.code,
                more={"rejected": rejected},
            )


def prompt(tree: Tree, settings: Settings) -> str:
    """The first request for the tree as kind `tree` words it."""
    choice, plain = tree.proof.graph, settings.plain(tree.graph.type)
    return prompt_of(tree.task, tree.graph, plain, choice, 0, ways(tree.graph, choice, settings.each)[0])


def what_it_did(lacks: list[str]) -> str:
    """What is wrong with a tree, from what would mend it."""
    return f"It runs, but makes another tree. To mend it: {'; '.join(lacks)}."
