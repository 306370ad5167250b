# SPDX-License-Identifier: GPL-3.0-or-later
"""`evaluate judge` from the command line: a judge, a form, and what comes back of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.judged_model import BAD, GOOD, lay
from tests.evaluation.test_judging import fair
from tests.providers.answer_server import Server, answering_here
from voxel_trainer_addon.cli.command import main
from voxel_trainer_addon.errors import Exit
from voxel_trainer_addon.evaluation.pairs import evaluated
from voxel_trainer_addon.evaluation.verdict_form import subject_first
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.providers import answering as providers

pytestmark = pytest.mark.plain


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with answering_here(fair, tmp_path, monkeypatch) as server:
        yield server


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return lay(tmp_path / "d", 16)[0]


def judge(data: DataFolder, *words: str) -> int:
    return main(["evaluate", "judge", "voxel", *words, "--data", str(data.root)], lambda: None, Path("none"))


def by(server: Server) -> tuple[str, ...]:
    return "--by", "openai:gpt-judge", "--url", server.url


def test_a_judge_is_asked_and_says_what_it_found(data: DataFolder, server: Server, capsys: Any) -> None:
    assert judge(data, *by(server), "--pairs", "8") == Exit.DONE
    out = capsys.readouterr().out
    assert "requests for gpt-judge at this computer: about" in out
    assert "openai:gpt-judge preferred the tuned model in " in out and "shown in both orders 0% were judged" in out
    assert "agrees with" not in out
    assert judge(data, *by(server), "--json") == Exit.DONE
    shown = capsys.readouterr()
    assert json.loads(shown.out)["pairs"] == 16 and "requests for gpt-judge" in shown.err


def test_without_a_yes_nothing_leaves(
    data: DataFolder, server: Server, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "LOOPBACK", ())
    assert judge(data, *by(server)) == Exit.SET_ASIDE
    assert not server.asked and "--yes allows that" in capsys.readouterr().err
    assert judge(data, *by(server), "--yes") == Exit.DONE


def test_a_host_that_refuses_is_told_and_the_status_says_so(data: DataFolder, server: Server, capsys: Any) -> None:
    server.most, server.fault = 0, 401
    assert judge(data, *by(server)) == Exit.SET_ASIDE
    assert "does not know the token" in capsys.readouterr().out


def test_a_form_is_filled_in_and_read_back(data: DataFolder, server: Server, capsys: Any, tmp_path: Path) -> None:
    form = tmp_path / "form"
    assert judge(data, "--form", str(form)) == Exit.DONE
    page = (form / "pairs.html").read_text()
    assert "<script" not in page and "default-src &#x27;none&#x27;" in page and page.count("<article") == 12
    assert not any(word in page.partition("</style>")[2] for word in ("tuned", "retrieval", "base model"))
    assert judge(data, "--form", str(form)) == Exit.USAGE and "is there already" in capsys.readouterr().err
    assert judge(data, "--verdicts", str(form / "verdicts.csv")) == Exit.USAGE
    assert "No verdict is filled in" in capsys.readouterr().err

    pairs = [pair for pair in evaluated(data, "voxel").pairs("base") if not pair.same]
    rows = list(csv.reader((form / "verdicts.csv").read_text().splitlines()))
    for row, pair in zip(rows[1:], pairs, strict=True):
        row[2] = "A" if (pair.subject if subject_first(pair) else pair.other) == GOOD else "B"
    with open(form / "verdicts.csv", "w", newline="") as out:
        csv.writer(out).writerows(rows)
    assert judge(data, "--verdicts", str(form / "verdicts.csv")) == Exit.DONE
    assert "A person preferred the tuned model in 8 of 12 pairs, the base model in 4" in capsys.readouterr().out
    assert judge(data, *by(server)) == Exit.DONE
    said = "openai:gpt-judge agrees with the person on 100% of 12 pairs (95 %: 76% to 100%), kappa 1.00. 30 are needed"
    assert said in capsys.readouterr().out


def test_the_page_shows_what_a_script_did_and_hides_nothing_of_its_text(tmp_path: Path) -> None:
    script = "# </pre><script>alert(1)</script>\n"
    data, _ = lay(tmp_path / "d", 2, lambda number: (script, BAD))
    judge(data, "--form", str(tmp_path / "form"))
    page = (tmp_path / "form" / "pairs.html").read_text()
    assert "<script" not in page and "&lt;script&gt;alert(1)" in page and "No tree to draw." in page


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--by", "openai:x", "--form", "d"],
        ["--by", "gpt"],
        ["--by", "openai:x", "--pairs", "0"],
        ["--form", "f", "--against", "tuned"],
    ],
)
def test_wrong_usage_exits_with_2(data: DataFolder, words: list[str]) -> None:
    assert judge(data, *words) == Exit.USAGE


def test_a_batch_is_made_once_whatever_gets_lost_and_asked_after(data: DataFolder, server: Server, capsys: Any) -> None:
    pytest.importorskip("anthropic")
    words = ("--by", "claude:claude-judge", "--url", server.address, "--batch")
    server.lose = True
    for told in ("could not be reached", "not answered yet", "not answered yet"):
        assert judge(data, *words) == Exit.SET_ASIDE
        assert told in capsys.readouterr().out
    ((batch, requests),) = server.batches
    batch["processing_status"] = "ended"
    for _ in range(2):
        assert judge(data, *words) == Exit.DONE
        assert "claude:claude-judge preferred the tuned model in " in capsys.readouterr().out
    assert len(server.batches) == 1 and len({one["custom_id"] for one in requests}) == len(requests)
    assert not list(data.judged("voxel").glob("batch-*"))
    assert judge(data, *by(server), "--batch") == Exit.USAGE
    assert "--batch is for a judge by claude:NAME" in capsys.readouterr().err


def test_a_batch_that_the_host_has_no_more_is_made_again(data: DataFolder, server: Server) -> None:
    pytest.importorskip("anthropic")
    words = ("--by", "claude:claude-judge", "--url", server.address, "--batch")
    assert judge(data, *words) == Exit.SET_ASIDE
    server.batches.clear()
    assert judge(data, *words) == Exit.SET_ASIDE and len(server.batches) == 1
