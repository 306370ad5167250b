# SPDX-License-Identifier: GPL-3.0-or-later
"""All contestants answer the same held-out prompts, within a time; what is known is not asked again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from .. import prompts
from ..errors import Unavailable
from ..files import digest
from ..providers.answering import Answer, Chat
from ..providers.refusals import Refusal
from ..stage import Options, Work
from ..words import counted, duration
from .answers import Answers, Ask
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
    answer, without those where it was not measured."""

    row: Row
    answers: Mapping[str, Line]
    losses: Mapping[str, Line]


@dataclass(frozen=True)
class Settings:
    """How it is asked: prompts at most, seconds for all, new tokens an answer, and tokens that prompt and wanted answer
    may take (0: any)."""

    prompts: int
    seconds: float
    new_tokens: int
    budget: int

    @classmethod
    def of(cls, options: Options) -> Settings:
        value, part = options.preset_value, COMPARING if options.probes else 1.0
        seconds = part * float(value("evaluate_s"))
        return cls(int(value("prompts")), seconds, int(value("new_tokens")), int(value("tokens")))


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
    _asks: dict[tuple[str, str], Ask] = field(default_factory=dict)

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
            for lacking in {self._lacking(row, self.local): None for row in window if self._lacking(row, self.local)}:
                left = wanted - len(self._answered(rows, self.local))
                seconds = end - time.monotonic()
                if left > 0 and seconds > 1:
                    due = [row for row in window if self._lacking(row, self.local) == lacking]
                    self._ask_local(provider, lacking, due, left, seconds)
        for contestant in self.hosted:
            self._ask_host(contestant, self._answered(rows, self.local)[:wanted], end)
        return [self._reached(row) for row in self._answered(rows, self.generating)[:wanted]]

    def over_budget(self, row: Row) -> bool:
        """Whether prompt and wanted answer are known to take more tokens than are allowed."""
        return bool(self.local) and self._budget_key(row) in self._store(self.local[0])

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
                self._store(self.local[0]).add(self._budget_key(row), {"kind": kind})
            elif kind == "loss":
                one = by_who[line["model"]]
                self._store(one).add(self._ask_of(one, row).loss_key, line)
            elif kind == "too_long":  # the model cannot read so much: no answer, which counts as one that failed
                said_nothing = {"kind": "answer", "text": "", "finished": False, "tokens": 0}
                self._keep(by_who[line["model"]], row, {**line, **said_nothing})
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

    def _ask_host(self, contestant: Contestant, rows: Sequence[Row], end: float) -> None:
        """Ask a host what it was not asked before. What it refuses to answer counts as an empty answer: no prompt is
        left out for its sake."""
        who, by_id = contestant.answerer, {str(row["id"]): row for row in rows}
        assert who is not None
        due = [row for row in rows if self._line(contestant, row) is None]
        if due and not who.near and not self.work.options.yes:
            licences = sorted({str(source["licence"]) for row in due for source in row.get("sources", ())})
            raise Unavailable(
                f"{counted(len(due), 'prompt')} (licences: {', '.join(licences)}) would be sent to {who.host}: --yes "
                "allows that."
            )
        began = dict.fromkeys(by_id, time.monotonic())
        watched = Watched(self, rows, len(rows), max(0.0, end - time.monotonic()))

        def take(id: str, answer: Answer | Refusal) -> None:
            line: dict[str, Any] = {"kind": "answer", "id": id, "text": "", "finished": False, "tokens": 0}
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

    def _keep(self, contestant: Contestant, row: Row, line: Line) -> None:
        self._store(contestant).add(self._ask_of(contestant, row).answer_key, line)

    def _store(self, contestant: Contestant) -> Answers:
        name = contestant.hash[:16]
        if name not in self._stores:
            self._stores[name] = Answers(self.folder / f"{name}.jsonl")
        return self._stores[name]

    def _line(self, contestant: Contestant, row: Row) -> Line | None:
        return self._store(contestant).get(self._ask_of(contestant, row).answer_key)

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

    def _ask_of(self, contestant: Contestant, row: Row) -> Ask:
        key = contestant.who, str(row["id"])
        if key not in self._asks:
            messages = self.asked.messages(contestant, row)
            self._asks[key] = Ask(contestant.hash, messages, row["completion"], self.settings.new_tokens)
        return self._asks[key]

    def _budget_key(self, row: Row) -> str:
        ruler = self.local[0].hash
        return digest(["over", ruler, prompts.messages(row), row["completion"], self.settings.budget])


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
