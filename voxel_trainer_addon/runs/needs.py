# SPDX-License-Identifier: GPL-3.0-or-later
"""What training would download, told before it is asked for; quick enough for a click: nothing is started."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from .. import pythons
from ..providers.local import environment
from ..words import size


@dataclass(frozen=True)
class Download:
    """Bytes to download and on disk, where they go, and the room there is."""

    download: float
    disk: float
    place: Path
    free: float
    card: bool

    def sentences(self) -> list[str]:
        """For the sheet that asks."""
        kind = "PyTorch for NVIDIA cards" if self.card else "PyTorch for the processor"
        return [
            f"Training needs {kind} and its kin, once, in a place of their own.",
            f"To download: {size(self.download)}. On disk: {size(self.disk)}, of {size(self.free)} free.",
            f"Place: {self.place}. Delete that folder to be rid of them.",
        ]


def training_download(train_env: str) -> Download | None:
    """What the stage train would fetch, or None where an environment is named or was made before."""
    home = environment.home()
    if train_env or any(home.glob(f"train-*/{pythons.MARKER}")):
        return None
    card = shutil.which("nvidia-smi") is not None
    download, disk = environment.MEGABYTES["cuda" if card else "cpu"]
    there = next(place for place in (home, *home.parents) if place.exists())
    return Download(download * 1e6, disk * 1e6, home, shutil.disk_usage(there).free, card)
