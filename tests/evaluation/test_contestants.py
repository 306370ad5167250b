# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever is named takes part; examples come from training rows alone; test is looked at once, and counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.evaluation import stand_ins
from tests.evaluation.stand_ins import Desk, Provider, evaluation, laid, prose
from tests.providers.answer_server import answering
from voxel_trainer_addon import prompts
from voxel_trainer_addon.errors import Unavailable, UserError
from voxel_trainer_addon.evaluation import benchmark, choice
from voxel_trainer_addon.evaluation.contestants import SHOTS, SHOTS_CHARACTERS, Asked, Contestant
from voxel_trainer_addon.files import write_jsonl
from voxel_trainer_addon.nearest import Nearest
from voxel_trainer_addon.row_files import TRAINED_ON

pytestmark = pytest.mark.plain


def test_examples_that_are_shown_are_the_nearest_training_answers_that_fit() -> None:
    train = [*stand_ins.rows(12, 100), {**stand_ins.row(200, ["ShaderNodeMath"]), "completion": "x" * SHOTS_CHARACTERS}]
    asked, row = Asked(Nearest(train)), stand_ins.row(1, stand_ins.CHAINS[1])
    system, *shown, last = asked.messages(Contestant("few-shot", "", shots=True), row)
    assert [system, last] == prompts.messages(row) == asked.messages(Contestant("base", ""), row)
    assert [turn["role"] for turn in shown] == ["user", "assistant"] * SHOTS
    assert sum(len(turn["content"]) for turn in shown) < 1.1 * SHOTS_CHARACTERS
    assert shown[-2]["content"] == Nearest(train).find(row["prompt"])["prompt"], "the nearest stands last"  # type: ignore[index]
    wanted = {(one["prompt"], prompts.answer_of(one)) for one in train}
    assert {(shown[at]["content"], shown[at + 1]["content"]) for at in range(0, 2 * SHOTS, 2)} <= wanted


def test_the_base_is_asked_with_and_without_examples_in_one_go(desk: Desk) -> None:
    provider = Provider(laid(desk), prose, prompts.answer)
    benchmark.evaluate(desk, provider)
    found = evaluation(desk)
    assert [one["who"] for one in found["contestants"]] == ["tuned", "base", "few-shot", "retrieval"]
    (request,) = provider.requests
    assert request["models"]["base"] == request["models"]["few-shot"] and request["loss_models"] == ["tuned", "base"]
    assert all(len(row["messages_by"]["few-shot"]) > len(row["messages"]) for row in request["rows"])
    assert set(found["verdict"]["than"]) == {"base", "few-shot", "retrieval"}


def test_a_model_is_better_only_if_it_beats_the_best_of_them(desk: Desk) -> None:
    provider = Provider(laid(desk), prose, prompts.answer)
    desk.options = replace(desk.options, against=("base",))
    benchmark.evaluate(desk, provider)
    assert evaluation(desk)["verdict"]["result"] == "better"
    twin = stand_ins.lay_model(desk.folder, "twin", finished_at="2026-01-01")
    (desk.folder.model("twin", "v1") / "model" / "model.safetensors").write_bytes(b"a twin")
    provider.tuned_says = provider.base_says = prompts.answer
    desk.options = replace(desk.options, against=("base", "twin/v1"))
    benchmark.evaluate(desk, Provider(twin, prompts.answer, prompts.answer))
    found = evaluation(desk)
    assert found["verdict"]["than"] == {"base": "better", "twin-v1": "not shown"}
    assert found["verdict"]["result"] == "not shown"


def test_a_host_answers_all_prompts_and_is_not_asked_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    laid(desk)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-" + "a" * 20)
    with answering(prose) as server:
        desk.options = replace(desk.options, evaluated="openai:small", base_url=server.url, against=("retrieval",))
        provider = Provider(desk.folder.root, prose, prompts.answer)
        benchmark.evaluate(desk, provider)
        found = evaluation(desk, version="asked-openai-small")
        assert (found["prompts"]["compared"], provider.requests) == (8, [])
        assert found["contestants"][0]["label"] == "openai:small"
        before = len(server.asked)
        benchmark.evaluate(desk, provider)
        assert len(server.asked) == before == 8


def test_a_host_elsewhere_is_told_nothing_without_consent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    laid(desk)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-" + "a" * 20)
    desk.options = replace(desk.options, evaluated="openai:small", base_url="https://models.example.com/v1")
    with pytest.raises(Unavailable, match="online access is off, so nothing was sent"):
        benchmark.evaluate(desk, Provider(desk.folder.root, prose, prompts.answer))
    desk.host = replace(desk.host, online=True)
    with pytest.raises(Unavailable, match=r"8 prompts \(licences: CC0-1.0\) would be sent to https://models.example"):
        benchmark.evaluate(desk, Provider(desk.folder.root, prose, prompts.answer))


def test_the_state_that_does_best_on_val_is_tested_and_test_is_looked_at_once(desk: Desk) -> None:
    base, place = laid(desk), desk.folder.model("voxel", "v1")
    write_jsonl(desk.folder.dataset("voxel") / "val.jsonl", stand_ins.rows(6, 50))
    for step in (5, 10):
        (place / f"snapshots/step-{step}").mkdir(parents=True)
        (place / f"snapshots/step-{step}/model.safetensors").write_bytes(b"%d" % step)

    class Forgets(Provider):
        """Knows all after step 5, nothing after step 10."""

        def answer(self, request: dict[str, Any], on_line: Any, tick: Any) -> stand_ins.Ended:
            self.tuned_says = prompts.answer if request["models"]["tuned"].endswith("step-5") else prose
            return super().answer(request, on_line, tick)

    desk.options = replace(desk.options, all_checkpoints=True)
    provider = Forgets(base, prose, prose)
    benchmark.evaluate(desk, provider)
    found = evaluation(desk, ".step-5")
    assert found["states"] == [{"state": "step 5", "val": 1.0}, {"state": "step 10", "val": 0.0}]
    assert found["contestants"][0]["label"] == "the tuned model (step 5)" and found["looks"] == 1
    assert not (place / "evaluation.json").exists(), "the model's own state was not tested"
    desk.options = replace(desk.options, all_checkpoints=False)
    benchmark.evaluate(desk, provider)
    assert evaluation(desk)["looks"] == 2


def test_val_costs_no_look_at_test(desk: Desk) -> None:
    base = laid(desk)
    write_jsonl(desk.folder.dataset("voxel") / "val.jsonl", stand_ins.rows(6, 50))
    desk.options = replace(desk.options, test_set=":val")
    benchmark.evaluate(desk, Provider(base, prose, prompts.answer))
    found = evaluation(desk, ".voxel-val")
    assert (found["looks"], found["dataset"]["split"], found["prompts"]["compared"]) == (0, "val", 6)


def test_a_metric_that_was_named_after_training_is_told_as_such(desk: Desk) -> None:
    base = laid(desk)
    stand_ins.lay_model(desk.folder, "voxel", metric="runs")
    benchmark.evaluate(desk, Provider(base, prose, prompts.answer))
    assert evaluation(desk)["chosen"] == {"metric": "runs", "before_training": True}
    desk.options = replace(desk.options, metric="loss")
    benchmark.evaluate(desk, Provider(base, prose, prompts.answer))
    found = evaluation(desk)
    assert found["chosen"] == {"metric": "loss", "before_training": False}
    assert found["verdict"]["than"] == {"base": "better"} and found["verdict"]["result"] == "better"
    desk.options = replace(desk.options, metric="beauty")
    with pytest.raises(UserError, match="beauty is no metric that decides; these are: finished, parses"):
        benchmark.evaluate(desk, Provider(base, prose, prompts.answer))


def test_rows_that_the_model_was_trained_on_are_not_asked(desk: Desk) -> None:
    base = laid(desk)
    (desk.folder.model("voxel", "v1") / TRAINED_ON).write_text("group 3\nelse\n")
    provider = Provider(base, prose, prompts.answer)
    benchmark.evaluate(desk, provider)
    found = evaluation(desk)
    assert (found["prompts"]["known_to_model"], found["prompts"]["compared"]) == (1, 7)
    assert stand_ins.row(3, [])["id"] not in {id for _, id in provider.asked}


def test_a_name_that_means_nothing_is_told_with_what_there_is(desk: Desk) -> None:
    base = laid(desk)
    desk.options = replace(desk.options, test_set="voxel:exam")
    with pytest.raises(UserError, match="voxel:exam names no split; write voxel:val or voxel:test"):
        benchmark.evaluate(desk, Provider(base, prose, prompts.answer))
    desk.options = replace(desk.options, test_set="other:test")
    with pytest.raises(UserError, match="There is no dataset other in "):
        benchmark.evaluate(desk, Provider(base, prose, prompts.answer))


def test_the_plan_tells_what_the_time_allows_and_what_that_can_prove(desk: Desk) -> None:
    base = laid(desk, test=40)
    plan = choice.planned(desk.folder, desk.options)
    assert (plan["prompts"], plan["groups"], plan["seconds"]) == (24, 24, 240.0)
    assert plan["subject"] == "voxel/v1" and plan["against"][1:] == [
        "the base model shown examples",
        "the nearest training answer",
    ]
    assert plan["words"].startswith("Compares voxel/v1 with the base model, the base model shown examples and ")
    assert "24 prompts of 24 independent groups can prove" in plan["words"]
    benchmark.evaluate(
        desk, Provider(base, prose, prompts.answer)
    )  # each answer takes half a second, three models answer
    assert (
        "6 s allow about 4 prompts of 24. " in choice.planned(desk.folder, replace(desk.options, evaluate_s=6))["words"]
    )
    far = [{**row, "test": "far"} for row in stand_ins.rows(8)]
    stand_ins.lay_dataset(desk.folder, "voxel", [], far)
    assert "8 groups that training does not know; 20 are needed" in choice.planned(desk.folder, desk.options)["words"]
