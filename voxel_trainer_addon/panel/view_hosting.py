# SPDX-License-Identifier: GPL-3.0-or-later
"""What the part Train at a Host shows: who trains, what would be sent there, what speaks against it, and how the jobs
stand. No bpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..runs import OWN_HOST, Choices, Hosting
from ..words import harmless

JOBS_SHOWN = 3
ICONS = {"submitting": "TIME", "submitted": "PLAY", "done": "CHECKMARK", "failed": "ERROR", "cancelled": "X"}
NO_DATASET = "There is no dataset yet: build one first, with Dataset Only"
NO_MODEL = "Choose the host's model first"
NOT_AGREED = "Read what would be sent, and tick the box below it"
NO_FILE = "Name your host's Python file in the preferences of this extension"
LISTING = "Asking the host what it can tune…"
PLANNING = "Looking at what would be sent…"


@dataclass(frozen=True)
class HostedJob:
    """A job at a host: its state as an icon, which it is and how it stands there, and the host's or our own words."""

    icon: str
    title: str
    words: str


@dataclass(frozen=True)
class HostingView:
    """`models` can be chosen. `lines` say what would be sent, and `mark` stands for exactly them. `why` says why
    nothing can be sent now, '' where it can, and `closed` that nobody can change that here. `goes_on`: a job is not
    known to have ended."""

    host: str = ""
    models: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    mark: str = ""
    agreed: bool = False
    why: str = ""
    closed: bool = False
    jobs: tuple[HostedJob, ...] = ()
    goes_on: bool = False


NO_HOST = HostingView()


def hosting_of(hosting: Hosting, choices: Choices, *, dataset: bool, offline: str = "") -> HostingView:
    """The part as it stands. `dataset`: there is one; `offline` says why Blender lets nothing out."""
    jobs = tuple(map(_job, hosting.jobs[:JOBS_SHOWN]))
    goes_on = any(job["status"] == "submitted" for job in hosting.jobs)
    listed, plan = hosting.models.answer, hosting.plan.answer
    told = HostingView(host=choices.host, jobs=jobs, goes_on=goes_on)
    if not choices.host:
        return told

    def lacks(why: str, *, closed: bool = False, models: tuple[str, ...] = ()) -> HostingView:
        return HostingView(choices.host, models, why=harmless(why), closed=closed, jobs=jobs, goes_on=goes_on)

    if offline:
        return lacks(offline, closed=True)
    if choices.host == OWN_HOST:
        return lacks(NO_FILE, closed=True)
    if hosting.models.waiting or listed is None:
        return lacks(LISTING)
    if not listed.ok:
        return lacks(listed.sentence, closed=True)
    models = tuple(harmless(one["id"]) for one in listed.body.get("models", ()))
    if not dataset:
        return lacks(NO_DATASET, models=models)
    if not choices.host_model:
        return lacks(NO_MODEL, models=models)
    if hosting.plan.waiting or plan is None:
        return lacks(PLANNING, models=models)
    if not plan.ok:
        return lacks(plan.sentence, closed=True, models=models)
    mark, lines = str(plan.body["agreed"]), tuple(map(harmless, plan.body["lines"]))
    agreed = choices.host_agreed == mark
    why = "" if agreed else NOT_AGREED
    return HostingView(choices.host, models, lines, mark, agreed, why, False, jobs, goes_on)


def _job(job: Mapping[str, Any]) -> HostedJob:
    where = urlsplit(str(job["host"])).hostname or str(job["host"])
    state = job.get("host_status") or job["status"]
    title = f"{job['model']} at {where}: {state}"
    words = job.get("reason") or (f"Tuned: {job['result']}" if job.get("result") else "")
    return HostedJob(ICONS.get(job["status"], "DOT"), harmless(title), harmless(words, 400))
