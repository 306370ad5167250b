# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage train: from a dataset's rows to a tuned model, as a job that is known by its content and survives a stop.

The same rows, settings and base give the same job: one that is done is not done again, one that was stopped goes on
from its checkpoint. What comes out lies in `models/<name>/v<N>/` (see docs/train.md).
"""

from __future__ import annotations

import random
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import prompts
from ..errors import Cancelled, SetAside
from ..files import digest, now, read_json, write_json, write_text
from ..providers.local import Base, Local
from ..providers.makers import may_train
from ..providers.openai_api import OWN_URL
from ..row_files import rows_of
from ..stage import EVALUATED, Options, Outcome, Work
from ..words import counted, duration
from . import card, hosted
from .jobs import Job, Jobs
from .platform_files import TERMS

FORM = 1
"""Version of what a job's identity covers: raised when equal settings would no longer train the same model."""
HELD_OUT_ROWS = 16
TOLD_EVERY_S = 0.25
PHASES = {
    "load": "loading the model",
    "tokenise": "counting tokens",
    "measure": "measuring this machine",
    "train": "training",
    "save": "saving the model",
}


@dataclass(frozen=True)
class Dataset:
    """What is trained on: rows in the order of their ids, and what identifies them."""

    name: str
    train: list[dict[str, Any]]
    held_out: list[dict[str, Any]]
    hash: str
    licences: Mapping[str, int]


def run(work: Work) -> Outcome:
    """Train on the dataset that the options name. What cannot be trained is set aside with the reason."""
    work.catalog.drop_asides("train")
    dataset = read_dataset(work)
    if not dataset.train:
        return aside(work, "no rows", f"The dataset {dataset.name} has no rows to train on; `dataset` makes it.")
    if work.options.provider == "openai":
        return hosted.run(work, dataset.hash)
    return LocalTraining(work, dataset, Local()).run()


def read_dataset(work: Work) -> Dataset:
    """The dataset's rows, those under share-alike and copyleft licences where they were allowed; without rows where it
    is not there. Preferences are no examples to follow, and the short presets of local training take only what evaluate
    compares."""
    place = work.folder.dataset(work.options.name)
    parts, all_kinds = ("", *work.options.allow), work.options.preset == "full" or work.options.provider != "local"

    def wanted(row: Mapping[str, Any]) -> bool:
        return row["kind"] != "preference" and (all_kinds or row["kind"] in EVALUATED)

    platform = platform_of(work.options)
    kept_away = 0

    def allowed(row: Mapping[str, Any]) -> bool:
        nonlocal kept_away
        kept_away += not may_train(row, platform)
        return may_train(row, platform)

    splits = [
        sorted(
            filter(allowed, filter(wanted, rows_of(place, split, parts))),
            key=lambda row: str(row["id"]),
        )
        for split in ("train", "val")
    ]
    if kept_away:
        work.note(f"{counted(kept_away, 'row')} left out: {TERMS}.")
    facts = read_json(place / "dataset.json", {})
    ids = digest([[row["id"] for row in rows] for rows in splits])
    return Dataset(work.options.name, splits[0], splits[1], ids, facts.get("licences", {}))


def platform_of(options: Options) -> str:
    """Who trains, as the terms of models see it: OpenAI by its own address, else anybody."""
    return "openai" if options.provider == "openai" and (options.base_url or OWN_URL) == OWN_URL else "local"


def aside(work: Work, code: str, sentence: str, detail: str = "") -> Outcome:
    """The stage ends here, with a reason."""
    work.set_aside(SetAside("train", work.options.name, code, sentence, detail))
    return Outcome(sentence, aside=True)


@dataclass
class LocalTraining:
    """One local job, from finding out whether it is done already to the model in its place."""

    work: Work
    dataset: Dataset
    local: Local
    job: Job = field(default_factory=dict)
    plan: dict[str, Any] = field(default_factory=dict)
    latest: dict[str, Any] = field(default_factory=dict)
    told: float = 0.0

    def run(self) -> Outcome:
        options = self.work.options
        known = self.local.known(options.model)
        settings = {
            "method": options.method,
            "seconds": float(options.preset_value("train_s")),
            "rows": int(options.preset_value("rows")),
            "tokens": int(options.preset_value("tokens")),
            "seed": options.seed,
        }
        id = digest([FORM, self.dataset.hash, known.hash, settings])[:16]
        jobs = Jobs(self.work.folder, self.work.catalog)
        models = self.work.folder.models / self.dataset.name
        if found := finished(models, id):
            return self._done_before(jobs, found)
        self.local.environment(self.work)
        base = self.local.base(options.model, self.work)
        place = models / f".training-{id}"
        self._drop_others(jobs, models, place)
        self.job = jobs.save(
            jobs.get(id)
            or {
                "id": id,
                "provider": "local",
                "model": base.name,
                "base_hash": base.hash,
                "dataset": self.dataset.name,
                "dataset_hash": self.dataset.hash,
                "parameters": settings,
                "status": "",
                "history": [],
            },
            "running",
        )
        self._say_before(base, settings, resumed=(place / "checkpoint.pt").is_file())
        try:
            ended = self.local.train(self._request(base, settings, place), self._on_line, self.work.tick)
        except (Cancelled, KeyboardInterrupt):
            jobs.save(self.job, "cancelled")
            raise
        if not ended.ok:
            jobs.save(self.job, "failed", reason=ended.sentence)
            return aside(self.work, ended.code, ended.sentence, ended.detail)
        folder = self._put_in_place(base, settings, place, ended.body)
        jobs.save(self.job, "done", result=folder.relative_to(self.work.folder.root).as_posix(), **summary(ended.body))
        self._checkpoint("done")
        return self._outcome(folder, ended.body)

    def _say_before(self, base: Base, settings: Mapping[str, Any], resumed: bool) -> None:
        most = settings["rows"] or len(self.dataset.train)
        rows = counted(min(most, len(self.dataset.train)), "row")
        time_ = duration(settings["seconds"])
        words = f"Training {base.name} on {rows} of at most {settings['tokens']} tokens, for {time_}"
        self.work.note(f"{words}, from the last checkpoint on." if resumed else f"{words}.")

    def _request(self, base: Base, settings: Mapping[str, Any], place: Path) -> dict[str, Any]:
        order = random.Random(settings["seed"]).sample(self.dataset.train, len(self.dataset.train))
        held_out = random.Random(settings["seed"]).sample(self.dataset.held_out, len(self.dataset.held_out))
        return {
            "model": str(base.folder),
            "method": settings["method"],
            "rows": [chat_row(row) for row in order],
            "held_out": [chat_row(row) for row in held_out],
            "rows_limit": settings["rows"],
            "held_out_limit": HELD_OUT_ROWS,
            "tokens": settings["tokens"],
            "seconds": settings["seconds"],
            "seed": settings["seed"],
            "out": str(place),
        }

    # while it trains

    def _on_line(self, line: dict[str, Any]) -> None:
        kind = line["kind"]
        if kind == "phase":
            self._progress(PHASES[line["name"]])
        elif kind == "rows" and line["over"]:
            rows = counted(line["over"], "row is", "rows are")
            self.work.note(f"{rows} over the budget of {self.job['parameters']['tokens']} tokens and left out.")
        elif kind == "plan":
            self.plan = line
            time_ = duration(line["seconds"])
            numbers = "bfloat16 where it is faster" if line["mixed"] else "float32"
            self.work.note(f"Plan: {counted(line['steps'], 'step')} in {time_}, method {line['method']}, {numbers}.")
            self._checkpoint("running")
        elif kind == "loss":
            self._on_loss(line)
        elif kind == "checkpoint":
            self._checkpoint("running")

    def _on_loss(self, line: dict[str, Any]) -> None:
        self.latest = {**self.latest, **{key: value for key, value in line.items() if value is not None}}
        if line["held_out"] is not None and line["loss"] is None:
            self.work.note(f"Loss on held-out rows before training: {line['held_out']:.3f} nats a token.")
        if line["loss"] is None or (line["held_out"] is None and time.monotonic() - self.told < TOLD_EVERY_S):
            return
        self.told = time.monotonic()
        loss, held_out = round(line["loss"], 4), line["held_out"] and round(line["held_out"], 4)
        self.work.emit("loss", stage="train", step=line["step"], loss=loss, held_out=held_out, seconds=line["seconds"])
        steps = f" of {line['steps']}" if line["steps"] else ""
        self._progress(f"step {line['step']}{steps}, loss {loss:.3f}")

    def _progress(self, item: str) -> None:
        done, total = float(self.latest.get("seconds", 0.0)), float(self.plan.get("seconds", 0.0))
        left = max(0.0, total - done) if total else None
        self.work.progress(min(round(done), round(total)) if total else 0, round(total), item, left)

    def _checkpoint(self, status: str) -> None:
        progress = {
            "job": self.job["id"],
            "step": self.latest.get("step", 0),
            "steps": self.plan.get("steps", 0),
            "seconds": self.latest.get("seconds", 0.0),
            "seconds_planned": self.plan.get("seconds", 0.0),
            "loss": self.latest.get("loss"),
            "held_out_loss": self.latest.get("held_out"),
        }
        state = {key: self.job[key] for key in ("provider", "model", "dataset", "dataset_hash", "parameters")}
        self.work.checkpoint(status, progress, state)

    # when it is done

    def _put_in_place(self, base: Base, settings: Mapping[str, Any], place: Path, facts: dict[str, Any]) -> Path:
        """The result in `models/<name>/v<N>/`, whole: files first, then one rename."""
        models = place.parent
        ready = models / f".ready-{self.job['id']}"
        shutil.rmtree(ready, ignore_errors=True)
        ready.mkdir(parents=True)
        (place / facts["folder"]).rename(ready / facts["folder"])
        folder = models / f"v{next_version(models)}"
        described = {
            **{key: self.job[key] for key in ("id", "provider", "model", "base_hash", "dataset", "dataset_hash")},
            "state": "done",
            "version": folder.name,
            "base": str(base.folder),
            "base_licence": base.licence,
            "data_licences": dict(self.dataset.licences),
            "parameters": dict(settings),
            "started_at": self.job["history"][0]["at"],
            "finished_at": now(),
            **{key: value for key, value in facts.items() if key not in ("stopped", "folder")},
        }
        write_json(ready / "job.json", described)
        write_text(ready / "README.md", card.text(described))
        ready.rename(folder)
        shutil.rmtree(place, ignore_errors=True)
        return folder

    def _drop_others(self, jobs: Jobs, models: Path, place: Path) -> None:
        """An unfinished job with other rows or settings is given up: its checkpoint may hold gigabytes."""
        for other in models.glob(".training-*"):
            if other != place:
                shutil.rmtree(other, ignore_errors=True)
                job = jobs.get(other.name.removeprefix(".training-"))
                if job and job["status"] != "done":
                    jobs.save(job, "superseded")

    def _done_before(self, jobs: Jobs, folder: Path) -> Outcome:
        facts = read_json(folder / "job.json")
        result = folder.relative_to(self.work.folder.root).as_posix()
        job = jobs.get(facts["id"])
        if job is None or job["status"] != "done":  # killed between the rename and the note of it
            keys = ("id", "provider", "model", "base_hash", "dataset", "dataset_hash", "parameters")
            jobs.save(job or {key: facts[key] for key in keys}, "done", result=result, **summary(facts))
        return Outcome(f"Trained already: {result}.", {"version": folder.name, **summary(facts)})

    def _outcome(self, folder: Path, facts: dict[str, Any]) -> Outcome:
        words = (
            f"{counted(facts['steps'], 'step')} on {counted(facts['n_rows'], 'row')} in {duration(facts['seconds'])}"
        )
        held_out = facts["held_out"]
        if held_out:
            words += f", loss on held-out rows from {held_out[0]['loss']:.2f} to {held_out[-1]['loss']:.2f}"
        result = folder.relative_to(self.work.folder.root).as_posix()
        return Outcome(f"{words}: {result}.", {"version": folder.name, **summary(facts)})


def chat_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A dataset row as the trainer takes it."""
    return {"id": str(row["id"]), "messages": prompts.messages(row), "completion": prompts.answer_of(row)}


def summary(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a job that are told everywhere."""
    held_out = facts["held_out"]
    return {
        "method": facts["method"],
        "steps": facts["steps"],
        "seconds": facts["seconds"],
        "rows": facts["n_rows"],
        "rows_over_budget": facts["n_over"],
        "held_out_loss_before": held_out[0]["loss"] if held_out else None,
        "held_out_loss_after": held_out[-1]["loss"] if held_out else None,
    }


def finished(models: Path, id: str) -> Path | None:
    """The folder of the model that the job `id` made, or None."""
    for path in sorted(models.glob("v*/job.json")):
        if read_json(path, {}).get("id") == id:
            return path.parent
    return None


def next_version(models: Path) -> int:
    """One more than the highest version there is."""
    taken = [int(path.name[1:]) for path in models.glob("v*") if re.fullmatch(r"v\d+", path.name)]
    return max(taken, default=0) + 1
