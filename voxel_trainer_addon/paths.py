# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things lie: the data folder that the user named, and the cache that all data folders share."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TASKS = {"harvest": "scraping", "parse": "parsing", "dataset": "dataset", "train": "training"}
"""Stage word → the user's name of its checkpoint."""
SUFFIXES = {"blend": "blend", "code": "py"}
"""Kind of a harvested file → how its name ends in `blobs/`."""


def cache_home() -> Path:
    """`~/.cache/voxel-trainer` (or `VOXEL_TRAINER_CACHE`): environments, downloads, the embedded model."""
    named = os.environ.get("VOXEL_TRAINER_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "voxel-trainer"


def config_home() -> Path:
    """`~/.config/voxel-trainer` (or `VOXEL_TRAINER_CONFIG`): what is the person's own and no data folder's: tokens."""
    named = os.environ.get("VOXEL_TRAINER_CONFIG")
    return Path(named) if named else Path.home() / ".config" / "voxel-trainer"


@dataclass(frozen=True)
class DataFolder:
    """The places inside one `training_data/` folder."""

    root: Path

    @property
    def catalog(self) -> Path:
        return self.root / "catalog.sqlite"

    @property
    def metadata(self) -> Path:
        return self.root / "scraped_metadata.json"

    @property
    def queue(self) -> Path:
        """The searches that the panel shows and `--queue` takes."""
        return self.root / "harvest_queue.json"

    @property
    def removal_list(self) -> Path:
        """What its owners do not want to be used (see `removal`)."""
        return self.root / "removal_list.txt"

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def blobs(self) -> Path:
        """Downloads, each content once."""
        return self.root / "blobs"

    @property
    def parts(self) -> Path:
        """Downloads that are not whole."""
        return self.blobs / ".parts"

    def blob(self, sha256: str, kind: str = "blend") -> Path:
        return self.blobs / sha256[:2] / f"{sha256}.{SUFFIXES[kind]}"

    @property
    def parsed(self) -> Path:
        return self.root / "parsed_data"

    @property
    def jobs(self) -> Path:
        return self.root / "training_jobs.json"

    @property
    def training_queue(self) -> Path:
        """Training jobs that wait, a file each; a file that is gone is a job that nobody wants any more."""
        return self.root / "training_queue"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def answers(self) -> Path:
        """What models answered to held-out prompts, a file for each model, and below `ran/` what came of running it."""
        return self.root / "answers"

    @property
    def live(self) -> Path:
        """Which model answers: the pointer of the registry."""
        return self.models / "live.json"

    @property
    def promotions(self) -> Path:
        """Every move of that pointer, and why."""
        return self.models / "promotions.jsonl"

    @property
    def watched(self) -> Path:
        """What is known of models in use: requests and duels, without their texts."""
        return self.root / "watched"

    @property
    def feedback(self) -> Path:
        """What artists asked and did with the answers, where they agreed that it is kept (see `feedback`)."""
        return self.root / "feedback"

    @property
    def datasets(self) -> Path:
        return self.root / "datasets"

    @property
    def authored(self) -> Path:
        """What author models answered, a file for each."""
        return self.datasets / ".authored"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def lock(self) -> Path:
        return self.root / ".lock"

    @property
    def scratch(self) -> Path:
        """Room for workers and children; emptied at the start of a run."""
        return self.root / ".scratch"

    def serve(self, blender: str) -> Path:
        """Where `serve` in this version of Blender is asked and answers; emptied when it starts."""
        return self.root / "serve" / blender

    @property
    def serve_copies(self) -> Path:
        """Where an editor lays copies of trees that are too large to be told, for `serve` to read and delete."""
        return self.root / "serve" / "copies"

    def serve_lock(self, blender: str) -> Path:
        return self.root / "serve" / f"{blender}.lock"

    def record(self, sha256: str) -> Path:
        return self.parsed / f"{sha256}.json"

    def dataset(self, name: str) -> Path:
        return self.datasets / name

    def model(self, name: str, version: str) -> Path:
        return self.models / name / version

    def judged(self, name: str) -> Path:
        """What judges said of answers of a dataset's models, a file for each judge."""
        return self.models / name / "judged"

    def asked(self, dataset: str, who: str) -> Path:
        """Where it lies what is known of a model that was not tuned here, by its `words.slug`."""
        return self.model(dataset, f"asked-{who}")

    def checkpoint(self, stage: str) -> Path:
        return self.root / "checkpoints" / f"{TASKS[stage]}_checkpoint.json"
