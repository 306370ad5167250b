# SPDX-License-Identifier: GPL-3.0-or-later
"""Two contestants' answers to the same prompts, taken from an evaluation that is done, for somebody to compare."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import digest, read_json, read_jsonl
from ..paths import DataFolder

BASE = "base"
SCHEMA = 2
"""Of `evaluation.json`, from which on contestants are a list."""


@dataclass(frozen=True)
class Pair:
    """A prompt and the code of both answers, empty where an answer holds none; `lines` are the answers as they stand in
    `answers.jsonl`, the subject's first."""

    id: str
    group: str
    prompt: str
    subject: str
    other: str
    lines: tuple[Mapping[str, Any], Mapping[str, Any]]

    @property
    def same(self) -> bool:
        """Whether there is nothing to compare."""
        return self.subject.strip() == self.other.strip()

    @property
    def rows(self) -> list[str]:
        """Ids of the dataset rows that it is made of: the prompt's, and that of an answer taken as it stands."""
        return [self.id, *(str(line["source"]) for line in self.lines if line.get("source"))]


@dataclass(frozen=True)
class Evaluated:
    """An evaluation that is done: its folder, `evaluation.json`, and the lines of `answers.jsonl`."""

    folder: Path
    body: Mapping[str, Any]
    lines: Sequence[Mapping[str, Any]]

    @property
    def labels(self) -> dict[str, str]:
        """Contestant → what people call it, in the order of show."""
        return {str(one["who"]): str(one["label"]) for one in self.body["contestants"]}

    @property
    def subject(self) -> str:
        return str(self.body["subject"])

    def opponent(self, named: str = "") -> str:
        """The contestant that was named, else the base, else the first there is. Raises UserError."""
        others = [who for who in self.labels if who != self.subject]
        if named and named not in others:
            raise UserError(f"{named} is no opponent in this evaluation; there are {', '.join(others) or 'none'}.")
        if not others:
            raise UserError("This evaluation has one contestant alone: there is nobody to compare it with.")
        return named or (BASE if BASE in others else others[0])

    def pairs(self, against: str) -> list[Pair]:
        """All pairs, one of each group in turn, in an order that hangs on the prompts alone: the first N of them come
        from as many independent groups as they can."""
        turns: Counter[str] = Counter()
        ranked = []
        for line in sorted(self.lines, key=lambda line: digest(["pair", line["id"]])):
            group, answers = str(line["group"]), line["answers"]
            if self.subject in answers and against in answers:
                both = answers[self.subject], answers[against]
                codes = str(both[0]["code"]), str(both[1]["code"])
                ranked.append((turns[group], Pair(str(line["id"]), group, str(line["prompt"]), *codes, both)))
                turns[group] += 1
        return [pair for _, pair in sorted(ranked, key=lambda entry: entry[0])]


def evaluated(data: DataFolder, named: str) -> Evaluated:
    """The evaluation of the model that a person named: `voxel/v3`, `voxel` for its newest version that was evaluated,
    or a version's folder. Raises UserError."""
    for folder in (Path(named).expanduser(), data.models / named, *_versions(data.models / named)):
        body = read_json(folder / "evaluation.json")
        if not isinstance(body, dict) or not (folder / "answers.jsonl").is_file():
            continue
        if body.get("schema") != SCHEMA:
            raise UserError(f"{folder} was evaluated by another version of Voxel Trainer. Run `evaluate` once more.")
        try:
            return Evaluated(folder.absolute(), body, list(read_jsonl(folder / "answers.jsonl")))
        except ValueError as error:
            raise UserError(f"{folder / 'answers.jsonl'} is damaged. Run `evaluate` once more.") from error
    known = ", ".join(
        f"{path.parent.parent.name}/{path.parent.name}" for path in sorted(data.models.glob("*/v*/evaluation.json"))
    )
    there = f"There are {known}." if known else "There is none yet: `evaluate` makes one."
    raise UserError(f"{named} is no model that was evaluated here. {there}")


def _versions(folder: Path) -> list[Path]:
    """The versions of a model, newest first."""
    found = [path for path in folder.glob("v*") if re.fullmatch(r"v\d+", path.name)]
    return sorted(found, key=lambda path: -int(path.name[1:]))
