# SPDX-License-Identifier: GPL-3.0-or-later
"""The test GitHub's git and Git LFS, asked by git itself and by hand."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.peers.lfs import MEDIA
from tests.peers.peer import Peer

if not shutil.which("git"):
    pytest.skip("needs git", allow_module_level=True)
pytest.importorskip("graphql")
ENVIRONMENT = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_NO_LAZY_FETCH": "1"}


@pytest.fixture(scope="module")
def peer(corpus: Path) -> Iterator[Peer]:
    with Peer(corpus=corpus.parent) as peer:
        yield peer


def git(*words: str | Path) -> str:
    ran = subprocess.run(["git", *map(str, words)], check=True, capture_output=True, text=True, env=ENVIRONMENT)
    return ran.stdout.strip()


def test_git_finds_nothing_wrong_and_the_commits_of_the_listing(peer: Peer, tmp_path: Path) -> None:
    for name in ("armory3d/armory_examples", "studio/kept-in-lfs", "KhronosGroup/glTF-Blender-IO"):
        place = tmp_path / name.replace("/", "-")
        git("clone", "-q", "--bare", f"{peer.git}/{name}.git", place)
        git("-C", place, "fsck", "--strict")
        branch = requests.get(f"{peer.api}/repos/{name}", headers={"User-Agent": "t"}, timeout=9).json()[
            "default_branch"
        ]
        tree = requests.get(
            f"{peer.api}/repos/{name}/git/trees/{branch}", headers={"User-Agent": "t"}, timeout=9
        ).json()
        assert git("-C", place, "rev-parse", f"{branch}^{{tree}}") == tree["sha"]


def test_a_bundle_is_served_without_the_blobs_that_were_not_asked_for(peer: Peer, tmp_path: Path) -> None:
    peer.forget()
    git("clone", "-q", "--bare", "--filter=blob:none", f"{peer.git}/history/vrm-addon.git", tmp_path / "cut")
    cut = sum(seen["sent"] for seen in peer.seen("git"))
    peer.forget()
    git("clone", "-q", "--bare", f"{peer.git}/history/vrm-addon.git", tmp_path / "whole")
    assert cut * 20 < sum(seen["sent"] for seen in peer.seen("git"))
    assert git("-C", tmp_path / "cut", "rev-parse", "HEAD") == git("-C", tmp_path / "whole", "rev-parse", "HEAD")


def test_a_push_and_a_rename_are_seen_by_git(peer: Peer, tmp_path: Path) -> None:
    peer.change(add="a/b", files={"one.blend": {"size": 100_000}})
    git("clone", "-q", "--bare", f"{peer.git}/a/b.git", tmp_path / "x")
    peer.change(repository="a/b", move={"one.blend": "two.blend"})
    peer.change(repository="a/b", rename="a/c")
    git("-C", tmp_path / "x", "fetch", "-q", "origin", "main:main")
    assert git("-C", tmp_path / "x", "diff", "--name-status", "main~", "main") == "R100\tone.blend\ttwo.blend"


def batch(peer: Peer, *objects: dict[str, Any]) -> requests.Response:
    asked = {"operation": "download", "transfers": ["basic"], "objects": objects}
    address = f"{peer.git}/studio/kept-in-lfs.git/info/lfs/objects/batch"
    return requests.post(address, json=asked, headers={"Accept": MEDIA, "Content-Type": MEDIA}, timeout=9)


def test_lfs_gives_what_the_pointer_names_until_the_owner_has_paid_enough(peer: Peer) -> None:
    tree = requests.get(f"{peer.api}/repos/studio/kept-in-lfs/git/trees/main?recursive=1", headers={"User-Agent": "t"})
    path = next(entry["path"] for entry in tree.json()["tree"] if entry["path"].endswith(".blend"))
    pointer = requests.get(f"{peer.raw}/studio/kept-in-lfs/main/{path}", timeout=9).text.split()
    oid, size = pointer[3].removeprefix("sha256:"), int(pointer[5])
    answers = batch(peer, {"oid": oid, "size": size}, {"oid": "0" * 64, "size": 1}).json()["objects"]
    assert answers[1]["error"]["code"] == 404
    action = answers[0]["actions"]["download"]
    assert requests.get(action["href"], timeout=9).status_code == 403
    data = requests.get(action["href"], headers=action["header"], timeout=9).content
    assert (hashlib.sha256(data).hexdigest(), len(data)) == (oid, size)
    peer.set(lfs_budget=size)
    over = batch(peer, {"oid": oid, "size": size})
    assert over.status_code == 403 and "exceeded its LFS budget" in over.json()["message"]
