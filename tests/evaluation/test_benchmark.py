# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage evaluate compares pairs only, asks nobody twice, and says what it could not do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.evaluation import stand_ins
from tests.evaluation.stand_ins import Desk, Provider, evaluation, laid, prose
from voxel_trainer_addon import prompts
from voxel_trainer_addon.errors import UserError
from voxel_trainer_addon.evaluation import benchmark, choice
from voxel_trainer_addon.evaluation.contestants import newest
from voxel_trainer_addon.files import read_jsonl

pytestmark = pytest.mark.plain


def metric(found: dict[str, Any], name: str, who: str) -> float:
    return float(next(m for m in found["metrics"] if m["metric"] == name)["values"][who]["value"])


def test_a_model_that_learnt_everything_is_better_than_one_that_knows_nothing(desk: Desk) -> None:
    provider = Provider(laid(desk), prose, prompts.answer)
    outcome = benchmark.evaluate(desk, provider)
    found = evaluation(desk)
    assert not outcome.aside
    assert [metric(found, m, "tuned") for m in ("finished", "runs", "node_f1", "graph_match")] == [1, 1, 1, 1]
    assert metric(found, "parses", "base") == metric(found, "node_f1", "base") == 0
    assert found["verdict"]["than"]["base"] == "better"
    assert found["verdict"]["relative_gain"] is None
    assert found["worse"] == []
    assert found["loss"]["values"]["tuned"]["value"] == pytest.approx(0.2)
    assert desk.catalog.evaluations() == [found]


def test_a_model_that_forgot_everything_is_worse(desk: Desk) -> None:
    benchmark.evaluate(desk, Provider(laid(desk), prompts.answer, prose))
    found = evaluation(desk)
    assert found["verdict"]["result"] == "worse"
    assert "node_f1" in found["worse"]


def test_failing_lines_are_left_out_and_counted(desk: Desk) -> None:
    def half_right(code: str) -> str:
        return prompts.answer(code + 'wrong = nodes.new("ShaderNodeWrong")\n')

    benchmark.evaluate(desk, Provider(laid(desk), prose, half_right))
    found = evaluation(desk)
    assert metric(found, "safe", "tuned") == 1
    assert metric(found, "runs", "tuned") == 0
    assert metric(found, "node_f1", "tuned") == 1
    lines = list(read_jsonl(desk.folder.model("voxel", "v1") / "answers.jsonl"))
    assert {line["answers"]["tuned"]["score"]["dropped"] for line in lines} == {1}
    assert lines[0]["answers"]["tuned"]["score"]["error"] == "Unknown: node ShaderNodeWrong."


def test_unsafe_answers_are_a_rung_of_their_own_and_are_not_run(desk: Desk) -> None:
    def unsafe(code: str) -> str:
        return prompts.answer("import os\n" + code)

    benchmark.evaluate(desk, Provider(laid(desk), prose, unsafe))
    found = evaluation(desk)
    assert metric(found, "imports_bpy", "tuned") == 1
    assert metric(found, "safe", "tuned") == 0
    assert metric(found, "makes_tree", "tuned") == 0


def test_nobody_is_asked_twice(desk: Desk) -> None:
    base = laid(desk)
    benchmark.evaluate(desk, Provider(base, prose, prompts.answer))
    again = Provider(base, prose, prompts.answer)
    benchmark.evaluate(desk, again)
    assert again.asked == []
    (desk.folder.model("voxel", "v1") / "model" / "model.safetensors").write_bytes(b"tuned further")
    benchmark.evaluate(desk, again)
    assert {model for model, _ in again.asked} == {"tuned"}


def test_a_cut_run_goes_on_where_it_stopped(desk: Desk) -> None:
    base = laid(desk)
    benchmark.evaluate(desk, Provider(base, prose, prompts.answer, stops_after=3))
    assert evaluation(desk)["prompts"]["reached"] == 3
    again = Provider(base, prose, prompts.answer)
    benchmark.evaluate(desk, again)
    assert evaluation(desk)["prompts"]["reached"] == 8
    assert len({id for _, id in again.asked}) == 5


def test_a_line_that_was_cut_off_is_asked_again(desk: Desk) -> None:
    base = laid(desk)
    benchmark.evaluate(desk, Provider(base, prose, prompts.answer))
    (store, *_) = sorted(desk.folder.answers.glob("*.jsonl"))
    store.write_bytes(store.read_bytes()[:-20])
    again = Provider(base, prose, prompts.answer)
    benchmark.evaluate(desk, again)
    assert len(again.asked) == 1
    assert evaluation(desk)["prompts"]["reached"] == 8


def test_rows_over_the_budget_are_counted_and_not_asked(desk: Desk) -> None:
    base = laid(desk)
    longest = max(len(prompts.answer(row["completion"])) for row in stand_ins.rows(8))
    provider = Provider(base, prose, prompts.answer, budget=longest - 1)
    benchmark.evaluate(desk, provider)
    found = evaluation(desk)["prompts"]
    assert found["over_budget"] > 0
    assert found["reached"] == 8 - found["over_budget"]


def test_another_version_is_asked_what_its_base_was_asked(desk: Desk) -> None:
    base = laid(desk)
    stand_ins.lay_model(desk.folder, "voxel", "v2")
    (desk.folder.model("voxel", "v2") / "model" / "model.safetensors").write_bytes(b"tuned again")
    for model in (base, *desk.folder.models.glob("voxel/v*/model")):
        (model / "tokenizer.json").write_text("{}")
    longest = max(len(prompts.answer(row["completion"])) for row in stand_ins.rows(8))
    prompted = []
    for version in ("v1", "v2"):
        desk.options = replace(desk.options, evaluated=version, prompts=3)
        provider = Provider(base, prose, prompts.answer, budget=longest - 1)
        benchmark.evaluate(desk, provider)
        lines = read_jsonl(desk.folder.model("voxel", version) / "answers.jsonl")
        prompted.append([line["id"] for line in lines])
    assert prompted[0] == prompted[1] and provider.asked == [("tuned", id) for id in prompted[1]]


def test_pairs_are_shown_while_they_come(desk: Desk) -> None:
    benchmark.evaluate(desk, Provider(laid(desk), prose, prompts.answer))
    pairs = [e for e in desk.events if e["kind"] == "pair"]
    assert pairs
    assert pairs[0]["base"].startswith("Sure!")


def test_no_rows_no_model_no_blender_are_each_said(desk: Desk) -> None:
    provider = Provider(desk.folder.root, prose, prompts.answer)
    assert "no held-out rows" in benchmark.evaluate(desk, provider).words
    stand_ins.lay_dataset(desk.folder, "voxel", [], stand_ins.rows(2))
    assert "No model" in benchmark.evaluate(desk, provider).words
    provider.folder = stand_ins.lay_model(desk.folder, "voxel")
    desk.host = None
    outcome = benchmark.evaluate(desk, provider)
    assert outcome.aside
    assert "needs a Blender" in outcome.words
    assert [aside.code for aside in desk.catalog.asides("evaluate")] == ["no Blender"]


def test_an_empty_training_set_leaves_retrieval_without_an_answer(desk: Desk) -> None:
    base = laid(desk)
    stand_ins.lay_dataset(desk.folder, "voxel", [], stand_ins.rows(8))
    benchmark.evaluate(desk, Provider(base, prose, prompts.answer))
    assert metric(evaluation(desk), "parses", "retrieval") == 0


def test_a_wanted_answer_that_makes_no_tree_is_set_aside(desk: Desk) -> None:
    base = laid(desk)
    broken: dict[str, Any] = {**stand_ins.row(9, ["ShaderNodeMath"]), "completion": "import bpy\n"}
    stand_ins.lay_dataset(desk.folder, "voxel", [], [*stand_ins.rows(7), broken])
    outcome = benchmark.evaluate(desk, Provider(base, prose, prompts.answer))
    found = evaluation(desk)["prompts"]
    assert (found["reached"], found["compared"], found["stale"]) == (8, 7, 1)
    assert "no longer proves: 1." in outcome.words
    (aside,) = desk.catalog.asides("evaluate")
    assert aside.item == broken["id"]
    assert "makes no node_groups/Tree 9 any more" in aside.sentence and "proven in Blender 5.2.3" in aside.sentence


def test_the_order_is_fixed_by_the_seed_and_takes_groups_in_turn() -> None:
    rows = [stand_ins.row(n, ["ShaderNodeMath"], group="a" if n < 6 else f"b{n}") for n in range(9)]
    order = choice.in_order(rows, 3)
    assert order == choice.in_order(rows[::-1], 3)
    assert order != choice.in_order(rows, 4)
    assert len({row["group"] for row in order[:4]}) == 4


def test_rows_of_the_near_test_are_independent_by_family_those_of_the_far_test_by_group(desk: Desk) -> None:
    made = [{**row, "group": "one", "test": "near"} for row in stand_ins.rows(8)]
    assert len({choice.independent(row) for row in made}) == len({row["family"] for row in made}) == 5
    assert len({choice.independent({**row, "test": "far"}) for row in made}) == 1
    assert len({row["family"] for row in choice.in_order(made, 1)[:5]}) == 5
    base = laid(desk)
    stand_ins.lay_dataset(desk.folder, "voxel", stand_ins.rows(6, 100), made)
    benchmark.evaluate(desk, Provider(base, prose, prompts.answer))
    assert evaluation(desk)["prompts"]["groups"] == 5


def test_a_group_that_was_trained_on_is_refused_before_anybody_is_asked(desk: Desk) -> None:
    provider = Provider(laid(desk), prose, prompts.answer)
    stand_ins.lay_dataset(desk.folder, "voxel", stand_ins.rows(6, 7), stand_ins.rows(8))
    with pytest.raises(UserError, match=r"share 1 group \(group 7\)"):
        benchmark.evaluate(desk, provider)
    assert provider.asked == []


def test_names_are_looked_up_where_a_row_is_for_the_blender_at_hand(desk: Desk) -> None:
    def made_up(code: str) -> str:
        return prompts.answer(code + "bpy.data.node_trees\n")

    base = laid(desk)
    benchmark.evaluate(desk, Provider(base, made_up, prompts.answer))
    found = evaluation(desk)
    assert [metric(found, "names_valid", who) for who in ("base", "tuned")] == [0, 1]
    older = [{**row, "blender_version": "4.2.23"} for row in stand_ins.rows(8)]
    stand_ins.lay_dataset(desk.folder, "voxel", stand_ins.rows(6, 100), older)
    benchmark.evaluate(desk, Provider(base, made_up, prompts.answer))
    assert "names_valid" not in {one["metric"] for one in evaluation(desk)["metrics"]}


def test_what_the_guard_stopped_is_not_safe(desk: Desk) -> None:
    def stopped(code: str) -> str:
        return prompts.answer(f"{code}{stand_ins.STOPPED}\n")

    benchmark.evaluate(desk, Provider(laid(desk), prompts.answer, stopped))
    found = evaluation(desk)
    assert [metric(found, rung, "tuned") for rung in ("imports_bpy", "safe", "runs", "makes_tree")] == [1, 0, 0, 0]
    assert metric(found, "safe", "base") == 1
    lines = read_jsonl(desk.folder.model("voxel", "v1") / "answers.jsonl")
    assert {line["answers"]["tuned"]["score"]["error"] for line in lines} == {"The script was stopped."}


def test_what_the_prompts_can_prove_is_said_before_the_first_answer(desk: Desk) -> None:
    benchmark.evaluate(desk, Provider(laid(desk), prose, prompts.answer))
    said = [(e["kind"], e.get("words", "")) for e in desk.events]
    (place,) = [n for n, (_, words) in enumerate(said) if "8 prompts of 8 independent groups can prove" in words]
    assert place < next(n for n, (kind, _) in enumerate(said) if kind == "pair")


def test_the_newest_job_that_ended_well_is_taken(desk: Desk) -> None:
    for version, state, finished in (
        ("v1", "done", "2026-01-01"),
        ("v2", "done", "2026-01-02"),
        ("v3", "stopped", "2026-01-03"),
    ):
        stand_ins.lay_model(desk.folder, "voxel", version, state=state, finished_at=finished)
    found = newest(desk.folder.models / "voxel")
    assert found is not None
    assert found.version == "v2"
