# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `dataset verify`: a dataset's own checks, and the platforms' rules for their files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ..dataset_builder import verify
from ..dataset_builder.decontamination import Benchmarks
from ..dataset_builder.findings import Findings
from ..dataset_builder.parts import RowFile, row_files
from ..fine_tuning.platform_files import PLATFORMS, Formatter, is_chat

MISSING: Any = object()


def verified(folder: Path, decontaminate: Path | None = None) -> Findings:
    """Everything that is wrong with the dataset in `folder`; `decontaminate` is a list of hashes of benchmarks. Raises
    UserError where there is no dataset."""
    benchmarks = Benchmarks.read(decontaminate) if decontaminate else None
    found = verify.verify(folder, benchmarks)
    for platform, formatter in PLATFORMS.items():
        for file in row_files(folder):
            _platform(found, file, folder / platform / file.name, formatter)
    return found


def _platform(found: Findings, file: RowFile, path: Path, formatter: Formatter) -> None:
    """A platform's file passes its rules, and holds the rows of `file`, line by line."""
    name = f"{path.parent.name}/{path.name}"
    if not path.is_file():
        found.add("platform", name, 0, f"The file is missing; it should hold the rows of {file.name}.")
        return
    rows = (row for row in verify.rows_or_none(file) if row is None or is_chat(row, path.parent.name))
    with open(path, encoding="utf-8", errors="replace") as lines:
        for number, (text, row) in enumerate(zip_longest(lines, rows, fillvalue=MISSING), 1):
            if text is MISSING or row is MISSING:
                found.add("other rows", name, number, f"It has not as many rows as {file.name}.")
                return
            wrong = formatter.faults(text)
            for words in wrong:
                found.add("platform", name, number, f"Against the platform's rules: {words}")
            if not wrong and row is not None and not _holds(text, row):
                found.add("other rows", name, number, f"It is not the row of {file.name}:{number}.")


def _holds(text: str, row: Mapping[str, Any]) -> bool:
    """Whether a chat asks what the row asks and answers what it answers, however the answer is framed: that differs
    between versions."""
    asked, answered = (message["content"] for message in json.loads(text)["messages"][-2:])
    return asked == row["prompt"] and row["completion"].strip() in answered
