# SPDX-License-Identifier: GPL-3.0-or-later
"""Values with the interval that they are known to."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z = 1.959963984540054
"""Standard normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True)
class Interval:
    """A value and its two-sided 95 % interval."""

    value: float
    low: float
    high: float


def wilson(successes: float, trials: float) -> Interval:
    """Share of successes with Wilson's interval; (0, 0, 1) without trials. Unlike the textbook one it tells the truth
    at 0 and at all: 0 of 50 still allows 7 %."""
    if not trials:
        return Interval(0.0, 0.0, 1.0)
    share = successes / trials
    scale = 1 + Z * Z / trials
    middle = (share + Z * Z / (2 * trials)) / scale
    half = Z / scale * math.sqrt(share * (1 - share) / trials + Z * Z / (4 * trials * trials))
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == trials else min(1.0, middle + half)
    return Interval(share, low, high)
