# SPDX-License-Identifier: GPL-3.0-or-later
"""Which file a row stands in: its side of the split, and a file of its own where its licence asks for that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import read_jsonl
from ..licences.classes import class_of_sources
from ..row_files import PARTS, SPLITS, file_name

Row = Mapping[str, Any]


def makers(sources: Iterable[Mapping[str, Any]]) -> set[str]:
    """Whom a row comes from: the repositories, or where none is known the sources as a whole."""
    return {str(source.get("repository") or source["origin"]) for source in sources}


def part(sources: Iterable[Mapping[str, Any]]) -> str:
    """The part that a row with these sources belongs to, of PARTS."""
    found = class_of_sources(sources)
    return found if found in PARTS else ""


@dataclass(frozen=True)
class RowFile:
    """A file of rows in a dataset's folder."""

    path: Path
    split: str
    part: str

    @property
    def name(self) -> str:
        return self.path.name

    def rows(self) -> Iterator[dict[str, Any]]:
        """Its rows, one at a time. Raises ValueError where a line is not JSON."""
        return read_jsonl(self.path)


def row_files(folder: Path) -> list[RowFile]:
    """The files of rows that are there, by part and split."""
    files = [RowFile(folder / file_name(split, part), split, part) for part in PARTS for split in SPLITS]
    return [file for file in files if file.path.is_file()]
