# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run says while it works: one JSON object a line, of the kinds listed here, and the state folded from them.

The pipeline writes them; the panel, the terminal, `--json` and the tests read the same lines. The writer is strict: an
unknown kind or field is a bug. The reader is tolerant: unknown kinds are skipped, an unfinished line is not there yet.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

VERSION = 2
"""2: training tells of its jobs, warnings, speed, memory and time left."""
PIECE = 32768

KINDS: dict[str, dict[str, str]] = {
    "run": {
        "id": "the run's id, the name of its folder",
        "version": "version of Voxel Trainer",
        "blender": "Blender's version, or empty where none is used",
        "stages": "list of stage words, in order",
        "data": "the data folder's name, without its place",
    },
    "stage": {
        "stage": "stage word",
        "state": "started, done, skipped or aside",
        "words": "one sentence for a person",
    },
    "progress": {
        "stage": "stage word",
        "done": "units finished, those of earlier runs included",
        "total": "units in all, or 0 while it is not known",
        "aside": "units set aside",
        "item": "what was finished last",
        "left_s": "seconds left, or null while it is not known",
    },
    "aside": {
        "stage": "stage word",
        "item": "what was set aside",
        "code": "short word for grouping",
        "words": "one sentence for a person",
    },
    "note": {"stage": "stage word, or empty", "words": "one sentence for a person"},
    "waiting": {
        "stage": "stage word",
        "until": "seconds since 1970 that a host set, or 0 when it goes on",
        "words": "one sentence for a person, empty when it goes on",
    },
    "plan": {
        "stage": "harvest",
        "plan": "what would be fetched: the plan's JSON",
        "words": "list of sentences for a person",
    },
    "job": {
        "stage": "train",
        "job": "the job's id",
        "words": "what is trained on what",
        "resumed": "whether it goes on from a checkpoint",
        "losses": "list of seconds and loss: the curve up to that checkpoint",
        "held_out": "list of the same for held-out rows",
        "log": "path of its log, relative to the data folder",
    },
    "loss": {
        "stage": "train",
        "step": "training step",
        "steps": "steps planned, or 0 while it is not known",
        "loss": "mean loss on the answers, nats a token; null before the first step",
        "held_out": "the same on held-out rows, or null",
        "seconds": "seconds of training so far",
        "rate": "learning rate, or null where it is not told; so with all that follow",
        "tokens_s": "tokens a second",
        "answer_tokens_s": "tokens of answers a second",
        "memory_mb": "memory of the trainer, MB",
        "left_s": "seconds left",
    },
    "warning": {"stage": "stage word", "code": "short word for grouping", "words": "one sentence for a person"},
    "pair": {
        "stage": "evaluate",
        "prompt": "the request",
        "base": "the base model's answer",
        "tuned": "the tuned model's answer",
    },
    "paused": {"stage": "stage word"},
    "resumed": {"stage": "stage word"},
    "beat": {"rss_mb": "memory of pipeline and children, MB", "workers": "children alive"},
    "serving": {"version": "version of Voxel Trainer", "blender": "Blender's version"},
    "thinking": {"ask": "the ask's name", "words": "what is done for it now"},
    "answer": {"ask": "the ask's name, that of its answer's file", "ok": "whether it could be answered"},
    "ended": {
        "exit": "exit status",
        "words": "what was made, or why it stopped",
        "report": "path of the report, or empty",
        "next": "list of commands to try next",
    },
}
"""Kind → field → meaning. Every event also has `v` (this schema's version), `t` (seconds since 1970) and `kind`."""


def event(kind: str, **fields: Any) -> dict[str, Any]:
    """An event of `kind`. Raises ValueError where fields are missing or unknown."""
    if set(fields) != set(KINDS[kind]):
        raise ValueError(f"event {kind} wants {sorted(KINDS[kind])}, got {sorted(fields)}")
    return {"v": VERSION, "t": round(time.time(), 3), "kind": kind, **fields}


class EventLog:
    """The writing end: whole lines on a descriptor opened for appending."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.offset = os.fstat(self._fd).st_size

    def write(self, line: dict[str, Any]) -> None:
        data = json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        os.write(self._fd, data)
        self.offset += len(data)

    def close(self) -> None:
        os.close(self._fd)


def complete_lines(path: Path, offset: int, limit_s: float = 0.0) -> tuple[list[dict[str, Any]], int]:
    """The JSON objects in the whole lines of `path` from byte `offset` on, and the offset behind them.

    Lines that are no objects are passed over; a file that became shorter is read from its start; with `limit_s` reading
    stops after that many seconds. A missing file has no lines.
    """
    found: list[dict[str, Any]] = []
    end = time.monotonic() + limit_s
    if not path.is_file():
        return found, offset
    with open(path, "rb") as lines:
        if os.fstat(lines.fileno()).st_size < offset:
            offset = 0
        lines.seek(offset)
        rest = b""
        while piece := lines.read(PIECE):
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                offset += len(line) + 1
                try:
                    value = json.loads(line)
                except ValueError:
                    continue
                if isinstance(value, dict):
                    found.append(value)
            if limit_s and time.monotonic() > end:
                break
    return found, offset


class Follower:
    """The reading end of an event log: what is new since the last call, read for at most some milliseconds."""

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.path, self.offset, self.behind = path, offset, False

    def read(self, budget_s: float = 0.005) -> Iterator[dict[str, Any]]:
        """Events not seen yet; `behind` tells afterwards whether time ran out before the end of the file."""
        lines, self.offset = complete_lines(self.path, self.offset, budget_s)
        with contextlib.suppress(OSError):
            self.behind = os.path.getsize(self.path) - self.offset > PIECE
        yield from (line for line in lines if line.get("kind") in KINDS)


@dataclass
class StageState:
    """How far one stage is, as the events tell it."""

    state: str = "waiting"
    done: int = 0
    total: int = 0
    aside: int = 0
    item: str = ""
    left_s: float | None = None
    words: str = ""


@dataclass
class RunState:
    """What a run looks like from outside: folded from its events, written to `run.json`, drawn by the panel."""

    id: str = ""
    version: str = ""
    blender: str = ""
    data: str = ""
    stages: dict[str, StageState] = field(default_factory=dict)
    stage: str = ""
    paused: bool = False
    note: str = ""
    waiting: str = ""
    plan: list[str] = field(default_factory=list)
    asides: list[dict[str, str]] = field(default_factory=list)
    job: str = ""
    job_words: str = ""
    resumed: bool = False
    log: str = ""
    losses: list[tuple[float, float]] = field(default_factory=list)
    held_out: list[tuple[float, float]] = field(default_factory=list)
    training: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    pair: dict[str, str] = field(default_factory=dict)
    rss_mb: int = 0
    workers: int = 0
    heard: float = 0.0
    started: float = 0.0
    exit: int | None = None
    words: str = ""
    report: str = ""
    next: list[str] = field(default_factory=list)
    offset: int = 0

    ASIDES_KEPT = 100
    LOSSES_KEPT = 400
    """Where there are more, every other point goes: the curve stays."""

    def fold(self, line: dict[str, Any]) -> None:
        """Take one event in. Unknown kinds and fields are ignored."""
        kind, self.heard = line["kind"], float(line.get("t", 0))
        stage = str(line.get("stage", ""))
        if kind == "run":
            self.id, self.version = line["id"], line["version"]
            self.blender, self.data = line["blender"], line["data"]
            self.started, self.exit, self.words = self.heard, None, ""
            self.stages = {name: StageState() for name in line["stages"]}
        elif kind == "stage":
            seen = self.stages.setdefault(stage, StageState())
            seen.state, seen.words = line["state"], line["words"]
            if line["state"] == "started":
                self.stage, self.note = stage, ""
        elif kind == "progress":
            seen = self.stages.setdefault(stage, StageState())
            seen.done, seen.total, seen.aside = line["done"], line["total"], line["aside"]
            seen.item, seen.left_s = line["item"], line["left_s"]
        elif kind == "aside":
            self.asides.append({key: str(line[key]) for key in KINDS["aside"]})
            del self.asides[: -self.ASIDES_KEPT]
        elif kind == "note":
            self.note = line["words"]
        elif kind == "waiting":
            self.waiting = line["words"]
        elif kind == "plan":
            self.plan = list(line["words"])
        elif kind == "job":
            self.job, self.job_words, self.resumed = line["job"], line["words"], line["resumed"]
            self.log, self.training, self.warnings = line["log"], {}, []
            self.losses, self.held_out = _points(line["losses"]), _points(line["held_out"])
        elif kind == "loss":
            self._fold_loss(line)
        elif kind == "warning":
            self.warnings.append(str(line["words"]))
        elif kind == "pair":
            self.pair = {key: line[key] for key in ("prompt", "base", "tuned")}
        elif kind in ("paused", "resumed"):
            self.paused = kind == "paused"
        elif kind == "beat":
            self.rss_mb, self.workers = line["rss_mb"], line["workers"]
        elif kind == "ended":
            self.exit, self.words, self.paused, self.waiting = line["exit"], line["words"], False, ""
            self.report, self.next = line["report"], line["next"]

    def _fold_loss(self, line: dict[str, Any]) -> None:
        if line["loss"] is not None:
            self.losses.append((line["seconds"], line["loss"]))
        if line["held_out"] is not None:
            self.held_out.append((line["seconds"], line["held_out"]))
        told = {key: line.get(key) for key in KINDS["loss"] if key not in ("stage", "held_out")}
        self.training |= {key: value for key, value in told.items() if value is not None}
        if len(self.losses) > self.LOSSES_KEPT:
            self.losses = [*self.losses[:-1:2], self.losses[-1]]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> RunState:
        """The state in a `run.json`; fields that this version does not know are left out."""
        known = {key: value[key] for key in cls.__dataclass_fields__ if key in value}
        known["stages"] = {name: StageState(**state) for name, state in known.get("stages", {}).items()}
        for curve in ("losses", "held_out"):
            known[curve] = _points(known.get(curve, []))
        return cls(**known)


def _points(value: list[Any]) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in value]
