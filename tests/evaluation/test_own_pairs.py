# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of a model's samples: what runs before what fails, alike in length, of training prompts alone."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.evaluation import stand_ins
from tests.evaluation.stand_ins import Desk, Provider, laid, prose
from voxel_trainer_addon import prompts
from voxel_trainer_addon.errors import UserError
from voxel_trainer_addon.evaluation import benchmark
from voxel_trainer_addon.evaluation.own_pairs import NOTHING, Preference, Sample, preferences
from voxel_trainer_addon.files import read_jsonl
from voxel_trainer_addon.row_files import OWN_PAIRS

pytestmark = pytest.mark.plain

SAMPLES = [
    Sample("rust", "long answer that runs\n" * 4, True, likeness=0.4),
    Sample("rust", "short and right", True, likeness=0.9),
    Sample("rust", "short and bad", False, "KeyError: 'Fac'"),
    Sample("rust", "long answer that fails\n" * 4, False, "NameError: bpy"),
    Sample("rust", "", False, "It runs, but makes no tree."),
    Sample("moss", "runs", True),
    Sample("iron", "fails", False, "SyntaxError"),
]


def test_the_best_runs_and_the_nearest_in_length_fails() -> None:
    assert list(preferences(SAMPLES, 1)) == [Preference("rust", "short and right", "short and bad", "KeyError: 'Fac'")]


def test_no_sample_stands_in_two_pairs() -> None:
    pairs = list(preferences(SAMPLES, 5))
    assert [(pair.chosen[:5], pair.rejected[:5]) for pair in pairs] == [("short", "short"), ("long ", "long ")]


def test_the_order_of_samples_plays_no_part() -> None:
    for seed in range(5):
        shuffled = random.Random(seed).sample(SAMPLES, len(SAMPLES))
        assert list(preferences(shuffled, 2)) == list(preferences(SAMPLES, 2))


def test_equal_answers_count_once_and_blank_ones_not_at_all() -> None:
    twice = [*SAMPLES[:1], *SAMPLES[:1], SAMPLES[4]]
    assert list(preferences(twice, 1)) == []


def drawn(code: str, sample: int) -> str:
    """Right, wrong, a script that makes nothing, nothing."""
    wrong = code + 'wrong = nodes.new("ShaderNodeWrong")\n'
    return (prompts.answer(code), prompts.answer(wrong), prompts.answer("import bpy\n"), "")[sample]


def test_a_models_own_answers_to_training_prompts_make_pairs(desk: Desk) -> None:
    provider = Provider(laid(desk), prose, prose, draws=drawn)
    desk.options = replace(desk.options, test_set=":train", samples=4)
    outcome = benchmark.evaluate(desk, provider)
    place = desk.folder.model("voxel", "v1")
    train = {row["id"]: row for row in stand_ins.rows(6, 100)}
    pairs = list(read_jsonl(place / OWN_PAIRS))
    assert {pair["row"] for pair in pairs} == {id for _, id in provider.asked} == set(train), "no held-out prompt"
    for pair in pairs:
        assert pair["completion"] == train[pair["row"]]["completion"]
        assert "ShaderNodeWrong" in pair["rejected"]["completion"] and "ShaderNodeWrong" in pair["rejected"]["what"]
    assert outcome.counts == {"pairs": 6, "prompts": 6} and "--start-from v1 --own-pairs" in outcome.words
    assert not (place / "evaluation.json").exists() and desk.catalog.evaluations() == []


def test_a_script_that_makes_nothing_has_failed(desk: Desk) -> None:
    provider = Provider(laid(desk), prose, prose, draws=lambda code, n: drawn(code, 2 * n))
    desk.options = replace(desk.options, test_set="voxel:train", samples=2)
    benchmark.evaluate(desk, provider)
    whats = {pair["rejected"]["what"] for pair in read_jsonl(desk.folder.model("voxel", "v1") / OWN_PAIRS)}
    assert whats == {NOTHING}


def test_answers_that_all_run_make_no_pair(desk: Desk) -> None:
    provider = Provider(laid(desk), prose, prose, draws=lambda code, _: prompts.answer(code))
    desk.options = replace(desk.options, test_set=":train", samples=2)
    assert benchmark.evaluate(desk, provider).words.endswith("To no prompt one answer ran and another failed.")


def test_training_prompts_are_no_test(desk: Desk) -> None:
    provider = Provider(laid(desk), prose, prose)
    desk.options = replace(desk.options, test_set=":train")
    with pytest.raises(UserError, match="What was trained on is no test"):
        benchmark.evaluate(desk, provider)
    desk.options = replace(desk.options, samples=4, evaluated=str(provider.folder))
    (provider.folder / "config.json").write_text("{}")
    with pytest.raises(UserError, match="a tuned model's own answers"):
        benchmark.evaluate(desk, provider)
    assert provider.requests == []
