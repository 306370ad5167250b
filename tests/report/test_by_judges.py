# SPDX-License-Identifier: GPL-3.0-or-later
"""The report shows what judges said of this evaluation, escaped, and nothing of an earlier one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evaluation.judged_model import lay
from voxel_trainer_addon.evaluation.pairs import evaluated
from voxel_trainer_addon.evaluation.verdicts import PERSON, judgement, save, settled
from voxel_trainer_addon.report import by_judges

pytestmark = pytest.mark.plain


def test_the_table_tells_every_judge_and_the_agreement(tmp_path: Path) -> None:
    data, _ = lay(tmp_path / "d", 8)
    done = evaluated(data, "voxel")
    assert by_judges.verdicts(done.folder, done.body) is None
    said = [settled(pair, ("win", "win" if n else "loss"), ("", "")) for n, pair in enumerate(done.pairs("base"))]
    for by in ("openai:<b>j</b>", PERSON):
        save(done.folder, judgement(done, "base", by, said))
    shown = by_judges.verdicts(done.folder, done.body)
    assert shown is not None and "openai:&lt;b&gt;j&lt;/b&gt;" in shown and "<b>j" not in shown
    assert "the base model</td><td>8</td><td>7</td><td>1</td><td>0</td><td>12%</td>" in shown
    assert "A person preferred the tuned model in 7 of 8 pairs" in shown and "agrees with the person on 100%" in shown
    assert by_judges.verdicts(done.folder, {**done.body, "finished_at": "later"}) is None
