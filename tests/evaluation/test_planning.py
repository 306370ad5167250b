# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan says what the test will find, and simulated comparisons keep to it."""

from __future__ import annotations

import random

import pytest

from voxel_trainer_addon.evaluation import planning, statistics

pytestmark = pytest.mark.plain

SIZES = [9, 6, 4, 3, 3, 2, 2, 2, 2, *[1] * 31]
"""Groups as a small test has them."""


@pytest.mark.parametrize(("base", "agreement", "prompts"), [(0.1, 0.3, 2696), (0.3, 0.3, 678), (0.5, 0.3, 275)])
def test_sizes_agree_with_the_usual_formula(base: float, agreement: float, prompts: int) -> None:
    """Prompts for a gain of 20 % at a power of 80 %: figures made apart from this code."""
    spread = planning.assumed(base, base * 1.2, agreement, 0.0)
    assert planning.needed([1] * 100, base * 0.2, spread) == pytest.approx(prompts, rel=0.02)


def test_prompts_of_one_group_are_worth_less() -> None:
    assert planning.effective([1] * 40, 0.5) == 40
    assert planning.effective([10] * 50, 0.2) == pytest.approx(500 / 2.8)
    assert planning.effective([10] * 50, 0.5) == pytest.approx(500 / 5.5)
    assert planning.effective([40], 1.0) == 1


def test_the_spread_of_groups_is_measured() -> None:
    alike = planning.measured([1.0] * 5 + [0.0] * 5 + [1.0] * 5, ["a"] * 5 + ["b"] * 5 + ["c"] * 5)
    assert alike.within == pytest.approx(1.0)
    rng = random.Random(1)
    mixed = planning.measured([rng.random() for _ in range(2000)], [str(i // 5) for i in range(2000)])
    assert mixed.within < 0.05 and mixed.deviation == pytest.approx(12**-0.5, rel=0.05)


def test_the_plan_is_told_in_words() -> None:
    assert "can prove nothing: 6 groups of like size are needed" in planning.words([50, 50], 0.3)
    gain = planning.provable([1] * 200, 0.3)
    assert gain and f"a gain of {gain:.0%}" in planning.words([1] * 200, 0.3)
    assert "can prove nothing" in planning.words([457, 84, 25, *[1] * 10], 0.3)
    assert "no gain" in planning.words([1] * 6, 0.9)
    assert "no gain" in planning.words([1] * 200, 0.0)


def shares(gain: float, runs: int) -> dict[str, float]:
    """How often which verdict is given, with whole groups that are easy or hard."""
    found = dict.fromkeys(("better", "worse", "not shown"), 0.0)
    rng = random.Random(3)
    for number in range(runs):
        other, tuned, groups = [], [], []
        for group, size in enumerate(SIZES):
            rate = rng.betavariate(1.2, 2.8)
            for _ in range(size):
                other.append(float(rng.random() < rate))
                tuned.append(float(rng.random() < rate + gain * (1 - rate)))
                groups.append(str(group))
        pair = statistics.paired("m", "m", "base", tuned, other, groups, binary=True, seed=number, draws=400)
        found[statistics.judge([pair], "m")[0].verdict] += 1 / runs
    return found


def test_where_there_is_no_winner_hardly_any_is_called() -> None:
    """The limit is 6.5 %; 200 runs leave room for chance. The long form is benchmarks/claims.py."""
    found = shares(0.0, 200)
    assert found["better"] + found["worse"] <= 0.065


def test_a_large_gain_is_mostly_found() -> None:
    assert shares(0.5, 60)["better"] > 0.8
