# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `generate`: the answers of several models to the same rows, some rows at a time, through one engine.

A cut in time leaves rows that all models have answered: it falls between two lots of rows where it can.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch
import transformers

from . import chat, devices, models
from .channel import Channel
from .decoding import Answer, Draw
from .loaded import Loaded

LOSS_ROWS = 4
LOT = 4
"""Rows that one model answers before the next does, in slots: the more, the less often slots stand empty at its end."""


def run(body: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Losses and answers of `body["models"]`, name → folder; the same folder may have several names.

    Keys: `rows` as in `train`, and a row may have `messages_by`: model → other messages for that model, or a list
    of such, of which the first is taken that leaves room for the answer; and `samples`, the numbers of those that are
    drawn (all); `loss_rows`, ids of those whose loss is wanted, of `loss_models` (all); `budget_tokens` (0: none) for a
    row with its own messages, in tokens of the first model; `prompts`, the most rows (0: all); `max_new_tokens`;
    `batch`, answers under way at once; `seconds` for everything (0: no limit); `threads`, the most, for fewer may be
    faster. May have `over`: adapter → name of the model that it is laid over (`base`); `numbers` (see
    `devices.numbers_of`; `auto`); `temperature` (0: the likeliest token), `top_p`, `samples` a row, `seed`; and
    `probe`: false for exactly so many threads, as the same answers to the last bit in bfloat16 need.

    Lines: `over_budget` with the id of each row passed over as longer; `loss` (`loss` in nats a token, `tokens`, the
    answer's `bytes`, `loss_per_byte`); `answer` (`sample` from 0, `chosen`: which of several messages), as they come;
    `too_long` for a prompt that leaves no room in the model's context: that model gives neither. Gives how far it came.
    """
    began = time.monotonic()
    models.quiet()
    channel.say("phase", name="load")
    job = _Job(body, channel)
    for id in job.over:
        channel.say("over_budget", id=id)
    threads = job.threads()
    channel.say("phase", name="answer")
    done, slowest = 0, 0.0
    while done < len(job.rows):
        channel.wait_while_paused()
        before = time.monotonic()
        lot = job.rows[done : done + job.at_once * (LOT if done else 1)]
        if body["seconds"] and done:
            lot = lot[: max(0, int((body["seconds"] - (before - began)) / slowest))]
        if channel.stopping or len(lot) < min(job.at_once, len(job.rows) - done):
            break
        job.answer(lot)
        slowest = max(slowest, (time.monotonic() - before) / len(lot))
        done += 0 if channel.stopping else len(lot)
    return {
        "answered": done,
        "of": len(job.rows),
        "seconds": round(time.monotonic() - began, 1),
        "device": models.device(),
        "dtype": str(job.dtype).removeprefix("torch."),
        "threads": threads,
        "peak_mb": devices.peak_mb(),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    }


class _Job:
    """The rows of one request, and the models that answer them."""

    def __init__(self, body: dict[str, Any], channel: Channel) -> None:
        self._body, self._channel = body, channel
        self.dtype = devices.numbers_of(body.get("numbers", "auto"))
        self._names = list(body["models"])
        self._loaded = Loaded(self.dtype)
        for name, folder in body["models"].items():
            self._loaded.name(name, folder, body["models"].get(body.get("over", {}).get(name, "base"), ""))
        for name in self._names:
            with self._loaded.use(name):
                pass  # what cannot be loaded is told before anybody answers
        self._given = {row["id"]: row for row in body["rows"]}
        self._wanted = set(body.get("loss_rows", ()))
        self._measured = set(body.get("loss_models", self._names))
        self._tokenizer = self._loaded.weights(self._names[0]).tokenizer
        self.rows, self.over = chat.within(
            self._tokenizer, body["rows"], body.get("budget_tokens", 0), body.get("prompts", 0)
        )

    @property
    def at_once(self) -> int:
        """Rows whose answers fill the slots."""
        return max(1, int(self._body["batch"]) // int(self._body.get("samples", 1)))

    def threads(self) -> int:
        """Use as many threads as are fastest, or as were asked for; the number."""
        if self._body.get("probe", True):
            return self._loaded.choose_threads(self._names[0], self._body["batch"], self._body["threads"])
        return devices.set_threads(self._body["threads"])

    def answer(self, lot: Sequence[chat.Encoded]) -> None:
        """Say every model's losses and answers to some rows."""
        for name in self._names:
            fitting = list(self._fitting(name, lot))
            if name in self._measured:
                self._tell_losses(name, [row for row, _ in fitting if row.id in self._wanted])
            self._tell_answers(name, fitting)

    def _fitting(self, name: str, lot: Sequence[chat.Encoded]) -> Iterator[tuple[chat.Encoded, int]]:
        """The rows as a model is asked them, and which of several messages it is asked."""
        weights = self._loaded.weights(name)
        for row in lot:
            given = self._given[row.id]
            messages = given.get("messages_by", {}).get(name)
            if messages is None and weights.tokenizer is self._tokenizer:
                found = [row]
            else:
                several = messages if messages and isinstance(messages[0], list) else [messages or given["messages"]]
                found = [chat.encoded(weights.tokenizer, {**given, "messages": one}) for one in several]
            most = weights.context - self._body["max_new_tokens"]
            fits = next((i for i, one in enumerate(found) if one.answer <= most), None)
            if fits is None:
                tokens = found[-1].answer
                self._channel.say("too_long", model=name, id=row.id, prompt_tokens=tokens, context=weights.context)
            else:
                yield found[fits], fits

    def _tell_losses(self, name: str, rows: Sequence[chat.Encoded]) -> None:
        pad = self._loaded.weights(name).tokenizer.pad_token_id
        for some in (rows[at : at + LOSS_ROWS] for at in range(0, len(rows), LOSS_ROWS)):
            with self._loaded.use(name) as model:
                losses = models.answer_losses(model, some, pad)
            for row, part in zip(some, losses.split([len(row.counted) for row in some]), strict=True):
                size = len(self._given[row.id]["completion"].encode("utf-8"))
                self._channel.say(
                    "loss",
                    model=name,
                    id=row.id,
                    loss=round(float(part.mean()), 5),
                    tokens=len(part),
                    bytes=size,
                    loss_per_byte=round(float(part.sum()) / size, 6),
                )

    def _tell_answers(self, name: str, rows: Sequence[tuple[chat.Encoded, int]]) -> None:
        tokenizer = self._loaded.weights(name).tokenizer
        chosen = {row.id: which for row, which in rows}
        asked = (
            Answer((row.id, sample), row.prompt, self._body["max_new_tokens"], self._draw(row.id, sample))
            for row, _ in rows
            for sample in self._given[row.id].get("samples", range(self._body.get("samples", 1)))
        )
        with self._loaded.decoding(name, self._body["batch"]) as decoder:
            for answer in decoder.all(asked, self._going):
                id, sample = answer.key
                self._channel.say(
                    "answer",
                    model=name,
                    id=id,
                    sample=sample,
                    chosen=chosen[id],
                    text=tokenizer.decode(answer.tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False),
                    finished=answer.ended == "stop",
                    circles=answer.ended == "circles",
                    prompt_tokens=len(answer.prompt),
                    tokens=len(answer.tokens),
                    seconds=round(answer.seconds, 3),
                )

    def _draw(self, id: str, sample: int) -> Draw:
        body = self._body
        chance = random.Random(f"{body.get('seed', 0)}/{id}/{sample}")
        return Draw(body.get("temperature", 0.0), body.get("top_p", 1.0), chance)

    def _going(self) -> bool:
        self._channel.wait_while_paused()
        return not self._channel.stopping
