# SPDX-License-Identifier: GPL-3.0-or-later
"""What the train stage is handed in tests: the pipeline's side of things, kept to be looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from voxel_trainer_addon import checkpoints, events
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.errors import SetAside
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.stage import Options


def row(number: int, licence: str = "CC0-1.0", **more: Any) -> dict[str, Any]:
    """A dataset's row, of one file under that licence."""
    source = {"origin": "folder:rocks", "path": "rock.blend", "sha256": "0" * 64, "licence": licence}
    told = {"id": str(number), "kind": "tree", "form": "code", "prompt": f"Make {number}.", "sources": [source]}
    return {**told, "completion": "import bpy\n", **more}


class Told:
    """A real data folder and catalog, and what the stage told. `on_tick` may raise."""

    host = None
    run_id = "test"

    def __init__(self, root: Path, options: Options) -> None:
        self.folder = DataFolder(root)
        self.catalog = Catalog(self.folder.catalog)
        self.options = options
        self.events: list[dict[str, Any]] = []
        self.asides: list[SetAside] = []
        self.on_tick: Callable[[], bool] = lambda: True

    def emit(self, kind: str, **fields: Any) -> None:
        self.events.append(events.event(kind, **fields))

    def note(self, words: str) -> None:
        self.emit("note", stage="train", words=words)

    def tick(self) -> bool:
        return self.on_tick()

    def progress(self, done: int, total: int, item: str = "", left_s: float | None = None) -> None:
        self.emit("progress", stage="train", done=done, total=total, aside=0, item=item, left_s=left_s)

    def set_aside(self, aside: SetAside) -> None:
        self.asides.append(aside)
        self.catalog.add_aside(aside)

    def wait_while_paused(self) -> None:
        self.tick()

    def checkpoint(self, status: str, progress: dict[str, Any], state: dict[str, Any]) -> None:
        checkpoints.write(self.folder, self.catalog, "train", status, progress, state)

    def kinds(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["kind"] == kind]
