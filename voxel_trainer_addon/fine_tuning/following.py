# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told while a model trains: the trainer's lines as events, as the job's log, and as the stage's checkpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..events import complete_lines
from ..stage import Work
from ..words import counted, duration
from .jobs import Job

TOLD_EVERY_S = 0.25
CURVE_POINTS = 200
FIGURES = ("rate", "tokens_s", "answer_tokens_s", "memory_mb", "left_s")
"""What a loss line may tell besides the losses."""
PHASES = {
    "load": "loading the model",
    "tokenise": "counting tokens",
    "measure": "measuring this machine",
    "train": "training",
    "refer": "looking at the pairs before training",
    "save": "saving the model",
}
LOG = "log.jsonl"
LONG = ("used", "over_ids")
"""Fields that hold an id for every row; the log tells how many there are."""


class Following:
    """The hearing end of one job. `log` is the file that keeps every line; losses are told every `every_s` seconds."""

    def __init__(self, work: Work, job: Job, log: Path, every_s: float = TOLD_EVERY_S) -> None:
        self.work, self.job, self.log, self._every_s = work, job, log, every_s
        self.plan: dict[str, Any] = {}
        self.latest: dict[str, Any] = {}
        self.warnings: list[dict[str, str]] = list(job.get("warnings", ()))
        self._told = 0.0

    def begin(self, words: str, *, resumed: bool, anew: bool | None = None) -> None:
        """Tell which job it is, with its curve so far where it goes on from a checkpoint, or was not begun `anew`."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if anew or (anew is None and not resumed):
            self.log.unlink(missing_ok=True)
            self.warnings.clear()
        losses, held_out = earlier(self.log)
        shown = self.log.relative_to(self.work.folder.root).as_posix()
        self.work.emit(
            "job",
            stage="train",
            job=self.job["id"],
            words=words,
            resumed=resumed,
            losses=losses,
            held_out=held_out,
            log=shown,
        )

    def hear(self, line: dict[str, Any]) -> None:
        """Take one line of the trainer."""
        self._keep(line)
        kind = line["kind"]
        if kind == "phase":
            self._progress(PHASES.get(line["name"], line["name"]))
        elif kind == "rows" and line["over"]:
            rows = counted(line["over"], "row is", "rows are")
            self.work.note(f"{rows} over the budget of {self.job['parameters']['tokens']} tokens and left out.")
        elif kind == "plan":
            self._on_plan(line)
        elif kind == "loss":
            self._on_loss(line)
        elif kind == "checkpoint":
            self.checkpoint("running")
        elif kind == "said":
            self.work.note(line["words"])
        elif kind == "warning":
            self.warnings.append({"code": line["code"], "sentence": line["sentence"]})
            self.work.emit("warning", stage="train", code=line["code"], words=line["sentence"])

    def checkpoint(self, status: str) -> None:
        """Write the stage's checkpoint: enough to find the job again without a catalog."""
        progress = {
            "job": self.job["id"],
            "step": self.latest.get("step", 0),
            "steps": self.plan.get("steps", 0),
            "seconds": self.latest.get("seconds", 0.0),
            "seconds_planned": self.plan.get("seconds", 0.0),
            "loss": self.latest.get("loss"),
            "held_out_loss": self.latest.get("held_out"),
        }
        keys = ("provider", "host", "host_id", "model", "base_hash", "dataset", "dataset_hash", "parameters")
        state = {**{key: self.job[key] for key in keys if key in self.job}, "plan": self.recorded_plan}
        self.work.checkpoint(status, progress, state)

    @property
    def recorded_plan(self) -> dict[str, Any]:
        """The plan as the trainer told it, which it can be handed again."""
        return {key: value for key, value in self.plan.items() if key != "kind"}

    def _keep(self, line: Mapping[str, Any]) -> None:
        short = {key: value for key, value in line.items() if key not in LONG}
        with open(self.log, "a", encoding="utf-8", newline="\n") as out:
            out.write(json.dumps(short, ensure_ascii=False) + "\n")

    def _on_plan(self, line: dict[str, Any]) -> None:
        self.plan = line
        time_ = f" in {duration(line['seconds'])}" if line.get("seconds") else ""
        numbers = "bfloat16 where it is faster" if line.get("mixed") else "float32"
        self.work.note(f"Plan: {counted(line['steps'], 'step')}{time_}, method {line['method']}, {numbers}.")
        self.checkpoint("running")

    def _on_loss(self, line: dict[str, Any]) -> None:
        self.latest |= {key: value for key, value in line.items() if value is not None}
        loss, held_out = line.get("loss"), line.get("held_out")
        if held_out is not None and loss is None and not line["step"]:
            self.work.note(f"Loss on held-out rows before training: {held_out:.3f} nats a token.")
        elif held_out is None and (loss is None or time.monotonic() - self._told < self._every_s):
            return
        else:
            self._told = time.monotonic()
        self.work.emit(
            "loss",
            stage="train",
            step=line["step"],
            steps=line.get("steps") or 0,
            loss=None if loss is None else round(loss, 4),
            held_out=None if held_out is None else round(held_out, 4),
            seconds=line["seconds"],
            **{key: line.get(key) for key in FIGURES},
        )
        if loss is not None:
            steps = f" of {line['steps']}" if line.get("steps") else ""
            self._progress(f"step {line['step']}{steps}, loss {loss:.3f}")

    def _progress(self, item: str) -> None:
        done, total = float(self.latest.get("seconds", 0.0)), float(self.plan.get("seconds") or 0.0)
        left = self.latest.get("left_s", max(0.0, total - done) if total else None)
        self.work.progress(min(round(done), round(total)) if total else 0, round(total), item, left)


def earlier(log: Path) -> tuple[list[list[float]], list[list[float]]]:
    """Losses of steps and of held-out rows in a log, each with its second, up to the last checkpoint: what came after
    it is trained again."""
    lines, _ = complete_lines(log, 0)
    last = max((at for at, line in enumerate(lines) if line.get("kind") == "checkpoint"), default=-1)
    told: list[dict[str, Any]] = []
    for line in lines[: last + 1]:
        if line.get("kind") == "loss":
            while told and told[-1]["step"] >= line["step"]:  # trained again after an earlier stop
                told.pop()
            told.append(line)
    losses = [[line["seconds"], round(line["loss"], 4)] for line in told if line.get("loss") is not None]
    held_out = [[line["seconds"], round(line["held_out"], 4)] for line in told if line.get("held_out") is not None]
    return losses[:: max(1, len(losses) // CURVE_POINTS)], held_out
