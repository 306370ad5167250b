# SPDX-License-Identifier: GPL-3.0-or-later
"""What a training run keeps on disk: checkpoint, snapshots of the weights, model. Each is put in place whole."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

CHECKPOINT = "checkpoint.pt"
FORM = 2
"""Of what a checkpoint holds."""
SNAPSHOTS = "snapshots"


@dataclass(frozen=True)
class Snapshot:
    """Weights on disk, in `folder` below the run's; `loss` is that on held-out rows after `step` steps."""

    step: int
    loss: float
    folder: str


class Keeper:
    """The files of one run below `out`. `warn` gets code and sentence of what could not be written or read."""

    def __init__(self, out: Path, warn: Callable[[str, str], None]) -> None:
        self._out, self._warn = out, warn
        out.mkdir(parents=True, exist_ok=True)

    def checkpoint(self, state: dict[str, Any]) -> bool:
        """Write the checkpoint. Where the disk is full the one before stays, which is told, and training goes on."""
        part = self._out / f".{CHECKPOINT}.part"
        try:
            with open(part, "wb") as out:
                torch.save(state, out)
                out.flush()
                os.fsync(out.fileno())
            os.replace(part, self._out / CHECKPOINT)
        except (OSError, RuntimeError) as error:  # PyTorch's writer hides an OSError in a RuntimeError
            self._not_written("The checkpoint", part, error)
            return False
        return True

    def checkpointed(self) -> dict[str, Any] | None:
        """The checkpoint, or None where there is none or it cannot be read, which is told."""
        path = self._out / CHECKPOINT
        if not path.is_file():
            return None
        try:
            state = dict(torch.load(path, map_location="cpu", weights_only=True))
        except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
            self._warn("checkpoint", "The checkpoint is damaged and cannot be read; training begins again.")
            return None
        if state.get("form") != FORM:
            self._warn("checkpoint", "The checkpoint is of another version; training begins again.")
            return None
        return state

    def snapshot(self, step: int, loss: float, write: Callable[[Path], None]) -> Snapshot | None:
        """Keep the weights as they are now; None, and a warning, where the disk is full."""
        name = f"{SNAPSHOTS}/step-{step}"
        try:
            self.put(name, write)
        except OSError as error:
            self._not_written("A snapshot", self._out / f".{name.replace('/', '-')}.part", error)
            return None
        return Snapshot(step, loss, name)

    def drop(self, snapshot: Snapshot) -> None:
        shutil.rmtree(self._out / snapshot.folder, ignore_errors=True)

    def copy(self, snapshot: Snapshot, name: str) -> None:
        """Put a snapshot in place as `name`. Raises OSError."""
        self.put(name, lambda part: shutil.copytree(self._out / snapshot.folder, part, dirs_exist_ok=True))

    def put(self, name: str, write: Callable[[Path], object]) -> None:
        """A folder `name` that `write` fills, put in place whole. Raises OSError, and leaves nothing half written."""
        part, folder = self._out / f".{name.replace('/', '-')}.part", self._out / name
        shutil.rmtree(part, ignore_errors=True)
        try:
            part.mkdir()
            try:
                write(part)
            except Exception as error:
                # The writer of safetensors has an exception of its own for what the disk refuses.
                if type(error).__name__ == "SafetensorError":
                    raise OSError(str(error)) from error
                raise
            for file in part.rglob("*"):
                if file.is_file():
                    with open(file, "rb+") as written:
                        os.fsync(written.fileno())
            folder.parent.mkdir(exist_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
        except OSError:
            shutil.rmtree(part, ignore_errors=True)
            raise

    def _not_written(self, what: str, part: Path, error: Exception) -> None:
        part.unlink(missing_ok=True)
        free = shutil.disk_usage(self._out).free / 1e6
        self._warn(
            "disk", f"{what} could not be written ({error}; {free:,.0f} MB are free). Training goes on; make room soon."
        )


def record(snapshots: list[Snapshot]) -> list[dict[str, Any]]:
    """Snapshots as JSON can hold them."""
    return [asdict(one) for one in snapshots]
