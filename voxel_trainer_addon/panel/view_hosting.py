# SPDX-License-Identifier: GPL-3.0-or-later
"""What the part Train at a Host shows: who trains, what would be sent there, what speaks against it, and how the jobs
stand. No bpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
    shown = HostingView(
        host=choices.host,
        jobs=tuple(map(_job, hosting.jobs[:JOBS_SHOWN])),
        goes_on=any(job["status"] == "submitted" for job in hosting.jobs),
    )
    if not choices.host:
        return shown
    if offline:
        return replace(shown, why=offline, closed=True)
    if choices.host == OWN_HOST:
        return replace(shown, why=NO_FILE, closed=True)
    listed, plan = hosting.models.answer, hosting.plan.answer
    if hosting.models.waiting or listed is None:
        return replace(shown, why=LISTING)
    if not listed.ok:
        return replace(shown, why=harmless(listed.sentence), closed=True)
    shown = replace(shown, models=tuple(harmless(one["id"]) for one in listed.body["models"]))
    if not dataset or not choices.host_model:
        return replace(shown, why=NO_MODEL if dataset else NO_DATASET)
    if hosting.plan.waiting or plan is None:
        return replace(shown, why=PLANNING)
    if not plan.ok:
        return replace(shown, why=harmless(plan.sentence), closed=True)
    mark, agreed = str(plan.body["agreed"]), choices.host_agreed == plan.body["agreed"]
    lines = tuple(map(harmless, plan.body["lines"]))
    return replace(shown, lines=lines, mark=mark, agreed=agreed, why="" if agreed else NOT_AGREED)


def _job(job: Mapping[str, Any]) -> HostedJob:
    where = urlsplit(str(job["host"])).hostname or str(job["host"])
    state = job.get("host_status") or job["status"]
    title = f"{job['model']} at {where}: {state}"
    words = job.get("reason") or (f"Tuned: {job['result']}" if job.get("result") else "")
    return HostedJob(ICONS.get(job["status"], "DOT"), harmless(title), harmless(words, 400))
