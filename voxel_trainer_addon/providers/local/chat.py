# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows as tokens: where a chat's prompt ends and its answer begins, for any tokenizer whose template keeps prefixes."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias

import jinja2

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

    @property
    def counted(self) -> list[int]:
        return self.tokens[self.answer :]

    @property
    def parts(self) -> tuple[Encoded, ...]:
        return (self,)


@dataclass(frozen=True)
class Pair:
    """Two answers to one prompt, the better one first."""

    chosen: Encoded
    rejected: Encoded

    @property
    def id(self) -> str:
        return self.chosen.id

    @property
    def parts(self) -> tuple[Encoded, ...]:
        return (self.chosen, self.rejected)


Row: TypeAlias = Encoded | Pair


def tokens_of(rows: Iterable[Row]) -> int:
    return sum(len(part.tokens) for row in rows for part in row.parts)


def counted_of(rows: Iterable[Row]) -> int:
    """The tokens that count in the loss."""
    return sum(len(part.counted) for row in rows for part in row.parts)


def width(row: Row) -> int:
    return max(len(part.tokens) for part in row.parts)


def space(rows: Sequence[Row]) -> int:
    """Tokens of the rows in one batch, padding included."""
    return sum(len(row.parts) for row in rows) * max(map(width, rows))


def encode(tokenizer: Any, row: dict[str, Any]) -> Row:
    """A row `{"id", "messages", "completion"}` as tokens, or one with `chosen` and `rejected` as a pair of them.

    Only the last turn of a chat is trained on. Raises Refused where the counted tokens are not the answer and its end.
    """
    if "chosen" in row:
        return Pair(*(encoded(tokenizer, {**row, "completion": row[key]}) for key in ("chosen", "rejected")))
    return encoded(tokenizer, row)


def encoded(tokenizer: Any, row: dict[str, Any]) -> Encoded:
    """A row with one answer; see `encode`."""
    chat = [*row["messages"], {"role": "assistant", "content": row["completion"]}]
    prompt_text = _prompt(tokenizer, row["messages"])
    text = _text(tokenizer, chat, add_generation_prompt=False)
    if not text.startswith(prompt_text):
        raise Refused(
            "template", "This model's chat template rewrites a prompt once it is answered; it cannot be tuned."
        )
    prompt, whole = _tokens(tokenizer, prompt_text), _tokens(tokenizer, text)
    if whole[: len(prompt)] != prompt:  # a token goes over the border; when answering the prompt stands by itself too
        whole = prompt + _tokens(tokenizer, text[len(prompt_text) :])
    if tokenizer.eos_token_id not in whole[len(prompt) :]:
        raise Refused(
            "template", "This model's chat template does not end an answer with the end token; it would never stop."
        )
    while whole[-1] != tokenizer.eos_token_id:
        whole.pop()
    if len(whole) < len(prompt) + 2:
        raise Refused(
            "template",
            f"No token of the answer counts: this model's chat template loses it, or it is empty (row {row['id']}).",
        )
    counted = tokenizer.decode(whole[len(prompt) : -1], clean_up_tokenization_spaces=False)
    if _plain(counted) != _plain(row["completion"]):
        raise Refused(
            "template",
            f"This model's chat template or tokenizer changes the answer (row {row['id']}); see docs/train.md.",
        )
    return Encoded(row["id"], whole, len(prompt))


def prompt_of(tokenizer: Any, messages: Sequence[dict[str, str]]) -> list[int]:
    """A chat as the tokens that a model answers. Raises Refused where its template takes no such chat."""
    return _tokens(tokenizer, _prompt(tokenizer, messages))


def _prompt(tokenizer: Any, messages: Sequence[dict[str, str]]) -> str:
    if not tokenizer.chat_template:
        raise Refused("template", "This model has no chat template: choose one that was made for chat (Instruct).")
    try:
        return _text(tokenizer, messages, add_generation_prompt=True)
    except jinja2.TemplateError as error:
        raise Refused("template", f"This model's chat template takes no such chat: {error}") from error


def _plain(text: str) -> str:
    """What templates and tokenizers may change: space at both ends, and which of equal characters are written."""
    return unicodedata.normalize("NFKC", text).strip()


def _text(tokenizer: Any, chat: Sequence[dict[str, str]], *, add_generation_prompt: bool) -> str:
    # Templates that know no thinking ignore the word; those that do must write the same prompt with and without answer.
    return str(
        tokenizer.apply_chat_template(
            chat, tokenize=False, add_generation_prompt=add_generation_prompt, enable_thinking=False
        )
    )


def _tokens(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False).input_ids)


def within(tokenizer: Any, rows: Iterable[dict[str, Any]], budget: int, limit: int = 0) -> tuple[list[Any], list[str]]:
    """The first `limit` rows (0: all) of at most `budget` tokens, and the ids of those passed over as longer."""
    kept: list[Row] = []
    over: list[str] = []
    for row in rows:
        if limit and len(kept) == limit:
            break
        found = encode(tokenizer, row)
        if budget and width(found) > budget:
            over.append(found.id)
        else:
            kept.append(found)
    return kept, over


def batches(rows: Sequence[Any], seed: int, batch_tokens: int) -> Iterator[list[Any]]:
    """Batches for ever, pass after pass, each of like lengths and at most `batch_tokens` with padding (or one row).

    The order depends on the rows, the seed and the pass only, so that step N is the same after a restart.
    """
    for number in count():
        chance = random.Random(f"{seed}/{number}")
        order = sorted(rows, key=lambda row: str(row.id))
        chance.shuffle(order)
        order.sort(key=lambda row: width(row) // 16)
        found = list(pieces(order, batch_tokens))
        chance.shuffle(found)
        yield from found


def pieces(rows: Iterable[Any], most: int) -> Iterator[list[Any]]:
    """The rows in their order, cut into pieces of at most `most` tokens with padding (or of one row)."""
    piece: list[Row] = []
    for row in rows:
        if piece and space([*piece, row]) > most:
            yield piece
            piece = []
        piece.append(row)
    if piece:
        yield piece
