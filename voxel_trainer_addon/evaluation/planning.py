# SPDX-License-Identifier: GPL-3.0-or-later
"""What a number of prompts can prove, told before anybody is asked: by group sizes, and by how alike rows of a group
are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..intervals import Z
from ..words import counted
from .statistics import GROUPS_MIN, POWER, student

GAIN_MAX = 20.0
"""The largest relative gain that is looked for."""


@dataclass(frozen=True)
class Spread:
    """Of paired differences: standard deviation of one, and intra-group correlation (0: rows of a group are as
    different as any; 1: they all say the same)."""

    deviation: float
    within: float


def assumed(base: float, tuned: float, agreement: float = 0.3, within: float = 0.2) -> Spread:
    """The spread of differences of yes-or-no answers with these rates, where nothing was measured yet; `agreement` is
    the correlation of the two on one prompt."""
    a, b = base * (1 - base), tuned * (1 - tuned)
    return Spread(math.sqrt(max(a + b - 2 * agreement * math.sqrt(a * b), 1e-9)), within)


def measured(values: Sequence[float], groups: Sequence[str]) -> Spread:
    """The spread of differences seen, by analysis of variance for groups of unequal size. Raises ValueError below two
    values."""
    if len(values) < 2:
        raise ValueError("a spread needs two values")
    n, mean = len(values), math.fsum(values) / len(values)
    by_group: dict[str, list[float]] = {}
    for value, group in zip(values, groups, strict=True):
        by_group.setdefault(group, []).append(value)
    sizes = [len(held) for held in by_group.values()]
    means = [math.fsum(held) / len(held) for held in by_group.values()]
    total = math.fsum((value - mean) ** 2 for value in values)
    between = math.fsum(size * (one - mean) ** 2 for size, one in zip(sizes, means, strict=True))
    within = 0.0
    if len(sizes) > 1 and n > len(sizes):
        inner, outer = (total - between) / (n - len(sizes)), between / (len(sizes) - 1)
        usual = (n - sum(size * size for size in sizes) / n) / (len(sizes) - 1)
        whole = outer + (usual - 1) * inner
        within = min(1.0, max(0.0, (outer - inner) / whole)) if whole > 0 else 0.0
    return Spread(math.sqrt(total / (n - 1)), within)


def effective(sizes: Sequence[int], within: float) -> float:
    """As many independent prompts as these in groups are worth (Kish's design effect)."""
    count = sum(sizes)
    return count**2 / (count + within * sum(size * (size - 1) for size in sizes)) if count else 0.0


def power(sizes: Sequence[int], difference: float, spread: Spread) -> float:
    """Chance that `statistics.judge` finds a true difference of the deciding metric, two-sided at 95 %; 0 where so few
    groups have most of the prompts that their signs decide alone."""
    if effective(sizes, 1.0) < GROUPS_MIN:
        return 0.0
    error = spread.deviation / math.sqrt(effective(sizes, spread.within))
    if not error:
        return 1.0 if difference else 0.0
    crossing = student(len(sizes) - 1)
    return _normal(abs(difference) / error - crossing) + _normal(-abs(difference) / error - crossing)


def provable(sizes: Sequence[int], base: float, agreement: float = 0.3, within: float = 0.2) -> float | None:
    """The smallest relative gain over a base rate that is found in 4 of 5 cases; None where no gain is."""

    def found(gain: float) -> float:
        tuned = min(1.0, base * (1 + gain))
        return power(sizes, tuned - base, assumed(base, tuned, agreement, within))

    low, high = 0.0, min(GAIN_MAX, 1 / base - 1) if base > 0 else 0.0
    if high <= 0 or found(high) < 0.8:
        return None
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if found(middle) >= 0.8 else (middle, high)
    return high


def needed(sizes: Sequence[int], difference: float, spread: Spread) -> int | None:
    """Prompts, in groups like these, that find a difference in 4 of 5 cases; None for no difference."""
    if not difference or not sizes:
        return None
    independent = ((Z + POWER) * spread.deviation / difference) ** 2
    return math.ceil(independent * sum(sizes) / effective(sizes, spread.within))


def matters(sizes: Sequence[int], right: float, mended: float) -> bool:
    """Whether answers in use are enough to tune on again: had a model given the share of right answers that is known
    now, the gain would be found in 4 of 5 cases. `sizes` are judged answers, those to one request together; `right` is
    the share that was so at once, `mended` that of which the right answer came later."""
    return power(sizes, mended, assumed(right, right + mended)) >= 0.8


def words(sizes: Sequence[int], base: float, agreement: float = 0.3, within: float = 0.2) -> str:
    """The plan for a person, before it begins."""
    count = f"{counted(sum(sizes), 'prompt')} of {counted(len(sizes), 'independent group')}"
    if effective(sizes, 1.0) < GROUPS_MIN:
        return f"{count} can prove nothing: {GROUPS_MIN} groups of like size are needed."
    gain = provable(sizes, base, agreement, within)
    start = f"Where the base passes {base:.0%}, {count}"
    if gain is None:
        return f"{start} can prove no gain."
    return f"{start} can prove a gain of {gain:.0%} ({min(1.0, base * (1 + gain)):.0%} pass) in 4 of 5 cases."


def _normal(value: float) -> float:
    return 0.5 * math.erfc(-value / math.sqrt(2))
