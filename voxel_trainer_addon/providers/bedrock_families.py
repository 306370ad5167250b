# SPDX-License-Identifier: GPL-3.0-or-later
"""What each family of models on Amazon Bedrock is tuned on: the form of a line, how many rows, how long.

By Amazon's guide, "Prepare data for fine-tuning your models", read in copies of 2026
(https://docs.aws.amazon.com/bedrock/latest/userguide/model-customization-prepare.html): models that are tuned by pairs
are listed there; all others take the form of the Converse API, Claude but for the form of its own. For Nova it gives no
numbers of rows (https://docs.aws.amazon.com/nova/latest/userguide/fine-tune-prepare-data-understanding.html recommends
100 and more), nor for families that it does not name: there the host itself says what is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..words import counted
from .hosts import Limits
from .refusals import Refusal

CHARACTERS_A_TOKEN = 6
"""By the same guide, which gives limits of a row in tokens and asks to estimate them so."""
Message = Mapping[str, str]


def _claude(system: str, messages: Sequence[Message]) -> dict[str, Any]:
    return {**({"system": system} if system else {}), "messages": list(messages)}


def _conversation(system: str, messages: Sequence[Message]) -> dict[str, Any]:
    return {
        "schemaVersion": "bedrock-conversation-2024",
        **({"system": [{"text": system}]} if system else {}),
        "messages": [{"role": one["role"], "content": [{"text": one["content"]}]} for one in messages],
    }


def _pair(system: str, messages: Sequence[Message]) -> dict[str, Any]:
    *asked, answer = messages
    parts = [system, *(one["content"] for one in asked)]
    return {"prompt": "\n\n".join(filter(None, parts)), "completion": answer["content"]}


@dataclass(frozen=True)
class Family:
    """Models whose ids begin alike. `total` bounds the rows of both files together."""

    begins: str
    line: Callable[[str, Sequence[Message]], dict[str, Any]]
    limits: Limits
    total: tuple[int, int] = (1, 0)


LLAMA = Limits(row_tokens=16_000), (100, 10_000)
PAIRS = Limits((1, 10_000), (0, 1_000), 10**9, 4_096)
CLAUDE = Family("anthropic.", _claude, Limits((32, 10_000), (32, 1_000), 10**10, 32_000), (32, 10_000))
FAMILIES = (
    CLAUDE,
    Family("meta.llama3-1-", _pair, *LLAMA),
    Family("meta.", _conversation, *LLAMA),
    Family("amazon.titan-", _pair, PAIRS),
    Family("cohere.", _pair, PAIRS),
    Family("", _conversation, Limits()),
)


def family(model: str) -> Family:
    """The family of a model's id or ARN."""
    id = model.rpartition("/")[2]
    return next(one for one in FAMILIES if id.startswith(one.begins))


def files(model: str, training: Path, validation: Path | None) -> tuple[bytes, bytes]:
    """Both files for a model, made of files of chats (`messages`, and `system` where it does not stand among them); the
    second is empty where there are fewer rows to validate on than the host wants, and cut where there are more. Raises
    Refusal where the host would not train on them."""
    of = family(model)
    rows = list(_lines(of, training))
    held_out = list(_lines(of, validation)) if validation else []
    fewest, most = of.limits.validation_rows
    held_out = held_out[: most or None] if len(held_out) >= fewest else []
    for what, count, (least, greatest) in (
        ("to train on", len(rows), of.limits.rows),
        ("in all", len(rows) + len(held_out), of.total),
    ):
        if count < least or (greatest and count > greatest):
            bounds = f"{least:,} to {greatest:,} rows" if greatest else f"at least {counted(least, 'row')}"
            raise Refusal("rows", f"Bedrock wants {bounds} {what} for {model}; there are {count:,}.")
    longest = of.limits.row_tokens * CHARACTERS_A_TOKEN
    if longest and (long := sum(len(row) > longest for row in rows)):
        many = counted(long, "row is", "rows are")
        raise Refusal("rows", f"{many} longer than the {of.limits.row_tokens:,} tokens that Bedrock takes for {model}.")
    return "".join(rows).encode(), "".join(held_out).encode()


def _lines(of: Family, path: Path) -> Iterator[str]:
    with open(path, encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            first, *rest = row["messages"]
            if first["role"] == "system":
                system, messages = first["content"], rest
            else:
                system, messages = row.get("system", ""), row["messages"]
            yield json.dumps(of.line(system, messages), ensure_ascii=False) + "\n"
