# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a run and its early warnings, without a model."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from voxel_trainer_addon.providers.local import plan
from voxel_trainer_addon.providers.local.plan import Plan
from voxel_trainer_addon.providers.local.watch import Watch

FIRST = Plan("sft", "full", 2e-4, True, 2, 0, 16, 3, 1024)


def test_a_recorded_plan_is_the_same_plan() -> None:
    for one in (FIRST, plan.stepped(FIRST, 40).cut(7, 512)):
        assert Plan.recorded({"kind": "plan", **one.record()}) == one
    with pytest.raises(KeyError):
        Plan.recorded({"steps": 3})


def test_the_rate_goes_up_then_down_and_never_below_zero() -> None:
    whole = plan.stepped(FIRST, 40)
    rates = [whole.rate_at(step) for step in range(40)]
    assert rates[whole.warm_up - 1] == max(rates) == FIRST.rate
    assert rates[: whole.warm_up] == sorted(rates[: whole.warm_up])
    assert rates[whole.warm_up :] == sorted(rates[whole.warm_up :], reverse=True) and rates[-1] > 0


def test_the_measured_rates_are_those_of_the_settled_plan() -> None:
    timed = plan.timed(FIRST, 240.0, 0.004)
    assert timed.steps == 0 and timed.warm_up >= plan.MEASURED_STEPS
    settled = timed.settled(3, 12.0, 4.0)
    assert settled.steps == 60
    assert [timed.rate_at(step) for step in range(3)] == [settled.rate_at(step) for step in range(3)]


def test_little_time_gives_smaller_batches_and_a_guess_for_a_plan() -> None:
    short = plan.timed(FIRST, 8.0, 0.004)
    assert short.batch_tokens == plan.LEAST_BATCH and short.steps == 7
    assert not math.isinf(short.seconds) and short.is_over(2, 8.0) and short.is_over(7, 1.0)


def test_validations_lie_between_start_and_end_and_keep_their_share_of_the_time() -> None:
    held_out, often = plan.validated(240.0, 0.3, 16)
    assert (held_out, often) == (16, 7) and held_out * often * 0.3 <= plan.VALIDATION_SHARE * 240
    assert plan.validated(30.0, 0.3, 16) == (5, 3)
    assert plan.validated(30.0, 0.3, 0)[0] == 0
    whole = plan.stepped(replace(FIRST, validations=5), 40)
    assert [step for step in range(41) if whole.validates(step)] == [10, 20, 30]
    assert not any(plan.stepped(FIRST, 1).validates(step) for step in range(2))


def test_a_cut_holds_from_its_step_on() -> None:
    whole = plan.stepped(FIRST, 40).cut(5, 512).cut(9, 256)
    assert [whole.at_once(step) for step in (4, 5, 8, 9, 39)] == [1024, 512, 512, 256, 256]


def told(losses: list[float], held_out: list[float], supervised: bool = True, planned: int = 60) -> list[str]:
    codes: list[str] = []
    watch = Watch(lambda code, sentence: codes.append(code))
    for end in range(1, len(held_out) + 1):
        watch.held_out(held_out[:end], supervised)
    for end in range(1, len(losses) + 1):
        watch.steps(losses[:end], planned, supervised)
    return codes


def test_warnings_are_told_once_and_only_with_a_reason() -> None:
    noise = [0.1 if step % 2 else -0.1 for step in range(60)]
    falling = [2.0 - 0.03 * step + noise[step] for step in range(60)]
    flat = [2.0 + one for one in noise]
    assert told(flat, []) == ["not falling"]
    assert told(falling, [2.0, 1.0, 0.5, 0.4]) == []
    assert told(flat[:29], []) == [], "a tiny run cannot tell"
    assert told([0.001] * 60, []) == [], "what is learnt already does not fall"
    assert told([0.6931] * 40 + [0.69] * 20, [], supervised=False) == []
    assert told([], [1.6, 0.4, 0.45, 0.5]) == ["validation rising"]
    assert told([], [1.6, 0.4, 0.45, 0.41]) == [] and told([], [1.6, 0.4, 0.5]) == []
    assert told([], [0.01, 0.01]) == ["perfect"] and told([], [0.01], supervised=False) == []


def test_warnings_of_before_a_restart_are_not_told_again() -> None:
    codes: list[str] = []
    Watch(lambda code, sentence: codes.append(code), ["perfect"]).held_out([0.01], True)
    assert codes == []
