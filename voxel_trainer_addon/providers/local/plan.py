# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a training run: what was measured and decided at its start, followed by every run that repeats it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

WARM_UP = 8
MEASURED_STEPS = 3
"""After so many steps, the first not counted, it is known how many there will be."""
VALIDATIONS = (3, 9)
"""At the start, at the end and in between: the fewest and the most."""
VALIDATION_SHARE = 0.15
"""Of the time, for all validations together."""
LEAST_HELD_OUT = 4
FEW_STEPS = 12
LEAST_BATCH = 256
"""Where the time gives only a few steps, smaller batches of at least so many tokens give more of them."""


@dataclass(frozen=True)
class Plan:
    """How a run goes, kept so that a restart and a repetition go the same way.

    `rate` is the highest learning rate; `mixed`: arithmetic in bfloat16; `rows`: the first so many are trained on (0:
    all); `held_out`: rows to validate on, `validations` times; `batch_tokens`: at most in a batch, with padding;
    `steps` is 0 until some were measured; `seconds` are those for steps and checkpoints; `cuts`: (step, tokens): from
    that step on so many tokens are worked on at once, because memory ran out.
    """

    objective: str
    method: str
    rate: float
    mixed: bool
    threads: int
    rows: int
    held_out: int
    validations: int
    batch_tokens: int
    warm_up: int = 1
    steps: int = 0
    seconds: float = math.inf
    cuts: tuple[tuple[int, int], ...] = ()

    @classmethod
    def recorded(cls, facts: Mapping[str, Any]) -> Plan:
        """The plan of a `plan` line, a job's record or a checkpoint. Raises KeyError or TypeError where it is none."""
        known = {field.name: facts[field.name] for field in fields(cls)}
        known["seconds"] = math.inf if known["seconds"] is None else known["seconds"]
        known["cuts"] = tuple((int(step), int(tokens)) for step, tokens in known["cuts"])
        return cls(**known)

    def record(self) -> dict[str, Any]:
        """The plan as JSON can hold it; unlimited seconds are None."""
        return {**asdict(self), "seconds": None if math.isinf(self.seconds) else self.seconds, "cuts": list(self.cuts)}

    def rate_at(self, step: int) -> float:
        """The learning rate in a step, counted from 0: up along the warm-up, then down in a line to the end."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        return self.rate * (self.steps - step) / max(1, self.steps - self.warm_up)

    def at_once(self, step: int) -> int:
        """How many tokens are worked on at once in a step."""
        return min([self.batch_tokens, *(tokens for since, tokens in self.cuts if since <= step)])

    def cut(self, step: int, tokens: int) -> Plan:
        """The plan with at most `tokens` worked on at once from a step on."""
        return replace(self, cuts=(*self.cuts, (step, tokens)))

    def validates(self, done: int) -> bool:
        """Whether held-out rows are looked at once so many steps are done; start and end are not asked for."""
        parts = self.validations - 1
        return done in {self.steps * part // parts for part in range(1, parts)} - {0, self.steps}

    def is_over(self, done: int, seconds: float) -> bool:
        """Whether the last step is done, or the time is up before it."""
        return 0 < self.steps <= done or seconds >= self.seconds

    def settled(self, done: int, spent: float, a_step: float) -> Plan:
        """The plan with its number of steps, from the seconds `spent` on those done and those that one takes."""
        return replace(self, steps=max(done + int((self.seconds - spent) / a_step), self.warm_up + 1))


def validated(seconds: float, a_row: float, rows: int) -> tuple[int, int]:
    """How many of `rows` held-out rows are validated on and how often, where one takes `a_row` seconds."""
    fewest, most = VALIDATIONS
    affordable = VALIDATION_SHARE * seconds / a_row
    held_out = min(rows, max(LEAST_HELD_OUT, int(affordable / fewest)))
    return held_out, max(fewest, min(most, int(affordable / max(1, held_out))))


def timed(plan: Plan, seconds: float, a_token: float) -> Plan:
    """The plan for so many seconds of steps, where a token takes `a_token` seconds forth and back.

    `steps` stays 0 where it can be measured within the warm-up; a shorter run follows the guess.
    """
    batch_tokens = plan.batch_tokens
    while (rough := int(seconds / (a_token * batch_tokens))) < FEW_STEPS and batch_tokens > LEAST_BATCH:
        batch_tokens //= 2
    counted = stepped(replace(plan, batch_tokens=batch_tokens, seconds=seconds), max(1, rough))
    return replace(counted, steps=0) if counted.warm_up >= MEASURED_STEPS else counted


def stepped(plan: Plan, steps: int) -> Plan:
    """The plan for so many steps."""
    return replace(plan, steps=steps, warm_up=max(1, min(WARM_UP, steps // 5)))
