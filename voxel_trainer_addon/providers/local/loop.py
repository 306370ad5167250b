# SPDX-License-Identifier: GPL-3.0-or-later
"""One training run by its plan, whatever library learns: rows, steps, the clock, what is told, and what is kept of it.

Imports neither PyTorch nor mlx.
"""

from __future__ import annotations

import statistics
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from . import chat, plan
from .channel import Channel, Refused
from .plan import Plan
from .watch import Watch

PACE_STEPS = 10
"""The pace is told over so many steps."""


class Loop(ABC):
    """Where a run stands. The library's part are the abstract methods; `objective` is `sft` or `dpo`."""

    objective = "sft"

    def __init__(self, body: dict[str, Any], channel: Channel) -> None:
        self.body, self.channel = body, channel
        self.began = time.monotonic()
        self.step, self.seconds, self.tokens, self.counted = 0, 0.0, 0, 0
        self.losses: list[float] = []
        self.figures: list[dict[str, float]] = []
        self.held_out_losses: list[dict[str, float]] = []
        self.warnings: list[dict[str, str]] = []
        self.pace: deque[tuple[float, int, int]] = deque(maxlen=PACE_STEPS)
        self.must_keep = False
        self.watch = Watch(self._warn)
        self.plan: Plan

    @abstractmethod
    def _learn(self, batch: Sequence[Any]) -> dict[str, float]:
        """One step: its mean `loss`, and more figures. Raises Refused where it is no number."""

    @abstractmethod
    def _look(self) -> dict[str, float]:
        """The same over the held-out rows, without learning."""

    @abstractmethod
    def _keep(self) -> None:
        """Write the checkpoint."""

    @abstractmethod
    def _memory_mb(self) -> int:
        """The most memory so far."""

    def _validated(self, loss: float) -> None:  # noqa: B027
        """Called after a validation that followed a step."""

    def _warn(self, code: str, sentence: str) -> None:
        self.warnings.append({"code": code, "sentence": sentence})
        self.channel.warn(code, sentence)

    # rows

    def _encode(self, tokenizer: Any) -> None:
        """Rows as tokens; those over the budget are left out and told."""
        budget = self.body["tokens"]
        self.rows, over = chat.within(tokenizer, self.body["rows"], budget, self.body["rows_limit"])
        self.held_out, held_over = chat.within(tokenizer, self.body["held_out"], budget, self.body["held_out_limit"])
        if not self.rows:
            raise Refused("rows", f"No row fits the answer budget of {budget} tokens; nothing can be trained on.")
        self.over, self.held_out_over = len(over), len(held_over)
        self.channel.say("rows", **self._facts_of_rows(), used=[row.id for row in self.rows], over_ids=over)

    def _facts_of_rows(self) -> dict[str, int]:
        return {
            "rows": len(self.rows),
            "over": self.over,
            "held_out": len(self.held_out),
            "held_out_over": self.held_out_over,
            "tokens": chat.tokens_of(self.rows),
            "answer_tokens": chat.counted_of(self.rows),
        }

    def _take_rows(self) -> None:
        """Those that the plan takes."""
        self.rows = self.rows[: self.plan.rows or None]
        self.held_out = self.held_out[: self.plan.held_out]

    # steps

    def _train(self) -> None:
        self.channel.say("phase", name="train")
        order = chat.batches(self.rows, self.body["seed"], self.plan.batch_tokens)
        times: list[float] = []
        kept_at = time.monotonic()
        for batch in islice(order, self.step, None):
            self.channel.wait_while_paused()
            if self.channel.stopping or self.plan.is_over(self.step, self.seconds):
                return
            start = time.monotonic()
            loss = self._one_step(batch)
            times.append(time.monotonic() - start)
            self.seconds += times[-1]
            self.pace.append((times[-1], chat.tokens_of(batch), chat.counted_of(batch)))
            if not self.plan.steps and self.step == plan.MEASURED_STEPS:
                self.plan = self.plan.settled(self.step, self.seconds, statistics.median(times[1:]))
                self._tell_plan()
            self._tell_loss(loss, self._validate() if self.plan.validates(self.step) else None)
            self.watch.steps(self.losses, self.plan.steps, self.objective == "sft")
            if self.plan.steps and (self.must_keep or time.monotonic() - kept_at >= self.body["checkpoint_s"]):
                start = time.monotonic()
                self._keep()
                kept_at = time.monotonic()
                self.seconds += kept_at - start

    def _one_step(self, batch: Sequence[Any]) -> float:
        figures = {name: round(value, 5) for name, value in self._learn(batch).items()}
        self.step += 1
        self.tokens += chat.tokens_of(batch)
        self.counted += chat.counted_of(batch)
        self.losses.append(figures.pop("loss"))
        if figures:
            self.figures.append(figures)
        return self.losses[-1]

    def _validate(self) -> float | None:
        """Mean loss on the held-out rows, kept with its figures; None where there are none."""
        if not self.held_out:
            return None
        figures = {name: round(value, 5) for name, value in self._look().items()}
        self.held_out_losses.append({"step": self.step, "seconds": round(self.seconds, 1), **figures})
        self.watch.held_out([one["loss"] for one in self.held_out_losses], self.objective == "sft")
        if self.step:
            self._validated(figures["loss"])
        return figures["loss"]

    def _last_look(self) -> None:
        """Validate at the end, where that was not done just now."""
        if not self.held_out_losses or self.held_out_losses[-1]["step"] != self.step:
            self._tell_loss(self.losses[-1], self._validate())

    # what is told and kept

    def _tell_plan(self) -> None:
        self.channel.say("plan", **self.plan.record())

    def _tell_loss(self, loss: float | None, held_out: float | None) -> None:
        seconds, tokens, counted = (sum(column) for column in zip(*self.pace, strict=True)) if self.pace else (0, 0, 0)
        steps = self.plan.steps
        left = min((steps - self.step) * seconds / len(self.pace), self.plan.seconds - self.seconds) if self.pace else 0
        self.channel.say(
            "loss",
            step=self.step,
            steps=steps,
            loss=loss,
            held_out=held_out,
            **(self.figures[-1] if self.figures else {}),
            seconds=round(self.seconds, 2),
            left_s=round(max(0.0, left), 1) if steps and self.pace else None,
            rate=self.plan.rate_at(self.step - 1) if self.step else None,
            tokens_s=round(tokens / seconds, 1) if seconds else None,
            answer_tokens_s=round(counted / seconds, 1) if seconds else None,
            memory_mb=self._memory_mb(),
        )

    def _standing(self) -> dict[str, Any]:
        """Where the run stands, as JSON can hold it, for the checkpoint."""
        return {
            "plan": self.plan.record(),
            "step": self.step,
            "seconds": self.seconds,
            "tokens": self.tokens,
            "counted": self.counted,
            "losses": self.losses,
            "figures": self.figures,
            "held_out_losses": self.held_out_losses,
            "warnings": self.warnings,
            "rows": [row.id for row in self.rows],
        }

    def _stand(self, kept: Mapping[str, Any]) -> None:
        """Stand where a checkpoint says, by its plan."""
        self.plan = Plan.recorded(kept["plan"])
        self._take_rows()
        if kept["rows"] != [row.id for row in self.rows]:
            raise Refused("checkpoint", "The checkpoint belongs to other rows; the job must begin again.")
        for name in ("step", "seconds", "tokens", "counted", "losses", "figures", "held_out_losses", "warnings"):
            setattr(self, name, kept[name])
        self.watch = Watch(self._warn, [one["code"] for one in self.warnings])

    def _facts_of_run(self) -> dict[str, Any]:
        """What is the same whatever learns."""
        return {
            "objective": self.objective,
            "rate": self.plan.rate,
            "threads": self.plan.threads,
            "plan": self.plan.record(),
            "steps": self.step,
            "planned_steps": self.plan.steps,
            "ended_by": "stop" if self.channel.stopping else "clock" if self.step < self.plan.steps else "plan",
            "seconds": round(self.seconds, 1),
            "all_seconds": round(time.monotonic() - self.began, 1),
            "tokens_seen": self.tokens,
            "passes": round(self.tokens / chat.tokens_of(self.rows), 2),
            "tokens_s": round(self.tokens / max(self.seconds, 1e-9), 1),
            "answer_tokens_s": round(self.counted / max(self.seconds, 1e-9), 1),
            "peak_mb": self._memory_mb(),
            **{f"n_{key}": value for key, value in self._facts_of_rows().items()},
            "losses": self.losses,
            "held_out": self.held_out_losses,
            "warnings": self.warnings,
        }
