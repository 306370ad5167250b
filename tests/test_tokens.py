# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens are found where people keep them, and stay out of what we write."""

from __future__ import annotations

from pathlib import Path

import pytest

from voxel_trainer_addon import tokens

pytestmark = pytest.mark.plain

SECRET = "sk-not-a-real-one-0123456789"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in tokens.NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_file_of_the_folder_gives_known_names_only() -> None:
    Path(".env").write_text(f"# mine\nexport OPENAI_API_KEY='{SECRET}'\nPASSWORD=hunter2hunter2\nGITHUB_TOKEN=\n")
    Path(".env").chmod(0o600)
    found = tokens.find()
    assert dict(found.values) == {"OPENAI_API_KEY": SECRET} and not found.warnings


def test_the_environment_wins_and_a_file_open_to_others_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("OPENAI_API_KEY=from-the-file\n")
    Path(".env").chmod(0o644)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    found = tokens.find()
    assert found.get("OPENAI_API_KEY") == SECRET
    assert "chmod 600 .env" in found.warnings[0]


def test_a_named_file_that_is_missing_is_told(tmp_path: Path) -> None:
    assert "is not there" in tokens.find(tmp_path / "none.env").warnings[0]


def test_no_value_shows_in_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    assert tokens.redact(f"Bearer {SECRET}!") == "Bearer [OPENAI_API_KEY]!"
    assert SECRET not in repr(tokens.find())
