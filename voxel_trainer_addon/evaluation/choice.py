# SPDX-License-Identifier: GPL-3.0-or-later
"""Which prompts are asked: of what test, in what order, and what they can prove."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from ..files import digest, read_json
from ..paths import DataFolder
from ..row_files import SPLITS, rows_of
from ..stage import EVALUATED
from ..words import counted, duration
from . import planning
from .contestants import Row
from .statistics import RELATIVE_FROM


@dataclass(frozen=True)
class Test:
    """The prompts that are asked, and the training rows that examples and nearest answers come from. `name` and `split`
    say of what; `digest` is their identity by content."""

    name: str
    split: str
    rows: Sequence[Row]
    train: Sequence[Row]

    @property
    def digest(self) -> str:
        return digest(sorted(str(row["id"]) for row in self.rows))


def test_of(folder: DataFolder, dataset: str, named: str, parts: Sequence[str]) -> Test:
    """The test that a person names: nothing for the dataset's own, or `DATASET:test`, `DATASET:val`, `:val`. Raises
    UserError."""
    name, _, split = named.partition(":")
    name, split = name or dataset, split or "test"
    if split not in SPLITS:
        raise UserError(f"{named} names no split; write {' or '.join(f'{name}:{one}' for one in SPLITS[1:])}.")
    if named and not folder.dataset(name).is_dir():
        raise UserError(f"There is no dataset {name} in {folder.root}.")
    return Test(name, split, _rows(folder.dataset(name), split, parts), _rows(folder.dataset(name), "train", parts))


def _rows(folder: Path, split: str, parts: Sequence[str]) -> list[Row]:
    return [row for row in rows_of(folder, split, parts) if row["kind"] in EVALUATED]


def in_order(rows: Sequence[Row], seed: int) -> list[Row]:
    """`rows` in a random order that the seed fixes, one of each group in turn: what time allows then comes from as many
    independent groups as it can."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: digest([seed, row["id"]])):
        groups[independent(row)].append(row)
    turns = [(turn, place, row) for place, group in enumerate(groups.values()) for turn, row in enumerate(group)]
    return [row for _, _, row in sorted(turns, key=lambda entry: entry[:2])]


def independent(row: Row) -> str:
    """What statistics draw as one: a row's family in the near test, where a few groups hold most rows; its group in the
    far test, which speaks of sources that train does not know."""
    return str(row["family"] if row.get("test") == "near" else row["group"])


def plan(rows: Sequence[Row], seconds: float, seconds_each: float) -> str:
    """What these prompts can prove, at the lowest rate of the base at which a relative gain is told, and where earlier
    answers say how long one takes (`seconds_each`), how many the time allows."""
    groups = [independent(row) for row in rows]
    if seconds_each and seconds_each * len(rows) > seconds:
        sizes = planning.affordable(seconds, seconds_each, groups)
        start = f"{duration(seconds)} allow about {counted(sum(sizes), 'prompt')} of {len(rows):,}. "
        return start + planning.words(sizes, RELATIVE_FROM)
    words = planning.words(sorted(Counter(groups).values(), reverse=True), RELATIVE_FROM)
    return f"{words} Where time or tokens run out, fewer are asked."


def model_folder(data: DataFolder, name: str) -> Path:
    """Where evaluations of a model lie that was not tuned here."""
    return data.models / "asked" / name


def dataset_digest(folder: Path) -> str:
    """The dataset's own hash, '' where it has none."""
    return str(read_json(folder / "dataset.json", {}).get("hash", ""))
