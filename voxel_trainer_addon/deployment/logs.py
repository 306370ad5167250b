# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of one JSON object a line: written at the end only, read past what is damaged."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Lines:
    """What a log holds, oldest first, and how many of its lines could not be read."""

    values: tuple[dict[str, Any], ...]
    damaged: int


def append(path: Path, value: Mapping[str, Any]) -> None:
    """Add one line. A line that was cut off before stays as it is, and the new one begins below. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b") as log:
        torn = False
        if log.seek(0, os.SEEK_END):
            log.seek(-1, os.SEEK_END)
            torn = log.read(1) != b"\n"
        log.write((b"\n" if torn else b"") + json.dumps(value).encode() + b"\n")
        log.flush()
        os.fsync(log.fileno())


def read(path: Path) -> Lines:
    """All lines that are JSON objects; none where there is no log. Raises OSError where it cannot be read."""
    try:
        parts = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return Lines((), 0)
    values, damaged = [], 0
    for part in filter(bytes.strip, parts):
        try:
            value = json.loads(part)
        except ValueError:
            value = None
        if isinstance(value, dict):
            values.append(value)
        else:
            damaged += 1
    return Lines(tuple(values), damaged)
