# SPDX-License-Identifier: GPL-3.0-or-later
"""A dataset's rows once more, as the platforms want them: `openai/*.jsonl`, `claude/*.jsonl` and `local/*.jsonl`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from ..files import read_jsonl, write_jsonl
from ..row_files import SPLITS
from . import claude_formatter, local_formatter, openai_formatter

PREFERENCE = "preference"
"""The kind of rows that hold a better and a worse answer; they stand in files of their own (`train.preference.jsonl`)
for the platforms that take such pairs, whose modules have a function of this name."""


class Formatter(Protocol):
    """A module that writes one platform's lines and knows its rules."""

    def line(self, row: Mapping[str, Any]) -> dict[str, Any]: ...

    def faults(self, text: str) -> list[str]: ...

    def check(self, lines: Iterable[str], *, training: bool = True) -> list[str]: ...


PLATFORMS: dict[str, Formatter] = {
    "openai": openai_formatter,
    "claude": claude_formatter,
    "local": local_formatter,
}


def write_platform_files(folder: Path) -> list[str]:
    """Write every file of rows of the dataset in `folder` in each platform's format and check it against its rules.

    Parts that stand in files of their own by licence keep them (`train.copyleft.jsonl`); files whose rows are gone are
    removed. The findings, each a sentence that names its file. The number of rows of a test split is nobody's rule.
    """
    findings = []
    patterns = [f"{split}{part}.jsonl" for split in SPLITS for part in ("", ".*")]
    rows_of = {path.name: path for pattern in patterns for path in sorted(folder.glob(pattern))}
    for platform, formatter in PLATFORMS.items():
        for old in (folder / platform).glob("*.jsonl"):
            if old.name.replace(f".{PREFERENCE}.", ".") not in rows_of:
                old.unlink()
        for name, rows in rows_of.items():
            path = folder / platform / name
            chats = (row for row in read_jsonl(rows) if row["kind"] != PREFERENCE)
            count = write_jsonl(path, map(formatter.line, chats))
            if preference := getattr(formatter, "preference", None):
                pairs = path.with_suffix(f".{PREFERENCE}.jsonl")
                if not write_jsonl(pairs, (preference(row) for row in read_jsonl(rows) if row["kind"] == PREFERENCE)):
                    pairs.unlink()
            split = name.partition(".")[0]
            if split == "test" or not count:
                continue
            with open(path, encoding="utf-8") as lines:
                found = formatter.check(lines, training=split == "train")
            findings += [f"{platform}/{name}: {words}" for words in found]
    return findings
