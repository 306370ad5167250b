# SPDX-License-Identifier: GPL-3.0-or-later
"""Preferences: for one request an answer that is right and one that is worse, which says what it did instead.

Worse ones are scripts that were broken on purpose and run all the same, and a model's own samples that fail where
another of them runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..files import digest
from .asking import prompt_of, ways
from .kinds import Draft, File, Settings, Tree
from .repair_dataset import asks, tried

__all__ = ["Preference", "Sample", "asks", "drafts", "preferences"]


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


@dataclass(frozen=True)
class Sample:
    """A model's answer to a prompt, and what the worker's job `run_answer` says of its code. `likeness`, from 0 to 1,
    is that of what it made to what was wanted, where that is known."""

    prompt: str
    completion: str
    ran: bool
    error: str = ""
    likeness: float = 0.0

    @classmethod
    def judged(cls, prompt: str, completion: str, said: Mapping[str, Any], likeness: float = 0.0) -> Sample:
        """A sample with the answer of `run_answer`; a script that ran and made no tree counts as failed."""
        made = bool(said["graphs"])
        return cls(prompt, completion, bool(said["ran"]) and made, said["error"] or ("" if made else NOTHING), likeness)


NOTHING = "It runs, but makes no tree."


@dataclass(frozen=True)
class Preference:
    """One answer before another, and what the other did."""

    prompt: str
    chosen: str
    rejected: str
    what: str


def preferences(samples: Iterable[Sample], most: int = 1) -> Iterator[Preference]:
    """At most `most` pairs of samples for each prompt, one that runs before one that fails, no sample twice.

    The most alike to what was wanted comes first, against the failed one whose length is nearest to its own, so that a
    model does not learn length. The order of the samples plays no part.
    """
    asked: dict[str, dict[str, Sample]] = defaultdict(dict)
    for sample in samples:
        asked[sample.prompt].setdefault(sample.completion.strip(), sample)
    for prompt, answers in sorted(asked.items()):
        runs = sorted((one for one in answers.values() if one.ran), key=lambda one: (-one.likeness, one.completion))
        fails = [one for one in answers.values() if not one.ran and one.completion.strip()]
        for chosen in runs[:most]:
            length = len(chosen.completion)
            fails.sort(key=lambda one: (abs(len(one.completion) - length), one.completion), reverse=True)
            if fails:
                rejected = fails.pop()
                yield Preference(prompt, chosen.completion, rejected.completion, rejected.error)
