# SPDX-License-Identifier: GPL-3.0-or-later
"""Training by a host as the panel prepares it: what can be tuned there, what would be sent, and the jobs that are there
already. No bpy."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from ..files import read_json
from ..paths import DataFolder
from ..providers import tuning
from ..providers.makers import OWN
from .choices import Choices
from .errand import Question
from .start import Program

PROVIDERS = tuple(tuning.MODULES)
"""Who can train elsewhere."""


class Hosting:
    """What short commands say: `models` of what the host can tune now, `plan` of what would be sent there. `jobs` are
    the records of those at hosts, the newest first."""

    def __init__(self, data: DataFolder) -> None:
        self.data = data
        self.models, self.plan = Question(data), Question(data)
        self.jobs: tuple[dict[str, Any], ...] = ()
        self._seen: Hashable = ()

    @property
    def waiting(self) -> bool:
        return self.models.waiting or self.plan.waiting

    @property
    def goes_on(self) -> bool:
        """Whether a job is not known to have ended."""
        return any(job["status"] == "submitted" for job in self.jobs)

    def look_at_jobs(self) -> None:
        """Take in the records where they are others than last time."""
        if (now := _stamp(self.data.jobs)) != self._seen:
            self._seen = now
            known = read_json(self.data.jobs, [])
            self.jobs = tuple(job for job in reversed(known) if isinstance(job, dict) and "host" in job)

    def look(self, program: Program, choices: Choices) -> None:
        """Ask for the list of models, and once one is chosen for what would be sent. Both are asked again when another
        host is chosen, the latter when the dataset or the prices have changed too."""
        self.models.look(program, ["train", "--models", *choices.host_words()], choices.host)
        dataset = self.data.dataset(choices.name) / "dataset.json"
        if choices.host_model and dataset.is_file() and not self.models.waiting:
            about = _stamp(dataset), _stamp(self.data.root / OWN)
            self.plan.look(program, ["train", "--plan", *choices.hosted_words()], about)


def _stamp(path: Path) -> Hashable:
    """Changes whenever the file does; empty where it is not there."""
    with contextlib.suppress(OSError):
        return path.stat().st_mtime_ns, path.stat().st_size
    return ()
