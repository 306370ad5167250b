# SPDX-License-Identifier: GPL-3.0-or-later
"""A data folder with a small dataset, and a trainer that only speaks, as a real child process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fine_tuning.told import Told
from voxel_trainer_addon.files import write_json, write_jsonl
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.providers.local import child, environment
from voxel_trainer_addon.stage import Options

TRAINER = Path(__file__).with_name("scripted_trainer.py")


def row(number: int, kind: str = "tree") -> dict[str, Any]:
    more = {"rejected": {"completion": "pass\n", "what": "It makes nothing."}} if kind == "preference" else {}
    return {
        "kind": kind,
        "id": f"{kind}-{number:03}",
        "prompt": f"Make {number}.",
        "completion": "import bpy\n",
        **more,
    }


def lay(folder: DataFolder, rows: int = 5) -> None:
    """A dataset `rocks` of trees and preferences."""
    place = folder.dataset("rocks")
    write_jsonl(place / "train.jsonl", [*map(row, range(rows)), row(1, "preference")])
    write_jsonl(place / "val.jsonl", [row(100), row(100, "preference")])
    write_json(place / "dataset.json", {"licences": {"CC0-1.0": rows}})
    (place / "ATTRIBUTION.md").write_text("Whom it comes from.\n")


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Path]:
    """Makes a base whose training goes by a script; the real training program is not started."""
    monkeypatch.setenv("VOXEL_TRAINER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(child, "PROGRAM", TRAINER)
    monkeypatch.setattr(environment, "checked", lambda named: Path(sys.executable))

    def base(name: str = "base", **script: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_text(name)
        (folder / "script.json").write_text(json.dumps(script))
        return folder

    return base


@pytest.fixture
def told(tmp_path: Path, scripted: Callable[..., Path]) -> Iterator[Told]:
    options = Options(model=str(scripted()), preset="tiny", name="rocks", train_env="here")
    told = Told(tmp_path / "data", options)
    lay(told.folder)
    yield told
    told.catalog.close()
