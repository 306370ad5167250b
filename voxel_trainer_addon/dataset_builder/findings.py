# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check of a dataset found: sentences with their place, the first few of each code, and how many in all."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

KEPT = 20


@dataclass(frozen=True)
class Finding:
    """`code` is a short word for grouping; `line` counts from 1, 0 where the whole file is meant."""

    code: str
    file: str
    line: int
    sentence: str

    @property
    def place(self) -> str:
        """`train.jsonl:12`."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Findings:
    """The first `KEPT` findings of each code, and the number of all. `rows` and `files` are what was looked at."""

    rows: int = 0
    files: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    first: list[Finding] = field(default_factory=list)

    def add(self, code: str, file: str, line: int, sentence: str) -> None:
        """Keep a finding, or only count it."""
        self.counts[code] += 1
        if self.counts[code] <= KEPT:
            self.first.append(Finding(code, file, line, sentence))
