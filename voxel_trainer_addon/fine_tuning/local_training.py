# SPDX-License-Identifier: GPL-3.0-or-later
"""One local job, from finding out whether it is done already to the model in its place."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import Cancelled, SetAside
from ..files import now, read_json, write_json, write_lines, write_text
from ..locks import FolderLock, holder
from ..paths import cache_home
from ..providers.local import Base, Ended, Local
from ..providers.local.base import weights_hash
from ..providers.local.recipe import BATCH_TOKENS
from ..row_files import TRAINED_ON
from ..stage import Options, Outcome, Work
from ..words import counted, duration
from . import card, rows
from .following import LOG, Following
from .jobs import Jobs, summary
from .orders import Order
from .waiting import Waiting

HELD_OUT_ROWS = 16
LEAST_AT_ONCE = 256
"""Tokens: a trainer that is killed with so few at once is not started again."""
SNAPSHOTS = "snapshots"
ATTRIBUTION = "ATTRIBUTION.md"
LOOK_S = 0.5
"""How often a job looks whether another training on this computer has ended."""


class NotWanted(Exception):
    """The job in hand was taken out of the queue; the run goes on."""


class LocalTraining:
    """A job on this machine. What cannot be trained is set aside with the reason; `plan` is one to be followed."""

    def __init__(self, work: Work, order: Order, provider: Local, options: Options) -> None:
        self.work, self.order, self.local, self.options = work, order, provider, options
        self.jobs = Jobs(work.folder, work.catalog)
        self.models = work.folder.models / order.dataset.name
        self.place = self.models / f".training-{order.job['id']}"

    def run(self, tick: Callable[[], bool], plan: Mapping[str, Any] | None = None) -> Outcome:
        """Train. What `tick` raises stops the trainer after a checkpoint."""
        id = self.order.job["id"]
        if found := finished(self.models, id):
            return self._done_before(found)
        self.local.environment(self.work)
        base = self.local.base(self.options.model, self.work)
        with alone(self.work, tick):
            self._drop_others()
            job = self.jobs.save({**self.order.job, **(self.jobs.get(id) or {})}, "running")
            following = Following(self.work, job, self.place / LOG)
            self._take_along()
            resumed = self._has_checkpoint()
            self._say_before(base, following, resumed)
            try:
                ended = self._trained(self._request(base, plan), following, tick)
            except NotWanted:
                self._end(following, "cancelled")
                shutil.rmtree(self.place, ignore_errors=True)
                raise
            except (Cancelled, KeyboardInterrupt):
                self._end(following, "cancelled")
                raise
        if not ended.ok:
            return self._failed(following, ended)
        folder = self._put_in_place(base, following, ended.body)
        result = folder.relative_to(self.work.folder.root).as_posix()
        told = summary(ended.body)
        real = {"seconds": ended.body.get("all_seconds", ended.body["seconds"])}
        cost = {**job.get("cost", {}), "real": real}
        self._end(following, "done", result=result, cost=cost, **told)
        following.checkpoint("done")
        return self._outcome(folder, ended.body)

    def _trained(self, request: Mapping[str, Any], following: Following, tick: Callable[[], bool]) -> Ended:
        """How the trainer ended. One that the system killed goes on from its checkpoint, with half as much at once."""
        at_once = BATCH_TOKENS
        while True:
            ended = self.local.train(dict(request), following.hear, tick)
            at_once //= 2
            if ended.code != "killed" or at_once < LEAST_AT_ONCE:
                return ended
            sentence = (
                "The training program was killed, most often because the machine ran out of memory. It goes on from "
                f"its last checkpoint with at most {at_once} tokens worked on at once."
            )
            following.hear({"kind": "warning", "code": "memory", "sentence": sentence})
            request = {**request, "at_once": at_once}

    def _take_along(self) -> None:
        """Keep whom the rows come from beside the checkpoint: the dataset may be another one when training ends."""
        source = self.work.folder.dataset(self.order.dataset.name) / ATTRIBUTION
        if source.is_file():
            self.place.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, self.place / ATTRIBUTION)

    def _end(self, following: Following, status: str, **more: Any) -> None:
        plan = {"plan": following.recorded_plan} if following.plan else {}  # else that of an earlier attempt stays
        job = self.jobs.get(following.job["id"]) or following.job
        self.jobs.save(job, status, warnings=following.warnings, **plan, **more)

    def _failed(self, following: Following, ended: Ended) -> Outcome:
        self._end(following, "failed", reason=ended.sentence)
        self.work.set_aside(SetAside("train", following.job["id"], ended.code, ended.sentence, ended.detail))
        return Outcome(ended.sentence, aside=True)

    def _has_checkpoint(self) -> bool:
        return any(self.place.glob("checkpoint*"))

    def _say_before(self, base: Base, following: Following, resumed: bool) -> None:
        set_, dataset = self.order.job["parameters"], self.order.dataset
        taken = counted(min(set_["rows"] or len(dataset.train), len(dataset.train)), "row")
        words = f"Training {base.name} on {taken} of at most {set_['tokens']} tokens, for {duration(set_['seconds'])}"
        self.work.note(f"{words}, from the last checkpoint on." if resumed else f"{words}.")
        following.begin(f"{base.name} on {taken} of {dataset.name}", resumed=resumed)

    def _request(self, base: Base, plan: Mapping[str, Any] | None) -> dict[str, Any]:
        set_, dataset = self.order.job["parameters"], self.order.dataset
        order = random.Random(set_["seed"]).sample(dataset.train, len(dataset.train))
        held_out = random.Random(set_["seed"]).sample(dataset.held_out, len(dataset.held_out))
        optional = {"start": str(self.order.start or ""), "rate": set_["rate"], "plan": dict(plan or {})}
        return {
            "model": str(base.folder),
            "method": set_["method"],
            "objective": set_["objective"],
            "rank": set_["rank"],
            "keep": set_["keep"],
            "rows": [rows.chat_row(row, set_["objective"]) for row in order],
            "held_out": [rows.chat_row(row, set_["objective"]) for row in held_out],
            "rows_limit": set_["rows"],
            "held_out_limit": HELD_OUT_ROWS,
            "tokens": set_["tokens"],
            "seconds": set_["seconds"],
            "seed": set_["seed"],
            "out": str(self.place),
            **{key: value for key, value in optional.items() if value},
        }

    # when it is done

    def _put_in_place(self, base: Base, following: Following, facts: dict[str, Any]) -> Path:
        """The result in `models/<name>/v<N>/`, whole: files first, then one rename."""
        job, dataset = self.jobs.get(following.job["id"]) or following.job, self.order.dataset
        ready = self.models / f".ready-{job['id']}"
        shutil.rmtree(ready, ignore_errors=True)
        ready.mkdir(parents=True)
        weights = ready / facts["folder"]
        (self.place / facts["folder"]).rename(weights)
        if job["parameters"]["keep"] > 1 and (self.place / SNAPSHOTS).is_dir():  # a single one is the model itself
            (self.place / SNAPSHOTS).rename(ready / SNAPSHOTS)
        folder = self.models / f"v{next_version(self.models)}"
        described = {
            **{key: job[key] for key in ("id", "provider", "model", "base_hash", "dataset", "dataset_hash", "options")},
            **({"repeats": job["repeats"]} if "repeats" in job else {}),
            "state": "done",
            "version": folder.name,
            "base": str(base.folder),
            "base_licence": base.licence,
            "data_licences": dict(dataset.licences),
            "metric": job["metric"],
            "parameters": job["parameters"],
            "plan": following.recorded_plan,
            "warnings": following.warnings,
            "weights_sha256": weights_hash(weights),
            "environment": self.local.provenance(),
            "started_at": job["history"][0]["at"],
            "finished_at": now(),
            **{key: value for key, value in facts.items() if key not in ("stopped", "folder")},
        }
        write_json(ready / "job.json", described)
        write_text(ready / "README.md", card.text(described))
        trained_on = {str(row[key]) for row in dataset.train for key in ("answer", "group") if key in row}
        write_lines(ready / TRAINED_ON, sorted(trained_on))
        for name in (LOG, ATTRIBUTION):
            if (self.place / name).is_file():
                (self.place / name).rename(ready / name)
        ready.rename(folder)
        shutil.rmtree(self.place, ignore_errors=True)
        return folder

    def _drop_others(self) -> None:
        """An unfinished job with other rows or settings is given up, unless it waits in the queue: its checkpoint may
        hold gigabytes."""
        waiting = Waiting(self.work.folder)
        for other in self.models.glob(".training-*"):
            id = other.name.removeprefix(".training-")
            if other != self.place and not waiting.has(id):
                shutil.rmtree(other, ignore_errors=True)
                job = self.jobs.get(id)
                if job and job["status"] in ("running", "cancelled"):
                    self.jobs.save(job, "superseded")

    def _done_before(self, folder: Path) -> Outcome:
        facts = read_json(folder / "job.json")
        result = folder.relative_to(self.work.folder.root).as_posix()
        job = self.jobs.get(facts["id"])
        if job is None or job["status"] != "done":  # killed between the rename and the note of it
            self.jobs.save(job or self.order.job, "done", result=result, **summary(facts))
        again = f" To train it once more: train --again {facts['id']}." if "options" in facts else ""
        return Outcome(f"Trained already: {result}.{again}", {"version": folder.name, **summary(facts)})

    def _outcome(self, folder: Path, facts: dict[str, Any]) -> Outcome:
        words = (
            f"{counted(facts['steps'], 'step')} on {counted(facts['n_rows'], 'row')} in {duration(facts['seconds'])}"
        )
        told = summary(facts)
        if told["held_out_loss_before"] is not None:
            before, after = told["held_out_loss_before"], told["held_out_loss_after"]
            words += f", loss on held-out rows from {before:.2f} to {after:.2f}"
        result = folder.relative_to(self.work.folder.root).as_posix()
        compared = self._compared(folder)
        return Outcome(f"{words}: {result}.{compared}", {"version": folder.name, **told})

    def _compared(self, folder: Path) -> str:
        """Of a job that repeats another unchanged: whether the weights came out the same."""
        first = self.jobs.get(self.order.job.get("repeats", ""))
        place = self.work.folder.root / str(first["result"]) if first and first.get("result") else None
        facts = read_json(place / "job.json", {}) if place else {}
        if not facts.get("weights_sha256") or facts.get("parameters") != self.order.job["parameters"]:
            return ""
        made = read_json(folder / "job.json")
        if made["weights_sha256"] == facts["weights_sha256"]:
            return f" The weights are equal, byte for byte, to those of {facts['version']}."
        if made["steps"] != facts["steps"]:
            steps = f"{made['steps']:,} steps, {facts['version']} {facts['steps']:,}"
            return f" The clock ended one of them earlier ({steps}), so the weights differ."
        return f" The weights differ from those of {facts['version']}."


@contextlib.contextmanager
def alone(work: Work, tick: Callable[[], bool]) -> Iterator[None]:
    """One training at a time on this computer: a second one waits, and says for whom."""
    path = cache_home() / "training.lock"
    with FolderLock(path, f"the data folder {work.folder.root.name}, process {os.getpid()}") as lock:
        if not lock.acquire(0):
            other = holder(path) or "another data folder"
            work.note(f"Another training is under way on this computer ({other}). This one begins when that one ends.")
            while not lock.acquire(0):
                tick()
                time.sleep(LOOK_S)
        yield


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
