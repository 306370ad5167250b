# SPDX-License-Identifier: GPL-3.0-or-later
"""Every training job, in the catalog and, for people and for a lost catalog, in `training_jobs.json`."""

from __future__ import annotations

from typing import Any

from ..catalog import Catalog
from ..files import now, read_json, write_json
from ..paths import DataFolder

Job = dict[str, Any]


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
        history = list(job.get("history", []))
        if not history or history[-1]["status"] != status:
            history.append({"status": status, "at": now()})
        saved = {**job, **more, "status": status, "history": history}
        self._catalog.save_job(str(saved["id"]), saved)
        write_json(self._folder.jobs, self._catalog.jobs())
        return saved
