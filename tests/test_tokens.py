# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens are found where people keep them, and stay out of what we write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from voxel_trainer_addon import tokens

pytestmark = pytest.mark.plain

SECRET = "sk-not-a-real-one-0123456789"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in tokens.NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VOXEL_TRAINER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setattr(tokens, "_named", None)
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
    monkeypatch.setenv("GITHUB_TOKEN", f"ghp_alice_0123456789, {SECRET[::-1]}")
    assert tokens.redact(f"{SECRET[::-1]} ghp_alice_0123456789") == "[GITHUB_TOKEN] [GITHUB_TOKEN]"


def test_our_own_file_is_closed_to_others_and_gives_back_what_was_kept() -> None:
    tokens.keep("GITHUB_TOKEN", f" {SECRET} \n")
    tokens.keep("OPENAI_API_KEY", "sk-another-one-9876543210")
    own = tokens.own_file()
    assert (own.stat().st_mode & 0o777, own.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert tokens.find().get("GITHUB_TOKEN") == SECRET
    assert tokens.kept() == {"GITHUB_TOKEN", "OPENAI_API_KEY"} and not tokens.find().warnings
    tokens.keep("GITHUB_TOKEN", "")
    assert tokens.kept() == {"OPENAI_API_KEY"}
    assert [path.name for path in own.parent.iterdir()] == [own.name]
    os.chmod(own, 0o640)
    assert "tokens.env holds tokens and can be read by others" in tokens.find().warnings[0]


def test_environment_then_own_file_then_the_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (".env", "named.env"):
        Path(name).write_text(f"GITHUB_TOKEN={name}\nOPENAI_API_KEY={name}\nANTHROPIC_API_KEY={name}\n")
        Path(name).chmod(0o600)
    tokens.keep("GITHUB_TOKEN", "own")
    tokens.keep("OPENAI_API_KEY", "own")
    monkeypatch.setenv("GITHUB_TOKEN", "environment")
    assert list(map(tokens.find().get, tokens.NAMES[:3])) == ["own", ".env", "environment"]
    tokens.read_from(tmp_path / "named.env")
    assert list(map(tokens.find().get, tokens.NAMES[:3])) == ["own", "named.env", "environment"]
