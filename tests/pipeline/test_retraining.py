# SPDX-License-Identifier: GPL-3.0-or-later
"""When it is worth tuning again: enough answers that artists had to mend, of enough different requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deployment import small_models
from tests.small_feedback import request, tree
from voxel_trainer_addon import feedback
from voxel_trainer_addon.feedback import Feedback
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.pipeline.retraining import judged, suggested

pytestmark = pytest.mark.plain


def requests(kept: int, edited: int, undone: int = 0, same: bool = False) -> list[Feedback]:
    done = ["kept"] * kept + ["edited"] * edited + ["undone"] * undone
    return [
        request(
            number,
            prompt="rust" if same else f"rust {number}",
            done="undone" if what == "undone" else "kept",
            kept={"kept": tree(0.1, 0.2, 0.3), "edited": tree(0.9)}.get(what),
        )
        for number, what in enumerate(done)
    ]


def test_enough_is_what_the_planner_could_show() -> None:
    enough = judged(requests(12, 12), "voxel/v3", "voxel")
    assert (enough.kept, enough.edited, enough.enough) == (12, 12, True)
    assert enough.words == (
        "12 kept and 12 edited answers since voxel/v3 was tuned; tune again: "
        "`run --stages dataset,train,evaluate --from-feedback`."
    )
    assert judged(requests(20, 1), "voxel/v3", "voxel").words.endswith(
        "1 edited answer since voxel/v3 was tuned: not enough yet."
    )
    assert not judged(requests(1, 3), "", "voxel").enough  # four requests tell nothing
    assert not judged(requests(60, 0), "", "voxel").enough  # nothing was to be mended
    assert not judged(requests(30, 0, undone=30), "", "voxel").enough  # nobody knows how
    assert not judged(requests(12, 12, same=True), "", "voxel").enough  # one request, again and again
    assert judged([], "", "rocks").words == "0 kept and 0 edited answers: not enough yet."


def test_an_answer_sent_back_for_one_that_was_kept_is_mended() -> None:
    sent_back = requests(0, 0, undone=12)
    instead = [
        request(100 + n, prompt=one.prompt, instead_of=one.id, done="kept", kept=tree(0.1, 0.2, 0.3))
        for n, one in enumerate(sent_back)
    ]
    assert judged([*sent_back, *instead], "", "rocks").words.endswith("--from-feedback --name rocks`.")
    assert not judged([*sent_back, *instead[:1]], "", "rocks").enough


def test_only_what_came_after_the_live_model_counts(tmp_path: Path) -> None:
    data, base = DataFolder(tmp_path / "data"), small_models.base(tmp_path / "base")
    feedback.switch(data, True)
    for one in requests(6, 6):  # a day each, from the tenth on
        feedback.asked(data, one)
    assert (suggested(data).since, suggested(data).kept) == ("", 6)
    small_models.tuned(data, "v1", base)  # on the twentieth
    assert suggested(data).words == "0 kept and 1 edited answer since voxel/v1 was tuned: not enough yet."
