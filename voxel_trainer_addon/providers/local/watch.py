# SPDX-License-Identifier: GPL-3.0-or-later
"""Early warnings: what the losses of a run say before it has ended. Each is told once."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

FEW = 10
"""Losses that are averaged at either end; one batch differs from the next by more than a step changes."""
LEAST_STEPS = 30
FALL = 0.98
PERFECT = 0.02
"""Nats a token: 98 of 100 tokens are foreseen."""
RISE = 1.05


class Watch:
    """Looks at the losses of one run. `tell` gets code and sentence; `told` has the codes of before a restart."""

    def __init__(self, tell: Callable[[str, str], None], told: Sequence[str] = ()) -> None:
        self._tell, self._told = tell, set(told)

    def _warn(self, code: str, sentence: str) -> None:
        if code not in self._told:
            self._told.add(code)
            self._tell(code, sentence)

    def steps(self, losses: Sequence[float], planned: int, supervised: bool) -> None:
        """After a step: whether the training loss falls. Asked from half of the plan on, and not in short runs."""
        if len(losses) < max(LEAST_STEPS, planned / 2) or not planned:
            return
        first, last = statistics.fmean(losses[:FEW]), statistics.fmean(losses[-FEW:])
        if last > PERFECT and last > first * (FALL if supervised else 1.0):
            self._warn(
                "not falling",
                f"The training loss does not fall ({first:.3f} at first, {last:.3f} now). "
                "Try another rate, or look at the rows.",
            )

    def held_out(self, losses: Sequence[float], supervised: bool) -> None:
        """After a validation; the first was before training."""
        if supervised and len(losses) == 1 and losses[0] < PERFECT:
            self._warn(
                "perfect",
                f"The model foresees the held-out answers already ({losses[0]:.4f} nats a token). "
                "Training can add nothing: was it trained on these rows before?",
            )
        best = min(losses)
        if len(losses) >= 4 and min(losses[-2:]) > best * RISE and losses[-1] >= losses[-2]:
            self._warn(
                "validation rising",
                f"The loss on held-out rows rises ({best:.3f} at best, {losses[-1]:.3f} now): the model learns "
                "the rows by heart. More rows or fewer steps would help.",
            )
