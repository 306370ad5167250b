# SPDX-License-Identifier: GPL-3.0-or-later
"""What training would download, told before it is asked for; quick enough for a click: nothing is started."""

from __future__ import annotations

import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from .. import pythons
from ..paths import cache_home
from ..providers.local import MODEL_MB, base, builds, environment
from ..providers.local.builds import Machine
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
    """What has to be fetched before the stage train, where it goes, and the bytes that are free there."""

    downloads: tuple[Download, ...]
    place: Path
    free: float

    def sentences(self) -> list[str]:
        """For the sheet that asks."""
        place = f"It goes to {self.place}, where {size(self.free)} are free. Delete that folder to be rid of it."
        return ["Training needs this, once:", *(item.sentence for item in self.downloads), place]


def training_needs(train_env: str, model: str) -> Needs | None:
    """What is lacking for training `model`, or None where all is there."""
    lacking = []
    if not train_env and not any(environment.home().glob(f"train-*/{pythons.MARKER}")):
        card = shutil.which("nvidia-smi") is not None
        build = builds.fitting(Machine(sys.platform, platform.machine(), nvidia=card), consent=True)[0]
        lacking.append(Download(f"PyTorch for {build.what}", build.download_mb, build.disk_mb))
    if model == base.EMBEDDED:
        if base.named(model).folder is None:
            lacking.append(Download(f"The model {model}", *MODEL_MB))
    elif not Path(model).expanduser().is_dir():
        lacking.append(Download(f"The model {model}", 0, 0))
    place = cache_home()
    there = next(folder for folder in (place, *place.parents) if folder.exists())
    return Needs(tuple(lacking), place, shutil.disk_usage(there).free) if lacking else None
