# SPDX-License-Identifier: GPL-3.0-or-later
"""What training would download, told before it is asked for; quick enough for a click."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from ..paths import cache_home
from ..providers.local import MODEL_MB, base, builds, environment, memory
from ..words import size


@dataclass(frozen=True)
class Download:
    """One thing to fetch: megabytes to download and on disk; 0 where nobody knows before."""

    what: str
    download_mb: float
    disk_mb: float

    @property
    def sentence(self) -> str:
        if not self.download_mb:
            return f"{self.what}: of a size that its host knows"
        return f"{self.what}: {size(self.download_mb * 1e6)} to download, {size(self.disk_mb * 1e6)} on disk"


@dataclass(frozen=True)
class Needs:
    """What has to be fetched before the stage train, where it goes, and the bytes that are free there; `large` says
    that the model is not expected to fit into memory, or is ''."""

    downloads: tuple[Download, ...]
    place: Path
    free: float
    large: str = ""

    def sentences(self) -> list[str]:
        """For the sheet that asks."""
        large = [self.large] if self.large else []
        if not self.downloads:
            return large
        place = f"It goes to {self.place}, where {size(self.free)} are free. Delete that folder to be rid of it."
        return [*large, "Training needs this, once:", *(item.sentence for item in self.downloads), place]


def training_needs(train_env: str, model: str, anyway: str = "") -> Needs | None:
    """What is lacking for training `model`, or None where all is there; `anyway` names a model whose size was agreed
    to."""
    lacking = []
    build = builds.fitting(builds.likely_machine(), consent=True)[0]
    if not train_env and not any(environment.marked(build)):
        lacking.append(Download(f"PyTorch for {build.what}", build.download_mb, build.disk_mb))
    if model == base.EMBEDDED:
        if base.named(model).folder is None:
            lacking.append(Download(f"The model {model}", *MODEL_MB))
    elif not Path(model).expanduser().is_dir():
        lacking.append(Download(f"The model {model}", 0, 0))
    place = cache_home()
    there = next(folder for folder in (place, *place.parents) if folder.exists())
    large = "" if anyway == model else _large(model)
    return Needs(tuple(lacking), place, shutil.disk_usage(there).free, large) if lacking or large else None


def _large(model: str) -> str:
    """That a model's folder holds more than the memory is expected to bear, or ''."""
    shape, room = memory.shape_of(Path(model).expanduser()), memory.room()
    if shape is None:
        return ""
    need = memory.needed(shape, memory.method_for("auto", shape, bool(room.card)))
    if room.holds(need):
        return ""
    return (
        f"Training {Path(model).name} needs about {size(need)} of memory, by an estimate; there are {size(room.bytes)}."
    )
