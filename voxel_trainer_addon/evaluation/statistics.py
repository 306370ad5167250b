# SPDX-License-Identifier: GPL-3.0-or-later
"""What a few dozen pairs of answers can show: intervals, tests, and a verdict that claims no more."""

from __future__ import annotations

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..intervals import Interval, Z, wilson
from ..words import counted

POWER = 0.8416212335729143
"""Standard normal quantile of a power of 80 %."""
DRAWS = 10_000
GROUPS_MIN = 6
"""Independent groups below which nothing is claimed: with 5 even a difference in every one has p = 2/2⁵ > 0.05."""
RELATIVE_FROM = 0.10
"""The base's rate from which a relative gain says something."""


def wilson_by_group(successes: Sequence[bool], groups: Sequence[str]) -> Interval:
    """The same where rows of one group are alike: no more trials than the spread between groups is worth (as Korn and
    Graubard do for surveys), and where all rows are the same, as many as there are groups. Unlike a bootstrap it tells
    the truth there, too."""
    rows, count = len(successes), len(set(groups))
    share = sum(successes) / rows if rows else 0.0
    trials = float(count)
    if count < rows and 0 < share < 1 < count:
        sums = _by_group([float(one) for one in successes], groups)
        spread = count / (count - 1) * sum((total - share * size) ** 2 for total, size in sums) / rows**2
        worth = share * (1 - share) / spread if spread else rows
        trials = min(rows, worth) * (Z / student(count - 1)) ** 2
    return wilson(share * trials, trials)


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p of McNemar's test, from the pairs in which just one of the two succeeded; 1.0 without any."""
    discordant = only_first + only_second
    if not discordant:
        return 1.0
    tail = sum(math.comb(discordant, k) for k in range(min(only_first, only_second) + 1))
    return float(min(1.0, 2 * tail / 2**discordant))


def holm(values: Sequence[float]) -> list[float]:
    """p values corrected by Holm for there being several, in the given order."""
    ranked = sorted(range(len(values)), key=lambda i: values[i])
    corrected, above = [1.0] * len(values), 0.0
    for rank, i in enumerate(ranked):
        above = max(above, min(1.0, (len(values) - rank) * values[i]))
        corrected[i] = above
    return corrected


@dataclass(frozen=True)
class Bootstrapped:
    """Mean of paired differences, its interval over groups, and a two-sided p from the same draws."""

    interval: Interval
    p: float


def bootstrap(values: Sequence[float], groups: Sequence[str], seed: int = 0, draws: int = DRAWS) -> Bootstrapped:
    """Mean of `values` with a percentile interval that draws whole groups, not rows: rows of one group are alike, and
    counting them as independent would promise too much. For few groups it is widened as Student's t is over the normal,
    for percentiles of few draws are too narrow. Deterministic for a seed. Raises ValueError without values."""
    return _bootstrap(tuple(values), tuple(groups), seed, draws)


@lru_cache(maxsize=256)
def _bootstrap(values: tuple[float, ...], groups: tuple[str, ...], seed: int, draws: int) -> Bootstrapped:
    sums = _by_group(values, groups)
    middle = math.fsum(values) / len(values)
    if len(set(values)) == 1:
        return Bootstrapped(Interval(middle, middle, middle), 1.0 if middle == 0 else 2 / (draws + 1))
    rng = random.Random(seed)
    weigh = sum(count for _, count in sums) ** 2 / sum(count**2 for _, count in sums)
    wider = student(weigh - 1) / Z * math.sqrt(weigh / (weigh - 1)) if weigh > 1 else math.inf
    means = sorted(
        sum(total for total, _ in drawn) / sum(count for _, count in drawn)
        for drawn in (rng.choices(sums, k=len(sums)) for _ in range(draws))
    )
    tail = min(bisect_right(means, 0.0), draws - bisect_left(means, 0.0))
    low, high = means[int(0.025 * draws)], means[min(draws - 1, int(0.975 * draws))]
    interval = Interval(middle, middle - (middle - low) * wider, middle + (high - middle) * wider)
    return Bootstrapped(interval, min(1.0, 2 * (tail + 1) / (draws + 1)))


def student(degrees: float) -> float:
    """Quantile of Student's t for a two-sided 95 % interval (Fisher's expansion; right to 0.01 from 4 degrees on)."""
    n, z = max(degrees, 1.0), Z
    first = (z**3 + z) / (4 * n) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
    return z + first + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)


def mean(values: Sequence[float], groups: Sequence[str], seed: int = 0, most: float = math.inf) -> Interval:
    """A mean with the interval of `bootstrap`, of figures that are never below 0 nor above `most`: an interval that was
    widened for few groups ends there."""
    found = bootstrap(values, groups, seed).interval
    return Interval(found.value, max(0.0, found.low), min(most, found.high))


def flipped(values: Sequence[float], groups: Sequence[str], seed: int = 0, draws: int = DRAWS) -> float:
    """Two-sided p of paired differences by permutation over groups: were the two sides the same, those of a group might
    as well all have the other sign. It holds for few and unequal groups, where a bootstrap claims too much. Exact for
    whole numbers, by `draws` otherwise."""
    return _flipped(tuple(total for total, _ in _by_group(values, groups) if total), seed, draws)


@lru_cache(maxsize=256)
def _flipped(sums: tuple[float, ...], seed: int, draws: int) -> float:
    seen = abs(math.fsum(sums)) - 1e-9
    if all(float(total).is_integer() for total in sums):
        ways = {0: 1}
        for total in map(int, sums):
            after: dict[int, int] = {}
            for at, count in ways.items():
                for to in (at + total, at - total):
                    after[to] = after.get(to, 0) + count
            ways = after
        far = sum(count for at, count in ways.items() if abs(at) >= seen)
        return float(far / 2 ** len(sums))
    rng = random.Random(seed)
    signs = ((1, -1),) * len(sums)
    draws_far = sum(
        abs(sum(total * sign for total, sign in zip(sums, map(rng.choice, signs), strict=True))) >= seen
        for _ in range(draws)
    )
    return (draws_far + 1) / (draws + 1)


def _by_group(values: Sequence[float], groups: Sequence[str]) -> list[tuple[float, int]]:
    """(sum, count) of each group, in order of appearance."""
    if not values:
        raise ValueError("no values")
    sums: dict[str, tuple[float, int]] = {}
    for value, group in zip(values, groups, strict=True):
        total, count = sums.get(group, (0.0, 0))
        sums[group] = (total + value, count + 1)
    return list(sums.values())


@dataclass(frozen=True)
class Paired:
    """Tuned model and opponent on the same prompts: means, the difference tuned minus opponent, and its p: the larger
    of bootstrap and permutation over groups, for a yes-or-no metric of McNemar too, and 1.0 where there are too few
    groups to tell."""

    metric: str
    label: str
    against: str
    tuned: float
    other: float
    difference: Interval
    p: float
    prompts: int
    groups: int
    lower_is_better: bool


def paired(
    metric: str,
    label: str,
    against: str,
    tuned: Sequence[float],
    other: Sequence[float],
    groups: Sequence[str],
    *,
    binary: bool = False,
    lower_is_better: bool = False,
    seed: int = 0,
    draws: int = DRAWS,
) -> Paired:
    """Compare values prompt by prompt; `groups` tells which belong together. Raises ValueError without pairs."""
    deltas = [a - b for a, b in zip(tuned, other, strict=True)]
    drawn = bootstrap(deltas, groups, seed, draws)
    p = max(drawn.p, flipped(deltas, groups, seed, draws))
    if binary:
        p = max(p, mcnemar(sum(d > 0 for d in deltas), sum(d < 0 for d in deltas)))
    count = len(set(groups))
    return Paired(
        metric=metric,
        label=label,
        against=against,
        tuned=math.fsum(tuned) / len(tuned),
        other=math.fsum(other) / len(other),
        difference=drawn.interval,
        p=p if count >= GROUPS_MIN else 1.0,
        prompts=len(deltas),
        groups=count,
        lower_is_better=lower_is_better,
    )


@dataclass(frozen=True)
class Comparison:
    """What a pairing shows: `verdict` is `better`, `worse` or `not shown`, `words` says it to a person; `p` is
    corrected where several were looked at; `settles_at` is about how many prompts would settle such a difference."""

    pair: Paired
    verdict: str
    words: str
    p: float
    settles_at: int | None


def judge(pairs: Sequence[Paired], headline: str) -> list[Comparison]:
    """Verdicts in the given order. The pairs of `headline` are judged as they are; all others, being many, with p
    corrected by Holm. A verdict needs p below 0.05 and an interval that leaves out 0."""
    others = [i for i, pair in enumerate(pairs) if pair.metric != headline]
    p = [pair.p for pair in pairs]
    for i, corrected in zip(others, holm([pairs[i].p for i in others]), strict=True):
        p[i] = corrected
    return [_judged(pair, value) for pair, value in zip(pairs, p, strict=True)]


def _judged(pair: Paired, p: float) -> Comparison:
    change = pair.difference
    verdict = "not shown"
    if p < 0.05 and (change.low > 0 or change.high < 0):
        verdict = "better" if (change.low > 0) != pair.lower_is_better else "worse"
    needed = _settles_at(pair) if verdict == "not shown" else None
    return Comparison(pair, verdict, _words(pair, verdict, needed), p, needed)


def _settles_at(pair: Paired) -> int | None:
    """Prompts at which a difference of this size would be found in 4 of 5 cases, judging by the spread seen here; None
    where that is out of reach or cannot be told."""
    change = pair.difference
    error = (change.high - change.low) / (2 * Z)
    if pair.groups < GROUPS_MIN or not change.value or not error:
        return None
    needed = math.ceil(pair.prompts * ((Z + POWER) * error / abs(change.value)) ** 2)
    return _round_up(needed) if pair.prompts < needed <= 10_000 else None


def _round_up(number: int) -> int:
    """To two digits, upwards: more would pretend to know."""
    step = 10 ** max(0, len(str(number)) - 2)
    return int(-(-number // step) * step)


def _words(pair: Paired, verdict: str, needed: int | None) -> str:
    change = pair.difference
    prompts = counted(pair.prompts, "prompt")
    facts = f"{pair.tuned:.2f} against {pair.other:.2f} on {prompts}, difference "
    facts += f"{change.value:+.2f} (95 %: {change.low:+.2f} to {change.high:+.2f})."
    if verdict != "not shown":
        gain = ""
        if pair.other >= RELATIVE_FROM and not pair.lower_is_better:
            gain = f" That is {abs(pair.tuned / pair.other - 1):.0%} {'more' if change.value > 0 else 'less'}."
        return f"{verdict.capitalize()} than {pair.against}: {facts}{gain}"
    why = ""
    if not any((change.value, change.low, change.high)):
        return f"Not shown to be better or worse than {pair.against}: the same, {pair.tuned:.2f}, on {prompts}."
    if pair.groups < GROUPS_MIN:
        why = f" The prompts come from too few independent groups: {pair.groups}, where {GROUPS_MIN} are needed."
    elif needed:
        why = f" About {needed:,} prompts would settle a difference of this size."
    return f"Not shown to be better or worse than {pair.against}: {facts}{why}"
