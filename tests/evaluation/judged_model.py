# SPDX-License-Identifier: GPL-3.0-or-later
"""An evaluation that is done, for judges: files as stage evaluate leaves them, with answers by a function."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.evaluation import stand_ins
from voxel_trainer_addon.files import write_json, write_jsonl
from voxel_trainer_addon.paths import DataFolder

GOOD, BAD, SAME = "# good\n", "# bad\n", "# same\n"
WHO = ({"who": "tuned", "label": "the tuned model"}, {"who": "base", "label": "the base model"})
NEAREST = {"who": "retrieval", "label": "the nearest training answer"}


def better(number: int) -> tuple[str, str]:
    """The tuned model is better in 2 of 4, worse in 1 of 4, the same in 1 of 4."""
    return ((GOOD, BAD), (GOOD, BAD), (BAD, GOOD), (SAME, SAME))[number % 4]


def lay(
    root: Path, count: int = 12, codes: Callable[[int], tuple[str, str]] = better, **more: Any
) -> tuple[DataFolder, list[dict[str, Any]]]:
    """A data folder with `count` test rows and the evaluation of `voxel/v1` on them; `more` changes the rows."""
    data = DataFolder(root)
    test, train = [{**row, **more} for row in stand_ins.rows(count)], stand_ins.rows(1, 100)
    stand_ins.lay_dataset(data, "voxel", train, test)
    lines = []
    for number, row in enumerate(test):
        texts = dict(zip(("tuned", "base"), codes(number), strict=True))
        answers = {who: {"text": code, "code": code, "score": {"error": ""}} for who, code in texts.items()}
        answers["retrieval"] = {**answers["base"], "source": train[0]["id"]}
        lines.append({"id": row["id"], "group": row["group"], "prompt": row["prompt"], "answers": answers})
    body = {
        "schema": 2,
        "name": "voxel",
        "version": "v1",
        "finished_at": "2026-11-01T12:00:00Z",
        "blender": "5.2.3",
        "dataset": {"name": "voxel"},
        "subject": "tuned",
        "contestants": [*WHO, NEAREST],
    }
    write_json(data.model("voxel", "v1") / "evaluation.json", body)
    write_jsonl(data.model("voxel", "v1") / "answers.jsonl", lines)
    return data, test
