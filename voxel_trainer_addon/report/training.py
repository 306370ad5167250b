# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's part about training: the loss of the newest job, how it was trained, and all jobs."""

from __future__ import annotations

from ..words import counted, duration
from . import jobs
from .facts import Facts
from .html import Markup, join, tag
from .made import missing

METHODS = {"full": "all weights trained", "lora": "a LoRA adapter trained"}


def training(facts: Facts) -> Markup:
    """The loss while training, with what was trained how, and all jobs."""
    return join(_newest(facts), jobs.table(facts))


def _newest(facts: Facts) -> Markup:
    job = facts.job
    if not job:
        return missing(facts.why("train"))
    held, plot = jobs.held_out(job), jobs.curve(job)
    legend = tag(
        "p",
        tag("span", tag("span", class_="key"), "the batch in hand"),
        tag("span", tag("span", class_="key held"), "held-out rows of the validation split"),
        class_="legend soft",
    )
    words = []
    if job.get("steps"):
        words.append(f"{counted(int(job['steps']), 'step')} in {duration(float(job.get('seconds', 0)))}")
    if job.get("passes"):
        words.append(f"{job['passes']} passes over {counted(int(job.get('n_rows', 0)), 'row')}")
    if job.get("method"):
        words.append(METHODS.get(str(job["method"]), str(job["method"])))
    if len(held) > 1:
        words.append(f"held-out loss from {held[0][1]:.2f} to {held[-1][1]:.2f}")
    if (saved := job.get("saved_step")) not in (None, job.get("steps")):
        words.append(f"kept is the state after step {saved}, the best on held-out rows")
    about = tag("p", "; ".join(words) + ".") if words else None
    warned = [tag("li", str(warning["sentence"])) for warning in job.get("warnings") or []]
    about = join(about, tag("ul", warned, class_="plain")) if warned else about
    if job.get("state") not in (None, "done"):
        about = join(about, tag("p", f"This job is not done: {job['state']}.", class_="error"))
    if plot is None:
        return join(about, missing("Fewer than two losses were measured, so there is no curve to draw."))
    return join(about, tag("div", tag("div", plot, class_="scroll"), legend, class_="card"))
