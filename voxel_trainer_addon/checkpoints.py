# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoint files in the user's shape, and what to do next, computed from what is there.

They can be committed to a repository: they hold no token and no private path.
"""

from __future__ import annotations

import os
import shlex
from typing import Any

from .catalog import Catalog
from .files import now, read_json, write_json
from .paths import TASKS, DataFolder
from .stage import Options


def command() -> str:
    """How the headless command was started here, as a person types it again."""
    return os.environ.get("VOXEL_TRAINER_COMMAND", "python scripts/run_headless.py")


def next_steps(folder: DataFolder, catalog: Catalog) -> list[str]:
    """Commands that bring the work on from here, the next one first. The data folder goes by its name alone, for
    checkpoints can be shared."""
    counts, data, start = catalog.counts(), f"--data {shlex.quote(folder.root.name)}", command()
    sources = catalog.sources()
    if any(source["state"] == "waiting" for source in sources):
        return [f"{start} resume {data}", f"{start} status {data}"]
    if listed := [shlex.quote(source["id"]) for source in sources if source["state"] == "listed"]:
        return [f"{start} harvest {' '.join(f'--source {id}' for id in listed)} {data}"]
    if not counts["files"]:
        return [f"{start} run --source bundled: {data}", f"{start} run --source folder:PATH {data}"]
    if counts["parsed"] + catalog.count_asides("parse") < counts["files"]:
        return [f"{start} resume {data}", f"{start} parse {data}"]
    if not counts["rows"]:
        return [f"{start} dataset {data}"]
    if any(folder.training_queue.glob("*.json")):
        return [f"{start} train --queue {data}", f"{start} train --jobs {data}"]
    if (names := catalog.datasets()) and Options().name not in names:
        data += f" --name {shlex.quote(names[-1])}"
    if any(job.get("status") == "submitted" for job in catalog.jobs()):
        return [f"{start} train --follow {data}", f"{start} train --jobs {data}"]
    if not any(job.get("status") == "done" for job in catalog.jobs()):
        return [f"{start} train {data}"]
    if not catalog.evaluations():
        return [f"{start} evaluate {data}"]
    return [f"{start} status --goals {data}", f"{start} run --source folder:PATH {data}"]


def write(
    folder: DataFolder, catalog: Catalog, stage: str, status: str, progress: dict[str, Any], state: dict[str, Any]
) -> None:
    """Write a stage's checkpoint. `status` is running, done, paused, cancelled or failed; the start of an unfinished
    attempt is kept."""
    before = read(folder, stage)
    unfinished = before.get("status") not in (None, "done")
    write_json(
        folder.checkpoint(stage),
        {
            "task": TASKS[stage],
            "status": status,
            "started_at": before["started_at"] if unfinished else now(),
            "last_updated": now(),
            "progress": progress,
            "state": state,
            "next_steps": next_steps(folder, catalog),
        },
    )


def read(folder: DataFolder, stage: str) -> dict[str, Any]:
    """A stage's checkpoint, or an empty dict where there is none."""
    value = read_json(folder.checkpoint(stage))
    return value if isinstance(value, dict) and value.get("task") == TASKS[stage] else {}
