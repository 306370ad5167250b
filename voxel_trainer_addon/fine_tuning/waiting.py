# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue of training jobs: a file for each one that waits, so that jobs come in while another one trains."""

from __future__ import annotations

from typing import Any

from ..files import read_json, write_json
from ..paths import DataFolder
from .jobs import Job


class Waiting:
    """The jobs that wait in a data folder. No lock is needed: each file is written whole, and a file that is gone is a
    job that nobody wants any more. A job keeps its file until it has ended, so a restart finds it again."""

    def __init__(self, folder: DataFolder) -> None:
        self._place = folder.training_queue

    def jobs(self) -> list[Job]:
        """Those that wait, in the order in which they came."""
        found = [job for path in self._place.glob("*.json") if isinstance(job := read_json(path), dict)]
        return sorted(found, key=lambda job: (int(job.get("number", 0)), str(job["id"])))

    def add(self, job: Job, **more: Any) -> Job:
        """Put a job at the end; one that waits already keeps its place."""
        waiting = self.jobs()
        there = next((one for one in waiting if one["id"] == job["id"]), None)
        number = there["number"] if there else max((int(one.get("number", 0)) for one in waiting), default=0) + 1
        added = {**job, **more, "number": number}
        write_json(self._place / f"{job['id']}.json", added)
        return added

    def has(self, id: str) -> bool:
        return (self._place / f"{id}.json").is_file()

    def drop(self, id: str) -> None:
        (self._place / f"{id}.json").unlink(missing_ok=True)
