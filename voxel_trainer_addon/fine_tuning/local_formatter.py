# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows as chats for training on one's own machines: `messages` a line, as TRL's trainers and most others take them
(https://huggingface.co/docs/trl/dataset_formats, conversational language modelling)."""

from __future__ import annotations

from collections.abc import Iterable

from .openai_formatter import faults, line

__all__ = ["check", "faults", "line"]


def check(lines: Iterable[str], *, training: bool = True) -> list[str]:
    """What is wrong with a file's lines, as sentences; how many there are is free."""
    return [f"Line {number}: {words}" for number, text in enumerate(lines, 1) for words in faults(text)]
