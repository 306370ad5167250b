# SPDX-License-Identifier: GPL-3.0-or-later
"""Which file a row stands in: its side of the split, and a file of its own where its licence asks for that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import read_jsonl
from ..licences.classes import RANK, class_of
from ..row_files import PARTS, SPLITS, file_name

NO_USE = frozenset({"unknown", "forbidden"})
"""Classes of licences under which nothing may be trained on."""

Row = Mapping[str, Any]


def licence_class(sources: Iterable[Mapping[str, Any]]) -> str:
    """The class of licence that a row is under. Sources of the same thing are alternatives, so the freest counts; where
    the row needs several things (`of`), the strictest of these."""
    needed: dict[str, list[str]] = {}
    for source in sources:
        needed.setdefault(str(source.get("of", "")), []).append(class_of(source["licence"]))
    freest = [min(classes, key=RANK.__getitem__) for classes in needed.values()]
    return max(freest, key=RANK.__getitem__, default="unknown")


def makers(sources: Iterable[Mapping[str, Any]]) -> set[str]:
    """Whom a row comes from: the repositories, or where none is known the sources as a whole."""
    return {str(source.get("repository") or source["origin"]) for source in sources}


def part(sources: Iterable[Mapping[str, Any]]) -> str:
    """The part that a row with these sources belongs to, of PARTS."""
    found = licence_class(sources)
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
