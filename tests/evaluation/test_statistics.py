# SPDX-License-Identifier: GPL-3.0-or-later
"""Intervals and tests agree with published figures, and the verdict claims no more than they show."""

from __future__ import annotations

import random

import pytest

from voxel_trainer_addon import intervals
from voxel_trainer_addon.evaluation import statistics

pytestmark = pytest.mark.plain


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 50, 0.0, 0.071), (0, 200, 0.0, 0.019), (4, 24, 0.067, 0.359), (24, 24, 0.862, 1.0), (81, 263, 0.255, 0.366)],
)
def test_wilson_gives_known_intervals(successes: int, trials: int, low: float, high: float) -> None:
    found = intervals.wilson(successes, trials)
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-4)


def test_wilson_without_trials_knows_nothing() -> None:
    assert intervals.wilson(0, 0) == intervals.Interval(0.0, 0.0, 1.0)


def test_rows_that_are_alike_are_worth_fewer_trials() -> None:
    apart = statistics.wilson_by_group([True] * 10 + [False] * 40, [str(n) for n in range(50)])
    assert apart == statistics.wilson(10, 50)
    alike = statistics.wilson_by_group([True] * 10 + [False] * 40, [str(n // 5) for n in range(50)])
    assert alike.value == 0.2 and width(alike) > 1.5 * width(apart)
    assert statistics.wilson_by_group([False] * 50, [str(n // 5) for n in range(50)]) == statistics.wilson(0, 10)
    assert width(statistics.wilson_by_group([True, False] * 20, ["a"] * 40)) > 0.8
    assert statistics.wilson_by_group([], []) == statistics.wilson(0, 0)


def test_that_interval_holds_for_a_rare_thing_in_few_groups() -> None:
    rng, held = random.Random(1), 0
    for _ in range(300):
        groups = [group for group in range(17) for _ in range(rng.randint(1, 5))]
        lucky = [rng.random() < 0.05 for _ in range(17)]
        rows = [lucky[group] if rng.random() < 0.5 else rng.random() < 0.05 for group in groups]
        found = statistics.wilson_by_group(rows, [str(group) for group in groups])
        held += found.low <= 0.05 <= found.high
    assert held / 300 > 0.93


@pytest.mark.parametrize(
    ("first", "second", "p"), [(0, 0, 1.0), (5, 0, 0.0625), (6, 0, 0.03125), (3, 3, 1.0), (10, 2, 0.0386)]
)
def test_mcnemar_is_exact(first: int, second: int, p: float) -> None:
    assert statistics.mcnemar(first, second) == pytest.approx(p, abs=1e-4)
    assert statistics.mcnemar(first, second) == statistics.mcnemar(second, first)


def test_holm_corrects_in_the_order_given() -> None:
    assert statistics.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert statistics.holm([]) == []


def width(interval: intervals.Interval) -> float:
    return interval.high - interval.low


def test_the_bootstrap_draws_groups_not_rows() -> None:
    values = [1.0] * 20 + [0.0] * 20
    alone = statistics.bootstrap(values, [str(i) for i in range(40)])
    paired = statistics.bootstrap(values, [str(i // 10) for i in range(40)])
    assert alone.interval.value == paired.interval.value == 0.5
    assert width(paired.interval) > 1.5 * width(alone.interval)


def test_the_bootstrap_is_the_same_for_a_seed() -> None:
    values, groups = [0.1, 0.5, 0.9, 0.3], ["a", "b", "c", "a"]
    assert statistics.bootstrap(values, groups, 7) == statistics.bootstrap(values, groups, 7)
    with pytest.raises(ValueError):
        statistics.bootstrap([], [])


def compared(
    tuned: list[float],
    other: list[float],
    groups: list[str] | None = None,
    *,
    binary: bool = False,
    lower_is_better: bool = False,
) -> statistics.Comparison:
    names = groups or [str(i) for i in range(len(tuned))]
    pair = statistics.paired(
        "m", "nodes", "the base model", tuned, other, names, binary=binary, lower_is_better=lower_is_better
    )
    return statistics.judge([pair], "m")[0]


def test_a_clear_gain_over_nothing_has_no_relative_figure() -> None:
    found = compared([0.8, 0.9, 0.7, 0.8, 0.9, 0.6, 0.8, 0.9], [0.0] * 8)
    assert found.verdict == "better"
    assert "∞" not in found.words
    assert "more" not in found.words


def test_a_clear_gain_over_something_has_one() -> None:
    assert "100% more" in compared([0.8] * 8, [0.4] * 8).words


def test_a_fall_is_called_worse_unless_lower_is_better() -> None:
    assert compared([0.1] * 8, [0.5] * 8).verdict == "worse"
    assert compared([0.1] * 8, [0.5] * 8, lower_is_better=True).verdict == "better"


def test_few_groups_show_nothing_however_many_rows() -> None:
    found = compared([1.0] * 40, [0.0] * 40, [str(i // 10) for i in range(40)])
    assert found.verdict == "not shown"
    assert "too few independent groups: 4" in found.words


def test_a_small_difference_says_how_many_prompts_would_settle_it() -> None:
    found = compared([0.5, 0.9, 0.1, 0.8, 0.4, 0.6, 0.7, 0.3], [0.6, 0.5, 0.3, 0.6, 0.5, 0.2, 0.9, 0.2])
    assert found.verdict == "not shown"
    assert found.settles_at
    assert found.settles_at > 8
    assert f"{found.settles_at:,} prompts" in found.words


def test_no_difference_is_not_shown() -> None:
    assert compared([0.5] * 8, [0.5] * 8).verdict == "not shown"


def test_a_yes_or_no_metric_needs_the_exact_test_too() -> None:
    found = compared([1.0] * 5 + [0.0] * 3, [0.0] * 8, binary=True)
    assert found.p == pytest.approx(0.0625)
    assert found.verdict == "not shown"


def test_metrics_beside_the_headline_are_corrected_for_being_many() -> None:
    names = [str(i) for i in range(8)]
    pairs = [
        statistics.paired(f"m{i}", "x", "the base model", [1.0] * 6 + [0.0] * 2, [0.0] * 8, names, binary=True)
        for i in range(4)
    ]
    first, *others = statistics.judge(pairs, "m0")
    assert first.verdict == "better"
    assert {other.verdict for other in others} == {"not shown"}


def test_signs_are_flipped_by_whole_groups() -> None:
    values = [1.0] * 8
    assert statistics.flipped(values, list("abcdefgh")) == 2 / 2**8
    assert statistics.flipped(values, list("aaaabbbb")) == 0.5
    assert statistics.flipped([0.0] * 8, list("abcdefgh")) == 1.0


def test_one_large_group_alone_shows_nothing() -> None:
    """Twelve small groups that say nothing beside one with all the gain."""
    deltas = [1.0] * 40 + [0.0] * 12
    groups = ["large"] * 40 + [str(i) for i in range(12)]
    assert compared(deltas, [0.0] * 52, groups, binary=True).verdict == "not shown"


def test_flips_drawn_at_random_agree_with_all_of_them() -> None:
    values = [0.5, 1.5, -0.5, 2.5, 0.5, 1.5, -1.5, 0.5]
    groups = list("abcdefgh")
    exact = statistics.flipped([2 * value for value in values], groups)
    assert statistics.flipped(values, groups) == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize(("degrees", "quantile"), [(4, 2.776), (5, 2.571), (10, 2.228), (30, 2.042), (1e6, 1.960)])
def test_students_quantiles_are_those_of_the_tables(degrees: float, quantile: float) -> None:
    assert statistics.student(degrees) == pytest.approx(quantile, abs=0.01)
