# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's end: what was set aside and why, with which settings, where it lies and how to make it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import groupby

from .. import __version__
from ..checkpoints import command
from ..words import counted, duration, size
from .facts import Facts, Reason
from .html import Markup, join, tag
from .made import missing

DEFAULTS = {"name": "voxel", "seed": 0, "preset": "quick", "model": "smollm2-135m", "method": "auto", "pieces": 8}
STEPS = {"generate_s": "generating answers", "execute_s": "running them", "score_s": "scoring them"}
"""Time of an evaluation's step → what it was for."""


def set_aside(facts: Facts) -> Markup:
    """Everything that could not be done, by stage and reason."""
    if not facts.reasons:
        return missing("Nothing was set aside.")
    return join(
        tag("div", tag("h3", stage), [_reason(reason) for reason in reasons], class_="card")
        for stage, reasons in groupby(facts.reasons, key=lambda reason: reason.stage)
    )


def _reason(reason: Reason) -> Markup:
    items = [tag("li", tag("b", item.item), ": ", item.sentence) for item in reason.items]
    rest = reason.count - len(items)
    if rest:
        items.append(tag("li", f"… and {rest:,} more, in the files named below.", class_="soft"))
    return tag("details", tag("summary", f"{reason.code}: {reason.count:,}"), tag("ul", items, class_="plain"))


def settings(facts: Facts) -> Markup:
    """Versions, hashes, settings and times."""
    rows = [
        tag("tr", tag("th", what, scope="row"), tag("td", tag("code", value) if code else value))
        for what, value, code in _settings(facts)
    ]
    return tag("div", tag("table", tag("tbody", rows)), class_="card scroll")


def _settings(facts: Facts) -> Iterator[tuple[str, str, bool]]:
    yield "Voxel Trainer", __version__, False
    blender = facts.evaluation.get("blender") or facts.dataset.get("settings", {}).get("blender")
    if blender:
        yield "Blender", str(blender), False
    yield "preset, seed", f"{facts.options.preset}, {facts.options.seed}", False
    if "hash" in facts.dataset:
        yield "dataset", str(facts.dataset["hash"]), True
    job = facts.job
    if job:
        yield "model that was tuned", str(job.get("model") or facts.options.model), False
        yield "tuned version", facts.version, False
        machine = [str(job[key]) for key in ("device", "dtype") if job.get(key)]
        if machine:
            yield "trained on", ", ".join(machine), False
        if job.get("versions"):
            yield "libraries", ", ".join(f"{name} {version}" for name, version in job["versions"].items()), False
        if job.get("peak_mb"):
            yield "peak memory of training", f"{job['peak_mb']:,} MB", False
    for contestant in facts.evaluation.get("contestants", ()):
        if contestant["hash"]:
            yield f"content of {contestant['label']}", str(contestant["hash"]), True
    speed = facts.evaluation.get("speed", {})
    times = {"training": job.get("seconds"), "evaluation": facts.evaluation.get("seconds")}
    times |= {words: speed.get(key) for key, words in STEPS.items()}
    for what, part in times.items():
        if part:
            yield f"time for {what}", duration(float(part)), False
    run = facts.run
    if run.get("started") and run.get("heard", 0) > run["started"]:
        yield "newest run", f"{run.get('id', '')}, {duration(run['heard'] - run['started'])}", False


def places(facts: Facts) -> Markup:
    """Where everything lies, relative to the data folder."""
    rows = [
        tag("tr", tag("th", tag("code", path), scope="row"), tag("td", what), tag("td", size(bytes), class_="number"))
        for path, what, bytes in facts.places
    ]
    return tag("div", tag("table", tag("tbody", rows)), class_="card scroll") if rows else missing("Nothing yet.")


def commands(facts: Facts) -> Markup:
    """How to make all this again. A source's place is private: it is left for the reader to fill in."""
    options = facts.options
    words = ["run"]
    for source in facts.sources:
        words += ["--source", "bundled:" if source.kind == "bundled" else f"{source.kind}:PATH"]
    for option, default in DEFAULTS.items():
        value = getattr(options, option)
        if value != default:
            words += [f"--{option}", str(value)]
    if options.name != facts.name and "--name" not in words:
        words += ["--name", facts.name]
    start = command()
    lines = [f"{start} {shlex.join(words)}", f"{start} evaluate {shlex.join(['--name', facts.name])}"]
    kinds = {source.kind for source in facts.sources} - {"bundled"}
    where = tag("p", "PATH stands for the folder that the files lie in.", class_="soft") if kinds else None
    return join(tag("pre", "\n".join(lines), class_="wrap"), where)


def summary(facts: Facts) -> str:
    """How many things were set aside, for the heading."""
    return counted(sum(reason.count for reason in facts.reasons), "thing")
