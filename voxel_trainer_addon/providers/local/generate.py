# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `generate`: the answers of several models to the same rows, batch by batch in turn, through one engine.

A cut in time leaves pairs: every row that one model has answered, the others have too.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch
import transformers

from . import chat, devices, models
from .channel import Channel, Refused

LOOKED_AT = 16
"""Every so many tokens it is asked whether an answer goes round in circles."""
LINES = 4
LOSS_ROWS = 4


def run(body: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Losses and answers of `body["models"]` (name → folder; an adapter is laid over the model named `base`).

    Keys: `rows` as in `train`; `loss_rows`, ids of those whose loss is wanted; `budget_tokens` (0: none); `prompts`,
    the most rows (0: all); `max_new_tokens`; `batch`; `seconds` for everything (0: no limit); `threads`. Lines:
    `over_budget` with the id of each row passed over as longer, `loss`, `answer`, in the order of the rows given. Gives
    how far it came.
    """
    began = time.monotonic()
    models.quiet()
    devices.set_threads(body["threads"])
    channel.say("phase", name="load")
    engine = Engine(body["models"])
    rows, over = chat.within(engine.tokenizer, body["rows"], body.get("budget_tokens", 0), body.get("prompts", 0))
    for id in over:
        channel.say("over_budget", id=id)
    wanted = set(body.get("loss_rows", ()))
    answered, slowest = 0, 0.0
    channel.say("phase", name="answer")
    for start in range(0, len(rows), body["batch"]):
        channel.wait_while_paused()
        before = time.monotonic()
        if channel.stopping or (body["seconds"] and start and before - began + slowest > body["seconds"]):
            break
        batch = rows[start : start + body["batch"]]
        for name in body["models"]:
            engine.tell_losses(name, [row for row in batch if row.id in wanted], channel)
        for name in body["models"]:
            engine.tell_answers(name, batch, body["max_new_tokens"], channel)
        slowest = max(slowest, time.monotonic() - before)
        answered += len(batch)
    return {
        "answered": answered,
        "of": len(rows),
        "seconds": round(time.monotonic() - began, 1),
        "device": models.device(),
        "dtype": str(engine.dtype).removeprefix("torch."),
        "peak_mb": devices.peak_mb(),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    }


class Engine:
    """The models of one request, in one number format, with one tokenizer."""

    def __init__(self, folders: dict[str, str]) -> None:
        plain = {name: folder for name, folder in folders.items() if not models.is_adapter(folder)}
        laid_over = {name: folder for name, folder in folders.items() if models.is_adapter(folder)}
        if len(laid_over) > 1:
            raise Refused("model", "Only one adapter can be compared at a time.")
        if laid_over and "base" not in plain:
            plain["base"] = models.adapter_base(*laid_over.values())
        self.dtype = torch.bfloat16 if devices.found().bfloat16 else torch.float32
        self.tokenizer = models.tokenizer_of(next(iter(plain.values())))
        self.tokenizer.padding_side = "left"
        self._models = {name: models.load(folder, self.dtype).eval() for name, folder in plain.items()}
        self._adapted = ""
        for self._adapted, folder in laid_over.items():
            adapted = models.with_adapter(self._models["base"], folder).eval()
            self._models["base"] = self._models[self._adapted] = adapted

    @contextlib.contextmanager
    def _use(self, name: str) -> Iterator[Any]:
        model = self._models[name]
        off = model.disable_adapter() if self._adapted and name == "base" else contextlib.nullcontext()
        with torch.inference_mode(), off:
            yield model

    def tell_losses(self, name: str, rows: Sequence[chat.Encoded], channel: Channel) -> None:
        """Say the model's mean loss at each row's answer tokens, in nats."""
        for some in (rows[at : at + LOSS_ROWS] for at in range(0, len(rows), LOSS_ROWS)):
            with self._use(name) as model:
                losses = models.answer_losses(model, some, self.tokenizer.pad_token_id)
            lengths = [len(row.tokens) - row.answer for row in some]
            for row, part in zip(some, losses.split(lengths), strict=True):
                channel.say("loss", model=name, id=row.id, loss=round(float(part.mean()), 5), tokens=len(part))

    def tell_answers(self, name: str, rows: Sequence[chat.Encoded], most: int, channel: Channel) -> None:
        """Say the model's greedy answers to a batch of prompts."""
        began = time.monotonic()
        width = max(row.answer for row in rows)
        pad = self.tokenizer.pad_token_id
        prompts = torch.tensor([[pad] * (width - row.answer) + row.prompt for row in rows])
        attention = torch.tensor([[0] * (width - row.answer) + [1] * row.answer for row in rows])
        circles = GoesInCircles(self.tokenizer, width, len(rows))
        with self._use(name) as model:
            produced = model.generate(
                input_ids=prompts.to(model.device),
                attention_mask=attention.to(model.device),
                generation_config=transformers.GenerationConfig(
                    do_sample=False,
                    max_new_tokens=most,
                    eos_token_id=self.tokenizer.eos_token_id,
                    pad_token_id=pad,
                ),
                stopping_criteria=transformers.StoppingCriteriaList([circles]),
            )[:, width:].tolist()
        seconds = (time.monotonic() - began) / len(rows)
        for row, tokens, stopped in zip(rows, produced, circles.stopped, strict=True):
            tokens = tokens[:stopped] if stopped else tokens
            finished = self.tokenizer.eos_token_id in tokens
            if finished:
                tokens = tokens[: tokens.index(self.tokenizer.eos_token_id) + 1]
            text = self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
            channel.say(
                "answer",
                model=name,
                id=row.id,
                text=text,
                finished=finished,
                circles=bool(stopped),
                prompt_tokens=row.answer,
                tokens=len(tokens),
                seconds=round(seconds, 3),
            )


class GoesInCircles(transformers.StoppingCriteria):
    """Ends the rows of a batch that say the same lines again and again: one of them would hold all others to the limit.

    `stopped` has, for each row, the number of new tokens at which it was stopped, or 0.
    """

    def __init__(self, tokenizer: Any, width: int, rows: int) -> None:
        self._tokenizer, self._width = tokenizer, width
        self.stopped = [0] * rows

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        length = input_ids.shape[1] - self._width
        if length % LOOKED_AT == 0:
            ended = (input_ids[:, self._width :] == self._tokenizer.eos_token_id).any(dim=1).tolist()
            for i, tokens in enumerate(input_ids[:, self._width :].tolist()):
                if not ended[i] and not self.stopped[i] and goes_in_circles(self._tokenizer.decode(tokens)):
                    self.stopped[i] = length
        return torch.tensor([bool(stopped) for stopped in self.stopped], device=input_ids.device)


def goes_in_circles(text: str) -> bool:
    """Whether the last four whole lines repeat those one to four lines before them."""
    lines = text.split("\n")[:-1]
    last = lines[-LINES:]
    return any(len(lines) >= LINES + back and lines[-LINES - back : -back] == last for back in range(1, LINES + 1))
