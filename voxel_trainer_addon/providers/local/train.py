# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `train`: fine-tuning until the time is up, the loss on answers only, resumable to the same weights.

The length of the run is measured once, on the first steps, and kept as a plan: the learning rate falls along the plan,
so a run that was killed and goes on makes the same steps. The clock may end it before the plan does.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
import transformers

from . import chat, models
from .channel import Channel, Refused

FULL_UP_TO = 200_000_000
FLOAT32_UP_TO = 1_000_000_000
RATES = {"full": 2e-4, "lora": 1e-3}
WARM_UP = 8
MEASURED_STEPS = 3
RANK = 16
PROBE_TOKENS = 256
VALIDATIONS = 3
VALIDATION_SHARE = 0.15
"""Of the time, for the validations at start, middle and end together."""
LEAST_HELD_OUT = 4
FEW_STEPS = 12
LEAST_BATCH = 256
"""Where the time gives only a few steps, smaller batches of at least so many tokens give more of them."""
CLIP = 1.0
CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True)
class Plan:
    """What was measured and decided at the start, kept so that a restart goes the same way.

    `mixed`: bfloat16 was faster than float32 here; `held_out`: rows to validate on; `batch_tokens`: at most in a
    batch; `steps` is 0 until some were measured; `seconds` are those for steps and checkpoints.
    """

    mixed: bool
    held_out: int
    batch_tokens: int
    warm_up: int
    steps: int
    seconds: float
    threads: int

    def rate(self, step: int) -> float:
        """The factor of the learning rate in a step, counted from 0: up along the warm-up, then down to the end."""
        if step < self.warm_up:
            return (step + 1) / self.warm_up
        return (self.steps - step) / max(1, self.steps - self.warm_up)


def run(body: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Train `body["model"]` (a folder) on `body["rows"]` and save the result below `body["out"]`.

    More keys: `held_out` rows; `rows_limit` (0: all) and `tokens`, the budget of a row; `seconds` for everything up to
    saving, or `steps`; `method` (`full`, `lora`, `auto`); `seed`, `threads`, `batch_tokens`, `checkpoint_s`. Lines:
    `phase`, `rows`, `probe`, `plan`, `loss`, `checkpoint`. Gives the facts of the run.
    """
    models.quiet()
    return Trainer(body, channel).go()


class Trainer:
    """One training run: model, optimizer, rows and where it stands."""

    def __init__(self, body: dict[str, Any], channel: Channel) -> None:
        self.body, self.channel = body, channel
        self.began = time.monotonic()
        self.out = Path(body["out"])
        self.step, self.seconds, self.tokens = 0, 0.0, 0
        self.losses: list[float] = []
        self.held_out_losses: list[dict[str, float]] = []
        self.plan: Plan | None = None

    def go(self) -> dict[str, Any]:
        kept = self._kept()
        threads = models.set_threads(kept["plan"]["threads"] if kept else self.body["threads"])
        self.channel.say("phase", name="load")
        self._load()
        self.channel.say("phase", name="tokenise")
        self._encode()
        if kept:
            self._take_up(kept)
            kept.clear()  # as large as model and optimizer together
        else:
            self._measure(threads)
        self._train()
        if self.channel.stopping:
            self._keep()
            return {**self._facts(), "stopped": True}
        self._tell_loss(self.losses[-1], self._validate())
        self.channel.say("phase", name="save")
        return {**self._facts(), "stopped": False, "folder": self._save()}

    # what it trains

    def _load(self) -> None:
        folder = self.body["model"]
        self.tokenizer = models.tokenizer_of(folder)
        self.parameters = models.parameters_of(folder)
        self.method = self.body["method"]
        if self.method == "auto":
            self.method = "full" if self.parameters <= FULL_UP_TO else "lora"
        small = self.method == "full" or self.parameters <= FLOAT32_UP_TO
        torch.manual_seed(self.body["seed"])
        self.stored_as = getattr(models.config_of(folder), "dtype", None) or torch.float32
        self.model = models.load(folder, torch.float32 if small else torch.bfloat16)
        if self.method == "lora":
            import peft

            shape = peft.LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM")
            self.model = peft.get_peft_model(self.model, shape)
        self.model.train()
        self.trained = {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}
        self.base_rate = self.body.get("rate") or RATES[self.method]
        self.optimizer = torch.optim.AdamW(self.trained.values(), lr=self.base_rate, weight_decay=0.0, fused=True)

    def _encode(self) -> None:
        budget = self.body["tokens"]
        self.rows, over = chat.within(self.tokenizer, self.body["rows"], budget, self.body["rows_limit"])
        self.held_out, held_over = chat.within(
            self.tokenizer, self.body["held_out"], budget, self.body["held_out_limit"]
        )
        if not self.rows:
            raise Refused("rows", f"No row fits the answer budget of {budget} tokens; nothing can be trained on.")
        answers = sum(len(row.tokens) - row.answer for row in self.rows)
        self.facts_of_rows = {
            "rows": len(self.rows),
            "over": len(over),
            "held_out": len(self.held_out),
            "held_out_over": len(held_over),
            "tokens": sum(len(row.tokens) for row in self.rows),
            "answer_tokens": answers,
        }
        self.channel.say("rows", **self.facts_of_rows, used=[row.id for row in self.rows], over_ids=over)

    # how long

    def _measure(self, threads: int) -> None:
        """Find the faster way to count, validate once, and lay the first plan."""
        self.channel.say("phase", name="measure")
        lengths = sorted(self.rows, key=lambda row: len(row.tokens))
        small = [lengths[len(lengths) // 2]]
        small *= max(1, PROBE_TOKENS // len(small[0].tokens))
        times = {False: self._timed(small, False)}
        if models.has_bfloat16():  # an imitated one would take minutes to find out that it is slower
            times[True] = self._timed(small, True)
        mixed = times.get(True, math.inf) < times[False]
        self.channel.say("probe", float32_s=round(times[False], 3), bfloat16_s=round(times.get(True, 0.0), 3) or None)
        steps = rough = int(self.body.get("steps") or 0)
        held_out = len(self.held_out)
        if not steps:  # a third of the pass forth and back is the pass forth
            affordable = VALIDATION_SHARE * self.body["seconds"] / VALIDATIONS / (times[mixed] / len(small) / 3)
            held_out = min(held_out, max(LEAST_HELD_OUT, int(affordable)))
        batch_tokens = int(self.body["batch_tokens"])
        self.plan = Plan(mixed, held_out, batch_tokens, 1, 0, math.inf, threads)
        start = time.monotonic()
        self._tell_loss(None, self._validate())
        now = time.monotonic()
        seconds = math.inf
        if not steps:
            seconds = max(1.0, self.body["seconds"] - (now - self.began) - (VALIDATIONS - 1) * (now - start))
            a_token = times[mixed] / sum(len(row.tokens) for row in small)
            while (rough := int(seconds / (a_token * batch_tokens))) < FEW_STEPS and batch_tokens > LEAST_BATCH:
                batch_tokens //= 2
            rough = max(1, rough)
        warm_up = max(1, min(WARM_UP, rough // 5))
        if warm_up < MEASURED_STEPS:  # so short a run ends before its steps could be measured: the guess is the plan
            steps = rough
        self.plan = Plan(mixed, held_out, batch_tokens, warm_up, steps, seconds, threads)
        if steps:
            self._tell_plan()

    def _timed(self, rows: Sequence[chat.Encoded], mixed: bool) -> float:
        """Seconds of one pass forth and back, the better of two."""
        found = []
        for _ in range(2):
            start = time.monotonic()
            self._loss(rows, mixed).backward()
            found.append(time.monotonic() - start)
            self.optimizer.zero_grad()
        return min(found)

    def _settle_plan(self, times: Sequence[float]) -> None:
        """The steps made so far tell how many there will be. The first does not count: it is slower than all others."""
        assert self.plan
        more = int((self.plan.seconds - self.seconds) / statistics.median(times[1:]))
        self.plan = replace(self.plan, steps=max(self.step + more, self.plan.warm_up + 1))
        self._tell_plan()

    def _tell_plan(self) -> None:
        assert self.plan
        seconds = None if math.isinf(self.plan.seconds) else round(self.plan.seconds, 1)
        self.channel.say("plan", **{**asdict(self.plan), "seconds": seconds}, method=self.method, rate=self.base_rate)

    # the steps

    def _train(self) -> None:
        self.channel.say("phase", name="train")
        assert self.plan
        order = chat.batches(self.rows, self.body["seed"], self.plan.batch_tokens)
        times: list[float] = []
        kept_at = time.monotonic()
        for batch in islice(order, self.step, None):
            self.channel.wait_while_paused()
            if self.channel.stopping or self._is_over():
                return
            start = time.monotonic()
            loss = self._one_step(batch)
            times.append(time.monotonic() - start)
            self.seconds += times[-1]
            if not self.plan.steps and self.step == MEASURED_STEPS:
                self._settle_plan(times)
            self._tell_loss(loss, self._validate() if self.step == self.plan.steps // 2 else None)
            if time.monotonic() - kept_at >= self.body["checkpoint_s"] and self.plan.steps:
                start = time.monotonic()
                self._keep()
                kept_at = time.monotonic()
                self.seconds += kept_at - start

    def _is_over(self) -> bool:
        assert self.plan
        return 0 < self.plan.steps <= self.step or self.seconds >= self.plan.seconds

    def _one_step(self, batch: Sequence[chat.Encoded]) -> float:
        assert self.plan
        for group in self.optimizer.param_groups:
            group["lr"] = self.base_rate * self.plan.rate(self.step)
        loss = self._loss(batch, self.plan.mixed)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained.values(), CLIP)
        self.optimizer.step()
        self.optimizer.zero_grad()
        if not math.isfinite(value := float(loss.detach())):
            raise Refused("diverged", "The loss became infinite: train with a lower rate or by method lora.")
        self.step += 1
        self.tokens += sum(len(row.tokens) for row in batch)
        self.losses.append(round(value, 5))
        return value

    def _loss(self, rows: Sequence[chat.Encoded], mixed: bool) -> torch.Tensor:
        with torch.autocast(models.device(), torch.bfloat16) if mixed else contextlib.nullcontext():
            return models.answer_losses(self.model, rows, self.tokenizer.pad_token_id).mean()

    def _validate(self) -> float | None:
        """Mean loss at the answer tokens of the held-out rows, in nats; None where there are none."""
        assert self.plan
        rows = self.held_out[: self.plan.held_out]
        if not rows:
            return None
        total = count = 0.0
        self.model.eval()
        with torch.no_grad(), torch.autocast(models.device(), torch.bfloat16, enabled=self.plan.mixed):
            for start in range(0, len(rows), LEAST_HELD_OUT):
                some = rows[start : start + LEAST_HELD_OUT]
                losses = models.answer_losses(self.model, some, self.tokenizer.pad_token_id)
                total, count = total + float(losses.sum()), count + losses.numel()
        self.model.train()
        mean = total / count
        self.held_out_losses.append({"step": self.step, "seconds": round(self.seconds, 1), "loss": round(mean, 5)})
        return mean

    def _tell_loss(self, loss: float | None, held_out: float | None) -> None:
        assert self.plan
        steps = self.plan.steps
        self.channel.say(
            "loss", step=self.step, steps=steps, loss=loss, held_out=held_out, seconds=round(self.seconds, 2)
        )

    # keeping and saving

    def _keep(self) -> None:
        """Write the checkpoint: one file, put in place whole."""
        if self.plan is None or not self.plan.steps:
            return
        part = self.out / f".{CHECKPOINT}.part"
        state = {
            "plan": asdict(self.plan),
            "step": self.step,
            "seconds": self.seconds,
            "tokens": self.tokens,
            "losses": self.losses,
            "held_out_losses": self.held_out_losses,
            "rows": [row.id for row in self.rows],
            "weights": {name: weight.detach() for name, weight in self.trained.items()},
            "optimizer": self.optimizer.state_dict(),
            "chance": torch.get_rng_state(),
        }
        with open(part, "wb") as out:
            torch.save(state, out)
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, self.out / CHECKPOINT)
        self.channel.say("checkpoint", step=self.step, seconds=round(self.seconds, 1))

    def _kept(self) -> dict[str, Any] | None:
        path = self.out / CHECKPOINT
        self.out.mkdir(parents=True, exist_ok=True)
        return torch.load(path, map_location=models.device(), weights_only=True) if path.is_file() else None

    def _take_up(self, kept: dict[str, Any]) -> None:
        """Go on from a checkpoint, by its plan."""
        if kept["rows"] != [row.id for row in self.rows]:
            raise Refused("checkpoint", "The checkpoint belongs to other rows; the job must begin again.")
        with torch.no_grad():
            for name, weight in self.trained.items():
                weight.copy_(kept["weights"][name])
        self.optimizer.load_state_dict(kept["optimizer"])
        torch.set_rng_state(kept["chance"].cpu())
        self.plan = Plan(**kept["plan"])
        self.step, self.seconds, self.tokens = kept["step"], kept["seconds"], kept["tokens"]
        self.losses, self.held_out_losses = kept["losses"], kept["held_out_losses"]
        self._tell_plan()

    def _save(self) -> str:
        """The tuned model, or the adapter, with its tokenizer; the folder's name below `out`."""
        name = "adapter" if self.method == "lora" else "model"
        part, folder = self.out / f".{name}.part", self.out / name
        shutil.rmtree(part, ignore_errors=True)
        if self.method == "full":
            self.model.to(self.stored_as)
        self.model.save_pretrained(part)
        self.tokenizer.save_pretrained(part)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
        return name

    def _facts(self) -> dict[str, Any]:
        assert self.plan
        return {
            "method": self.method,
            "parameters_count": self.parameters,
            "parameters_trained": sum(weight.numel() for weight in self.trained.values()),
            "rate": self.base_rate,
            "device": models.device(),
            "dtype": "float32 weights, bfloat16 autocast" if self.plan.mixed else "float32",
            "threads": self.plan.threads,
            "steps": self.step,
            "planned_steps": self.plan.steps,
            "ended_by": "clock" if self.step < self.plan.steps else "plan",
            "seconds": round(self.seconds, 1),
            "all_seconds": round(time.monotonic() - self.began, 1),
            "tokens_seen": self.tokens,
            "passes": round(self.tokens / self.facts_of_rows["tokens"], 2),
            "tokens_s": round(self.tokens / max(self.seconds, 1e-9), 1),
            "peak_mb": models.peak_mb(),
            **{f"n_{key}": value for key, value in self.facts_of_rows.items()},
            "losses": self.losses,
            "held_out": self.held_out_losses,
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        }
