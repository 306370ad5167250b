# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `train`: fine-tuning until the time is up, the loss on answers only, resumable to the same weights.

The length of the run is measured once, on the first steps, and kept as a plan: the learning rate falls along the plan,
so a run that was killed and goes on makes the same steps. The clock may end it before the plan does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
import transformers

from . import chat, devices, keeping, models, plan
from .channel import Channel, Refused
from .keeping import Keeper, Snapshot
from .learner import Learner
from .loop import Loop
from .plan import Plan
from .probe import Probed, probe
from .recipe import BATCH_TOKENS, RATES

Result = TypeVar("Result")

PROBE_TOKENS = 256
OUT_OF_MEMORY = (
    "The machine has not enough memory for this model. Train with shorter rows, by method lora, or a smaller model."
)


def run(body: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Train `body["model"]` (a folder) on `body["rows"]` and save the result below `body["out"]`.

    Rows: `held_out` rows; `rows_limit` and `held_out_limit` (0: all); `tokens`, the budget of a row.
    What: `objective` (`sft`, or `dpo`, whose rows have `chosen` and `rejected`), `beta`; `start`, the folder of a model
    or adapter to go on from; `method` (`full`, `lora`, `qlora`, `auto`), `rate`, `rank` (of a new adapter), `seed`.
    How long: `seconds` for everything up to saving, or `steps`; or `plan`, recorded by a run before and followed then.
    How: `threads` (the most), `numbers` (`float32`, `bfloat16`, `auto`), `batch_tokens`, `validations`; `at_once`, the
    most tokens that are worked on at once from here on, after a run that was killed for want of memory.
    Kept: `checkpoint_s`, seconds between checkpoints; `keep`, the most snapshots; `save`, the `best` of them or `last`.
    Lines: `phase`, `rows`, `probe`, `plan`, `loss`, `checkpoint`, `snapshot`, `warning`. Gives the facts of the run.
    """
    models.quiet()
    try:
        return Trainer(body, channel).go()
    except (RuntimeError, MemoryError) as error:
        if devices.is_out_of_memory(error):
            raise Refused("memory", OUT_OF_MEMORY) from error
        raise


class Trainer(Loop):
    """A run by PyTorch."""

    def __init__(self, body: dict[str, Any], channel: Channel) -> None:
        super().__init__(body, channel)
        self.keeper = Keeper(Path(body["out"]), self._warn)
        self.snapshots: list[Snapshot] = []

    def go(self) -> dict[str, Any]:
        kept = self.keeper.checkpointed()
        given = kept["plan"] if kept else self.body.get("plan")
        recorded = Plan.recorded(given) if given else None
        self.channel.say("phase", name="load")
        self.learner = Learner(
            self.body,
            recorded.method if recorded else self.body["method"],
            recorded.objective if recorded else self.body.get("objective", "sft"),
        )
        self.objective = self.learner.objective.name
        self.channel.say("phase", name="tokenise")
        self._encode(self.learner.tokenizer)
        if kept:
            self._take_up(kept)
            kept.clear()  # as large as model and optimizer together
        elif recorded:
            self._follow(recorded)
        else:
            self._measure()
        most = int(self.body.get("at_once") or 0)
        if 0 < most < self.plan.at_once(self.step):
            self.plan, self.must_keep = self.plan.cut(self.step, most), True
        self._train()
        if self.channel.stopping:
            self._keep()
            return {**self._facts(), "stopped": True}
        self._last_look()
        self.channel.say("phase", name="save")
        saved = self._save()
        return {**self._facts(), "stopped": False, **saved}

    # how long

    def _measure(self) -> None:
        """Find the faster way to count, validate once, and lay the first plan."""
        self.channel.say("phase", name="measure")
        typical = sorted(self.rows, key=chat.width)[len(self.rows) // 2]
        probed = [typical] * max(1, PROBE_TOKENS // chat.tokens_of([typical]))
        found = self._probe(probed)
        a_row, a_token = found.a_pass / len(probed), found.a_pass / chat.tokens_of(probed)
        steps, seconds = int(self.body.get("steps") or 0), float(self.body.get("seconds") or 0.0)
        rows, held_out, validations = 0, len(self.held_out), int(self.body.get("validations") or plan.VALIDATIONS[0])
        if not steps:  # a third of the pass forth and back is the pass forth
            held_out, validations = plan.validated(seconds, a_row / 3, held_out)
            if self.objective == "dpo":  # their reference and one pass over them fill the time
                rows = min(len(self.rows), max(1, int(seconds / (a_row * 4 / 3))))
        kind = self.objective
        rate = self.body.get("rate") or RATES[kind, "full" if self.learner.method == "full" else "lora"]
        batch_tokens = int(self.body.get("batch_tokens") or BATCH_TOKENS)
        self._begin(
            Plan(kind, self.learner.method, rate, found.mixed, found.threads, rows, held_out, validations, batch_tokens)
        )
        start = time.monotonic()
        self._tell_loss(None, self._validate())
        now = time.monotonic()
        if steps:
            self.plan = plan.stepped(self.plan, steps)
        else:
            left = seconds - (now - self.began) - (validations - 1) * (now - start)
            self.plan = plan.timed(self.plan, max(1.0, left), a_token)
        if self.plan.steps:
            self._tell_plan()

    def _probe(self, rows: Sequence[Any]) -> Probed:
        def a_pass(mixed: bool) -> None:
            self.learner.learn([rows], len(rows), mixed)
            self.learner.forget()

        self.learner.refer([rows], False)
        found = probe(a_pass, self.learner.device, int(self.body["threads"]), self.body.get("numbers", "auto"))
        self.channel.say("probe", **{name: seconds and round(seconds, 3) for name, seconds in found.tried.items()})
        return found

    def _follow(self, recorded: Plan) -> None:
        """Begin by a plan that was recorded before: nothing is measured."""
        devices.set_threads(recorded.threads)
        self._begin(recorded)
        self._tell_loss(None, self._validate())
        self._tell_plan()

    def _begin(self, first: Plan) -> None:
        """Take the rows of a plan, and the model as it is now for the reference."""
        self.plan = first
        self._take_rows()
        if self.objective == "dpo":
            self.channel.say("phase", name="refer")
            rows = [*self.rows, *self.held_out]
            self._with_memory(rows, lambda pieces: self.learner.refer(pieces, self.plan.mixed))

    # the steps

    def _learn(self, batch: Sequence[Any]) -> dict[str, float]:
        weight = self.learner.objective.weight(batch)
        means = self._with_memory(batch, lambda pieces: self.learner.learn(pieces, weight, self.plan.mixed))
        self.learner.step(self.plan.rate_at(self.step))
        return means

    def _with_memory(self, rows: Sequence[Any], work: Callable[[list[list[Any]]], Result]) -> Result:
        """What `work` finds in the rows, in pieces; where memory runs out, again from the start in smaller ones."""
        while True:
            pieces = list(chat.pieces(rows, self.plan.at_once(self.step)))
            try:
                return work(pieces)
            except (RuntimeError, MemoryError) as error:
                if not devices.is_out_of_memory(error) or all(len(piece) == 1 for piece in pieces):
                    raise
            # Only here, where the exception holds no tensor any more, can they be let go.
            self.learner.forget()
            devices.let_go()
            tokens = max(map(chat.space, pieces)) // 2
            self.plan = self.plan.cut(self.step, tokens)
            self.must_keep = True
            self._warn(
                "memory",
                f"Memory ran out in step {self.step + 1}: from here on at most {tokens} tokens are worked on at once. "
                "The steps learn from the same rows as before.",
            )
            if self.plan.steps:
                self._tell_plan()

    def _look(self) -> dict[str, float]:
        weight = self.learner.objective.weight(self.held_out)
        return self._with_memory(self.held_out, lambda pieces: self.learner.look(pieces, weight, self.plan.mixed))

    def _memory_mb(self) -> int:
        return devices.peak_mb()

    # keeping and saving

    def _keep(self) -> None:
        if not self.plan.steps:
            return
        snapshots = keeping.record(self.snapshots)
        state = {"form": keeping.FORM, **self._standing(), "snapshots": snapshots, **self.learner.state()}
        if self.keeper.checkpoint(state):
            self.must_keep = False
            self.channel.say("checkpoint", step=self.step, seconds=round(self.seconds, 1))

    def _take_up(self, kept: dict[str, Any]) -> None:
        """Go on from a checkpoint, by its plan."""
        self._stand(kept)
        devices.set_threads(self.plan.threads)
        self.learner.take_up(kept)
        self.snapshots = [Snapshot(**one) for one in kept["snapshots"]]
        self._tell_plan()

    def _validated(self, loss: float) -> None:
        """Keep these weights where they are among the best so far."""
        keep = int(self.body.get("keep") or 0)
        self.snapshots = [one for one in self.snapshots if one.step != self.step]
        if not keep or sum(one.loss <= loss for one in self.snapshots) >= keep:
            return
        start = time.monotonic()
        taken = self.keeper.snapshot(self.step, loss, self.learner.write)
        self.seconds += time.monotonic() - start
        if taken is None:
            return
        self.snapshots.append(taken)
        self.channel.say("snapshot", step=taken.step, held_out=loss, folder=taken.folder)
        for worse in sorted(self.snapshots, key=lambda one: one.loss)[keep:]:
            self.snapshots.remove(worse)
            self.keeper.drop(worse)

    def _save(self) -> dict[str, Any]:
        """The tuned model, or the adapter, with its tokenizer: the best by its loss on held-out rows, or the last."""
        name = "model" if self.learner.method == "full" else "adapter"
        best = min(self.snapshots, key=lambda one: one.loss, default=None)
        if best and (self.body.get("save", "best") == "last" or best.step == self.step):
            best = None
        try:
            if best:
                self.keeper.copy(best, name)
            else:
                self.keeper.put(name, self.learner.write)
        except OSError as error:
            self._keep()
            raise Refused(
                "disk",
                f"The {name} could not be saved: {error}. Make room and train again; it goes on from the checkpoint.",
            ) from error
        return {"folder": name, "saved_step": best.step if best else self.step}

    def _facts(self) -> dict[str, Any]:
        preferences = {
            plural: [one[name] for one in self.figures]
            for name, plural in (("margin", "margins"), ("accuracy", "accuracies"))
            if self.objective == "dpo"
        }
        return {
            **self._facts_of_run(),
            "method": self.learner.method,
            "parameters_count": self.learner.parameters,
            "parameters_trained": sum(weight.numel() for weight in self.learner.trained.values()),
            "device": self.learner.device.name,
            "dtype": self.learner.dtype(self.plan.mixed),
            **preferences,
            "snapshots": keeping.record(self.snapshots),
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        }
