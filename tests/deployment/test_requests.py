# SPDX-License-Identifier: GPL-3.0-or-later
"""The watch log: figures by model and Blender, no text of the artist's, and reading past damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from voxel_trainer_addon.deployment import requests
from voxel_trainer_addon.deployment.requests import Request
from voxel_trainer_addon.paths import DataFolder

pytestmark = pytest.mark.plain

ONE = Request("1", "voxel/v1", "5.2.3", tokens=90, first_s=0.5, whole_s=4.0, finished=True, parses=True, safe=True)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path)


def test_what_becomes_of_an_answer_comes_later_and_counts(folder: DataFolder) -> None:
    for id, model, whole_s, runs in (("1", "v1", 4.0, True), ("2", "v1", 8.0, False), ("3", "v2", 2.0, True)):
        requests.answered(
            folder, Request(id, f"voxel/{model}", "5.2.3", tokens=90, whole_s=whole_s, runs=runs, repairs=int(runs))
        )
    requests.answered(folder, Request("4", "voxel/v1", "4.3.2"))
    requests.became(folder, "1", shown=True, applied=True)
    requests.became(folder, "1", undone_s=14.5, reason="wrong look")
    requests.became(folder, "3", shown=True, applied=True, kept=True, edited=True)
    rows = requests.summary(requests.watched(folder).requests)
    assert [(row["model"], row["blender"], row["requests"]) for row in rows] == [
        ("voxel/v1", "4.3.2", 1),
        ("voxel/v1", "5.2.3", 2),
        ("voxel/v2", "5.2.3", 1),
    ]
    assert rows[1] | {"tokens": 180, "runs": 1, "applied": 1, "undone": 1, "kept": 0, "repaired": 1} == rows[1]
    assert rows[1]["whole_s"] == {"median": 6.0, "p95": 8.0} and rows[1]["first_s"] is None
    assert rows[1]["reasons"]["wrong look"] == 1
    assert (rows[2]["kept"], rows[2]["edited"], rows[2]["undone"]) == (1, 1, 0)


@pytest.mark.parametrize("field", ["id", "model", "blender", "canary", "kind", "nodes"])
def test_no_text_gets_into_the_log(folder: DataFolder, field: str) -> None:
    text = "make the rust follow the edges"
    with pytest.raises(ValueError, match="does not belong"):
        requests.answered(
            folder, Request(**{"id": "1", "model": "m", "blender": "5", field: (text,) if field == "nodes" else text})
        )
    for outcome in ({"reason": text}, {"prompt": text}, {"kept": text}, {"shown": 1}):
        with pytest.raises(ValueError, match=r"reason is|not all among|not of their kind"):
            requests.became(folder, "1", **outcome)
    assert not (folder.watched / requests.LOG).exists()


def test_damage_costs_the_damaged_lines_alone(folder: DataFolder) -> None:
    requests.answered(folder, ONE)
    log = folder.watched / requests.LOG
    with open(log, "ab") as out:
        out.write(
            b'\x00\x00\xff\n{"id": "8", "model": "voxel/v1"}\n{"id": [9], "applied": true}\n'
            b'{"id": "1", "applied": "yes"}\n{"id": "5", "mod'
        )
    requests.answered(folder, Request("2", "voxel/v1", "5.2.3"))
    requests.became(folder, "2", kept=True)
    seen = requests.watched(folder)
    assert [(one.id, one.applied, one.kept) for one in seen.requests] == [("1", False, False), ("2", False, True)]
    assert seen.damaged == 5


def test_nothing_hangs_on_the_clock(folder: DataFolder) -> None:
    for id, at in (("1", "2026-11-20T10:00:00Z"), ("2", "1970-01-01T00:00:00Z")):
        requests.answered(folder, Request(id, "voxel/v1", "5.2.3", at=at))
    assert [one.id for one in requests.watched(folder).requests] == ["1", "2"]
