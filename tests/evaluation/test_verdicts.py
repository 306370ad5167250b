# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's verdicts: a blind form, what any spreadsheet makes of it, and how far a judge agrees."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.judged_model import BAD, GOOD, lay
from voxel_trainer_addon.errors import UserError
from voxel_trainer_addon.evaluation import verdict_form, verdicts
from voxel_trainer_addon.evaluation.pairs import Evaluated, Pair, evaluated
from voxel_trainer_addon.evaluation.verdicts import Verdict, agreement, cohen, judgement

pytestmark = pytest.mark.plain


@pytest.fixture
def done(tmp_path: Path) -> Evaluated:
    data, _ = lay(tmp_path / "d", 40)
    return evaluated(data, "voxel")


def filled(pairs: list[Pair], better: str = GOOD) -> list[list[str]]:
    """The form with A or B where `better` stands."""
    rows = list(csv.reader(io.StringIO(verdict_form.table(pairs))))
    for row, pair in zip(rows[1:], pairs, strict=True):
        first = pair.subject if verdict_form.subject_first(pair) else pair.other
        row[2] = "A" if first == better else "B"
    return rows


def as_text(rows: list[list[str]], delimiter: str = ",", end: str = "\r\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue()


def test_a_form_leaves_out_what_is_the_same_and_draws_the_order(done: Evaluated) -> None:
    pairs = verdict_form.formed(done.pairs("base"), 30)
    assert len(pairs) == 30 and not any(pair.same for pair in pairs)
    assert 6 < sum(map(verdict_form.subject_first, pairs)) < 24
    form = verdict_form.table(pairs)
    assert not any(pair.id[:12] in form for pair in pairs) and "tuned" not in form
    assert len({verdict_form.mark(pair) for pair in pairs}) == 30


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_form_comes_back_from_any_spreadsheet(done: Evaluated, delimiter: str, encoding: str, end: str) -> None:
    pairs = verdict_form.formed(done.pairs("base"), 30)
    rows = filled(pairs)
    rows[1][2], rows[2][2], rows[3][2] = " TIE ", "", rows[3][2].lower()
    found = verdict_form.read(as_text(rows, delimiter, end).encode(encoding), done.pairs("base"))
    assert len(found) == 29 and found[0].result == "tie"
    wanted = {pair.id: "win" if pair.subject == GOOD else "loss" for pair in pairs}
    assert all(verdict.result == wanted[verdict.id] for verdict in found[1:])


def test_a_form_does_not_fit_other_answers(done: Evaluated) -> None:
    content = as_text(filled(verdict_form.formed(done.pairs("base"), 3))).encode()
    with pytest.raises(UserError, match="Line 2 of the verdicts is of no pair"):
        verdict_form.read(content, [])
    changed = Evaluated(done.folder, done.body, [{**line, "answers": _other(line["answers"])} for line in done.lines])
    with pytest.raises(UserError, match="Was the model evaluated again"):
        verdict_form.read(content, changed.pairs("base"))


def _other(answers: dict[str, Any]) -> dict[str, Any]:
    return {**answers, "base": {**answers["base"], "code": "# other\n"}}


def test_wrong_words_in_a_form_are_said(done: Evaluated) -> None:
    rows = filled(verdict_form.formed(done.pairs("base"), 3))
    rows[2][2] = "left\x1b[2J"
    with pytest.raises(UserError, match=r"Line 3 of the verdicts says “left \[2J”; write A, B or tie"):
        verdict_form.read(as_text(rows).encode(), done.pairs("base"))
    assert verdict_form.read(b"PK\x03\x04 no table", done.pairs("base")) == []


def test_kappa_is_cohens() -> None:
    both = [("win", "win")] * 20 + [("win", "loss")] * 5 + [("loss", "win")] * 10 + [("loss", "loss")] * 15
    assert cohen(both) == pytest.approx(0.4), "the worked example of 50 proposals: 0.7 agreed, 0.5 by chance"
    assert cohen([("win", "win")] * 5) is None
    assert cohen([("win", "loss"), ("loss", "win")]) == -1


def test_agreement_is_told_only_over_pairs_that_both_saw(done: Evaluated) -> None:
    pairs = done.pairs("base")
    judge = judgement(done, "base", "openai:j", [_said(pair, "win") for pair in pairs[:20]])
    person = judgement(
        done, "base", verdicts.PERSON, [_said(pair, "win" if n % 2 else "tie") for n, pair in enumerate(pairs[10:])]
    )
    found = agreement(judge, person)
    assert found is not None and found["pairs"] == 10 and found["agreed"]["value"] == 0.5 and found["kappa"] == 0
    assert found["words"].endswith("30 are needed to say much.")
    assert agreement(judge, {"verdicts": []}) is None


def _said(pair: Pair, result: str) -> Verdict:
    return Verdict(pair.id, pair.group, result)


def test_agreement_stands_beside_judgements_as_soon_as_a_person_gave_verdicts(done: Evaluated) -> None:
    pairs = done.pairs("base")
    all_won = [_said(pair, "win" if n else "loss") for n, pair in enumerate(pairs)]
    assert verdicts.save(done.folder, judgement(done, "base", "openai:j", all_won))["agreement"] == []
    assert verdicts.save(done.folder, judgement(done, "retrieval", verdicts.PERSON, all_won))["agreement"] == []
    whole = verdicts.save(done.folder, judgement(done, "base", verdicts.PERSON, all_won))
    (found,) = whole["agreement"]
    assert found["pairs"] == 40 and found["kappa"] == 1 and "are needed" not in found["words"]
    assert json.loads((done.folder / verdicts.FILE).read_text())["agreement"] == whole["agreement"]
    assert verdicts.save(done.folder, judgement(done, "base", "openai:j", all_won[:5]))["agreement"][0]["pairs"] == 5


def test_a_person_is_called_a_person(done: Evaluated) -> None:
    pairs = verdict_form.formed(done.pairs("base"), 10)
    entry = judgement(done, "base", verdicts.PERSON, verdict_form.read(as_text(filled(pairs, BAD)).encode(), pairs))
    assert entry["words"].startswith("A person preferred the tuned model in ") and entry["order"] is None
    assert entry["losses"] == sum(pair.subject == GOOD for pair in pairs)
