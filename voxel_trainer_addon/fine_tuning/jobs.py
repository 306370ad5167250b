# SPDX-License-Identifier: GPL-3.0-or-later
"""Every training job, in the catalog and, for people and for a lost catalog, in `training_jobs.json`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..catalog import Catalog
from ..files import now, read_json, write_json
from ..paths import DataFolder
from ..stage import Options

Job = dict[str, Any]

REPEATED = (
    "provider",
    "model",
    "method",
    "objective",
    "start_from",
    "own_pairs",
    "rate",
    "rank",
    "keep",
    "preset",
    "train_s",
    "seed",
    "name",
    "allow",
    "base_url",
    "hyper",
)
"""The options that make a job what it is."""


class Jobs:
    """The jobs of one data folder. A job is a JSON object with at least id, provider, model, status, history."""

    def __init__(self, folder: DataFolder, catalog: Catalog) -> None:
        self._folder, self._catalog = folder, catalog
        known = {str(job["id"]) for job in catalog.jobs()}
        for job in read_json(folder.jobs, []):
            if str(job["id"]) not in known:
                catalog.save_job(str(job["id"]), job)

    def get(self, id: str) -> Job | None:
        """The job of that id, or None."""
        return next((job for job in self._catalog.jobs() if job["id"] == id), None)

    def all(self) -> list[Job]:
        """Every job, oldest first."""
        return self._catalog.jobs()

    def save(self, job: Job, status: str, **more: Any) -> Job:
        """Keep `job` with a new status and further facts; a status that differs from the last goes into its history."""
        saved = with_status({**job, **more}, status)
        self._catalog.save_job(str(saved["id"]), saved)
        write_json(self._folder.jobs, [without_places(job) for job in self._catalog.jobs()])
        return saved


def with_status(job: Job, status: str) -> Job:
    """`job` with a status, and its history one longer where it had another."""
    history = list(job.get("history", []))
    if not history or history[-1]["status"] != status:
        history.append({"status": status, "at": now()})
    return {**job, "status": status, "history": history}


def without_places(job: Job) -> Job:
    """`job` without the model's place on this machine: of a folder its name stays."""
    options = job.get("options")
    if not options or not Path(options["model"]).expanduser().is_absolute():
        return job
    return {**job, "options": {**options, "model": Path(options["model"]).name}}


def recorded(options: Options) -> dict[str, Any]:
    """The options that a job is repeated with, defaults left out."""
    values, defaults = options.as_json(), Options().as_json()
    kept = {key: values[key] for key in REPEATED if values[key] != defaults[key]}
    return {"model": options.model, "name": options.name, **kept}


def named(jobs: list[Job], id: str) -> Job | None:
    """The job whose id begins so, or None where none does, or several do."""
    found = [job for job in jobs if str(job["id"]).startswith(id)]
    return found[0] if len(found) == 1 else None


def summary(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a job that are told everywhere. The loss after training is that of the weights that were kept."""
    held_out = facts["held_out"]
    kept = next((point for point in held_out if point["step"] == facts.get("saved_step")), None)
    return {
        "method": facts["method"],
        "steps": facts["steps"],
        "seconds": facts["seconds"],
        "rows": facts["n_rows"],
        "rows_over_budget": facts["n_over"],
        "held_out_loss_before": held_out[0]["loss"] if held_out else None,
        "held_out_loss_after": (kept or held_out[-1])["loss"] if held_out else None,
    }
