# SPDX-License-Identifier: GPL-3.0-or-later
"""Which prompts are asked: of what test, in what order, and what they can prove."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..errors import UserError
from ..files import digest, read_json, read_jsonl
from ..graph.words.phrases import listed
from ..paths import DataFolder
from ..row_files import SPLITS, rows_of
from ..stage import EVALUATED, PRESETS, Options
from ..words import counted, duration
from . import frozen, planning
from .contestants import LABELS, RETRIEVAL, SUBJECT, Row, tuned_by
from .generation import Settings
from .statistics import RELATIVE_FROM

FAR_GROUPS_MIN = 20
"""Fewer independent groups of a far test say nothing of other sources: no interval is given, but each source."""

T = TypeVar("T")


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
    """The test that a person names: nothing for the dataset's own, `DATASET:test`, `DATASET:val`, `:val`, or the folder
    of a benchmark. Raises UserError."""
    if (Path(named) / frozen.FACTS).is_file():
        train = _rows(folder.dataset(dataset), "train", parts)
        return Test(Path(named).name, "test", frozen.load(Path(named)), train)
    name, _, split = named.partition(":")
    name, split = name or dataset, split or "test"
    if split not in SPLITS:
        raise UserError(f"{named} names no split; write {' or '.join(f'{name}:{one}' for one in SPLITS[1:])}.")
    if named and not folder.dataset(name).is_dir():
        raise UserError(f"There is no dataset {name} in {folder.root}.")
    return Test(name, split, _rows(folder.dataset(name), split, parts), _rows(folder.dataset(name), "train", parts))


def _rows(folder: Path, split: str, parts: Sequence[str]) -> list[Row]:
    return [row for row in rows_of(folder, split, parts) if row["kind"] in EVALUATED]


def in_order(rows: Sequence[Row], seed: int, alike: Callable[[Row], str] | None = None) -> list[Row]:
    """`rows` in a random order that the seed fixes, one of each group in turn: what time allows then comes from as many
    independent groups as it can. `alike` tells a row's group (`independent`)."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: digest([seed, row["id"]])):
        groups[(alike or independent)(row)].append(row)
    turns = [(turn, place, row) for place, group in enumerate(groups.values()) for turn, row in enumerate(group)]
    return [row for _, _, row in sorted(turns, key=lambda entry: entry[:2])]


def independent(row: Row) -> str:
    """What statistics draw as one: a row's family in the near test, where a few groups hold most rows; its group in the
    far test, which speaks of sources that train does not know."""
    return str(row["family"] if row.get("test") == "near" else row["group"])


def spoken_for(items: Sequence[T], about: Callable[[T], tuple[str, str]]) -> list[T]:
    """The prompts that intervals and verdicts are of; `about` gives one's test and group. A few sources that train does
    not know say nothing of all others: a far test of few groups is told source by source and claims nothing."""
    far = {group for test, group in map(about, items) if test == "far"}
    return list(items) if len(far) >= FAR_GROUPS_MIN else [item for item in items if about(item)[0] != "far"]


def plan(rows: Sequence[Row], seconds: float, seconds_each: float) -> str:
    """What these prompts can prove, at the lowest rate of the base at which a relative gain is told, and where earlier
    answers say how long one takes (`seconds_each`), how many the time allows."""
    start, end = "", " Where time or tokens run out, fewer are asked."
    if seconds_each and seconds_each * len(rows) > seconds:
        asked = rows[: int(seconds / seconds_each)]
        start = f"{duration(seconds)} allow about {counted(len(asked), 'prompt')} of {len(rows):,}. "
        rows, end = asked, ""
    told = spoken_for(rows, lambda row: (str(row.get("test", "")), independent(row)))
    if rows and not told:
        groups = counted(len(set(map(independent, rows))), "group")
        words = (
            f"All prompts are from {groups} that training does not know; {FAR_GROUPS_MIN} are needed to claim anything."
        )
        return f"{start}{words} `dataset --near-test` holds out trees of known ones."
    if len(told) < len(rows):
        start += f"Of {counted(len(rows), 'prompt')} those from sources that training does not know are told apart. "
    sizes = sorted(Counter(map(independent, told)).values(), reverse=True)
    return f"{start}{planning.words(sizes, RELATIVE_FROM)}{end}"


def planned(folder: DataFolder, options: Options) -> dict[str, Any]:
    """What an evaluation with these options would ask, before anything is loaded: `prompts`, `groups`, `subject`,
    `against`, `seconds` and `words`. Raises UserError."""
    test = test_of(folder, options.name, options.test_set, ("", *options.allow))
    if not test.rows:
        raise UserError(f"The dataset {test.name} has no held-out rows to evaluate on.")
    settings = Settings.of(options)
    names = options.against or PRESETS[options.preset]["against"]
    tuned = tuned_by(folder, options.evaluated, options.name)
    subject = f"{tuned.folder.parent.name}/{tuned.version}" if tuned else options.evaluated or LABELS[SUBJECT]
    against = [LABELS.get(name, name) for name in names]
    answering = 1 + sum(name != RETRIEVAL for name in names)
    wanted = in_order(test.rows, options.seed)[: settings.prompts]
    return {
        "prompts": len(wanted),
        "groups": len(set(map(independent, wanted))),
        "subject": subject,
        "against": against,
        "seconds": settings.seconds,
        "words": f"Compares {subject} with {listed(against)}. "
        + plan(wanted, settings.seconds, answering * pace(folder.answers))
        + (f" Samples take at most {duration(settings.seconds)} more." if settings.samples else ""),
    }


def pace(answers: Path) -> float:
    """Seconds that an answer took here on average, by what was kept; 0 where nobody answered yet."""
    lines = (line for path in sorted(answers.glob("*.jsonl")) for line in read_jsonl(path))
    known = [float(line["seconds"]) for line in lines if line.get("seconds")]
    return sum(known) / len(known) if known else 0.0


def dataset_digest(folder: Path) -> str:
    """The dataset's own hash, '' where it has none."""
    return str(read_json(folder / "dataset.json", {}).get("hash", ""))
