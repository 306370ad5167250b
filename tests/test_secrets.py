# SPDX-License-Identifier: GPL-3.0-or-later
"""A token that a harvest uses stands in nothing that the harvest leaves or says, however the host answers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import lacking
from tests.peers import schema
from tests.peers.peer import Peer
from voxel_trainer_addon import tokens
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.errors import Exit
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.runs import Queue

pytest.importorskip("graphql")
SECRET = "ghp_alice_0123456789abcdefghijklmn"
REVOKED = SECRET.replace("alice", "bob")


@pytest.fixture(scope="module")
def github() -> Iterator[Peer]:
    try:
        schema.text()
    except schema.Missing as why:
        lacking(str(why))
    with Peer("--repositories", "40", "--files", "2") as peer:
        yield peer


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, github: Peer) -> DataFolder:
    monkeypatch.setenv("VOXEL_TRAINER_CONFIG", str(tmp_path / "config"))
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.setenv("GITHUB_API_URL", github.api)
    monkeypatch.setenv("GITHUB_GRAPHQL_URL", f"{github.api}/graphql")
    monkeypatch.setenv("GITHUB_RAW_URL", github.raw)
    tokens.keep("GITHUB_TOKEN", SECRET)
    folder = DataFolder(tmp_path / "data")
    Queue(folder.queue).add(["blender"])
    return folder


def harvested(root: Path, data: DataFolder, *words: str) -> tuple[int, bytes]:
    """The exit status of a harvest of the queue, and all that it said."""
    command = [sys.executable, root / "scripts" / "run_headless.py", "harvest", "--queue", "--data", data.root]
    done = subprocess.run([*command, *words], capture_output=True, cwd=data.root, timeout=120, env=dict(os.environ))
    return done.returncode, done.stdout + done.stderr


def holders(data: DataFolder, secret: str = SECRET) -> list[str]:
    """Every file below the data folder with a token in it."""
    files = [path for path in data.root.rglob("*") if path.is_file()]
    assert {"catalog.sqlite", "events.jsonl", "options.json", "scraping_checkpoint.json"} < {p.name for p in files}
    return [str(path) for path in files if secret.encode() in path.read_bytes()]


def test_a_whole_harvest_leaves_no_token(root: Path, data: DataFolder) -> None:
    for words in (["--plan"], [], ["--json"]):
        status, said = harvested(root, data, *words)
        assert status in (Exit.DONE, Exit.SET_ASIDE), said.decode()
        assert SECRET.encode() not in said
    with Catalog(data.catalog) as catalog:
        assert catalog.counts()["files"] > 0, "something was harvested with the token"
        assert holders(data) == [], "the catalog's journal is looked through while it is there"


def test_nor_does_a_host_that_refuses_it(root: Path, data: DataFolder, github: Peer) -> None:
    tokens.keep("GITHUB_TOKEN", REVOKED)
    github.control(revoke=[REVOKED])
    status, said = harvested(root, data)
    assert status == Exit.SET_ASIDE and b"does not take this token" in said
    assert REVOKED.encode() not in said and holders(data, REVOKED) == []
