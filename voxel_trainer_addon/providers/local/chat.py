# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows as tokens: where a chat's prompt ends and its answer begins, for any tokenizer whose template keeps prefixes."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from .channel import Refused


@dataclass(frozen=True)
class Encoded:
    """A row's tokens. Those from `answer` on are the answer, its end token included: only they count in the loss."""

    id: str
    tokens: list[int]
    answer: int

    @property
    def prompt(self) -> list[int]:
        return self.tokens[: self.answer]


def encode(tokenizer: Any, row: dict[str, Any]) -> Encoded:
    """A row `{"id", "messages", "completion"}` as tokens. Raises Refused where the chat template does not fit."""
    if not tokenizer.chat_template:
        raise Refused("template", "This model has no chat template: choose one that was made for chat (Instruct).")
    chat = [*row["messages"], {"role": "assistant", "content": row["completion"]}]
    prompt = _tokens(tokenizer, row["messages"], add_generation_prompt=True)
    whole = _tokens(tokenizer, chat, add_generation_prompt=False)
    if whole[: len(prompt)] != prompt:
        raise Refused(
            "template", "This model's chat template rewrites a prompt once it is answered; it cannot be tuned."
        )
    answer = whole[len(prompt) :]
    if tokenizer.eos_token_id not in answer:
        raise Refused(
            "template", "This model's chat template does not end an answer with the end token; it would never stop."
        )
    while whole[-1] != tokenizer.eos_token_id:
        whole.pop()
    if len(whole) < len(prompt) + 2:
        raise Refused("template", "This model's chat template loses the answer.")
    return Encoded(row["id"], whole, len(prompt))


def _tokens(tokenizer: Any, chat: list[dict[str, str]], *, add_generation_prompt: bool) -> list[int]:
    # Templates that know no thinking ignore the word; those that do must write the same prompt with and without answer.
    text = tokenizer.apply_chat_template(
        chat, tokenize=False, add_generation_prompt=add_generation_prompt, enable_thinking=False
    )
    return list(tokenizer(text, add_special_tokens=False).input_ids)


def within(
    tokenizer: Any, rows: Iterable[dict[str, Any]], budget: int, limit: int = 0
) -> tuple[list[Encoded], list[str]]:
    """The first `limit` rows (0: all) of at most `budget` tokens, and the ids of those passed over as longer."""
    kept: list[Encoded] = []
    over: list[str] = []
    for row in rows:
        if limit and len(kept) == limit:
            break
        encoded = encode(tokenizer, row)
        if budget and len(encoded.tokens) > budget:
            over.append(encoded.id)
        else:
            kept.append(encoded)
    return kept, over


def batches(rows: Sequence[Encoded], seed: int, batch_tokens: int) -> Iterator[list[Encoded]]:
    """Batches for ever, pass after pass, each of like lengths and at most `batch_tokens` with padding (or one row).

    The order depends on the rows, the seed and the pass only, so that step N is the same after a restart.
    """
    for number in count():
        chance = random.Random(f"{seed}/{number}")
        order = sorted(rows, key=lambda row: row.id)
        chance.shuffle(order)
        order.sort(key=lambda row: len(row.tokens) // 16)
        found: list[list[Encoded]] = []
        for row in order:
            together = [*found[-1], row] if found else [row]
            if found and len(together) * max(len(one.tokens) for one in together) <= batch_tokens:
                found[-1] = together
            else:
                found.append([row])
        chance.shuffle(found)
        yield from found
