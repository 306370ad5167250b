# SPDX-License-Identifier: GPL-3.0-or-later
"""A finished dataset checked by itself: form, hashes, leaks between the sides, licences, attribution.

It holds no row in memory longer than it looks at it: what is compared across rows lies in a database on disk.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ..row_files import SPLITS
from . import card
from .alike import Alike
from .attribution import ATTRIBUTION, entry, heading
from .decontamination import Benchmarks, normal
from .findings import Findings
from .form import faults
from .looks import look
from .parquet import FOLDER as PARQUET
from .parquet import can_read, ids_in
from .parts import RowFile, makers, row_files
from .published import FACTS, facts_of, held, listed
from .spill import brief, spilled
from .splits import TELLING_NODES

SEEN = """
CREATE TABLE seen (what TEXT, hash BLOB, side INTEGER, place INTEGER);
CREATE TABLE line (entry BLOB PRIMARY KEY) WITHOUT ROWID;
"""
ADD = "INSERT INTO seen VALUES (?, ?, ?, ?)"
TWO_SIDES = """
SELECT what, hash, side, MIN(place), COUNT(*) FROM seen
JOIN (SELECT what, hash FROM seen WHERE what NOT IN ('id', 'source', 'maker', 'far')
      GROUP BY what, hash HAVING MIN(side) <> MAX(side)) USING (what, hash)
GROUP BY what, hash, side ORDER BY what, hash, side
"""
TWICE = """
SELECT MIN(place), MAX(place), COUNT(*) FROM seen WHERE what = 'id' GROUP BY hash HAVING COUNT(*) > 1 ORDER BY 1
"""
NOT_NAMED = """
SELECT MIN(place) FROM seen WHERE what = 'source' AND hash NOT IN (SELECT entry FROM line) GROUP BY hash ORDER BY 1
"""
NOT_FAR = """
SELECT MIN(place) FROM seen WHERE what = 'far' AND hash IN (SELECT hash FROM seen WHERE what = 'maker')
GROUP BY hash ORDER BY 1
"""
LEAKS = {
    "group": "group",
    "answer": "answer",
    "prompt": "prompt, capitals and blanks apart,",
    "completion": "completion",
    "family": f"family of {TELLING_NODES} and more nodes",
}
"""What must not stand on two sides → how it is called."""
FILE_LINES = 1 << 40
"""Place of a row: number of its file times this, plus its line."""


def verify(folder: Path, benchmarks: Benchmarks | None = None) -> Findings:
    """Everything that is wrong with the dataset in `folder`, platform files apart. Raises UserError where there is no
    dataset."""
    return _Verification(folder, facts_of(folder), benchmarks).run()


class _Verification:
    def __init__(self, folder: Path, known: dict[str, Any], benchmarks: Benchmarks | None) -> None:
        self.folder, self.known, self.benchmarks = folder, known, benchmarks
        self.found, self.files, self.tally = Findings(), row_files(folder), card.Tally()

    def run(self) -> Findings:
        self.hashes()
        with spilled(SEEN) as self.seen:
            for number, file in enumerate(self.files):
                for line, row in self.rows(file):
                    self.row(number * FILE_LINES + line, file, line, row)
            self.across()
            self.attribution()
        self.counts()
        self.near_duplicates()
        self.parquet()
        return self.found

    def rows(self, file: RowFile) -> Iterator[tuple[int, Any]]:
        """The rows of a file with their lines, findings of what cannot be read apart."""
        with open(file.path, "rb") as lines:
            for line, data in enumerate(lines, 1):
                try:
                    yield line, json.loads(data)
                except (ValueError, RecursionError):
                    self.found.add("line", file.name, line, "This line is no JSON.")
                if not data.endswith(b"\n"):
                    self.found.add("line", file.name, line, "The last line has no end: the file was cut.")

    def row(self, place: int, file: RowFile, line: int, row: Any) -> None:
        self.found.rows += 1
        told = list(look(row, file))
        for code, sentence in told:
            self.found.add(code, file.name, line, sentence)
        if told and told[0][0] == "field":
            return
        self.tally.add(file, row)
        if self.benchmarks and (name := self.benchmarks.of(row)):
            self.found.add("benchmark", file.name, line, f"The prompt or completion is one of the benchmark {name}.")
        side = SPLITS.index(file.split)
        for what, value in compared(row):
            self.seen.add(ADD, what, brief(value), side, place)
        for source in row["sources"]:
            self.seen.add(ADD, "source", brief(heading(source) + entry(source)), side, place)
        if what := "maker" if side == 0 else "far" if row.get("test") == "far" else "":
            for maker in makers(row["sources"]):
                self.seen.add(ADD, what, brief(maker), side, place)

    def place(self, place: int) -> tuple[str, int]:
        number, line = divmod(place, FILE_LINES)
        return self.files[number].name, line

    def told(self, place: int) -> str:
        name, line = self.place(place)
        return f"{name}:{line}"

    def across(self) -> None:
        """Ids that stand twice, and what stands on two sides of the split."""
        for one, last, count in self.seen.ask(TWICE):
            words = f"The id stands {count} times, first in {self.told(one)}."
            self.found.add("twice", *self.place(last), words)
        first: tuple[Any, ...] = ()
        for what, hash, side, place, count in self.seen.ask(TWO_SIDES):
            if first[:2] != (what, hash):
                first = what, hash, SPLITS[side], place
                continue
            there = f"{first[2]} ({self.told(first[3])})"
            rows = f" {count} rows of {SPLITS[side]} have it." if count > 1 else ""
            self.found.add(what, *self.place(place), f"The same {LEAKS[what]} stands in {there} too.{rows}")
        for (place,) in self.seen.ask(NOT_FAR):
            self.found.add("far", *self.place(place), "The row is called far, and train has rows of its source too.")

    def attribution(self) -> None:
        """Every source of every row is named in `ATTRIBUTION.md` with path and licence."""
        path, head = self.folder / ATTRIBUTION, ""
        if not path.is_file():
            self.found.add("attribution", ATTRIBUTION, 0, "The file is missing: no source is named.")
            return
        with open(path, encoding="utf-8") as lines:
            for line in map(str.rstrip, lines):
                head = line if line.startswith("## ") else head
                if line.startswith("- "):
                    self.seen.add("INSERT OR IGNORE INTO line VALUES (?)", brief(head + line))
        for (place,) in self.seen.ask(NOT_NAMED):
            file, line_number = self.place(place)
            words = f"A source of the row is not named in {ATTRIBUTION} with its path and licence."
            self.found.add("attribution", file, line_number, words)

    def hashes(self) -> None:
        """The files are those that `dataset.json` names, byte by byte."""
        named = self.known.get("files")
        if not isinstance(named, dict) or not named:
            named = {}
            self.found.add("files", FACTS, 0, "It names no files with their hashes: the build did not come to its end.")
        there = {path.relative_to(self.folder).as_posix() for path in listed(self.folder)}
        self.found.files = len(there)
        for name in sorted(there | set(named)):
            if name not in there:
                self.found.add("files", name, 0, f"{FACTS} names the file, and it is not there.")
            elif named and name not in named:
                self.found.add("files", name, 0, f"{FACTS} does not name the file.")
            elif named and (wrong := differing(held(self.folder / name), named[name])):
                words = f"Not what {FACTS} says of it: {' and '.join(wrong)}. It was changed."
                self.found.add("files", name, 0, words)

    def counts(self) -> None:
        """What `dataset.json` counts is what the rows give, where all of them could be read."""
        if self.found.counts["line"] or self.found.counts["field"]:
            return
        wrong = [name for name, value in self.tally.as_json().items() if self.known.get(name) != value]
        if wrong:
            self.found.add("counts", FACTS, 0, f"What it says of {', '.join(wrong)} is not what the rows give.")

    def near_duplicates(self) -> None:
        """Answers in val and test that are nearly equal to one of their kind in train."""
        with Alike() as train:
            for file in sorted(self.files, key=lambda file: SPLITS.index(file.split)):
                for line, row in good_rows(file):
                    if file.split == SPLITS[0]:
                        train.add(f"{file.name}:{line}", row)
                    elif found := train.nearest(row):
                        words = f"The answer is {found[1]:.0%} like one in train ({found[0]})."
                        self.found.add("near", file.name, line, words)

    def parquet(self) -> None:
        """The Parquet files, where there are any and pyarrow is there to read them, have the same ids."""
        if not (self.folder / PARQUET).is_dir() or not can_read() or self.found.counts["line"]:
            return
        for file in self.files:
            path = self.folder / PARQUET / file.name.replace(".jsonl", ".parquet")
            rows = (row.get("id") if isinstance(row, dict) else None for row in file.rows())
            if any(one != other for one, other in zip_longest(ids_in(path), rows)):
                name = f"{PARQUET}/{path.name}"
                self.found.add("parquet", name, 0, f"It is missing, or its rows are not those of {file.name}.")


def differing(told: Mapping[str, Any], named: Any) -> list[str]:
    """The facts of a file that are not those that are named."""
    return [key for key in told if not isinstance(named, dict) or told[key] != named.get(key)]


def compared(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What of a row must be on one side only. An edit's code may stand on both, for other trees, and so may a
    description, of other code."""
    yield "id", row["id"]
    yield "group", row["group"]
    yield "answer", row["answer"]
    yield "prompt", normal(row["prompt"])
    if row["form"] != "words":
        yield "completion", f"{row.get('given', '')} {row['completion']}"
    if row["family"] and row["nodes"] >= TELLING_NODES:
        yield "family", row["family"]


def good_rows(file: RowFile) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a file whose form is right, with their lines."""
    return ((line, row) for line, row in enumerate(rows_or_none(file), 1) if row is not None)


def rows_or_none(file: RowFile) -> Iterator[dict[str, Any] | None]:
    """What each line of a file holds, None where it is no row in the right form."""
    with open(file.path, "rb") as lines:
        for data in lines:
            row = None
            with suppress(ValueError, RecursionError):
                row = json.loads(data)
            yield None if faults(row) else row
