# SPDX-License-Identifier: GPL-3.0-or-later
"""Several answers to one prompt: how likely one of k passes, and which one is best by Blender's word alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..intervals import Interval
from .statistics import DRAWS, bootstrap

BEST_OF_N = "best of n, judged by Blender"
"""What it is called wherever it is told: a feature of the product, and no property of the model."""


def pass_at_k(n: int, c: int, k: int) -> float:
    """The chance that at least one of `k` answers passes, from `n` of which `c` passed: the unbiased estimator of
    "Evaluating Large Language Models Trained on Code" (Chen et al. 2021, equation 1). Raises ValueError where it is not
    defined."""
    if not 0 <= c <= n or not 1 <= k <= n:
        raise ValueError(f"pass@{k} cannot be told from {n} answers of which {c} passed")
    return 1.0 - math.comb(n - c, k) / math.comb(n, k)


def mean_pass_at_k(
    passed: Sequence[Sequence[bool]], groups: Sequence[str], k: int, seed: int = 0, draws: int = DRAWS
) -> Interval:
    """pass@k over prompts: each one's answers as passed or not, and the group it belongs to. The interval draws whole
    groups. Raises ValueError without prompts, or where a prompt has fewer than `k` answers."""
    values = [pass_at_k(len(answers), sum(answers), k) for answers in passed]
    return bootstrap(values, groups, seed, draws).interval


@dataclass(frozen=True)
class Seen:
    """An answer as Blender sees it, with no reference to compare with: its rungs as 1, 0, or None where one does not
    apply. `makes_kind`: there is a tree of the kind that the prompt asks for; `takes_effect`: something comes into its
    output (None for a piece, which has none); `tokens` is its length."""

    finished: int
    parses: int
    safe: int
    names_valid: int | None
    runs: int
    makes_kind: int
    takes_effect: int | None
    tokens: int

    @property
    def _rank(self) -> tuple[int, int, int]:
        """Lowest for the best: rungs before the first that fails, rungs that fail, tokens."""
        rungs = (self.finished, self.parses, self.safe, self.names_valid, self.runs, self.makes_kind, self.takes_effect)
        fails = [i for i, rung in enumerate(rungs) if rung == 0]
        return -(fails[0] if fails else len(rungs)), len(fails), self.tokens


def best_of(samples: Sequence[Seen]) -> int:
    """The index of the answer that comes furthest up Blender's ladder; of equal ones the shorter, then the first. It is
    told nothing of the wanted answer. Raises ValueError without samples."""
    return min(range(len(samples)), key=lambda i: samples[i]._rank)
