# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a dataset's rows lie: a file for each split, and for each part whose licence asks for a file of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .files import read_jsonl

SPLITS = ("train", "val", "test")
PARTS = ("", "share-alike", "copyleft")
"""Parts by licence: what may be passed on under any licence, and what must stay under its own."""

OWN_PAIRS = "pairs.jsonl"
"""Beside a tuned model: pairs of its own answers, a training `row`'s id and what replaces fields of it a line."""
TRAINED_ON = "trained_on.txt"
"""Beside a tuned model: the answers and groups of the rows that it was trained on, one a line."""


def file_name(split: str, part: str = "") -> str:
    """`train.jsonl`, `train.copyleft.jsonl`."""
    return f"{split}.{part}.jsonl" if part else f"{split}.jsonl"


def rows_of(folder: Path, split: str, parts: Iterable[str] = PARTS) -> Iterator[dict[str, Any]]:
    """The rows of a split, one at a time, part by part; nothing of files that are not there."""
    for part in parts:
        path = folder / file_name(split, part)
        if path.is_file():
            yield from read_jsonl(path)
