# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of requests: nothing without leave, what the artist changed, and reading past damage."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.small_feedback import request, tree
from voxel_trainer_addon import feedback
from voxel_trainer_addon.feedback import Failed
from voxel_trainer_addon.paths import DataFolder

pytestmark = pytest.mark.plain


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    data = DataFolder(tmp_path)
    feedback.switch(data, True)
    return data


def test_nothing_is_written_before_the_artist_agrees_nor_after_they_no_longer_do(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    feedback.asked(data, request(1))
    feedback.became(data, request(1).id, "kept")
    assert list(tmp_path.iterdir()) == []
    feedback.switch(data, True)
    feedback.asked(data, request(1))
    feedback.switch(data, False)
    feedback.asked(data, request(2))
    feedback.became(data, request(1).id, "kept")
    assert [(one.id, one.done) for one in feedback.read(data).feedback] == [(request(1).id, "")]
    for damaged in ('{"on": "no"}', "{", "[]"):
        (data.feedback / "consent.json").write_text(damaged)
        assert not feedback.is_on(data)


def test_all_of_a_request_comes_back(folder: DataFolder) -> None:
    first = request(1, before=tree(0.1), failed=(Failed("x", "NameError: x"),), instead_of="0" * 16)
    feedback.asked(folder, first)
    assert feedback.read(folder) == feedback.Found((first,))
    feedback.became(folder, first.id, "refused", reason="wrong look")
    (one,) = feedback.read(folder).feedback
    assert (one.done, one.reason, one.state, one.edits) == ("refused", "wrong look", "refused", [])
    assert [path.name for path in folder.feedback.iterdir()] == ["consent.json", f"{first.id}.json"]


def test_what_was_kept_tells_what_the_artist_changed(folder: DataFolder) -> None:
    for number in (1, 2, 3):
        feedback.asked(folder, request(number))
    feedback.became(folder, request(1).id, "kept")
    feedback.became(folder, request(2).id, "kept", kept=tree(0.1, 0.2, 0.9, key="materials/Iron"))
    feedback.became(folder, request(3).id, "kept", kept=tree(0.1, 0.2, 0.3, key="materials/Iron"))
    feedback.became(folder, request(3).id, "undone")
    same, other, undone = feedback.read(folder).feedback
    assert (same.state, other.state, undone.state) == ("kept", "edited", "undone")
    assert not same.edits and undone.kept is None
    assert {edit.what["new"] for edit in other.edits} == {0.9}


def test_a_damaged_file_is_laid_aside_and_costs_no_other(folder: DataFolder) -> None:
    feedback.asked(folder, request(1))
    whole = json.loads((folder.feedback / f"{request(1).id}.json").read_text())
    wrong = [{**whole, "kept": whole["answer"]}, {**whole, "prompt": 5}, {**whole, "answer": {}}, {}, whole]
    cut = json.dumps(whole)[:200]
    for number, text in enumerate([*map(json.dumps, wrong), cut], 2):
        (folder.feedback / f"{number:016x}.json").write_text(text)
    found = feedback.read(folder)
    assert [one.id for one in found.feedback] == [request(1).id] and len(found.damaged) == 6
    assert found.damaged[0].startswith("feedback/0000000000000002.json is damaged and was laid into feedback/damaged/.")
    assert feedback.read(folder).damaged == ()
    assert feedback.delete(folder, "0000000000000002") == 1 and feedback.delete(folder, "0000000000000002") == 0
    assert feedback.delete(folder) == 6 and feedback.is_on(folder)


def test_an_answer_that_was_sent_back_belongs_to_the_one_that_was_kept_instead(folder: DataFolder) -> None:
    words = ("make rust", "make moss", "Make  rust", "make rust")
    found = [request(n, prompt=text, instead_of=f"{n - 1:016x}", done="undone") for n, text in enumerate(words)]
    found[3] = request(3, prompt="make rust", instead_of=found[2].id, done="kept", kept=tree(1.0))
    found[0] = request(0, prompt="make rust", instead_of=found[3].id, done="undone")
    assert {id: [one.id for one in before] for id, before in feedback.refused(found).items()} == {
        found[3].id: [found[2].id, found[0].id]
    }
    elsewhere = [*found[:2], request(2, prompt="make rust", before=tree(2.0), done="undone"), found[3]]
    assert feedback.refused(elsewhere) == {found[3].id: []}


def test_an_id_names_one_file_of_the_folder(folder: DataFolder) -> None:
    for id in ("", "../ab", "consent", "a" * 33):
        with pytest.raises(ValueError, match="no id"):
            feedback.asked(folder, replace(request(1), id=id))
        feedback.became(folder, id, "kept")
        assert feedback.delete(folder, id) == 0
    assert [path.name for path in folder.feedback.iterdir()] == ["consent.json"]
