# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage train: from a dataset's rows to a tuned model, as a job that is known by its content and survives a stop.

The same rows, settings and base give the same job: one that is done is not done again, one that was stopped goes on
from its checkpoint. What comes out lies in `models/<name>/v<N>/` (see docs/train.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..errors import SetAside, Unavailable, UserError
from ..providers.local import Local
from ..stage import Options, Outcome, Work
from ..words import counted
from . import hosted, orders, rows, sweep
from .jobs import Job, Jobs
from .local_training import LocalTraining, NotWanted
from .orders import Order
from .platform_files import TERMS
from .waiting import Waiting

LOOK_S = 1.0
"""How often a job looks whether it is still wanted."""


def run(work: Work) -> Outcome:
    """Train on the dataset that the options name, or go through the queue. What cannot be trained is set aside with the
    reason."""
    work.catalog.drop_asides("train")
    options = work.options
    here = options.provider == "local"
    if options.ask_hosts or (here and options.follow):
        return hosted.look(work)
    if not here:
        return hosted.run(work)
    hosted.remind(work)
    if options.queued:
        return _queue(work)
    return _one(work, options, Local(), work.tick)


def _one(work: Work, options: Options, provider: Local, tick: Callable[[], bool]) -> Outcome:
    order = _order(work, options, provider)
    if not order.dataset.train:
        what = "no preferences" if options.objective == "dpo" else "no rows"
        sentence = f"The dataset {options.name} has {what} to train on; `dataset` makes it."
        return _aside(work, options.name, "no rows", sentence)
    if withheld := order.dataset.withheld:
        work.note(f"{counted(withheld, 'row')} left out: {TERMS}.")
    return LocalTraining(work, order, provider, options).run(tick, _plan(work, order.job, options))


def _order(work: Work, options: Options, provider: Local) -> Order:
    try:
        return orders.local(work.folder, options, provider)
    except Unavailable as error:
        if any(work.folder.models.glob(f"{options.name}/.training-*")):
            words = f"{error} The checkpoint is kept: put the model back, and start the same again."
            raise Unavailable(words) from error
        raise


def _plan(work: Work, job: Job, options: Options) -> Mapping[str, Any] | None:
    """The recorded plan that a job follows: that of the job which it does again with nothing changed, or that of the
    first of its sweep which was done by the same method."""
    jobs = Jobs(work.folder, work.catalog)
    if options.again:
        first = jobs.get(options.again)
        if first and first["dataset_hash"] != job["dataset_hash"]:
            than = f"than job {first['id']} had"
            work.note(f"The dataset {options.name} has other rows now {than}: these are trained on.")
            return None
        unchanged = first and {**first["parameters"], "seed": 0} == {**job["parameters"], "seed": 0}
        return first.get("plan") if first and unchanged else None
    return sweep.plan(jobs.all(), job)


def _aside(work: Work, item: str, code: str, sentence: str) -> Outcome:
    """The job ends here, with a reason."""
    work.set_aside(SetAside("train", item, code, sentence))
    return Outcome(sentence, aside=True)


# the queue


def _queue(work: Work) -> Outcome:
    """All jobs that wait, those that come in meanwhile too; one that fails does not hold up the next."""
    waiting, jobs, provider = Waiting(work.folder), Jobs(work.folder, work.catalog), Local()
    done: list[str] = []
    failed: list[str] = []
    sweeps: dict[str, None] = {}
    if waiting.jobs():
        provider.environment(work)  # what all of them lack is said once
    while left := waiting.jobs():
        for other in left:
            _take_in(jobs, other)
        job = left[0]
        outcome = _next(work, job, jobs, provider, waiting)
        waiting.drop(job["id"])
        (failed if outcome.aside else done).append(job["id"])
        if job.get("sweep"):
            sweeps[job["sweep"]["name"]] = None
    verdicts = [sweep.verdict(sweep.jobs_of(jobs.all(), name)) for name in sweeps]
    if not done and not failed:
        return Outcome("No training job waits. Put one into the queue with train --later.")
    words = f"{counted(len(done), 'job')} of the queue done" + (f", {len(failed):,} set aside" if failed else "")
    told = " ".join([f"{words}.", *verdicts])
    return Outcome(told, {"done": done, "failed": failed}, aside=bool(failed and not done))


def _take_in(jobs: Jobs, job: Job) -> None:
    """Put a job of the queue on record. One that is there keeps what is known of it."""
    known = jobs.get(job["id"])
    if known is None or known.get("sweep") != job.get("sweep"):
        told = {key: value for key, value in job.items() if key != "number"}
        jobs.save({**told, **(known or {}), "sweep": job.get("sweep")}, known["status"] if known else "queued")


def _next(work: Work, job: Job, jobs: Jobs, provider: Local, waiting: Waiting) -> Outcome:
    """One job of the queue. Whatever stops it alone is a reason; what stops the whole run is raised."""
    here = {
        "train_env": work.options.train_env,
        "yes": work.options.yes,
        "anyway": work.options.anyway,
        "again": job.get("repeats", ""),
    }
    options = replace(Options.from_json(job["options"]), **here)
    known = jobs.get(job["id"]) or job
    looked = 0.0

    def tick() -> bool:
        nonlocal looked
        if time.monotonic() - looked >= LOOK_S:
            looked = time.monotonic()
            if not waiting.has(job["id"]):
                raise NotWanted
        return work.tick()

    work.wait_while_paused()
    if rows.read(work.folder, options).hash != job["dataset_hash"]:
        sentence = (
            f"The dataset {options.name} has other rows now than when job {job['id']} was put into the queue, so it is "
            f"set aside. train --again {job['id']} trains the same way on the rows of now."
        )
        jobs.save(known, "set aside", reason=sentence)
        return _aside(work, job["id"], "dataset changed", sentence)
    try:
        return _one(work, options, provider, tick)
    except NotWanted:
        return _aside(work, job["id"], "cancelled", f"Job {job['id']} was taken out of the queue.")
    except (Unavailable, UserError) as error:
        jobs.save(known, "failed", reason=str(error))
        return _aside(work, job["id"], "unavailable", f"{error} The next job of the queue goes on.")
