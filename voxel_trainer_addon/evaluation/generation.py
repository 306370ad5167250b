# SPDX-License-Identifier: GPL-3.0-or-later
"""All contestants answer the same held-out prompts, within a time; what is known is not asked again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from .. import prompts
from ..errors import Unavailable, UserError
from ..files import digest, sha256_of
from ..providers.answering import Answer, Chat, let_out
from ..providers.refusals import Refusal
from ..stage import Options, Work, is_online
from ..words import counted, duration
from .answers import GREEDY, Answers, Ask, drawn
from .contestants import Asked, Base, Contestant, Row

WINDOW = 8
"""So many times as many prompts as are wanted are offered, where some may be over the budget of tokens."""
TOLD_FROM = 16
"""Prompts that all have answered before a pace is told: so many are under way at once at first."""
COMPARING = 0.5
"""Share of the time that the comparison has where probes follow it."""
SHOW_EVERY_S = 2.0
"""A pair of answers is shown to the person at most this often."""

Line = Mapping[str, Any]
SAID_NOTHING: Line = {"kind": "answer", "text": "", "finished": False, "tokens": 0}


class Ended(Protocol):
    """How asking ended: `ok`, or a `sentence` that says why not."""

    @property
    def ok(self) -> bool: ...
    @property
    def sentence(self) -> str: ...


class Provider(Protocol):
    """What a provider offers this stage (see `providers.local.Local`)."""

    def environment(self, work: Work, /) -> object:
        """Have ready what answering needs. Raises Unavailable."""

    def base(self, model: str, work: Work, /) -> Base:
        """The base model, fetched where it was not there."""

    def answer(
        self, request: dict[str, Any], on_line: Callable[[dict[str, Any]], None], tick: Callable[[], bool], /
    ) -> Ended:
        """Answer `request`, line by line; ends at the request's `seconds` or `prompts`, leaving prompts that all its
        models answered."""


@dataclass(frozen=True)
class Reached:
    """A prompt that every contestant answered: who → the answer's line, and who → the line of its loss on the wanted
    answer, without those where it was not measured; `samples`: who → the lines of answers drawn by chance, where all
    that were wanted are there."""

    row: Row
    answers: Mapping[str, Line]
    losses: Mapping[str, Line]
    samples: Mapping[str, Sequence[Line]] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """How it is asked: prompts at most, seconds for all, new tokens an answer, tokens that prompt and wanted answer may
    take (0: any); and how many `samples` are drawn beside the likeliest answer, at what temperature, by what seed."""

    prompts: int
    seconds: float
    new_tokens: int
    budget: int
    samples: int = 0
    temperature: float = 0.0
    seed: int = 0

    @classmethod
    def of(cls, options: Options) -> Settings:
        """Raises UserError where samples cannot be drawn so."""
        value, samples, temperature = options.preset_value, options.samples, options.temperature
        if samples and (samples < 2 or not 0 < temperature < math.inf):
            raise UserError("--samples draws two answers or more at a --temperature above 0.")
        seconds = (COMPARING if options.probes else 1.0) * float(value("evaluate_s"))
        limits = int(value("prompts")), seconds, int(value("new_tokens")), int(value("tokens"))
        return cls(*limits, samples, temperature, options.seed)


@dataclass
class Generation:
    """One stage's asking. The stores keep every line as it comes, so a run that was cut goes on where it stopped."""

    work: Work
    contestants: Sequence[Contestant]
    asked: Asked
    folder: Path
    settings: Settings
    failed: str = ""
    """Why asking ended early, or empty."""
    _stores: dict[str, Answers] = field(default_factory=dict)
    _asks: dict[tuple[str, str, int | None], Ask] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.local = [one for one in self.contestants if one.folder]
        self.hosted = [one for one in self.contestants if one.answerer]
        self.generating = [one for one in self.contestants if one.generates]

    def run(self, provider: Provider, rows: Sequence[Row]) -> list[Reached]:
        """Have at most so many `rows` answered by all, in this order, within the time."""
        end = time.monotonic() + self.settings.seconds
        wanted = self.settings.prompts
        rows = [row for row in rows if not self.over_budget(row)]
        if self.local:
            window = rows[:wanted]
            if any(len(self._lacking(row, self.local)) == len(self.local) for row in window):
                window = rows[: WINDOW * wanted]  # nobody has read these yet: some may be over the budget
            due = {self._lacking(row, self.local) for row in window}
            for lacking in sorted(due - {()}, key=lambda names: (len(names), names)):  # first what most have answered
                left = wanted - len(self._answered(rows, self.local))
                seconds = end - time.monotonic()
                if left > 0 and seconds > 1:
                    asked = [row for row in window if self._lacking(row, self.local) == lacking]
                    self._ask_local(provider, lacking, asked, left, seconds)
        for contestant in self.hosted:
            self._ask_host(contestant, self._answered(rows, self.local)[:wanted], end)
        return [self._reached(row) for row in self._answered(rows, self.generating)[:wanted]]

    def draw(self, provider: Provider, reached: Sequence[Reached], who: Sequence[Contestant]) -> list[Reached]:
        """The same prompts with `samples` answers of each of `who`, which are on this computer, drawn by chance: as
        many prompts, in this order, as the time allows once more."""
        rows = [one.row for one in reached if not self._samples(one.row, who)]
        if rows:
            words = f"{self.settings.samples} answers to each of {counted(len(rows), 'prompt')}"
            self.work.note(f"Evaluate: drawing {words} at temperature {self.settings.temperature:g}.")
            self._ask_samples(provider, who, rows)
        found = [replace(one, samples=self._samples(one.row, who)) for one in reached]
        if not any(one.samples for one in found):
            self.work.note("Evaluate: no prompt got all of its samples in the time; the next run goes on with them.")
        return found

    def over_budget(self, row: Row) -> bool:
        """Whether prompt and wanted answer are known to take more tokens than are allowed."""
        return any(self._budget_key(row) in self._store(one) for one in self.local)

    def seconds_each(self, rows: Sequence[Row]) -> float:
        """What one of these prompts took all contestants on this computer, by what is known; 0 where nothing is, and
        where nobody has to be asked any more."""
        if not any(self._lacking(row, self.local) for row in rows):
            return 0.0
        lines = [self._line(one, row) for row in rows for one in self.local]
        known = [float(line.get("seconds", 0.0)) for line in lines if line]
        return len(self.local) * sum(known) / len(known) if known else 0.0

    # asking

    def _ask_local(
        self, provider: Provider, who: tuple[str, ...], rows: list[Row], prompts_max: int, seconds: float
    ) -> None:
        by_id, by_who = {str(row["id"]): row for row in rows}, {one.who: one for one in self.local}
        began = time.monotonic()
        watched = Watched(self, rows, prompts_max, seconds)

        def on_line(line: dict[str, Any]) -> None:
            kind, row = line.get("kind"), by_id.get(str(line.get("id")))
            if row is None:
                return
            if kind == "over_budget":
                for one in self.local:
                    self._store(one).add(self._budget_key(row), {"kind": kind})
            elif kind == "loss":
                one = by_who[line["model"]]
                self._store(one).add(self._ask_of(one, row).loss_key, line)
            elif kind == "too_long":  # the model cannot read so much: no answer, which counts as one that failed
                self._keep(by_who[line["model"]], row, {**line, **SAID_NOTHING})
                watched.took(row, time.monotonic() - began)
            elif kind == "answer":
                self._keep(by_who[line["model"]], row, line)
                watched.took(row, time.monotonic() - began)

        shown = {one: [name for name in who if by_who[name].shots == one] for one in (True, False)}
        request = {
            "models": {name: str(by_who[name].folder) for name in who},
            "rows": [
                {
                    "id": id,
                    "messages": prompts.messages(row),
                    "completion": prompts.answer_of(row),
                    "messages_by": {name: self._ask_of(by_who[name], row).messages for name in shown[True]},
                }
                for id, row in by_id.items()
            ],
            "loss_rows": [id for id, row in by_id.items() if self._lacks_loss(row, shown[False])],
            "loss_models": shown[False],
            "max_new_tokens": self.settings.new_tokens,
            "budget_tokens": self.settings.budget,
            "prompts": prompts_max,
            "seconds": seconds,
        }
        ended = provider.answer(request, on_line, self.work.tick)
        if not ended.ok:
            self.failed = ended.sentence
            self.work.note(f"The models could not go on: {ended.sentence}")

    def _ask_samples(self, provider: Provider, who: Sequence[Contestant], rows: Sequence[Row]) -> None:
        by_id, by_who = {str(row["id"]): row for row in rows}, {one.who: one for one in who}
        numbers = range(self.settings.samples)
        lacking = {
            id: [number for number in numbers if any(self._line(one, row, number) is None for one in who)]
            for id, row in by_id.items()
        }
        began, whole = time.monotonic(), set[str]()

        def on_line(line: dict[str, Any]) -> None:
            if line.get("kind") not in ("answer", "too_long"):
                return
            id, one, row = str(line["id"]), by_who[line["model"]], by_id[str(line["id"])]
            heard = [int(line["sample"])] if line["kind"] == "answer" else lacking[id]
            for number in heard:
                if self._line(one, row, number) is None:
                    self._keep(one, row, line if line["kind"] == "answer" else {**line, **SAID_NOTHING}, number)
            if self._samples(row, who):
                whole.add(id)
            left = max(0.0, self.settings.seconds - (time.monotonic() - began))
            self.work.progress(len(whole), len(rows), str(row["prompt"])[:80], left)

        request = {
            "models": {one.who: str(one.folder) for one in who},
            "rows": [
                {
                    "id": id,
                    "messages": prompts.messages(row),
                    "completion": prompts.answer_of(row),
                    "samples": lacking[id],
                }
                for id, row in by_id.items()
            ],
            "max_new_tokens": self.settings.new_tokens,
            "samples": self.settings.samples,
            "temperature": self.settings.temperature,
            "seed": self.settings.seed,
            "seconds": self.settings.seconds,
        }
        ended = provider.answer(request, on_line, self.work.tick)
        if not ended.ok:
            self.failed = ended.sentence
            self.work.note(f"No more samples were drawn: {ended.sentence}")

    def _ask_host(self, contestant: Contestant, rows: Sequence[Row], end: float) -> None:
        """Ask a host what it was not asked before. What it refuses to answer counts as an empty answer: no prompt is
        left out for its sake."""
        who, by_id = contestant.answerer, {str(row["id"]): row for row in rows}
        assert who is not None
        due = [row for row in rows if self._line(contestant, row) is None]
        if due:
            let_out(who.host, is_online(self.work.host))
        if due and not who.near and not self.work.options.yes:
            licences = sorted({str(source["licence"]) for row in due for source in row.get("sources", ())})
            raise Unavailable(
                f"{counted(len(due), 'prompt')} (licences: {', '.join(licences)}) would be sent to {who.host}: --yes "
                "allows that."
            )
        began = dict.fromkeys(by_id, time.monotonic())
        watched = Watched(self, rows, len(rows), max(0.0, end - time.monotonic()))

        def take(id: str, answer: Answer | Refusal) -> None:
            line: dict[str, Any] = {"id": id, **SAID_NOTHING}
            if not isinstance(answer, Refusal):
                line |= {"text": answer.text, "finished": answer.finished, "tokens": answer.answer_tokens}
                line["said_by"] = answer.model
            self._keep(contestant, by_id[id], {**line, "seconds": round(time.monotonic() - began[id], 3)})
            watched.took(by_id[id], 0.0)

        def tick() -> bool:
            return self.work.tick() and time.monotonic() < end

        chats = (Chat(str(row["id"]), self._ask_of(contestant, row).messages) for row in due)
        try:
            who.ask(self._timed(chats, began, end), self.settings.new_tokens, take, tick)
        except Refusal as refusal:
            self.failed = refusal.sentence
            self.work.note(f"{contestant.label} could not go on: {refusal.sentence}")

    @staticmethod
    def _timed(chats: Any, began: dict[str, float], end: float) -> Any:
        for chat in chats:
            if time.monotonic() >= end:
                return
            began[chat.id] = time.monotonic()
            yield chat

    # what is known

    def _keep(self, contestant: Contestant, row: Row, line: Line, sample: int | None = None) -> None:
        self._store(contestant).add(self._ask_of(contestant, row, sample).answer_key, line)

    def _store(self, contestant: Contestant) -> Answers:
        name = contestant.hash[:16]
        if name not in self._stores:
            self._stores[name] = Answers(self.folder / f"{name}.jsonl")
        return self._stores[name]

    def _line(self, contestant: Contestant, row: Row, sample: int | None = None) -> Line | None:
        return self._store(contestant).get(self._ask_of(contestant, row, sample).answer_key)

    def _samples(self, row: Row, who: Sequence[Contestant]) -> dict[str, list[Line]]:
        """Who → all samples that are wanted; nothing where one is lacking."""
        numbers = range(self.settings.samples)
        lines = {one.who: [self._line(one, row, number) for number in numbers] for one in who}
        found = {name: [line for line in each if line is not None] for name, each in lines.items()}
        return found if all(len(each) == len(numbers) for each in found.values()) else {}

    def _reached(self, row: Row) -> Reached:
        answers = {one.who: line for one in self.generating if (line := self._line(one, row)) is not None}
        measured = [one for one in self.local if not one.shots]
        losses = {one.who: self._store(one).get(self._ask_of(one, row).loss_key) for one in measured}
        return Reached(row, answers, {who: line for who, line in losses.items() if line is not None})

    def _answered(self, rows: Sequence[Row], by: Sequence[Contestant]) -> list[Row]:
        return [row for row in rows if all(self._line(one, row) is not None for one in by)]

    def _lacking(self, row: Row, by: Sequence[Contestant]) -> tuple[str, ...]:
        return tuple(one.who for one in by if self._line(one, row) is None)

    def _lacks_loss(self, row: Row, names: Sequence[str]) -> bool:
        models = [one for one in self.local if one.who in names]
        return any(self._ask_of(one, row).loss_key not in self._store(one) for one in models)

    def _ask_of(self, contestant: Contestant, row: Row, sample: int | None = None) -> Ask:
        key, settings = (contestant.who, str(row["id"]), sample), self.settings
        if key not in self._asks:
            messages = self.asked.messages(contestant, row)
            how = GREEDY if sample is None else drawn(settings.temperature, settings.seed, sample)
            self._asks[key] = Ask(contestant.hash, messages, row["completion"], settings.new_tokens, how)
        return self._asks[key]

    def _budget_key(self, row: Row) -> str:
        return digest(["over", self._ruler, prompts.messages(row), row["completion"], self.settings.budget])

    @cached_property
    def _ruler(self) -> str:
        """The tokens that the budget counts, which a base shares with all that were tuned from it."""
        one = self.local[0]
        tokenizer = Path(one.folder or "") / "tokenizer.json"
        return sha256_of(tokenizer) if tokenizer.is_file() else one.hash


class Watched:
    """What the person sees while answers come: how far it is, what is left, and now and then a pair of answers."""

    def __init__(self, of: Generation, rows: Sequence[Row], most: int, seconds: float) -> None:
        self._of, self._rows, self._most, self._seconds = of, rows, min(most, len(rows)), seconds
        self._shown = 0.0
        self._told = False

    def took(self, row: Row, passed: float) -> None:
        """An answer to `row` has come, `passed` seconds after the first was asked for."""
        of = self._of
        done = len(of._answered(self._rows, of.local or of.hosted))
        of.work.progress(min(done, self._most), self._most, str(row["prompt"])[:80], max(0.0, self._seconds - passed))
        if not self._told and done >= TOLD_FROM and passed:
            self._told = True
            fit = int(self._seconds * done / passed)
            if fit < self._most:
                words = f"about {counted(fit, 'prompt')} of {self._most:,} in {duration(self._seconds)}"
                of.work.note(f"At this pace the models answer {words}.")
        if of._answered([row], of.generating) and time.monotonic() - self._shown > SHOW_EVERY_S:
            self._shown = time.monotonic()
            first, *others = of._reached(row).answers.values()
            of.work.emit(
                "pair",
                stage="evaluate",
                prompt=row["prompt"],
                base=others[0]["text"] if others else "",
                tuned=first["text"],
            )
