# SPDX-License-Identifier: GPL-3.0-or-later
"""Several answers a prompt: drawn beside the likeliest, kept each by its number, told apart from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.evaluation import stand_ins
from tests.evaluation.stand_ins import Desk, Provider, evaluation, laid, prose
from voxel_trainer_addon import prompts
from voxel_trainer_addon.errors import UserError
from voxel_trainer_addon.evaluation import benchmark
from voxel_trainer_addon.files import read_jsonl, write_jsonl

pytestmark = pytest.mark.plain


def now_and_then(code: str, sample: int) -> str:
    """Right in one of four samples."""
    return prompts.answer(code) if sample % 4 == 1 else prose(code)


def wanting(desk: Desk, samples: int = 4, **more: object) -> None:
    desk.options = replace(desk.options, against=("base",), samples=samples, **more)  # type: ignore[arg-type]


def test_one_right_answer_of_four_is_told_as_pass_at_k_and_beside_the_likeliest(desk: Desk) -> None:
    provider = Provider(laid(desk, 3), prose, prose, draws=now_and_then)
    desk.options = replace(desk.options, against=("base", "few-shot"))
    benchmark.evaluate(desk, provider)
    greedy = evaluation(desk)
    wanting(desk)
    benchmark.evaluate(desk, provider)
    found = evaluation(desk)
    told = found["samples"]
    assert (told["n"], told["temperature"], told["prompts"], told["groups"]) == (4, 0.8, 3, 3)
    assert [each["k"] for each in told["pass_at_k"] if each["metric"] == "runs"] == [1, 2]
    for each, share in zip(told["pass_at_k"], (0.25, 0.5), strict=False):
        assert set(each["values"]) == {"tuned", "base"}
        assert each["values"]["tuned"] == pytest.approx({"value": share, "low": share, "high": share})
    best = {each["metric"]: each["values"]["tuned"]["value"] for each in told["best_of_n"]["metrics"]}
    assert best["runs"] == best["node_f1"] == 1 and "judged by Blender" in told["best_of_n"]["label"]
    for metric in ("runs", "node_f1"):
        values = [next(m for m in each["metrics"] if m["metric"] == metric)["values"] for each in (greedy, found)]
        assert values[0]["tuned"] == values[1]["tuned"] and values[1]["tuned"]["value"] == 0, "the likeliest stays"
    line = next(read_jsonl(desk.folder.model("voxel", "v1") / "answers.jsonl"))
    assert [one["score"]["runs"] for one in line["samples"]["tuned"]["answers"]] == [0, 1, 0, 0]
    assert line["samples"]["base"]["best"] == 1


def test_no_sample_is_drawn_twice(desk: Desk) -> None:
    provider = Provider(laid(desk, 2), prose, prompts.answer)
    wanting(desk, 2)
    benchmark.evaluate(desk, provider)
    again = Provider(provider.folder, prose, prompts.answer)
    benchmark.evaluate(desk, again)
    assert again.requests == []
    wanting(desk, 3)
    benchmark.evaluate(desk, again)
    (request,) = again.requests
    assert {tuple(row["samples"]) for row in request["rows"]} == {(2,)}
    assert (request["temperature"], request["seed"], list(request["models"])) == (0.8, 0, ["tuned", "base"])
    for other in ({"seed": 1}, {"temperature": 0.5}):
        wanting(desk, 2, **other)
        again.requests.clear()
        benchmark.evaluate(desk, again)
        assert {tuple(row["samples"]) for row in again.requests[-1]["rows"]} == {(0, 1)}


def test_samples_that_were_cut_off_are_told_of_fewer_prompts_and_go_on(desk: Desk) -> None:
    base = laid(desk, 3)
    benchmark.evaluate(desk, Provider(base, prose, prompts.answer))
    wanting(desk)
    benchmark.evaluate(desk, Provider(base, prose, prompts.answer, stops_after=1))
    found = evaluation(desk)
    assert (found["prompts"]["compared"], found["samples"]["prompts"]) == (3, 1)
    again = Provider(base, prose, prompts.answer)
    benchmark.evaluate(desk, again)
    assert len(again.requests[0]["rows"]) == 2 and evaluation(desk)["samples"]["prompts"] == 3


def test_a_far_test_of_few_groups_has_no_intervals(desk: Desk) -> None:
    base = laid(desk)
    rows = [{**row, "test": "far"} for row in stand_ins.rows(4)]
    stand_ins.lay_dataset(desk.folder, "voxel", stand_ins.rows(6, 100), rows)
    wanting(desk, 2)
    benchmark.evaluate(desk, Provider(base, prose, prompts.answer))
    told = evaluation(desk)["samples"]
    figures = [each["values"]["tuned"] for each in (*told["pass_at_k"], *told["best_of_n"]["metrics"])]
    assert figures[:2] == [{"value": 0.5}, {"value": 1.0}]


def test_states_of_a_training_are_not_sampled_on_val(desk: Desk) -> None:
    base, place = laid(desk, 2), desk.folder.model("voxel", "v1")
    write_jsonl(desk.folder.dataset("voxel") / "val.jsonl", stand_ins.rows(2, 50))
    for step in (5, 10):
        (place / f"snapshots/step-{step}").mkdir(parents=True)
        (place / f"snapshots/step-{step}/model.safetensors").write_bytes(b"%d" % step)
    provider = Provider(base, prose, prompts.answer)
    wanting(desk, all_checkpoints=True)
    benchmark.evaluate(desk, provider)
    assert ["temperature" in request for request in provider.requests] == [False, False, False, True]


@pytest.mark.parametrize("options", [{"samples": 1}, {"samples": 4, "temperature": 0.0}])
def test_what_cannot_be_drawn_is_said(desk: Desk, options: dict[str, float]) -> None:
    provider = Provider(laid(desk), prose, prompts.answer)
    desk.options = replace(desk.options, **options)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="two answers or more at a --temperature above 0"):
        benchmark.evaluate(desk, provider)
    wanting(desk, temperature=1.0, evaluated="openai:small", base_url="http://127.0.0.1:9/v1")
    with pytest.raises(UserError, match="from models on this computer"):
        benchmark.evaluate(desk, provider)
    assert provider.requests == []
