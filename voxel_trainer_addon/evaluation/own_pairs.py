# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of a model's own answers to training prompts, one that runs before one that fails, for training by preference
(`train --objective dpo --own-pairs`). Held-out prompts are in none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..files import digest
from .result import Example, Judged

MOST = 2
"""Pairs of one prompt."""
NOTHING = "It runs, but makes no tree."


@dataclass(frozen=True)
class Sample:
    """A model's answer to the prompt of a `row`, and what Blender says of its code. `likeness`, from 0 to 1, is that of
    what it made to what was wanted."""

    row: str
    completion: str
    ran: bool
    error: str = ""
    likeness: float = 0.0

    @classmethod
    def of(cls, row: str, answer: Judged) -> Sample:
        """A script that ran and made no tree, or one without effect where one is wanted, counts as failed."""
        score = answer.score
        ran = bool(score.runs and score.makes_tree and score.has_effect != 0)
        error = score.error or ("" if score.makes_tree else NOTHING)
        return cls(row, answer.code, ran, "" if ran else error, score.edit_similarity)


@dataclass(frozen=True)
class Preference:
    """One answer before another, and what the other did."""

    row: str
    chosen: str
    rejected: str
    what: str

    def as_json(self, blender: str) -> dict[str, Any]:
        """A line of `pairs.jsonl`, which takes the place of the row's own fields."""
        return {
            "id": digest(["own pair", self.row, self.chosen, self.rejected]),
            "row": self.row,
            "completion": self.chosen,
            "rejected": {"completion": self.rejected, "what": self.what},
            "proof": {"name": "runs", "blender": blender},
        }


def made(examples: Sequence[Example], who: str, blender: str) -> list[dict[str, Any]]:
    """The pairs that one contestant's samples give, as lines of `pairs.jsonl`."""
    samples = (Sample.of(one.id, answer) for one in examples for answer in one.samples[who].answers)
    return [pair.as_json(blender) for pair in preferences(samples, MOST)]


def preferences(samples: Iterable[Sample], most: int) -> Iterator[Preference]:
    """At most `most` pairs of samples for each row, one that runs before one that fails, no sample twice.

    The most alike to what was wanted comes first, against the failed one whose length is nearest to its own, so that a
    model does not learn length. The order of the samples plays no part.
    """
    asked: dict[str, dict[str, Sample]] = defaultdict(dict)
    for sample in samples:
        asked[sample.row].setdefault(sample.completion.strip(), sample)
    for row, answers in sorted(asked.items()):
        runs = sorted((one for one in answers.values() if one.ran), key=lambda one: (-one.likeness, one.completion))
        fails = [one for one in answers.values() if not one.ran and one.completion.strip()]
        for chosen in runs[:most]:
            length = len(chosen.completion)
            fails.sort(key=lambda one: (abs(len(one.completion) - length), one.completion), reverse=True)
            if fails:
                rejected = fails.pop()
                yield Preference(row, chosen.completion, rejected.completion, rejected.error)
