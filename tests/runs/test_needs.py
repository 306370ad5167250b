# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sheet before training says, and that a model which may not fit is trained only when that was agreed to."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from voxel_trainer_addon.providers.local import builds, memory
from voxel_trainer_addon.providers.local.memory import Room
from voxel_trainer_addon.runs import Choices, training_needs

pytestmark = pytest.mark.plain


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache, no card, 8 GB of memory."""
    monkeypatch.setenv("VOXEL_TRAINER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(memory, "room", lambda: Room(8 * 10**9))


def model(folder: Path, parameters: int) -> str:
    folder.mkdir()
    (folder / "config.json").write_text('{"num_hidden_layers": 2, "hidden_size": 8, "vocab_size": 50}')
    head = json.dumps({"a": {"dtype": "F32", "shape": [parameters]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head)
    return str(folder)


def test_sizes_are_those_of_the_build_that_this_machine_gets(tmp_path: Path) -> None:
    needs = training_needs("", "smollm2-135m")
    assert needs and not needs.large
    environment, embedded = needs.downloads
    build = builds.fitting(builds.this_machine(), consent=True)[0]
    assert (environment.download_mb, environment.disk_mb) == (build.download_mb, build.disk_mb)
    assert "93.0 MB to download" in embedded.sentence
    assert needs.sentences()[0] == "Training needs this, once:"


def test_a_model_that_may_not_fit_is_told_until_it_was_agreed_to(tmp_path: Path) -> None:
    small, large = model(tmp_path / "small", 1000), model(tmp_path / "large", 7_600_000_000)
    assert training_needs("/an/environment", small) is None
    needs = training_needs("/an/environment", large)
    assert needs and needs.sentences() == [needs.large] and "large needs about 15" in needs.large
    assert training_needs("/an/environment", large, anyway=large) is None
    assert "--anyway" in Choices(data="/d", model=large, anyway=large).words()
    assert "--anyway" not in Choices(data="/d", model=large, anyway=large).words(train=False)
    assert "--anyway" not in Choices(data="/d", model=small, anyway=large).words()
    assert "--anyway" not in Choices(data="/d").words()
