# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `deploy` from its words to its exit status."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.deployment import small_models
from tests.prometheus_text import parsed
from tests.small_feedback import request, tree
from voxel_trainer_addon import feedback
from voxel_trainer_addon.cli.command import main
from voxel_trainer_addon.deployment import canary, duels, pointer, requests
from voxel_trainer_addon.deployment.duels import Duel
from voxel_trainer_addon.deployment.requests import Request
from voxel_trainer_addon.feedback import Failed, Tree
from voxel_trainer_addon.paths import DataFolder

pytestmark = pytest.mark.plain


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return small_models.three(tmp_path)


def deploy(folder: DataFolder, *words: str) -> int:
    return main(["deploy", *words, "--data", str(folder.root)], lambda: None, Path("run_headless.py"))


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_model_goes_live_and_back(folder: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy(folder, "voxel/v1") == 0
    assert capsys.readouterr().out == "Live: voxel/v1.\n"
    assert deploy(folder, "voxel") == 4  # its newest version was not evaluated
    assert "voxel/v3 was not evaluated. Run `evaluate --name voxel --model voxel/v3`." in capsys.readouterr().err
    assert deploy(folder, "promote", "voxel/v3", "--force", "a trial", "--json") == 0
    assert told(capsys)["forced"] == ["voxel/v3 was not evaluated. Run `evaluate --name voxel --model voxel/v3`."]
    assert deploy(folder, "show", "voxel/v3") == 0
    shown = capsys.readouterr().out
    assert "voxel/v3: live, not evaluated" in shown and "promoted voxel/v3 by person: a trial" in shown
    assert deploy(folder, "rollback", "--why", "it was one") == 0
    assert capsys.readouterr().out == "Live again: voxel/v1.\n"
    assert deploy(folder, "list") == 0
    first, *others = capsys.readouterr().out.splitlines()
    assert first.split()[:2] == ["live", "voxel/v1"] and first.endswith("runs in 40% of 60 held-out prompts")
    assert [line.split()[:2] for line in others] == [["candidate", "voxel/v2"], ["retired", "voxel/v3"]]


def test_every_word_has_a_form_for_programs(folder: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    folder.dataset("voxel").mkdir(parents=True)
    assert deploy(folder, "add", "voxel", "--asks", "openai:ft-1", "--json") == 0
    assert told(capsys)["state"] == "candidate"
    assert deploy(folder, "voxel/v1", "--json") == 0
    assert told(capsys)["live"] == "voxel/v1"
    assert deploy(folder, "canary", "voxel/v2", "--json") == 0
    assert told(capsys)["canary"]["share"] == 0.1
    assert deploy(folder, "list", "--json") == 0
    listed = told(capsys)
    assert [(model["id"], model["state"]) for model in listed["models"]][:2] == [
        ("voxel/v1", "live"),
        ("voxel/v2", "canary"),
    ]
    assert deploy(folder, "show", "voxel/asked-openai-ft-1", "--json") == 0
    assert told(capsys)["against"][0].startswith("voxel/asked-openai-ft-1 was not evaluated. Run `evaluate ")
    assert deploy(folder, "canary", "--share", "0", "--json") == 0
    assert told(capsys)["canary"] is None
    assert deploy(folder, "voxel/v2", "--json") == 0 and told(capsys)["before"] == ["voxel/v1"]
    assert deploy(folder, "rollback", "--json") == 0 and told(capsys)["live"] == "voxel/v1"


def test_a_program_is_told_what_stands_against_a_model(folder: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy(folder, "promote", "voxel/v3", "--json") == 4
    refused = told(capsys)
    assert refused["error"].startswith("voxel/v3 was not taken: ")
    assert [(one["code"], one["forcible"]) for one in refused["against"]] == [("evaluation", True)]
    assert refused["against"][0]["sentence"].startswith("voxel/v3 was not evaluated.")
    assert deploy(folder, "rollback", "--json") == 2
    missing = told(capsys)
    assert "No model was live before" in missing["error"] and missing["against"] == []
    assert deploy(folder, "list", "--json") == 0
    evaluated = {model["id"]: model["evaluated"] for model in told(capsys)["models"]}
    assert evaluated["voxel/v3"] is None and evaluated["voxel/v1"]["sentence"] == (
        "The tuned model is not shown to be better or worse than the base model."
    )
    assert [one["metric"] for one in evaluated["voxel/v1"]["figures"]] == ["node_f1", "runs"]


def test_models_are_compared_and_watched_by_how_they_do(folder: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy(folder, "watch") == 0
    assert capsys.readouterr().out == "Nothing was asked yet.\n" and not folder.watched.exists()
    deploy(folder, "voxel/v1")
    deploy(folder, "canary", "voxel/v2", "--share", "0.25")
    about = pointer.read(folder).pointer.canary
    assert about
    drawn = {of: [id for id in map(str, range(400)) if canary.drawn(about, id) is of] for of in (True, False)}
    for number, id in enumerate(sorted([*drawn[True][:10], *drawn[False][:30]], key=int)):
        runs = id in drawn[True]
        model = about.model if runs else "voxel/v1"
        requests.answered(folder, Request(id, model, "5.2.3", canary=about.salt, safe=True, runs=runs, whole_s=2))
        duels.keep(folder, Duel(id, "voxel/v1", "voxel/v2", "B" if number < 25 else duels.BOTH_BAD))
    capsys.readouterr()
    assert deploy(folder, "compare") == 0
    shown = capsys.readouterr().out
    assert "voxel/v2 against voxel/v1" in shown and "Canary: voxel/v2 is better than voxel/v1" in shown
    assert "Duels: voxel/v2 is preferred to voxel/v1: in 25 of 25 duels. In 15 more both were bad." in shown
    assert deploy(folder, "compare", "voxel/v2", "--json") == 0
    compared = told(capsys)
    assert compared["duels"]["winner"] == "voxel/v2" and compared["canary"]["result"] == "better"
    assert deploy(folder, "watch", "--prometheus", str(folder.root / "voxel.prom")) == 0
    shown = capsys.readouterr().out
    assert "voxel/v1 in Blender 5.2.3: " in shown and "Page: watched/report.html in the data folder" in shown
    assert "voxel/v2 against voxel/v1" in (folder.watched / "report.html").read_text(encoding="utf-8")
    assert sum(parsed((folder.root / "voxel.prom").read_text())["voxel_requests_total"].values()) == 40
    assert deploy(folder, "list") == 0
    assert " in use " in capsys.readouterr().out
    assert deploy(folder, "watch", "--json") == 0
    watched = told(capsys)
    assert sum(row["requests"] for row in watched["models"]) == 40 and watched["alarms"] == []
    assert watched["retrain"]["since"] == "voxel/v1" and not watched["retrain"]["enough"]


def test_feedback_is_agreed_to_looked_at_and_deleted(folder: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy(folder, "feedback") == 0 and capsys.readouterr().out.startswith("Feedback is off: nothing is kept.")
    assert deploy(folder, "feedback", "on") == 0 and "on this computer alone" in capsys.readouterr().out
    feedback.asked(folder, request(1, failed=(Failed("x", "NameError: x"),)))
    feedback.became(folder, request(1).id, "kept", kept=tree(0.1, 0.2, 0.9))
    assert deploy(folder, "feedback") == 0
    assert f"{request(1).id}  2026-11-11  voxel/v1             edited   make the rust" in capsys.readouterr().out
    assert deploy(folder, "feedback", "show", request(1).id) == 0
    shown = capsys.readouterr().out
    assert (
        "  * Set the input “Value 2” of “n2” from 0.3 to 0.9." in shown
        and "1 script failed, the last with NameError: x" in shown
    )
    assert deploy(folder, "feedback", "show", request(1).id, "--json") == 0
    assert Tree.from_json(told(capsys)["kept"]) == tree(0.1, 0.2, 0.9)
    (folder.feedback / f"{2:016x}.json").write_text("{")
    assert deploy(folder, "feedback", "list", "--json") == 0
    listed = told(capsys)
    assert listed["on"] and [one["state"] for one in listed["feedback"]] == ["edited"] and len(listed["damaged"]) == 1
    assert deploy(folder, "feedback", "delete", request(1).id, "--json") == 0
    assert told(capsys)["words"].startswith("Deleted: 1 request.")
    assert deploy(folder, "feedback", "off") == 0 and deploy(folder, "feedback", "delete", "all") == 0
    assert [path for path in folder.feedback.rglob("*.json") if path.name != "consent.json"] == []


def test_a_live_model_whose_files_are_gone_is_told(folder: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    deploy(folder, "voxel/v1")
    deploy(folder, "voxel/v2")
    shutil.rmtree(folder.model("voxel", "v2"))
    assert deploy(folder, "list") == 0
    assert "voxel/v2 is live, but its files are gone. `deploy rollback`" in capsys.readouterr().out
    assert deploy(folder, "rollback") == 0 and "Live again: voxel/v1." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["voxel/v9"], "voxel/v9 is no model of this data folder. There are voxel/v1, voxel/v2, voxel/v3."),
        (["promote"], "Name a model: deploy promote MODEL."),
        (["demote", "voxel/v1"], "demote is no word of `deploy`"),
        (["add", "voxel"], "Say which model, and on which dataset"),
        (["canary", "--share", "0"], "No model is a canary."),
        (["feedback", "forget"], "forget is no word of `deploy feedback`; they are list, show, delete, on, off."),
        (["feedback", "show"], "Say `deploy feedback show ID`."),
        (["feedback", "delete", "0" * 16], f"There is no feedback {'0' * 16}."),
        (["show", "voxel/v1", "voxel/v2"], "`deploy show` is about one thing; voxel/v2 is one too many."),
        (["compare", "voxel/v1"], "Name a model to compare with the live one"),
    ],
)
def test_wrong_words_are_answered_in_a_sentence(
    folder: DataFolder, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert deploy(folder, *words) == 2
    assert sentence in capsys.readouterr().err
