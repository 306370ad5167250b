# SPDX-License-Identifier: GPL-3.0-or-later
"""A job before it runs: what it is to train, on which rows, from which base, and under which id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import digest, read_json
from ..paths import DataFolder
from ..providers.local import Base, Local
from ..stage import HEADLINE, Options
from . import defaults, rows
from .jobs import Job, recorded
from .rows import Dataset

FORM = 2
"""Version of what a job's identity covers: raised when equal settings would no longer train the same model."""


@dataclass(frozen=True)
class Order:
    """A local job, its rows, and what it begins from. `start` is the folder of an earlier model, None for the base."""

    job: Job
    dataset: Dataset
    base: Base
    start: Path | None


def local(folder: DataFolder, options: Options, provider: Local) -> Order:
    """The job that the options ask for, as far as it is known without fetching anything.

    The same rows, settings and base give the same id. Raises UserError where it begins from a model that is not there,
    and Unavailable where the base is not known.
    """
    base, dataset = provider.known(options.model), rows.read(folder, options)
    parameters = defaults.parameters(options, len(dataset.train))
    start = _start(folder, options)
    identity: list[Any] = [FORM, dataset.hash, base.hash, parameters, _weights(start), options.again]
    job: Job = {
        "id": digest(identity)[:16],
        "provider": "local",
        "model": base.name,
        "base_hash": base.hash,
        "dataset": dataset.name,
        "dataset_hash": dataset.hash,
        "metric": options.metric or HEADLINE,
        "parameters": parameters,
        "options": recorded(options),
        "cost": {"estimated": {"seconds": parameters["seconds"]}, "real": {}},
        "status": "",
        "history": [],
    }
    if options.again:
        job["repeats"] = options.again
    return Order(job, dataset, base, start)


def options_of(job: Mapping[str, Any], given: Mapping[str, Any]) -> Options:
    """The options to do a recorded job again, those that were `given` instead of its own. Raises UserError."""
    if "options" not in job:
        raise UserError(f"Job {job['id']} comes from an earlier Voxel Trainer, which did not keep all that it takes.")
    told = {name: value for name, value in given.items() if value is not None}
    return Options.from_json({**job["options"], **told, "again": job["id"]})


def _start(folder: DataFolder, options: Options) -> Path | None:
    """The weights of the version that the options begin from."""
    if options.start_from in ("", "base"):
        return None
    place = folder.model(options.name, options.start_from)
    found = next((place / kind for kind in ("model", "adapter") if (place / kind).is_dir()), None)
    if found is None:
        versions = sorted(path.parent.name for path in folder.models.glob(f"{options.name}/v*/job.json"))
        there = f"There is {', '.join(versions)}." if versions else "No model of this dataset is there yet."
        raise UserError(f"--start-from {options.start_from}: models/{options.name} has no such version. {there}")
    return found


def _weights(start: Path | None) -> str:
    """The job that made the weights, which is their identity here; '' for the base itself."""
    return str(read_json(start.parent / "job.json", {}).get("id", start.parent.name)) if start else ""
