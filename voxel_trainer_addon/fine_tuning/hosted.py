# SPDX-License-Identifier: GPL-3.0-or-later
"""Training by a host: the dataset's platform files go up, one job is made, and each call asks once how it stands."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

from .. import tokens
from ..errors import SetAside, Unavailable, UserError
from ..files import digest, read_json
from ..prompts import CHARACTERS_A_TOKEN
from ..providers.local.base import EMBEDDED
from ..providers.makers import may_train
from ..providers.openai_api import OWN_URL, TOKEN, Hosted, OpenAIHost, Refusal
from ..row_files import rows_of
from ..stage import Outcome, Work
from ..words import counted
from .jobs import Job, Jobs, recorded

FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 60.0
"""While a job is waited for, each question comes half as late again as the one before."""
TICK_S = 0.2


def run(work: Work, dataset_hash: str) -> Outcome:
    """Submit the dataset to the host that the options name, or ask after the job that was submitted before."""
    options = work.options
    if options.model == EMBEDDED:
        raise UserError("Name the host's model with --model; the embedded one is trained with --provider local.")
    url = options.base_url or OWN_URL
    found = tokens.find()
    if not found.get(TOKEN):
        raise Unavailable(f"Training by {url} needs a token: set {TOKEN} in the environment or in a .env file.")
    id = digest(["openai", url, options.model, options.seed, dataset_hash])[:16]
    jobs = Jobs(work.folder, work.catalog)
    job = jobs.get(id)
    if job and job["status"] == "done":
        return Outcome(f"Trained already: {job['result']} at {url}.", {"model": job["result"]})
    host = OpenAIHost(url, found.get(TOKEN))
    try:
        if job and job.get("host_id"):
            told = host.ask(str(job["host_id"]))
        else:
            _agreed(work, url)
            job = jobs.save(job or _new(work, id, url, dataset_hash), "submitting")
            told = _submitted(work, host, job)
        while work.options.wait and not told.end:
            _outcome(work, jobs, job, told, url)
            told = _waited(work, host, told)
    except Refusal as refusal:
        if job:
            jobs.save(job, job["status"], reason=refusal.sentence)
        work.set_aside(SetAside("train", options.name, refusal.code, refusal.sentence, refusal.detail))
        return Outcome(refusal.sentence, aside=True)
    finally:
        host.close()
    return _outcome(work, jobs, job, told, url)


def _waited(work: Work, host: OpenAIHost, told: Hosted) -> Hosted:
    """The job as soon as the host tells anything new of it."""
    work.note(f"The job {told.id} at {host.url} stands at {told.status}; it is asked after until it has ended.")
    wait, before = FIRST_WAIT_S, told.status
    while not told.end and told.status == before:
        pause(wait, work.tick)
        wait, told = min(LONGEST_WAIT_S, wait * 1.5), host.ask(told.id)
    return told


def pause(seconds: float, tick: Callable[[], object]) -> None:
    """Let time go by; what `tick` raises ends it."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        tick()
        time.sleep(min(TICK_S, left))


def _new(work: Work, id: str, url: str, dataset_hash: str) -> Job:
    return {
        "id": id,
        "provider": "openai",
        "host": url,
        "model": work.options.model,
        "dataset": work.options.name,
        "dataset_hash": dataset_hash,
        "parameters": {"seed": work.options.seed},
        "options": recorded(work.options),
        "cost": {"estimated": {"tokens_a_pass": _tokens(work)}, "real": {}},
        "status": "",
        "history": [],
    }


def _tokens(work: Work) -> int:
    """Tokens of the training rows, estimated by their length: what a host counts once for each pass."""
    path = _place(work) / "train.jsonl"
    return round(path.stat().st_size / CHARACTERS_A_TOKEN["openai"]) if path.is_file() else 0


def _place(work: Work) -> Path:
    return work.folder.dataset(work.options.name) / "openai"


def _agreed(work: Work, url: str) -> None:
    """Rows made of a person's own files leave this machine only when that person said so, and what OpenAI's models
    wrote goes to no other host."""
    place = work.folder.dataset(work.options.name)
    if url != OWN_URL:
        rows = chain.from_iterable(rows_of(place, split, ("",)) for split in ("train", "val"))
        kept = sum(may_train(row, "openai") and not may_train(row, "local") for row in rows)
        if kept:
            raise Unavailable(
                f"OpenAI's models wrote the requests of {counted(kept, 'row')}, and by their terms {url} may not train "
                f"on them. Build the dataset again without --author, or with a model of open weights."
            )
    facts: dict[str, Any] = read_json(place / "dataset.json", {})
    own = sum(rows for licence, rows in facts.get("licences", {}).items() if "own" in licence.split(" + "))
    if own and not work.options.yes:
        raise Unavailable(
            f"{own:,} rows are made of your own files, and training by a host sends them to {url}: --yes allows that."
        )


def _submitted(work: Work, host: OpenAIHost, job: Job) -> Hosted:
    place = _place(work)
    train, val = place / "train.jsonl", place / "val.jsonl"
    if not train.is_file():
        raise Refusal("no rows", "The dataset has no file in OpenAI's format; `dataset` makes it.")
    name = f"voxel-{job['dataset_hash'][:12]}"
    work.note(f"Uploading {train.stat().st_size:,} bytes of rows to {host.url}.")
    training = host.upload(train, f"{name}-train.jsonl")
    validation = host.upload(val, f"{name}-val.jsonl") if val.is_file() and val.stat().st_size else None
    return host.create(
        job["id"], job["dataset_hash"], job["model"], training, validation, work.options.name, work.options.seed
    )


def _outcome(work: Work, jobs: Jobs, job: Job, told: Hosted, url: str) -> Outcome:
    status = told.end or "submitted"
    cost = {**job.get("cost", {}), "real": {"tokens": told.tokens} if told.tokens else {}}
    more = {"host_id": told.id, "host_status": told.status, "result": told.model, "reason": told.words, "cost": cost}
    jobs.save(job, status, **more)
    work.checkpoint(
        "done" if told.end else "running",
        {"job": job["id"], "host_status": told.status},
        {key: job[key] for key in ("provider", "host", "model", "dataset", "dataset_hash", "parameters")},
    )
    counts = {"job": told.id, "host_status": told.status}
    if told.end == "done":
        return Outcome(f"{url} has tuned {told.model}.", counts)
    if told.end:
        sentence = f"The job {told.id} at {url} ended as {told.status}. {told.words}".strip()
        work.set_aside(SetAside("train", work.options.name, told.end, sentence))
        return Outcome(sentence, counts, aside=True)
    words = (
        f"The job {told.id} at {url} stands at {told.status}. The same command asks again; it creates no second job."
    )
    return Outcome(words, counts)
