# SPDX-License-Identifier: GPL-3.0-or-later
"""Repositories made to hurt: nothing of theirs runs, and their paths are data that never names a file on disk."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.data_collection.git.server import Host, commit, git, repository
from tests.data_collection.git.test_clone import CAP, opened, told
from voxel_trainer_addon.data_collection.git import Blob, GitProblem, Limits, open_clone, parse

NAMES = (
    *(b"..", b".git", b".GIT", b"CON", b"aux.blend", b"a:b.blend", b"a.blend", b"A.blend", b"-rf.blend", b"two\nlines"),
    *(b"\x1b[31m.blend", b"\xff\xfe.blend", "\u202egnp.blend".encode(), b"back\\slash.blend", b" .blend", b"~.blend"),
)


def test_hostile_paths_are_listed_and_fetched_as_data(host: Host, tmp_path: Path, tool: str) -> None:
    work = repository(host.root / "rocks")
    rows = []
    for name in NAMES:
        oid = git(work, "hash-object", "-w", "--stdin", stdin=b"rock " + name).decode().strip()
        rows.append(b"100644 " + name + b"\0" + bytes.fromhex(oid))
    inner = git(
        work,
        "hash-object",
        "-t",
        "tree",
        "-w",
        "--literally",
        "--stdin",
        stdin=b"".join(sorted(rows, key=lambda row: row[7:])),
    )
    outer = b"40000 ..\0" + bytes.fromhex(inner.decode().strip())
    tree = git(work, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=outer).decode().strip()
    git(work, "update-ref", "HEAD", git(work, "commit-tree", "-m", "Hostile", tree).decode().strip())
    with opened(host, "rocks", tmp_path / "clone", tool) as clone:
        entries = list(clone.files())
        paths = {path if isinstance(path, bytes) else path.encode() for path in (entry.path for entry in entries)}
        assert paths == {b"../" + name for name in NAMES}
        assert [entry.path for entry in entries if isinstance(entry.path, bytes)] == [b"../\xff\xfe.blend"]
        states = list(clone.states())
        assert len(states) == len([name for name in NAMES if name.lower().endswith(b".blend")])
        blobs = list(clone.fetch([entry.oid for entry in entries], tmp_path / "blobs", CAP))
    assert all(isinstance(blob, Blob) for blob in blobs)
    assert {path.name for path in (tmp_path / "blobs").iterdir()} == {entry.oid for entry in entries}
    assert {path.name for path in tmp_path.iterdir()} == {"served", "clone", "blobs"}


def test_nothing_of_a_repository_runs(tmp_path: Path, tool: str) -> None:
    work = repository(tmp_path / "rocks")
    marker = tmp_path / "it-ran"
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {marker}\ncat\n")
    evil.chmod(0o755)
    files = {
        ".gitattributes": b"* filter=evil diff=evil merge=evil\n",
        ".gitmodules": b'[submodule "x"]\n path = x\n url = ext::sh -c touch%20it-ran\n',
        ".lfsconfig": b"[lfs]\n url = http://127.0.0.1:9/\n",
        "a.blend": b"1",
    }
    commit(work, "One", files)
    commit(work, "Two", {"a.blend": b"2"})
    for key in (
        *("filter.evil.smudge", "filter.evil.clean", "filter.evil.process", "diff.evil.textconv", "diff.evil.command"),
        *("diff.external", "core.fsmonitor", "core.sshCommand", "core.pager", "core.askPass", "core.editor"),
        *("uploadpack.packObjectsHook", "credential.helper", "core.alternateRefsCommand", "gpg.program"),
    ):
        git(work, "config", key, str(evil))
    git(work, "config", "log.showSignature", "true")
    hooks = work / ".git" / "hooks"
    for name in ("post-checkout", "pre-auto-gc", "reference-transaction", "post-index-change", "fsmonitor-watchman"):
        (hooks / name).write_text(evil.read_text())
        (hooks / name).chmod(0o755)
    place = tmp_path / "clone"
    with open_clone(parse(str(work)), place, history=True, tool=tool) as clone:
        told(clone, tmp_path / "blobs")
        assert [entry.path for entry in clone.files() if not entry.is_file] == []
    assert not marker.exists()
    assert not [path for path in place.rglob("*") if path.name in files]


def test_a_tree_that_unfolds_without_end_is_stopped(host: Host, tmp_path: Path, tool: str) -> None:
    if tool == "git" and sys.platform != "linux":
        pytest.skip("only Linux bounds the memory of git")
    work = repository(host.root / "rocks")
    blob = git(work, "hash-object", "-w", "--stdin", stdin=b"1").decode().strip()
    rows = "".join(f"100644 blob {blob}\t{number:02}.blend\n" for number in range(10))
    for _ in range(9):
        tree = git(work, "mktree", stdin=rows.encode()).decode().strip()
        rows = "".join(f"040000 tree {tree}\t{number:02}\n" for number in range(10))
    git(work, "update-ref", "HEAD", git(work, "commit-tree", "-m", "Bomb", tree).decode().strip())
    limits = Limits(entries=10_000, changes=10_000, memory=200_000_000)
    with open_clone(parse(host.address("rocks")), tmp_path / "clone", history=True, tool=tool, limits=limits) as clone:
        with pytest.raises(GitProblem, match="more than 10,000 paths"):
            list(clone.files())
        with pytest.raises(GitProblem) as caught:
            list(clone.states())
        assert caught.value.code == {"git": "memory", "dulwich": "too many"}[tool]


def test_links_and_submodules_are_no_files(host: Host, tmp_path: Path, tool: str) -> None:
    work = repository(host.root / "rocks")
    (work / "link.blend").symlink_to("/etc/passwd")
    git(work, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub.blend")
    git(work, "add", "link.blend")
    git(work, "commit", "-q", "-m", "One")
    with opened(host, "rocks", tmp_path / "clone", tool) as clone:
        assert [(entry.path, entry.is_file) for entry in clone.files()] == [("link.blend", False), ("sub.blend", False)]
        assert list(clone.states()) == []
