# SPDX-License-Identifier: GPL-3.0-or-later
"""A dataset's rows once more, as the platforms want them: `openai/*.jsonl` and `claude/*.jsonl`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from ..files import read_jsonl, write_jsonl
from . import claude_formatter, openai_formatter

SPLITS = ("train", "val", "test")


class Formatter(Protocol):
    """A module that writes one platform's lines and knows its rules."""

    def line(self, row: Mapping[str, Any]) -> dict[str, Any]: ...

    def check(self, lines: Iterable[str], *, training: bool = True) -> list[str]: ...


PLATFORMS: dict[str, Formatter] = {"openai": openai_formatter, "claude": claude_formatter}


def write_platform_files(folder: Path) -> list[str]:
    """Write every split of the dataset in `folder` in each platform's format and check it against its rules.

    The findings, each a sentence that names its file. The number of rows of a test split is nobody's rule.
    """
    findings = []
    for platform, formatter in PLATFORMS.items():
        for split in SPLITS:
            rows = folder / f"{split}.jsonl"
            if not rows.is_file():
                continue
            path = folder / platform / f"{split}.jsonl"
            count = write_jsonl(path, (formatter.line(row) for row in read_jsonl(rows)))
            if split == "test" or not count:
                continue
            with open(path, encoding="utf-8") as lines:
                found = formatter.check(lines, training=split == "train")
            findings += [f"{platform}/{split}.jsonl: {words}" for words in found]
    return findings
