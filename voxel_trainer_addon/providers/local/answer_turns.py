# SPDX-License-Identifier: GPL-3.0-or-later
"""Many ask at once, one thread answers: models take turns, and those who ask the same one are answered together."""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import chat, devices
from .channel import Refused
from .decoding import Answer, Decoder, Draw
from .loaded import Loaded, Weights

SLOTS = (1, 4, 8)
"""So many answers of one model are worked on at once, as many as are needed."""
TURN = 8
"""Steps of one model before the next with work has its turn."""
WAITING = 64
"""More may not wait."""


class Unfit(Exception):
    """A request that cannot be answered, as it is or now: the HTTP status, a code, and why in a sentence."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.code, self.sentence = status, code, sentence


@dataclass
class Request:
    """What somebody asks a model. `told` gets text as it comes, an Unfit, or None at the end; `why` is then `stop` or
    `length`. Setting `gone` ends the work on it. `most` 0: as much as the model's context leaves. `tokens` are those of
    the answer so far."""

    model: str
    messages: Sequence[dict[str, str]]
    most: int = 0
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    stop: Sequence[str] = ()
    told: queue.SimpleQueue[str | Unfit | None] = field(default_factory=queue.SimpleQueue)
    prompt_tokens: int = 0
    tokens: int = 0
    why: str = ""
    gone: bool = False


class Turns:
    """The answers of all models. `run` is the one thread that touches them, and ends when nobody asked for `idle_s`
    seconds (0: never) or `end` was called. At the first answer it chooses how many of `threads` it uses."""

    def __init__(self, loaded: Loaded, idle_s: float, threads: int) -> None:
        self.loaded, self._idle_s, self._threads = loaded, idle_s, threads
        self._waiting: list[Request] = []
        self._lines: dict[str, _Line] = {}
        self._change = threading.Condition()
        self._ended = False

    def ask(self, request: Request) -> None:
        """Take up a request. Raises Unfit where too many wait, or nobody answers any more."""
        with self._change:
            if self._ended:
                raise Unfit(503, "stopping", "The server is stopping. Ask again.")
            if len(self._waiting) >= WAITING:
                raise Unfit(429, "busy", f"More than {WAITING} requests are waiting. Ask again later.")
            self._waiting.append(request)
            self._change.notify()

    def state(self) -> dict[str, Any]:
        """Who is being answered and who waits, by model."""
        with self._change:
            lines = list(self._lines.values())
        found = {line.name: {"under_way": len(line.under_way), "waiting": len(line.waiting)} for line in lines}
        return {name: counts for name, counts in found.items() if any(counts.values())}

    def end(self) -> None:
        with self._change:
            self._ended = True
            self._change.notify()

    def run(self) -> None:
        """Answer until the end. What is under way then, or when this fails, is told so."""
        try:
            while self._wait():
                self._turn()
        finally:
            self.end()
            for request in [*self._waiting, *(one for line in self._lines.values() for one in line.asked)]:
                request.told.put(Unfit(503, "stopping", "The server is stopping. Ask again."))

    def _wait(self) -> bool:
        """Wait until there is work. False: there will be none."""
        idle = self._idle_s or None
        with self._change:
            while not self._ended and not self._waiting and not self._lines:
                if not self._change.wait(idle):
                    self._ended = True
            for request in self._waiting:
                self._lines.setdefault(request.model, _Line(request.model)).waiting.append(request)
            self._waiting.clear()
            return not self._ended

    def _turn(self) -> None:
        """Some steps of the first model that is in memory, or has room there. Where one before it has none, those in
        memory take up nothing new until it has."""
        busy = [name for name, line in self._lines.items() if line.decoder]
        for name in self._lines:
            if self.loaded.has_room(name, [one for one in busy if one != name]):
                break
        full = name != next(iter(self._lines))
        line = self._lines[name]
        try:
            if self._threads:
                self.loaded.choose_threads(name, SLOTS[0], self._threads)
                self._threads = 0
            alone = len(self._lines) == 1
            line.work(self.loaded, busy, full, lambda steps: bool(self._waiting) or (steps >= TURN and not alone))
        except Refused as refused:
            line.fail(Unfit(503, refused.code, refused.sentence))
        except (MemoryError, RuntimeError) as error:
            if not devices.is_out_of_memory(error):
                raise
            line.fail(Unfit(503, "memory", "There is not enough memory for this answer. Ask for a shorter one."))
            devices.let_go()
        del self._lines[name]
        if line.asked:
            self._lines[name] = line  # behind all others


@dataclass
class _Line:
    """Who asks one model: those who wait, and those who are being answered."""

    name: str
    waiting: list[Request] = field(default_factory=list)
    under_way: list[tuple[Request, Answer]] = field(default_factory=list)
    decoder: Decoder | None = None
    weights: Weights | None = None

    @property
    def asked(self) -> list[Request]:
        return [*self.waiting, *(request for request, _ in self.under_way)]

    def fail(self, why: Unfit) -> None:
        for request in self.asked:
            request.told.put(why)
        self.waiting, self.under_way, self.decoder = [], [], None

    def work(self, loaded: Loaded, busy: Sequence[str], full: bool, over: Callable[[int], bool]) -> None:
        """A turn: begin what waits, as far as there are slots and unless memory is full, and go on until all ended or
        the turn is over, by the number of steps."""
        weights = loaded.weights(self.name, busy)
        if self.under_way and weights is not self.weights:  # a damaged adapter was laid over those of before
            for request, _ in self.under_way:
                request.told.put(Unfit(503, "reloaded", "The model had to be loaded anew. Ask again."))
            self.under_way, self.decoder = [], None
        self.weights = weights
        with loaded.use(self.name, busy) as model:
            if self.decoder is None:
                self.decoder = Decoder(model, weights.tokenizer, SLOTS[0], weights.together)
            wanted = len(self.under_way) + len(self.waiting)
            slots = next((slots for slots in SLOTS if slots >= wanted), SLOTS[-1])
            if slots > self.decoder.slots:
                self.decoder.widen(slots)
            while not full and self.waiting and len(self.under_way) < self.decoder.slots:
                self._begin(self.waiting.pop(0), weights.tokenizer, weights.context)
            self._tell(weights.tokenizer)
            steps = 0
            while self.under_way and not over(steps):
                self.decoder.step()
                self._tell(weights.tokenizer)
                steps += 1
        if not self.under_way:
            self.decoder = None

    def _begin(self, request: Request, tokenizer: Any, context: int) -> None:
        assert self.decoder
        if request.gone:
            return
        try:
            prompt = chat.prompt_of(tokenizer, request.messages)
        except Refused as refused:
            request.told.put(Unfit(400, refused.code, refused.sentence))
            return
        room = context - len(prompt)
        if room < 1:
            sentence = f"The prompt has {len(prompt):,} tokens, and {request.model} reads {context:,} with its answer."
            request.told.put(Unfit(400, "context_length_exceeded", sentence))
            return
        request.prompt_tokens = len(prompt)
        chance = random.Random(request.seed)
        draw = Draw(request.temperature, request.top_p, chance)
        answer = Answer(_Text(request, tokenizer), prompt, min(request.most or room, room), draw)
        self.decoder.begin(answer)
        self.under_way.append((request, answer))

    def _tell(self, tokenizer: Any) -> None:
        """Hand on what is new, and let go who is done."""
        for request, answer in self.under_way:
            text: _Text = answer.key
            if request.gone:
                answer.ended = "gone"
            elif text.go_on(answer.tokens, bool(answer.ended)):
                answer.ended = "stop"
            request.tokens = len(answer.tokens)
            if answer.ended:
                request.why = "stop" if answer.ended == "stop" else "length"
                request.told.put(None)
        self.under_way = [(request, answer) for request, answer in self.under_way if not answer.ended]


class _Text:
    """An answer's text as it grows: told as far as nothing can change about it any more."""

    def __init__(self, request: Request, tokenizer: Any) -> None:
        self._request, self._tokenizer, self._said = request, tokenizer, 0

    def go_on(self, tokens: Sequence[int], ended: bool) -> bool:
        """Tell what is new. True where a text was met that the answer shall stop before."""
        text = self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        stops = [at for word in self._request.stop if (at := text.find(word)) >= 0]
        if stops:
            text = text[: min(stops)]
        elif not ended:
            text = text.rstrip("\ufffd")  # half a character
            text = text[: len(text) - max((_begun(text, word) for word in self._request.stop), default=0)]
        if text[self._said :]:
            self._request.told.put(text[self._said :])
            self._said = len(text)
        return bool(stops)


def _begun(text: str, word: str) -> int:
    """How many characters at the end of a text may be the beginning of a word."""
    return next((n for n in range(min(len(word) - 1, len(text)), 0, -1) if text.endswith(word[:n])), 0)
