# SPDX-License-Identifier: GPL-3.0-or-later
"""`train --setup` says before it does, and does nothing that it was not asked for; `train --models` lists."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from voxel_trainer_addon.cli import command
from voxel_trainer_addon.errors import Exit
from voxel_trainer_addon.providers.local import base, builds, environment, offered

pytestmark = pytest.mark.plain


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOXEL_TRAINER_CACHE", str(tmp_path / "cache"))
    choice = environment.Choice(Path(sys.executable), builds.CPU)
    monkeypatch.setattr(environment, "find", lambda on_note, consent=False: choice)
    return tmp_path / "cache"


def told(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    """What the command says as JSON lines."""
    assert command.main(["train", *words, "--json"], lambda: None, Path("run_headless.py")) == Exit.DONE
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_dry_run_tells_what_sizes_place_and_room_and_writes_nothing(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    training, model, end = told(capsys, "--setup", "--dry-run")
    assert training["kind"] == model["kind"] == "plan" and end["kind"] == "dry"
    assert training["download"] == builds.CPU.download_mb * 1e6 and training["disk"] == builds.CPU.disk_mb * 1e6
    assert training["place"].startswith(str(cache / "environments" / "train-py")) and training["free"] > 0
    assert training["lock"] == builds.CPU.lock_hash and training["build"] == "cpu"
    assert model["place"] == str(cache / "models" / base.EMBEDDED)
    assert not cache.exists()


def test_the_model_goes_only_when_it_is_named(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = cache / "models" / base.EMBEDDED
    model.mkdir(parents=True)
    (model / "model.safetensors").write_bytes(b"x" * 500)
    half = cache / "environments" / ".train-py311-abc.1.part"
    half.mkdir(parents=True)
    (half / "torch.so").write_bytes(b"x" * 2000)

    (dry,) = told(capsys, "--setup", "--remove", "--dry-run")
    assert dry["bytes"] == 2000 and half.exists()
    (done,) = told(capsys, "--setup", "--remove")
    assert done["bytes"] == 2000 and done["model_bytes"] == 500 and "--with-model" in done["words"]
    assert model.exists() and not half.exists()
    (done,) = told(capsys, "--setup", "--remove", "--with-model")
    assert done["bytes"] == 500 and not cache.exists()
    (done,) = told(capsys, "--setup", "--remove")
    assert "no training environment" in done["words"]


def test_a_wheel_folder_must_be_there(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "--setup", "--wheels", str(cache / "none")]
    assert command.main(words, lambda: None, Path("run_headless.py")) == Exit.USAGE
    assert "There is no folder" in capsys.readouterr().err


def test_models_are_listed_with_licence_memory_and_what_fits(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = told(capsys, "--models")
    assert [one["name"] for one in listed] == [one.name for one in offered.OFFERED]
    assert sum(one["best"] for one in listed) == 1
    assert all(one["licence"] and one["memory"] and one["figures"] for one in listed)
    assert command.main(["train", "--models"], lambda: None, Path("run_headless.py")) == Exit.DONE
    assert "This machine has" in capsys.readouterr().out
