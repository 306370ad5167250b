# SPDX-License-Identifier: GPL-3.0-or-later
"""What `train` is asked about jobs: to list them, to cancel one, to do one again, to put some into the queue."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from ..catalog import Catalog
from ..errors import Exit, Unavailable, UserError
from ..fine_tuning import hosted, orders, sweep
from ..fine_tuning.jobs import REPEATED, Job, Jobs, named, with_status
from ..fine_tuning.waiting import Waiting
from ..locks import FolderLock, holder
from ..paths import DataFolder
from ..providers.local import Local
from ..providers.refusals import Refusal
from ..runs.session import control_line
from ..stage import Options
from ..words import counted, duration, harmless

RUN = re.compile(r"run (\S+),")
OF_NOW = ("train_env", "budget", "agreed", "follow", "yes")
"""Options that are of the command alone, whatever job is done again."""
STEERED = {
    "cancel": "stops after the step in hand; its checkpoint is kept.",
    "pause": "pauses after the step in hand.",
    "resume": "goes on.",
}
"""What a job that runs here is told to do, by word."""


def asked(found: argparse.Namespace, folder: DataFolder, options: Options, online: Callable[[], bool]) -> Options | int:
    """Do what needs no training, and give the exit status; else the options to train with. `online`: whether
    Blender lets something out, which may take the start of a Blender to tell."""
    if found.jobs:
        return _list(found, folder)
    for word in STEERED:
        if getattr(found, word):
            return _steer(found, folder, word, online)
    if found.again:
        options = replace(_again(found, folder), **{name: getattr(options, name) for name in OF_NOW})
    if found.plan:
        return _plan(found, folder, options, online())
    if not found.sweep and not found.later:
        return options
    if options.provider != "local":
        raise UserError(
            "The queue holds jobs of this computer. A host keeps a queue of its own: train without --later."
        )
    _queue(found, folder, options)
    return Exit.DONE if found.later else Options(queued=True, train_env=options.train_env, yes=options.yes)


def models(found: argparse.Namespace, options: Options, online: bool) -> int:
    """What can be tuned at a host now."""
    try:
        url, told = hosted.models(options.provider, options.base_url, online)
    except Refusal as refusal:
        raise Unavailable(refusal.sentence) from refusal
    if found.json:
        print(json.dumps({"host": url, "models": [asdict(one) for one in told]}))
        return Exit.DONE
    print(f"{url} lists these now:\n")
    for one in told:
        ends = f", until {one.ends}" if one.ends else ""
        print(f"{harmless(one.id)}\n  {', '.join(one.objectives)}{ends}")
    return Exit.DONE


def _plan(found: argparse.Namespace, folder: DataFolder, options: Options, online: bool) -> int:
    """Tell what would be sent to a host; send nothing."""
    if options.provider == "local":
        raise UserError(
            "--plan tells what would be sent to a host: name it with --provider. Nothing is sent from here."
        )
    try:
        consent = hosted.plan(folder, options, online)
    except Refusal as refusal:
        raise Unavailable(refusal.sentence) from refusal
    if found.json:
        told = {"lines": consent.lines, "agreed": consent.mark, "estimated": consent.estimate.as_json()}
        print(json.dumps(told))
    else:
        print("\n".join(consent.lines))
        print(f"Nothing was sent. --agreed {consent.mark} agrees to exactly this.")
    return Exit.DONE


def every(folder: DataFolder) -> list[Job]:
    """All jobs, those in the queue behind those that began."""
    waiting = {job["id"]: job for job in Waiting(folder).jobs()}
    known: list[Job] = []
    if folder.catalog.is_file():
        with Catalog(folder.catalog) as catalog:
            known = catalog.jobs()
    return [*known, *(job for id, job in waiting.items() if id not in {one["id"] for one in known})]


def _queue(found: argparse.Namespace, folder: DataFolder, options: Options) -> None:
    sets = sweep.settings(found.sweep, options.seed, found.seeds) if found.sweep else [{}]
    made = [(one, orders.local(folder, replace(options, **one), Local())) for one in sets]
    if not all(order.dataset.train for _, order in made):
        raise UserError(f"The dataset {options.name} has no rows to train on; `dataset` makes it.")
    more: dict[str, Any] = {}
    waiting, queued = Waiting(folder), []
    for one, order in made:
        if found.sweep:
            name = sweep.name_of([order.job["id"] for _, order in made])
            more = {"sweep": {"name": name, "set": {key: value for key, value in one.items() if key != "seed"}}}
        queued.append(waiting.add(with_status(order.job, "queued"), **more))
    with FolderLock(folder.lock, "train --later") as lock:
        if lock.acquire(0):  # else the run that holds it takes them in
            with Catalog(folder.catalog) as catalog:
                jobs = Jobs(folder, catalog)
                for job in queued:
                    if jobs.get(job["id"]) is None:
                        jobs.save(job, "queued")
    if not found.json:
        seconds = sum(job["parameters"]["seconds"] for job in queued)
        ids = ", ".join(job["id"] for job in queued)
        print(f"{counted(len(queued), 'job')} in the queue, about {duration(seconds)}: {ids}")
        if found.later:
            print("`train --queue` trains them; a queue that is under way takes them too.")
    elif found.later:
        print(json.dumps(queued))


def _again(found: argparse.Namespace, folder: DataFolder) -> Options:
    job = _known(folder, found.again)
    given: Mapping[str, Any] = {name: getattr(found, name, None) for name in REPEATED}
    return orders.options_of(job, given)


def _known(folder: DataFolder, id: str) -> Job:
    jobs = every(folder)
    if (job := named(jobs, id)) is None:
        ids = ", ".join(job["id"] for job in jobs) or "none"
        raise UserError(f"{id} is no job of {folder.root.name}, or the beginning of several. There are: {ids}.")
    return job


def _steer(found: argparse.Namespace, folder: DataFolder, word: str, online: Callable[[], bool]) -> int:
    """Pause, resume or cancel a job, wherever it is."""
    job, waiting = _known(folder, getattr(found, word)), Waiting(folder)
    if waiting.has(job["id"]) and word == "cancel":
        waiting.drop(job["id"])
        _keep(folder, job, "cancelled")
        print(f"Job {job['id']} is out of the queue.")
    elif hosted.running([job]):
        status, facts = hosted.steer(job, word, online())
        _keep(folder, job, status, **facts)
        print(f"Job {job['id']} stands at {facts['host_status']} at {job['host']}.")
    elif job["status"] == "running" and (run := RUN.match(holder(folder.lock))):
        control_line(folder.runs / run[1], {"command": word})
        print(f"Job {job['id']} {STEERED[word]}")
    else:
        raise UserError(f"Job {job['id']} is {job['status']}: there is nothing to {word}.")
    return Exit.DONE


def _keep(folder: DataFolder, job: Job, status: str, **facts: Any) -> None:
    """Put it on record; a run that holds the data folder finds it out by itself."""
    with FolderLock(folder.lock, "train") as lock:
        if lock.acquire(0):
            with Catalog(folder.catalog) as catalog:
                jobs = Jobs(folder, catalog)
                jobs.save(jobs.get(job["id"]) or job, status, **facts)


def _list(found: argparse.Namespace, folder: DataFolder) -> int:
    jobs, waiting = every(folder), Waiting(folder)
    if found.json:
        print(json.dumps(jobs))
        return Exit.DONE
    print("\n".join(map(line, jobs)) or "No training job yet.")
    if left := waiting.jobs():
        print(f"{counted(len(left), 'job')} in the queue: `train --queue` trains them.")
    return Exit.DONE


def line(job: Job) -> str:
    """A job in a line."""
    told = [job["status"], f"{job['dataset']}, {harmless(job['model'])}"]
    set_ = (job.get("sweep") or {}).get("set") or {}
    told += [f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}" for key, value in set_.items()]
    if "host" in job:
        told.append(f"at {job['host']}" + (f": {harmless(job['host_status'])}" if job.get("host_status") else ""))
    else:
        told.append(f"seed {job['parameters'].get('seed', 0)}")
    if (loss := job.get("held_out_loss_after")) is not None:
        told.append(f"held-out loss {loss:.3f}")
    if job.get("seconds"):
        told.append(duration(job["seconds"]))
    if job.get("result"):
        told.append(harmless(job["result"]))
    if job.get("reason") and job["status"] not in ("done", "running"):
        told.append(harmless(job["reason"]))
    return f"{job['id']}  {', '.join(told)}"
