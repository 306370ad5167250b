# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of one model, token by token, several at a time: each has a slot, and who is done makes room for the next.

A prompt is read alone and every step works on all slots, taken or not, so an answer does not depend on its neighbours
but for the last bit of a sum.
"""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicCache, DynamicLayer

from .channel import Refused

LOOKED_AT = 16
"""Every so many tokens it is asked whether an answer goes round in circles."""
LINES = 4
BLOCK = 64
"""Room for tokens is made and looked at in blocks of so many."""
ALIKE = 0.99
"""Correlation of the logits of two ways to work them out that is explained by rounding to bfloat16."""
TRIED = ("Make a material that looks like rusty iron.", "Make a node group.")
"""Ordinary words: at tokens that a model hardly ever saw rounding alone can turn it over."""


@dataclass(frozen=True)
class Draw:
    """How a token is drawn: the likeliest (`temperature` 0), or by chance among the likeliest that together reach
    `top_p`. Chance is the answer's own, so that it draws the same whoever is answered beside it."""

    temperature: float = 0.0
    top_p: float = 1.0
    chance: random.Random = field(default_factory=lambda: random.Random(0))

    def __call__(self, logits: torch.Tensor) -> int:
        """The index of the token drawn from one position's logits."""
        if not self.temperature:
            return int(logits.argmax())
        shares, order = (logits.float() / self.temperature).softmax(-1).sort(descending=True, stable=True)
        reached = shares.cumsum(-1)
        among = max(1, int((reached - shares < self.top_p).sum()))
        point = self.chance.random() * float(reached[among - 1])
        return int(order[min(int((reached[:among] <= point).sum()), among - 1)])


@dataclass
class Answer:
    """One answer under way: at most `most` tokens after `prompt`. `tokens` grows; `ended` becomes `stop` (by its end
    token, which is the last of `tokens`), `length`, `circles`, or what who asked says; `seconds` is its share of the
    work."""

    key: Any
    prompt: list[int]
    most: int
    draw: Draw = field(default_factory=Draw)
    tokens: list[int] = field(default_factory=list)
    ended: str = ""
    seconds: float = 0.0


class Decoder:
    """Answers of one model in `slots` slots. A model whose memory is not keys and values of every token alone (or where
    `together` is false) works on one answer after the other in each step instead: slower, and the same to who asks.

    It works in PyTorch's inference mode, which the caller sets, as it puts adapters on and off: all of a decoder's
    answers must be worked on with the same ones.
    """

    def __init__(self, model: Any, tokenizer: Any, slots: int, together: bool) -> None:
        self._model, self._tokenizer, self._eos = model, tokenizer, tokenizer.eos_token_id
        self._slots: list[Answer | None] = [None] * slots
        self._read: tuple[list[int], Any, torch.Tensor] | None = None
        self._fits = together
        self._memory = self._made(slots)

    def _made(self, slots: int) -> _Together | _Apart:
        """Room for so many answers. One by itself has the model's own: that is quicker."""
        return _Together(self._model, slots) if self._fits and slots > 1 else _Apart(self._model, slots)

    @property
    def free(self) -> int:
        """Slots that nobody has."""
        return self._slots.count(None)

    @property
    def slots(self) -> int:
        return len(self._slots)

    def widen(self, slots: int) -> None:
        """Have so many slots, which are not fewer than now; answers under way go on."""
        before, self._memory = self._memory, self._made(slots)
        self._slots += [None] * (slots - len(self._slots))
        for slot, answer in enumerate(self._slots):
            if answer:
                most = len(answer.prompt) + answer.most
                length = len(answer.prompt) + len(answer.tokens) - 1  # the last one was not read yet
                self._memory.put(slot, before.cache(slot), length, most)

    def begin(self, answer: Answer) -> None:
        """Read the prompt and draw the first token; the answer has a slot until it ended."""
        began = time.monotonic()
        slot = self._slots.index(None)
        if self._read is None or self._read[0] != answer.prompt:
            self._read = (answer.prompt, *_read(self._model, answer.prompt))
        _, cache, logits = self._read
        self._memory.put(slot, cache, len(answer.prompt), len(answer.prompt) + answer.most)
        self._slots[slot] = answer
        self._add(slot, answer, logits)
        answer.seconds += time.monotonic() - began

    def step(self) -> None:
        """One more token for each answer under way. Those that ended, by whomever, lose their slots."""
        began = time.monotonic()
        for slot, answer in enumerate(self._slots):
            if answer and answer.ended:
                self._slots[slot] = None
        under_way = {slot: answer for slot, answer in enumerate(self._slots) if answer}
        if not under_way:
            return
        logits = self._memory.logits({slot: answer.tokens[-1] for slot, answer in under_way.items()})
        for slot, answer in under_way.items():
            self._add(slot, answer, logits[slot])
        share = (time.monotonic() - began) / len(under_way)
        for answer in under_way.values():
            answer.seconds += share

    def _add(self, slot: int, answer: Answer, logits: torch.Tensor) -> None:
        answer.tokens.append(answer.draw(logits))
        if answer.tokens[-1] == self._eos:
            answer.ended = "stop"
        elif len(answer.tokens) % LOOKED_AT == 0 and goes_in_circles(self._tokenizer.decode(answer.tokens)):
            answer.ended = "circles"
        elif len(answer.tokens) >= answer.most:
            answer.ended = "length"
        if answer.ended:
            self._slots[slot] = None

    def all(self, answers: Iterable[Answer], going: Callable[[], bool] = lambda: True) -> Iterator[Answer]:
        """The answers as they end, until `going` says no: then this decoder is of no more use."""
        left, under_way, more = iter(answers), list[Answer](), True
        while going():
            while more and self.free:
                if answer := next(left, None):
                    self.begin(answer)
                    under_way.append(answer)
                else:
                    more = False
            yield from (answer for answer in under_way if answer.ended)
            under_way = [answer for answer in under_way if not answer.ended]
            if not under_way and not more:
                return
            self.step()


def _read(model: Any, prompt: list[int]) -> tuple[Any, torch.Tensor]:
    """What a model keeps of a prompt, and the logits after it."""
    cache = DynamicCache(config=model.config)
    tokens = torch.tensor([prompt], device=model.device)
    done = model(input_ids=tokens, past_key_values=cache, use_cache=True, logits_to_keep=1)
    if getattr(done, "past_key_values", None) is None:
        raise Refused("model", "This model keeps what it has read in a way of its own; it cannot answer here.")
    return done.past_key_values, done.logits[0, -1]


class _Apart:
    """Each slot with the memory that the model itself makes."""

    def __init__(self, model: Any, slots: int) -> None:
        self._model = model
        self._caches: list[Any] = [None] * slots

    def put(self, slot: int, cache: Any, length: int, most: int) -> None:
        self._caches[slot] = copy.deepcopy(cache)  # the one that was read may serve the same prompt again

    def cache(self, slot: int) -> Any:
        """What a slot remembers, as the model keeps it."""
        return self._caches[slot]

    def logits(self, last: Mapping[int, int]) -> dict[int, torch.Tensor]:
        found = {}
        for slot, token in last.items():
            tokens = torch.tensor([[token]], device=self._model.device)
            done = self._model(input_ids=tokens, past_key_values=self._caches[slot], use_cache=True)
            found[slot] = done.logits[0, -1]
        return found


class _Together(Cache):
    """Keys and values of all slots, each slot's from position 0 on; none is ever copied to make room for a token."""

    def __init__(self, model: Any, slots: int) -> None:
        super().__init__(layers=[])
        self.layers: list[Any] = []
        self._model = model
        self.at = torch.zeros(slots, dtype=torch.long, device=model.device)
        """Where each slot's next token goes."""
        self.rows = torch.arange(slots, device=model.device)
        self.width = 0
        """Positions that are looked at, in whole blocks."""
        self._room = 0

    def put(self, slot: int, cache: Any, length: int, most: int) -> None:
        """Take over a prompt that was read; `most` is the length with all of the answer."""
        if not self.layers:
            self.layers = [_Layer(self, layer.keys, layer.values) for layer in cache.layers]
        if most > self._room:
            self._room = _blocks(most)
            for mine in self.layers:
                mine.grow(self._room)
        for mine, read in zip(self.layers, cache.layers, strict=True):
            mine.keys[slot, :, :length], mine.values[slot, :, :length] = read.keys[0], read.values[0]
        self.at[slot] = length

    def cache(self, slot: int) -> Any:
        """What a slot remembers, with as much of the model's own form as `put` looks at."""
        one = slice(slot, slot + 1), slice(None), slice(int(self.at[slot]))
        layers = [SimpleNamespace(keys=layer.keys[one], values=layer.values[one]) for layer in self.layers]
        return SimpleNamespace(layers=layers)

    def logits(self, last: Mapping[int, int]) -> torch.Tensor:
        """After one more token in each slot of `last`; the other slots' rows mean nothing."""
        tokens = torch.zeros(len(self.rows), dtype=torch.long)
        taken = torch.zeros(len(self.rows), dtype=torch.bool)
        for slot, token in last.items():
            tokens[slot], taken[slot] = token, True
        taken = taken.to(self.at.device)
        self.at *= taken  # a slot that nobody has writes to its first position, over and over
        self.width = _blocks(int(self.at.max()) + 1)
        seen = torch.arange(self.width, device=self.at.device) <= self.at[:, None]
        done = self._model(
            input_ids=tokens.to(self.at.device)[:, None],
            attention_mask=seen[:, None, None],
            position_ids=self.at[:, None],
            past_key_values=self,
            use_cache=True,
        )
        self.at = self.at + taken
        logits: torch.Tensor = done.logits[:, -1]
        return logits


class _Layer(CacheLayerMixin):
    """One layer's keys and values, shape (slots, heads, room, size)."""

    is_sliding = False

    def __init__(self, slots: _Together, keys: torch.Tensor, values: torch.Tensor) -> None:
        super().__init__()
        self._slots, self.is_initialized = slots, True
        self.keys, self.values = (
            one.new_zeros((len(slots.rows), one.shape[1], 0, one.shape[3])) for one in (keys, values)
        )

    def grow(self, room: int) -> None:
        for name in ("keys", "values"):
            old = getattr(self, name)
            new = old.new_zeros((*old.shape[:2], room, old.shape[3]))
            new[:, :, : old.shape[2]] = old
            setattr(self, name, new)

    def update(self, keys: torch.Tensor, values: torch.Tensor, *_: Any, **__: Any) -> tuple[torch.Tensor, torch.Tensor]:
        rows, at, width = self._slots.rows, self._slots.at, self._slots.width
        self.keys[rows, :, at], self.values[rows, :, at] = keys[:, :, 0], values[:, :, 0]
        return self.keys[:, :, :width], self.values[:, :, :width]

    def lazy_initialization(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Nothing is left to do."""

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self._slots.width, 0

    def get_seq_length(self) -> int:
        return self._slots.width - 1

    def get_max_length(self) -> int:
        return -1


def _blocks(length: int) -> int:
    return -(-length // BLOCK) * BLOCK


def fits_together(model: Any, tokenizer: Any) -> bool:
    """Whether a model can work on several slots at once, and gives what it gives by itself: tried on a few words, for
    there are models of every kind."""
    if any(type(layer) is not DynamicLayer for layer in DynamicCache(config=model.config).layers):
        return False
    rows = [list(tokenizer(words, add_special_tokens=False).input_ids) for words in TRIED]
    try:
        memory = _Together(model, len(rows))
        for slot, row in enumerate(rows):
            memory.put(slot, _read(model, row[:-1])[0], len(row) - 1, len(row))
        found = memory.logits({slot: row[-1] for slot, row in enumerate(rows)})
    except (AttributeError, IndexError, KeyError, NotImplementedError, RuntimeError, TypeError, ValueError):
        return False
    plain = [model(input_ids=torch.tensor([row], device=model.device), use_cache=False).logits[0, -1] for row in rows]
    pairs = (torch.stack(pair).float() for pair in zip(found, plain, strict=True))
    return all(float(torch.corrcoef(pair)[0, 1]) > ALIKE for pair in pairs)


def goes_in_circles(text: str) -> bool:
    """Whether the last four whole lines repeat those one to four lines before them."""
    lines = text.split("\n")[:-1]
    last = lines[-LINES:]
    return any(len(lines) >= LINES + back and lines[-LINES - back : -back] == last for back in range(1, LINES + 1))
