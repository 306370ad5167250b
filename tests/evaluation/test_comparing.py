# SPDX-License-Identifier: GPL-3.0-or-later
"""Two evaluations are compared prompt by prompt where that says something, and refused where it does not."""

from __future__ import annotations

import random
from typing import Any

import pytest

from voxel_trainer_addon.errors import UserError
from voxel_trainer_addon.evaluation import result
from voxel_trainer_addon.evaluation.comparing import Run, as_text, compare, seeds, seeds_as_text

pytestmark = pytest.mark.plain

OTHERS = {"base": 0.1, "retrieval": 0.4}


def score(runs: bool, f1: float) -> dict[str, Any]:
    return {"runs": int(runs), "node_f1": f1, "has_effect": None}


def answer(text: str, runs: bool, f1: float) -> dict[str, Any]:
    return {"text": text, "score": score(runs, f1)}


def run(version: str, f1: float, *, prompts: range = range(24), seed: int = 0, **more: Any) -> Run:
    """An evaluation whose subject has about this value on these prompts, two of a group."""
    rng = random.Random(seed)
    lines = []
    for n in prompts:
        value = min(1.0, max(0.0, f1 + rng.uniform(-0.1, 0.1)))
        answers = {who: answer(f"{who} {n}", False, other) for who, other in OTHERS.items()}
        answers["tuned"] = answer(f"{version} {n}", value > 0.5, value)
        lines.append({"id": f"prompt {n}", "group": f"g{n // 2}", "answers": answers, "losses": {"tuned": 1 - value}})
    body = {
        "schema": result.SCHEMA,
        "id": f"voxel/{version}",
        "subject": "tuned",
        "blender": "5.2.3",
        "finished_at": "2026-01-01T00:00:00Z",
        "settings": {"seed": 0, "new_tokens": 384},
        "dataset": {"test": "digest"},
        "verdict": {"metric": "node_f1"},
        "contestants": [{"who": who, "label": f"the {who}", "hash": who} for who in (*OTHERS, "tuned")],
    }
    return Run(body | more, lines)


def test_the_later_model_is_held_against_the_earlier_prompt_by_prompt() -> None:
    found = compare(run("v1", 0.2), run("v2", 0.7, seed=1))
    assert found["verdict"]["result"] == "better" and found["verdict"]["words"].startswith("Better than voxel/v1: 0.7")
    first = found["comparisons"][0]
    assert (first["metric"], first["prompts"], first["groups"]) == ("node_f1", 24, 12)
    assert first["difference"]["low"] > 0.3
    by_metric = {each["metric"]: each for each in found["comparisons"]}
    assert by_metric["loss"]["verdict"] == "better" and by_metric["loss"]["difference"]["value"] < 0
    assert "has_effect" not in by_metric
    assert compare(run("v2", 0.7, seed=1), run("v1", 0.2))["verdict"]["result"] == "worse"


def test_a_run_against_itself_shows_nothing() -> None:
    found = compare(run("v1", 0.5), run("v1", 0.5))
    assert found["verdict"]["result"] == "not shown"
    assert found["verdict"]["words"].startswith("Not shown to be better or worse than the earlier run: the same")
    assert {each["verdict"] for each in found["comparisons"]} == {"not shown"}


def test_prompts_of_one_run_alone_are_left_out_and_counted() -> None:
    found = compare(run("v1", 0.2, prompts=range(20)), run("v2", 0.7, prompts=range(4, 24)))
    assert found["prompts"] == {"shared": 16, "only_first": 4, "only_second": 4, "groups": 8}
    assert "Left out: 8 prompts that one of them alone answered." in found["notes"]


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (run("v2", 0.7, prompts=range(30, 40)), "share no prompt"),
        (run("v2", 0.7, blender="4.2.1"), "voxel/v1 ran in Blender 5.2.3, voxel/v2 in 4.2.1"),
        (run("v2", 0.7, schema=-1), "of an older form"),
    ],
)
def test_what_says_nothing_is_refused(second: Run, words: str) -> None:
    with pytest.raises(UserError, match=words):
        compare(run("v1", 0.2), second)


def test_one_model_that_answers_otherwise_is_told() -> None:
    second = run("v2", 0.7)
    second.answers[3]["answers"]["base"] = answer("something else", True, 0.9)
    contestants = [{**each} for each in second.evaluation["contestants"]]
    contestants[1]["hash"] = "another"
    found = compare(run("v1", 0.2), Run({**second.evaluation, "contestants": contestants}, second.answers))
    base, retrieval = found["drift"]
    assert (base["changed"], base["same_model"], retrieval["changed"]) == (["prompt 3"], True, [])
    assert not retrieval["same_model"]
    assert "The base gave the same answer to 23 of 24 prompts: 0.10 and 0.13 by the deciding metric." in found["notes"]
    assert found["notes"][-1].endswith("it is not the same in both runs.")


def test_what_the_runs_differ_by_is_told() -> None:
    second = run("v2", 0.7, settings={"seed": 1, "new_tokens": 384}, dataset={"test": "another"})
    found = compare(run("v1", 0.2), second)
    assert {each["name"]: each["second"] for each in found["settings"]} == {"seed": 1, "test split": "another"}


def test_a_terminal_reads_the_same_figures() -> None:
    found = compare(run("v1", 0.2), run("v2", 0.7, seed=1))
    text, first = as_text(found), found["comparisons"][0]
    assert text.startswith("voxel/v2 against voxel/v1, on 24 prompts that both answered, from 12 independent groups")
    (line,) = [line for line in text.splitlines() if "has the nodes that were asked for" in line]
    assert line.split()[:2] == [f"{first['first']:.2f}", f"{first['second']:.2f}"] and line.endswith(": better")


def job(seed: int, **more: Any) -> dict[str, Any]:
    return {"dataset": "voxel", "method": "full", "parameters": {"seed": seed, "rate": 0.0, "rank": 16}} | more


def test_seeds_have_mean_and_spread_on_the_prompts_that_all_answered() -> None:
    runs = [run(f"v{n}", f1, prompts=range(n, 24)) for n, f1 in enumerate((0.5, 0.6, 0.7))]
    found = seeds(runs, [job(n) for n in range(3)])
    assert found["prompts"] == 22
    assert [each["seed"] for each in found["runs"]] == [0, 1, 2]
    by_metric = {each["metric"]: each for each in found["metrics"]}
    spread = by_metric["node_f1"]
    assert spread["mean"] == pytest.approx(0.6, abs=0.03) and spread["deviation"] == pytest.approx(0.1, abs=0.03)
    assert spread["others"] == pytest.approx(OTHERS) and "has_effect" not in by_metric
    text = seeds_as_text(found)
    assert "voxel/v0 (seed 0), voxel/v1 (seed 1), voxel/v2 (seed 2)" in text
    assert f"{spread['mean']:.2f} ± {spread['deviation']:.2f}" in text


@pytest.mark.parametrize(
    ("jobs", "words"),
    [
        ([job(0), job(1, dataset="another")], "differ by more than the seed: dataset"),
        ([job(0), job(1, parameters={"seed": 1, "rate": 0.1, "rank": 16})], "differ by more than the seed: rate"),
        ([job(1), job(1)], "have the same seed"),
        ([job(1)], "Name two or more models"),
    ],
)
def test_only_trainings_that_differ_by_the_seed_have_a_spread(jobs: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(UserError, match=words):
        seeds([run("v1", 0.5)] * len(jobs), jobs)
