# SPDX-License-Identifier: GPL-3.0-or-later
"""Several settings against each other, each with several seeds, and what that shows, said as far as it goes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import UserError
from ..files import digest
from ..words import counted
from .jobs import Job

SEEDS = 3
"""Fewer seeds than these make no setting better than another."""
KINDS: dict[str, type] = {"rate": float, "rank": int, "method": str, "train_s": float}
"""What may be swept, by the name of its option, and what its values are."""
MOST = 60
PATIENCE = 2.0
"""So many times its time a job of a sweep may take for the steps that all of them make: else the clock would decide."""
MEASURE = "held_out_loss_after"
"""The figure of a job by which settings are compared: lower is better."""


def settings(words: Sequence[str], first_seed: int, seeds: int) -> list[dict[str, Any]]:
    """`rate=1e-4,2e-4` and so on as every combination with every seed, setting by setting within a seed, so that what
    is there when somebody stops is a fair part. Raises UserError."""
    axes = [_axis(word) for word in words]
    combinations = [dict(values) for values in itertools.product(*axes)]
    if len(combinations) < 2:
        raise UserError("--sweep wants at least two values: --sweep rate=1e-4,2e-4")
    if len(combinations) * seeds > MOST:
        raise UserError(f"This sweep has {len(combinations) * seeds} jobs; {MOST} are the most.")
    return [{**one, "seed": seed} for seed in range(first_seed, first_seed + max(1, seeds)) for one in combinations]


def _axis(word: str) -> list[tuple[str, Any]]:
    name, _, values = word.partition("=")
    key = {"train-time": "train_s"}.get(name, name)
    if key not in KINDS or not values:
        raise UserError(f"--sweep {word}: write NAME=VALUE,VALUE with one of {', '.join(KINDS)}.")
    try:
        return [(key, KINDS[key](value)) for value in values.split(",")]
    except ValueError as error:
        raise UserError(f"--sweep {word}: {error}.") from error


def name_of(ids: Sequence[str]) -> str:
    """A sweep's name: that of the jobs in it."""
    return digest(sorted(ids))[:8]


def jobs_of(jobs: Sequence[Job], name: str) -> list[Job]:
    """The jobs of one sweep."""
    return [job for job in jobs if (job.get("sweep") or {}).get("name") == name]


def plan(jobs: Sequence[Job], job: Job) -> Mapping[str, Any] | None:
    """The plan of the first job of the same sweep that is done by the same method, where time is no part of what is
    compared: equal steps make seeds and settings comparable on a machine that is busy now and then."""
    swept = job.get("sweep") or next((one.get("sweep") for one in jobs if one["id"] == job["id"]), None)
    if not swept or "train_s" in swept["set"]:
        return None
    method = job["parameters"]["method"]
    ended = [one for one in jobs_of(jobs, swept["name"]) if one["status"] == "done"]
    peers = [one for one in ended if one["parameters"]["method"] == method]
    if not peers or not (found := peers[0].get("plan")):
        return None
    seconds = found["seconds"] and found["seconds"] * PATIENCE
    return {**found, "rate": job["parameters"]["rate"] or found.get("rate"), "seconds": seconds}


def verdict(jobs: Sequence[Job], measure: str = MEASURE) -> str:
    """What a sweep shows, in sentences. A setting is called better only where all have at least `SEEDS` seeds and
    each of its seeds is better than each of all others."""
    found: dict[str, list[float]] = {}
    for job in jobs:
        value = job.get(measure)
        if job["status"] == "done" and value is not None and math.isfinite(value):
            found.setdefault(_words(job["sweep"]["set"]), []).append(float(value))
    if not found:
        return "The sweep has no result: none of its jobs measured a loss on held-out rows."
    ranked = sorted(found.items(), key=lambda entry: sum(entry[1]) / len(entry[1]))
    told = "; ".join(f"{name} {_spread(values)}" for name, values in ranked)
    return f"Sweep, loss on held-out rows: {told}. {_shown(ranked)}"


def _shown(ranked: Sequence[tuple[str, list[float]]]) -> str:
    if len(ranked) < 2:
        return "Only one setting has a result, so nothing is compared."
    best, values = ranked[0]
    fewest = min(len(of) for _, of in ranked)
    if fewest < SEEDS:
        return f"With {counted(fewest, 'seed')} of a setting nothing is called better; {SEEDS} are the least."
    if near := [name for name, of in ranked[1:] if min(of) <= max(values)]:
        return f"{best} is not shown to be better than {near[0]}: their seeds overlap."
    every = sum(len(of) for _, of in ranked)
    once_in = 1 / sum(1 / math.comb(every, len(of)) for _, of in ranked)
    return (
        f"{best} is better than all others with every seed; by chance alone that happens once in {once_in:.0f} sweeps."
    )


def _words(set_: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}" for key, value in set_.items()
    )


def _spread(values: Sequence[float]) -> str:
    mean = sum(values) / len(values)
    if len(values) == 1:
        return f"{mean:.3f} (1 seed)"
    return f"{mean:.3f} ({min(values):.3f} to {max(values):.3f}, {len(values)} seeds)"
