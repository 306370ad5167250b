# SPDX-License-Identifier: GPL-3.0-or-later
"""Base and tuned model answer the same held-out prompts, within a time; what is known is not asked again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .. import prompts
from ..files import digest
from ..stage import Work
from .answers import Answers, Ask

MODELS = ("base", "tuned")
SHOW_EVERY_S = 2.0
"""A pair of answers is shown to the person at most this often."""

Row = Mapping[str, Any]
Line = Mapping[str, Any]


class Ended(Protocol):
    """How asking ended: `ok`, or a `sentence` that says why not."""

    @property
    def ok(self) -> bool: ...
    @property
    def sentence(self) -> str: ...


class Base(Protocol):
    """The model that was tuned."""

    @property
    def folder(self) -> Path | None: ...


class Provider(Protocol):
    """What a provider offers this stage (see `providers.local.Local`)."""

    def environment(self, work: Work, /) -> object:
        """Have ready what answering needs. Raises Unavailable."""

    def base(self, model: str, work: Work, /) -> Base:
        """The base model, fetched where it was not there."""

    def answer(
        self, request: dict[str, Any], on_line: Callable[[dict[str, Any]], None], tick: Callable[[], bool], /
    ) -> Ended:
        """Answer `request`, line by line; ends at the request's `seconds` or `prompts`, leaving whole pairs."""


@dataclass(frozen=True)
class Contestant:
    """A model that takes part: where it lies, and its identity by content."""

    folder: Path
    hash: str


@dataclass(frozen=True)
class Reached:
    """A prompt that both models answered: model → the answer's line, and model → loss on the wanted answer (nats a
    token), without a model where it was not measured."""

    row: Row
    answers: Mapping[str, Line]
    losses: Mapping[str, float]


@dataclass
class Generation:
    """One stage's asking. `store` keeps every line as it comes, so a run that was cut goes on where it stopped."""

    work: Work
    contestants: Mapping[str, Contestant]
    store: Answers
    asked: int = 0
    """Answers that models gave in this run, and not the store."""
    failed: str = ""
    """Why asking ended early, or empty."""

    def run(self, provider: Provider, rows: Sequence[Row]) -> list[Reached]:
        """Have at most the preset's number of `rows` answered, in this order, within the preset's time."""
        wanted = int(self.work.options.preset_value("prompts"))
        end = time.monotonic() + float(self.work.options.preset_value("evaluate_s"))
        rows = [row for row in rows if not self.over_budget(row)]
        window = rows[:wanted]
        if not all(self._lacking(row) == ("tuned",) for row in window if self._lacking(row)):
            window = rows
        for lacking in {self._lacking(row): None for row in window if self._lacking(row)}:
            left = wanted - len(self._reached(rows))
            seconds = end - time.monotonic()
            if left > 0 and seconds > 1:
                self._ask(provider, lacking, [row for row in window if self._lacking(row) == lacking], left, seconds)
        return self._reached(rows)[:wanted]

    def over_budget(self, row: Row) -> bool:
        """Whether prompt and wanted answer are known to take more tokens than the preset allows."""
        return self._budget_key(row) in self.store

    def _ask(
        self, provider: Provider, models: tuple[str, ...], rows: list[Row], prompts_max: int, seconds: float
    ) -> None:
        by_id = {str(row["id"]): row for row in rows}
        began, shown = time.monotonic(), 0.0

        def on_line(line: dict[str, Any]) -> None:
            nonlocal shown
            kind, row = line.get("kind"), by_id.get(str(line.get("id")))
            if row is None:
                return
            if kind == "over_budget":
                self.store.add(self._budget_key(row), {"kind": kind})
            elif kind == "loss":
                self.store.add(self._ask_of(row, line["model"]).loss_key, line)
            elif kind == "answer":
                self.store.add(self._ask_of(row, line["model"]).answer_key, line)
                self.asked += 1
                done = len(self._reached(rows))
                left = max(0.0, seconds - (time.monotonic() - began))
                self.work.progress(done, min(prompts_max, len(rows)), str(row["prompt"])[:80], left)
                if not self._lacking(row) and time.monotonic() - shown > SHOW_EVERY_S:
                    shown = time.monotonic()
                    self._show(row)

        request = {
            "models": {model: str(self.contestants[model].folder) for model in models},
            "rows": [
                {"id": id, "messages": prompts.messages(row), "completion": prompts.answer_of(row)}
                for id, row in by_id.items()
            ],
            "loss_rows": [id for id, row in by_id.items() if self._lacks_loss(row, models)],
            "max_new_tokens": self.work.options.preset_value("new_tokens"),
            "budget_tokens": self.work.options.preset_value("tokens"),
            "prompts": prompts_max,
            "seconds": seconds,
        }
        ended = provider.answer(request, on_line, self.work.tick)
        if not ended.ok:
            self.failed = ended.sentence
            self.work.note(f"The models could not go on: {ended.sentence}")

    def _show(self, row: Row) -> None:
        base, tuned = (self.store.get(self._ask_of(row, model).answer_key) or {} for model in MODELS)
        self.work.emit("pair", stage="evaluate", prompt=row["prompt"], base=base["text"], tuned=tuned["text"])

    def _reached(self, rows: Sequence[Row]) -> list[Reached]:
        found = []
        for row in rows:
            answers, losses = {}, {}
            for model in MODELS:
                ask = self._ask_of(row, model)
                if (line := self.store.get(ask.answer_key)) is not None:
                    answers[model] = line
                if (line := self.store.get(ask.loss_key)) is not None:
                    losses[model] = float(line["loss"])
            if len(answers) == len(MODELS):
                found.append(Reached(row, answers, losses))
        return found

    def _lacking(self, row: Row) -> tuple[str, ...]:
        return tuple(model for model in MODELS if self._ask_of(row, model).answer_key not in self.store)

    def _lacks_loss(self, row: Row, models: Sequence[str]) -> bool:
        return any(self._ask_of(row, model).loss_key not in self.store for model in models)

    def _ask_of(self, row: Row, model: str) -> Ask:
        new_tokens = int(self.work.options.preset_value("new_tokens"))
        return Ask(self.contestants[model].hash, prompts.messages(row), row["completion"], new_tokens)

    def _budget_key(self, row: Row) -> str:
        budget = self.work.options.preset_value("tokens")
        return digest(["over", self.contestants["base"].hash, prompts.messages(row), row["completion"], budget])
