# SPDX-License-Identifier: GPL-3.0-or-later
"""Several answers to one prompt: how likely one of k passes, and which one is best by Blender's word alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from ..bpy_code import allowed, source
from ..intervals import Interval
from . import quality_metrics as metrics
from .choice import spoken_for
from .generation import Settings
from .quality_metrics import Answered, Wanted
from .result import Example, Samples, without_intervals
from .statistics import DRAWS, mean

BEST_OF_N = "best of n, judged by Blender"
"""What it is called wherever it is told: a feature of the product, and no property of the model."""
PASSES = ("runs", "conditions_all")
"""The rungs whose pass@k is told."""
OF_BEST = (*PASSES, "node_f1")
"""What is told of the best of n."""


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
    return mean(values, groups, seed, draws, most=1.0)


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

    @classmethod
    def of(cls, answer: Answered, wanted: Wanted, tokens: int) -> Seen:
        """What Blender says of an answer; of what is `wanted` only the kind of tree is looked at."""
        made = [tree for tree in (answer.ran.graphs or {}).values() if metrics.of_kind(tree, wanted.graph)]
        return cls(
            finished=int(answer.finished),
            parses=int(source.parses(answer.code)),
            safe=int(not answer.ran.stopped and not allowed.unsafe(answer.code)),
            names_valid=None if answer.wrong_names is None else int(not answer.wrong_names),
            runs=int(answer.ran.ran),
            makes_kind=int(bool(made)),
            takes_effect=None if wanted.piece else int(any(map(metrics.has_effect, made))),
            tokens=tokens,
        )

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


def figures(examples: Sequence[Example], settings: Settings) -> dict[str, Any] | None:
    """The field `samples` of an evaluation (see docs/evaluate.md); None where no prompt has all of its samples."""
    drawn = [example for example in examples if example.samples]
    if not drawn:
        return None
    claimed = spoken_for(drawn, lambda example: (example.test, example.group))
    applied = {
        metric: found
        for metric in OF_BEST
        if (
            found := [
                one for one in claimed or drawn if all(None not in s.values(metric) for s in one.samples.values())
            ]
        )
    }

    def told(metric: str, interval: Callable[[Sequence[Samples], Sequence[str]], Interval]) -> dict[str, Any]:
        groups = [example.group for example in applied[metric]]
        found = {
            "metric": metric,
            "label": metrics.LABELS[metric],
            "binary": metric in metrics.BINARY,
            "prompts": len(groups),
            "does_not_apply": len(claimed or drawn) - len(groups),
            "values": {
                who: asdict(interval([example.samples[who] for example in applied[metric]], groups))
                for who in drawn[0].samples
            },
        }
        return found if claimed else without_intervals(found)

    def passing(metric: str, k: int) -> dict[str, Any]:
        def interval(samples: Sequence[Samples], groups: Sequence[str]) -> Interval:
            return mean_pass_at_k([list(map(bool, one.values(metric))) for one in samples], groups, k, settings.seed)

        return {"k": k, **told(metric, interval)}

    def best(samples: Sequence[Samples], groups: Sequence[str], metric: str) -> Interval:
        return mean([float(one.values(metric)[one.best] or 0) for one in samples], groups, settings.seed, most=1.0)

    return {
        "n": settings.samples,
        "temperature": settings.temperature,
        "seed": settings.seed,
        "prompts": len(drawn),
        "groups": len({example.group for example in drawn}),
        "pass_at_k": [
            passing(rung, k) for rung in PASSES if rung in applied for k in range(1, settings.samples // 2 + 1)
        ],
        "best_of_n": {
            "label": BEST_OF_N,
            "metrics": [told(metric, partial(best, metric=metric)) for metric in applied],
        },
    }
