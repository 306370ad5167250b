# SPDX-License-Identifier: GPL-3.0-or-later
"""Several answers to one prompt: how likely one of k passes, and which one is best by Blender's word alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..bpy_code import allowed, source
from ..graph.words.view import has_effect
from . import quality_metrics as metrics
from .choice import spoken_for
from .generation import Settings
from .quality_metrics import Answered, Wanted
from .result import Example, Samples, without_intervals
from .statistics import mean

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
            takes_effect=None if wanted.piece else int(any(map(has_effect, made))),
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

    def figure(metric: str, of: Callable[[Samples], float]) -> dict[str, Any]:
        """The mean of one number a prompt, where the metric applies, with an interval that draws whole groups."""
        told = claimed or drawn
        applied = [one for one in told if all(samples.values(metric) for samples in one.samples.values())]
        groups = [one.group for one in applied]
        values = {
            who: asdict(mean([of(one.samples[who]) for one in applied], groups, settings.seed, most=1.0))
            for who in (drawn[0].samples if applied else ())
        }
        found = {
            "metric": metric,
            "label": metrics.LABELS[metric],
            "binary": metric in metrics.BINARY,
            "prompts": len(applied),
            "does_not_apply": len(told) - len(applied),
            "values": values,
        }
        return found if claimed else without_intervals(found)

    def passes(metric: str, k: int) -> dict[str, Any]:
        return {"k": k, **figure(metric, lambda one: pass_at_k(settings.samples, int(sum(one.values(metric))), k))}

    def best(metric: str) -> dict[str, Any]:
        return figure(metric, lambda one: one.values(metric)[one.best])

    pass_at_ks = [passes(rung, k) for rung in PASSES for k in range(1, settings.samples // 2 + 1)]
    return {
        "n": settings.samples,
        "temperature": settings.temperature,
        "seed": settings.seed,
        "prompts": len(drawn),
        "groups": len({example.group for example in drawn}),
        "pass_at_k": [each for each in pass_at_ks if each["prompts"]],
        "best_of_n": {"label": BEST_OF_N, "metrics": [each for each in map(best, OF_BEST) if each["prompts"]]},
    }
