# SPDX-License-Identifier: GPL-3.0-or-later
"""The test GitHub, and a harvest that finds it and does not pause for long."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import lacking
from tests.data_collection.github_runs import environment
from tests.peers import schema
from tests.peers.peer import Peer
from voxel_trainer_addon import http
from voxel_trainer_addon.data_collection import downloads, texts
from voxel_trainer_addon.data_collection.github import api, discover
from voxel_trainer_addon.paths import DataFolder


@pytest.fixture(scope="module")
def running() -> Iterator[Peer]:
    """A test GitHub with little in it."""
    pytest.importorskip("graphql")
    try:
        schema.text()
    except schema.Missing as why:
        lacking(str(why))
    with Peer("--repositories", "5", "--files", "1") as peer:
        yield peer


@pytest.fixture
def peer(running: Peer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """The same for one test: nothing armed, nothing used up, nothing logged."""
    for name, value in environment(running).items():
        monkeypatch.setenv(name, value)
    for module in (api, discover, downloads, texts):
        monkeypatch.setattr(module, "PAUSE_S", 0.02)
    monkeypatch.setattr(http, "READ_S", 1.0)
    running.forget()
    yield running
    running.disarm()
    running.set(budgets={}, skew=0, gone_versions=["2021-01-01"])


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "training_data")
