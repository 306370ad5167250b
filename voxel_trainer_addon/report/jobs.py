# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's table of training jobs, each with its settings, its history, and its curve where it made a model."""

from __future__ import annotations

from ..words import counted, duration
from .facts import Facts
from .html import Markup, join, tag
from .made import number_head
from .plots import Points, curves
from .rows import Json

SHOWN = ("objective", "method", "rate", "rank", "start", "seed", "tokens", "seconds")
"""Parameters that are told, in this order."""
CURVES = 12
"""So many of the newest jobs have their curve drawn."""


def table(facts: Facts) -> Markup | None:
    """Every job on the dataset, the newest first; None where there is none."""
    if not facts.jobs:
        return None
    newest = list(reversed(facts.jobs))
    heads = [tag("th", "job"), tag("th", "how it stands"), number_head("steps"), number_head("held-out loss")]
    head = tag("tr", heads, number_head("time"), tag("th", "settings"))
    lines = [_line(job) for job in newest]
    drawn = [plot for job in newest[:CURVES] if (plot := _curve(facts.made.get(str(job["id"]), {})))]
    return join(
        tag("h3", "Jobs"),
        tag("div", tag("table", tag("thead", head), tag("tbody", lines), class_="jobs"), class_="scroll card"),
        tag("details", tag("summary", f"Curves of {counted(len(drawn), 'job')}"), drawn) if drawn else None,
    )


def curve(job: Json) -> Markup | None:
    """The loss of a job, step by step and on held-out rows; None where fewer than two were measured."""
    steps: Points = [(number, float(loss)) for number, loss in enumerate(job.get("losses") or [], 1)]
    return curves(
        [("training rows", "train", steps), ("held-out rows", "held", held_out(job))],
        x_label="training step",
        y_label="loss" if job.get("objective") == "dpo" else "loss, nats a token",
        label="Loss on the answers while training",
    )


def held_out(job: Json) -> Points:
    """The losses on held-out rows by step."""
    return [(float(point["step"]), float(point["loss"])) for point in job.get("held_out") or []]


def _curve(job: Json) -> Markup | None:
    plot = curve(job)
    title = f"{job.get('version', '')}, job {job.get('id', '')}"
    return tag("div", tag("h3", title), tag("div", plot, class_="scroll"), class_="card") if plot else None


def _line(job: Json) -> Markup:
    history = [tag("li", f"{entry['at']} {entry['status']}") for entry in job.get("history", [])]
    reason = job.get("reason") if job["status"] not in ("done", "running", "queued") else ""
    standing = tag(
        "td",
        tag("b", str(job["status"])),
        tag("small", str(job.get("result") or reason or ""), class_="soft"),
        tag("details", tag("summary", "history"), tag("ul", history, class_="plain")) if history else None,
    )
    loss, seconds = job.get("held_out_loss_after"), job.get("seconds")
    name = tag("small", str(job.get("model", "")), class_="soft")
    return tag(
        "tr",
        tag("th", str(job["id"]), name, scope="row"),
        standing,
        tag("td", f"{job['steps']:,}" if "steps" in job else "", class_="number"),
        tag("td", f"{loss:.3f}" if loss is not None else "", class_="number"),
        tag("td", duration(seconds) if seconds is not None else "", class_="number"),
        tag("td", _settings(job)),
    )


def _settings(job: Json) -> str:
    known = {**job.get("parameters", {}), **{key: job[key] for key in ("repeats", "method") if key in job}}
    if known.get("method") == "full":
        known.pop("rank", None)  # of adapters alone
    return ", ".join(f"{key} {known[key]}" for key in (*SHOWN, "repeats") if known.get(key) not in (None, "", 0.0))
