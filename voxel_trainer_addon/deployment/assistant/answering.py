# SPDX-License-Identifier: GPL-3.0-or-later
"""From a wish to the best answer within its deadline: the likeliest answer first, others, then rounds of repair."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ... import prompts
from ...errors import UserError
from ...nearest import Nearest
from ...providers import streaming
from ...providers.answering import Answer, Chat
from ...providers.refusals import Refusal
from ...words import harmless
from . import wording
from .trying import Bench, Candidate
from .voices import Voice
from .wish import Wish
from .wording import Messages

REPAIRS = 3
TEMPERATURE = 0.8
TUNED_TOKENS, CHAT_TOKENS = 1024, 4096
"""Tokens of an answer at most; chat models may think before they write."""
LEAST_S = 2.0
"""With less time left nothing new is begun."""

Tell = Callable[[str], None]
Tick = Callable[[], object]


class Stopped(UserError):
    """Nobody waits any more."""

    def __init__(self) -> None:
        super().__init__("Stopped.")


@dataclass
class Times:
    """Seconds of the parts of one request, `first_s` from its start to the first piece of an answer."""

    began: float = field(default_factory=time.monotonic)
    retrieve_s: float = 0.0
    first_s: float | None = None
    generate_s: float = 0.0
    execute_s: float = 0.0
    picture_s: float = 0.0

    @property
    def passed(self) -> float:
        return time.monotonic() - self.began

    def as_json(self) -> dict[str, float | None]:
        told = {name: value for name, value in asdict(self).items() if name != "began"}
        return {name: value and round(value, 3) for name, value in {**told, "whole_s": self.passed}.items()}


@dataclass(frozen=True)
class Found:
    """What came of a wish: the best candidate (None where no answer came), what was said of it by whom, how many were
    tried, rounds of repair, those that Blender stopped, and why nothing more was asked, '' where nothing was in the
    way."""

    best: Candidate | None
    said: Answer | None
    candidates: int
    repairs: int
    failed: Sequence[Candidate]
    why: str


class Search:
    """Answers to one wish by one voice."""

    def __init__(self, wish: Wish, voice: Voice, bench: Bench, times: Times, tell: Tell, tick: Tick) -> None:
        self.wish, self.voice, self.bench, self.times = wish, voice, bench, times
        self.tell, self.tick = tell, tick
        self.best: Candidate | None = None
        self.said: Answer | None = None
        self.candidates = self.repairs = self._kept = 0
        self.failed: list[Candidate] = []

    @property
    def left(self) -> float:
        return self.wish.deadline_s - self.times.passed

    def run(self, index: Nearest) -> Found:
        """The best that can be had in time. `index` holds the examples."""
        why = ""
        try:
            for said in self._answers(index):
                self._take(said)
                if self.best and self.best.whole:
                    break
        except Refusal as refusal:
            why = refusal.sentence
        if self.candidates == 0 and not why:
            why = f"{self.voice.id} gave no answer within {self.wish.deadline_s:g} seconds."
        return Found(self.best, self.said, self.candidates, self.repairs, self.failed, why)

    def _take(self, said: Answer) -> None:
        code = prompts.code_of(said.text)
        if hashlib.sha256(code.encode()).hexdigest() in self.wish.instead_of:
            return
        self.tell("Trying what came in Blender")
        began = time.monotonic()
        candidate = self.bench.tried(code, self.left)
        self.times.execute_s += time.monotonic() - began
        self.candidates += 1
        if candidate.safe and not candidate.runs:
            self.failed.append(candidate)
        if self.best is None or candidate.passed > self.best.passed:
            self.best, self.said = candidate, said

    def _answers(self, index: Nearest) -> Iterator[Answer]:
        """Answers as they come; each is tried before more are asked for."""
        began = time.monotonic()
        if self.voice.host is None:
            yield from self._nearest(index)
            return
        most = 0 if self.voice.tuned else wording.SHOTS
        shown = index.fitting(self.wish.text, "code", most, wording.SHOTS_CHARACTERS) if most else []
        self.times.retrieve_s = time.monotonic() - began
        blender = self.bench.blender
        chat = wording.first(self.wish, self.bench.given, blender, tuned=self.voice.tuned, shown=shown)
        self._kept = len(chat) - 1 if shown else 0  # other answers and repairs begin with the same examples
        self.tell(f"Asking {self.voice.id}")
        if not self.wish.instead_of:
            yield from self._asked([chat], sampled=False)
        yield from self._asked([chat] * (self.wish.candidates - self.candidates), sampled=True)
        while self.best and self.repairs < REPAIRS and self.left > LEAST_S:
            self.repairs += 1
            self.tell(f"Repairing, round {self.repairs}")
            best = self.best
            mended = wording.repair(chat, best.code, self.wish, blender, best.line, best.error)
            yield from self._asked([mended], sampled=False)

    def _nearest(self, index: Nearest) -> Iterator[Answer]:
        """Proven answers as they stand, the nearest first."""
        if self.wish.tree:
            raise Refusal(
                "missing", "To change a tree takes a model: tune one with `train`, or choose one to be asked."
            )
        if not index.rows:
            raise Refusal("missing", "No model is tuned here, and no dataset has an example of this kind yet.")
        found = index.nearest(self.wish.text, self.wish.candidates + len(self.wish.instead_of))
        self.times.retrieve_s = self.times.passed
        for row in found:
            if self.left < LEAST_S:
                return
            self.times.first_s = self.times.first_s or self.times.passed
            yield Answer(prompts.answer_of(row), 0, 0, self.voice.id, True)

    def _asked(self, chats: Sequence[Messages], *, sampled: bool) -> Iterator[Answer]:
        """Answers to chats that are asked at once, as they come, until the deadline."""
        if not chats or self.left < LEAST_S:
            return
        assert self.voice.host is not None
        most = TUNED_TOKENS if self.voice.tuned else CHAT_TOKENS
        began, until = time.monotonic(), time.monotonic() + self.left - LEAST_S / 2
        talks = [
            streaming.begin(
                self.voice.host,
                streaming.Asked(
                    Chat(str(number), chat, self._kept),
                    most,
                    self.left,
                    TEMPERATURE if sampled else 0.0,
                    self.wish.seed + len(self.wish.instead_of) * 10 + number,
                    self.voice.key,
                ),
            )
            for number, chat in enumerate(chats)
        ]
        try:
            if not self.candidates:
                self.bench.warm()
            while talks and (over := streaming.wait(talks, until, self.tick)):
                for talk in over:
                    talks.remove(talk)
                    if talk.first is not None and self.times.first_s is None:
                        self.times.first_s = talk.first - self.times.began
                    self.times.generate_s += time.monotonic() - began
                    yield self._right(talk.answer())
                    began = time.monotonic()
        finally:
            for talk in talks:
                talk.cut()

    def _right(self, said: Answer) -> Answer:
        """The answer, where it is that of the model that was asked: our own server must not be mistaken for another."""
        if self.voice.key and said.model != self.voice.id:
            raise Refusal("model", f"The model server answered as {said.model}, though {self.voice.id} was asked.")
        return said


def result(wish: Wish, voice: Voice, found: Found, times: Times, picture: str) -> dict[str, Any]:
    """The answer to the job `assist` (docs/deploy.md). Raises UserError where there is nothing to show."""
    best, said = found.best, found.said
    assert best is not None and best.key and said is not None
    alias = (
        f", which calls itself {said.model}" if voice.host and said.model not in (voice.id, voice.host.model) else ""
    )
    return {
        "request": wish.id,
        "model": voice.id,
        "label": voice.label + harmless(alias, 80),
        "honest": voice.honest,
        "kind": wish.kind,
        "key": best.key,
        "graphs": {key: graph.as_json() for key, graph in best.graphs.items()},
        "edits": [edit.as_json() for edit in best.edits],
        "code": best.code,
        "script": best.script,
        "checks": [asdict(check) for check in best.checks],
        "picture": picture,
        "candidates": found.candidates,
        "repairs": found.repairs,
        "times": times.as_json(),
    }


def failure(wish: Wish, found: Found) -> dict[str, Any]:
    """The same where nothing can be shown: a sentence, with the code and what is wrong with it where any came."""
    best = found.best
    told = next((check.words for check in reversed(best.checks) if not check.ok), "") if best else ""
    tried = f"None of {found.candidates} answers can be shown; the best one {told}." if told else ""
    sentence = " ".join(filter(None, (tried, found.why))) or "No other answer came."
    checks = [asdict(check) for check in best.checks] if best else []
    return {"sentence": sentence, "request": wish.id, "code": best.code if best else "", "checks": checks}
