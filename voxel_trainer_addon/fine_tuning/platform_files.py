# SPDX-License-Identifier: GPL-3.0-or-later
"""A dataset's rows once more, as the platforms want them: `openai/*.jsonl`, `claude/*.jsonl` and `local/*.jsonl`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from ..errors import UserError
from ..files import read_jsonl, write_jsonl
from ..providers.makers import may_train
from ..row_files import SPLITS
from ..words import counted
from . import claude_formatter, local_formatter, openai_formatter

PREFERENCE = "preference"
"""The kind of rows that hold a better and a worse answer; they stand in files of their own (`train.preference.jsonl`)
for the platforms that take such pairs, whose modules have a function of this name."""


TERMS = "models wrote their requests whose terms keep them from training there"


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
    removed. Rows that the terms of their request's author keep from a platform are left out there and counted. The
    findings, each a sentence that names its file. The number of rows of a test split is nobody's rule.
    """
    findings = []
    patterns = [f"{split}{part}.jsonl" for split in SPLITS for part in ("", ".*")]
    rows_of = {path.name: path for pattern in patterns for path in sorted(folder.glob(pattern))}
    for platform, formatter in PLATFORMS.items():
        for old in (folder / platform).glob("*.jsonl"):
            if old.name.replace(f".{PREFERENCE}.", ".") not in rows_of:
                old.unlink()
        kept_away = 0
        for name, rows in rows_of.items():
            path = folder / platform / name
            kept_away += sum(not may_train(row, platform) for row in read_jsonl(rows))
            chats = (row for row in read_jsonl(rows) if is_chat(row, platform))
            count = write_jsonl(path, map(formatter.line, chats))
            if preference := getattr(formatter, "preference", None):
                pairs = path.with_suffix(f".{PREFERENCE}.jsonl")
                wanted = (row for row in read_jsonl(rows) if row["kind"] == PREFERENCE and may_train(row, platform))
                if not write_jsonl(pairs, map(preference, wanted)):
                    pairs.unlink()
            split = name.partition(".")[0]
            if split == "test" or not count:
                continue
            with open(path, encoding="utf-8") as lines:
                found = formatter.check(lines, training=split == "train")
            findings += [f"{platform}/{name}: {words}" for words in found]
        if kept_away:
            findings.append(f"{platform}/: {counted(kept_away, 'row')} left out: {TERMS}.")
    return findings


def is_chat(row: Mapping[str, Any], platform: str) -> bool:
    """Whether a row stands in a platform's files as a chat."""
    return row["kind"] != PREFERENCE and may_train(row, platform)


def lines(rows: Iterable[Mapping[str, Any]], platform: str, objective: str) -> Iterator[dict[str, Any]]:
    """Rows for an objective (`sft`, `dpo`) in a platform's format. Raises UserError where it has none for that."""
    name = PREFERENCE if objective == "dpo" else "line"
    write = getattr(PLATFORMS[platform], name, None)
    if write is None:
        raise UserError(f"The format of {platform} has no pairs of answers, so it can only be trained with sft.")
    return map(write, rows)
