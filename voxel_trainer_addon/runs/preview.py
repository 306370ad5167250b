# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of a dataset that the report drew, for the panel to show one at a time. No bpy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..examples import SAMPLE
from ..files import read_jsonl

TEXTS = ("split", "kind", "task", "form", "prompt", "completion", "blender_version", "proof", "source", "licence")


class Preview:
    """The sample in a dataset's folder, read again when its file changes; `at` is the place of the example shown."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.rows: tuple[Mapping[str, Any], ...] = ()
        self.at = 0
        self._stamp: object = None

    def look(self, folder: Path) -> None:
        """See what lies in a dataset's folder by now; where there is no sample there are no examples."""
        try:
            stamp: object = (folder, (folder / SAMPLE).stat().st_mtime_ns)
        except OSError:
            stamp = None
        if stamp != self._stamp:
            self.folder, self._stamp, self.at = folder, stamp, 0
            self.rows = tuple(filter(_is_whole, _lines(folder / SAMPLE))) if stamp else ()

    def step(self, by: int) -> None:
        """Show the next (1) or the one before (-1); after the last comes the first."""
        if self.rows:
            self.at = (self.at + by) % len(self.rows)

    @property
    def report(self) -> str:
        """The place of the dataset's report, '' where there is none."""
        place = self.folder / "report.html" if self.folder and self.rows else None
        return str(place) if place and place.is_file() else ""


def _lines(path: Path) -> list[Any]:
    try:
        return list(read_jsonl(path))
    except (OSError, ValueError):
        return []


def _is_whole(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and all(isinstance(row.get(name), str) for name in TEXTS)
        and isinstance(row.get("lines"), int)
    )
