# SPDX-License-Identifier: GPL-3.0-or-later
"""`ask` before anybody is asked, and `serve --model`: what is told, and that it ends what it began."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.deployment import small_models
from voxel_trainer_addon.cli import asking
from voxel_trainer_addon.cli.arguments import parsed
from voxel_trainer_addon.deployment import promotion, server
from voxel_trainer_addon.deployment.server import Running
from voxel_trainer_addon.errors import UserError
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.worker.protocol import Host

pytestmark = pytest.mark.plain

HOST = Host("python", True, (5, 2, 3))


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    data = DataFolder(tmp_path / "data")
    small_models.evaluated(small_models.tuned(data, "v1", small_models.base(tmp_path / "base")))
    return data


@pytest.mark.parametrize(
    ("out", "words"), [("there.py", "nothing is saved over"), ("rust.png", "ends in .py or .blend")]
)
def test_no_file_is_saved_over(folder: DataFolder, tmp_path: Path, out: str, words: str) -> None:
    (tmp_path / "there.py").write_text("mine")
    found = parsed(["ask", "rust", "--out", str(tmp_path / out)])
    with pytest.raises(UserError, match=words):
        asking.ask(found, folder, HOST, lambda: True)
    assert (tmp_path / "there.py").read_text() == "mine"


def test_a_model_is_served_until_somebody_says_stop(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running, begun, stopped = Running("http://127.0.0.1:4711/v1", "the token"), list[Any](), list[DataFolder]()

    def begin(folder: DataFolder, models: Any, **more: Any) -> Running:
        begun.append((list(models), more["port"]))
        return running

    def stop(folder: DataFolder) -> bool:
        stopped.append(folder)
        return True

    def tick() -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(asking, "model_server", begin)
    monkeypatch.setattr(server, "find", lambda folder: running if begun else None)
    monkeypatch.setattr(server, "is_alive", lambda folder: True)
    monkeypatch.setattr(server, "stop", stop)
    with pytest.raises(UserError, match="No model is live"):
        asking.serve(parsed(["serve", "--model", "live"]), folder, tick)
    promotion.promote(folder, "voxel/v1")
    with pytest.raises(KeyboardInterrupt):
        asking.serve(parsed(["serve", "--model", "live", "--port", "4711"]), folder, tick)
    assert begun == [(["voxel/v1"], 4711)] and stopped == [folder]
    shown = capsys.readouterr().out
    assert "http://127.0.0.1:4711/v1" in shown and str(server.Places.of(folder).token) in shown
    assert asking.serve(parsed(["serve", "--model", "voxel", "--json"]), folder, tick) == 0, "it runs already"
    assert json.loads(capsys.readouterr().out)["token"] == "the token" and stopped == [folder]
