# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of feedback beside those of a finished choice: they join train, and what val and test hold stays as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from ..files import digest
from ..row_files import SPLITS
from .alike import Alike
from .decontamination import Benchmarks, normal
from .drafts import Drafts, body_of
from .feedback_dataset import FromFeedback
from .kinds import Draft, Json
from .looks import private
from .near import Index
from .parts import row_files
from .rows import as_row, named

TRAIN = SPLITS[0]


def held_out(datasets: Path) -> set[str]:
    """Digests of the requests that finished datasets keep for val and test: models are measured by them."""
    return {
        digest(normal(row["prompt"]))
        for folder in sorted(datasets.glob("[!.]*/"))
        for file in row_files(folder)
        if file.split != TRAIN
        for row in file.rows()
    }


class Joining:
    """Which drafts become rows beside those that were chosen from `drafts`: none that val or test hold in any form,
    nor what train has already. `held` are digests of further requests that are held out, `each` the most wordings of
    one answer."""

    def __init__(self, drafts: Drafts, held: set[str], benchmarks: Benchmarks | None, each: int) -> None:
        self._drafts, self._held_prompts, self._benchmarks, self._each = drafts, held, benchmarks, each
        self._train, self._held, self._texts = Index(), Index(), Alike()
        self._families: dict[str, str] = {}
        self._asked = set[str]()
        self._wordings: Counter[str] = Counter()

    def __enter__(self) -> Self:
        for example in self._drafts.examples():
            if example.features:
                index = self._train if self._drafts.said(example.answer) == TRAIN else self._held
                index.add(str(example.id), example.features)
        for (split, *_), row in self._drafts.in_splits():
            if split == TRAIN:
                self._families[row["answer"]] = row["family"]
                self._asked.add(_asked(row))
            else:
                self._held_prompts.add(digest(normal(row["prompt"])))
                self._texts.add(row["id"], row)
        return self

    def __exit__(self, *why: object) -> None:
        for index in (self._train, self._held, self._texts):
            index.__exit__(*why)

    def rows(
        self, feedback: FromFeedback, wanted: Iterable[Draft], blender: str, left_out: Counter[str]
    ) -> Iterator[Json]:
        """The rows, the best first; what does not become one is counted by its reason."""
        order = sorted(wanted, key=lambda draft: (-draft.score, draft.kind, draft.answer, draft.given, draft.prompt()))
        for number, draft in enumerate(order):
            places = {place.sha256 for place in draft.places}
            about = {
                "group": digest(sorted(places))[:16],
                "family": self._families.get(draft.answer, digest(draft.answer)[:16]),
                "sources": list(named(feedback.origins, places)),
            }
            row = as_row({**body_of(draft), **about}, blender)
            if why := self._against(draft, row, feedback.words(draft)):
                left_out[why] += 1
                continue
            self._asked.add(_asked(row))
            self._wordings[_answered(draft)] += 1
            if draft.among and draft.answer not in self._families:
                self._train.add(f"feedback {number}", draft.features)
                self._families[draft.answer] = row["family"]
            yield row

    def _against(self, draft: Draft, row: Json, words: str) -> str:
        """Why a draft does not become a row, '' where it does."""
        texts = [row["prompt"], row["completion"], row["key"], *row.get("rejected", {}).values()]
        if any(True for text in texts for _ in private(text)):
            return "feedback that tells something private"
        if any(digest(normal(text)) in self._held_prompts for text in (words, row["prompt"])):
            return "feedback that asks for what is held out"
        if any(self._drafts.said(what) not in ("", TRAIN) for what in (draft.answer, draft.given) if what):
            return "feedback equal to what is held out"
        if self._held.near(draft.features) or self._texts.nearest(row):
            return "feedback nearly equal to what is held out"
        if self._benchmarks and (held := self._benchmarks.of(row)):
            return f"held by the benchmark {held}"
        if draft.among and draft.answer not in self._families and self._train.near(draft.features):
            return "nearly equal to another, which is kept"
        if _asked(row) in self._asked:
            return "asked for in the same words as another"
        if self._wordings[_answered(draft)] >= self._each:
            return "more wordings of one answer than are wanted"
        return ""


def _asked(row: Json) -> str:
    """What two rows must not both be: the same request, and where one answer is before another, before the same."""
    worse = row.get("given", "") if row["kind"] == "preference" else ""
    return digest([normal(row["prompt"]), row["kind"] == "preference", worse])


def _answered(draft: Draft) -> str:
    return digest([draft.kind, draft.given, draft.answer])
