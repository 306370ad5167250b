# SPDX-License-Identifier: GPL-3.0-or-later
"""General requests: their answers do what is asked in a real Blender, and an answer to another request does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.blenders import NEWEST, OLDEST, slow_but_in
from voxel_trainer_addon.evaluation.probes import general
from voxel_trainer_addon.worker.inside import Refused, run_answer, run_checked

pytestmark = [pytest.mark.bpy, *slow_but_in(OLDEST, NEWEST)]
ROWS = general.rows()


def checked(row: dict[str, Any], code: str, scratch: Path) -> dict[str, Any]:
    return run_checked.run({"code": code, "checks": row["checks"]}, scratch)


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_the_answer_does_what_is_asked(row: dict[str, Any], tmp_path: Path) -> None:
    done = checked(row, row["completion"], tmp_path)
    assert (done["ran"], done["error"], done["missed"]) == (True, "", [])


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_no_script_that_makes_nothing_does_it(row: dict[str, Any], tmp_path: Path) -> None:
    assert checked(row, "import bpy\n", tmp_path)["missed"]


def test_an_answer_does_no_other_request(tmp_path: Path) -> None:
    done = set()
    moving_time_last = sorted(ROWS, key=lambda row: "frame" in row["checks"][0])
    for row in ROWS:
        run_answer.ran(str(row["completion"]), tmp_path)
        done |= {(row["id"], other["id"]) for other in moving_time_last if not run_checked.missed_of(other["checks"])}
    hidden = ("general/animation/5", "general/placing/4")
    assert done - {hidden} == {(row["id"], row["id"]) for row in ROWS}


def test_hostile_answers_are_refused_here_too(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        checked(ROWS[0], "import os\nos.remove('x')\n", tmp_path)
