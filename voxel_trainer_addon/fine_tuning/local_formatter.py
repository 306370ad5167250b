# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows as chats for training on one's own machines: `messages` a line, as TRL's trainers and most others take them
(https://huggingface.co/docs/trl/dataset_formats, conversational language modelling)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import openai_formatter
from .openai_formatter import faults, line

__all__ = ["check", "faults", "line", "preference"]


def preference(row: Mapping[str, Any]) -> dict[str, Any]:
    """A pair of answers as TRL's preference trainers take it."""
    pair = openai_formatter.preference(row)
    prompt, chosen, rejected = pair["input"]["messages"], pair["preferred_output"], pair["non_preferred_output"]
    return {"prompt": prompt, "chosen": chosen, "rejected": rejected}


def check(lines: Iterable[str], *, training: bool = True) -> list[str]:
    """What is wrong with a file's lines, as sentences; how many there are is free."""
    return [f"Line {number}: {words}" for number, text in enumerate(lines, 1) for words in faults(text)]
