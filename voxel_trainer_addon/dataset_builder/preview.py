# SPDX-License-Identifier: GPL-3.0-or-later
"""A few rows of a dataset as a person reads them in a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from ..examples import Sample, sized
from ..words import counted, harmless
from .parts import Row, row_files
from .published import facts_of

CODE_LINES = 40
"""So many lines of an answer are shown."""


def chosen(folder: Path, count: int, seed: int = 0) -> list[tuple[str, Row]]:
    """`count` rows with their split, one of each kind in turn, drawn by `seed` whatever the order of the rows.

    Raises UserError where there is no dataset.
    """
    facts_of(folder)
    sample = Sample(count, seed)
    for file in row_files(folder):
        for row in file.rows():
            sample.add(file.split, row)
    return sample.rows(count)


def lines(split: str, row: Row, width: int) -> Iterator[str]:
    """A row in lines of at most `width` characters, code apart."""
    facts = (row["kind"], row["task"], split, f"Blender {row['blender_version']}", sized(row), row["proof"]["name"])
    yield harmless(" · ".join(facts), width)
    for paragraph in row["prompt"].splitlines() or [""]:
        wrapped = textwrap.wrap(harmless(paragraph), max(20, width - 2), subsequent_indent=_lead(paragraph))
        yield from (f"  {line}" for line in wrapped or [""])
    yield ""
    yield from answer(row["completion"], width if row["form"] == "words" else 0)
    if rejected := row.get("rejected"):
        yield f"  rejected: {harmless(rejected['what'], width - 12)}"
        yield from answer(rejected["completion"], 0)
    licences = sorted({source["licence"] for source in row["sources"]})
    source = row["sources"][0]
    more = f" and {len(row['sources']) - 1} more" if len(row["sources"]) > 1 else ""
    yield harmless(f"  from {source['origin']} {source['path']}{more} ({', '.join(licences)})", width)


def answer(text: str, width: int) -> Iterator[str]:
    """An answer, indented; wrapped to `width`, or line by line where that is 0."""
    found = text.strip("\n").splitlines()
    if width:
        found = [part for line in found for part in textwrap.wrap(line, max(20, width - 4)) or [""]]
    for line in found[:CODE_LINES]:
        yield f"    {harmless(line.expandtabs(4))}".rstrip()
    if len(found) > CODE_LINES:
        yield f"    … {counted(len(found) - CODE_LINES, 'more line')}"


def _lead(paragraph: str) -> str:
    return " " * (len(paragraph) - len(paragraph.lstrip()))
