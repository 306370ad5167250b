# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that refuse, break off or hang, kills in the middle, damage on disk: a clear sentence, and nothing lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.data_collection.git.server import Host, commit, git, repository, serving
from tests.data_collection.git.test_clone import CAP, opened, told
from voxel_trainer_addon.data_collection.git import Blob, GitProblem, Limits, command, dulwich_tool, open_clone, parse
from voxel_trainer_addon.errors import UserError

SECRET = "c2VjcmV0LXRva2Vu"
HEADER = f"Authorization: Basic {SECRET}"


def rocks(host: Host, files: int = 1, bytes_: int = 1_000) -> list[str]:
    """A repository of files that do not compress; their oids."""
    work = repository(host.root / "rocks")
    commit(work, "One", {f"{number}.blend": os.urandom(bytes_) for number in range(files)})
    return [line.split()[2].decode() for line in git(work, "ls-tree", "HEAD").splitlines()]


def children() -> dict[int, str]:
    """Command lines of all that this process started, and what that started."""
    found: dict[int, tuple[int, str]] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(re.search(r"^PPid:\s+(\d+)", (place / "status").read_text(), re.MULTILINE)[1])  # type: ignore[index]
            found[int(place.name)] = parent, (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, TypeError):
            continue
    ours: dict[int, str] = {}
    for _ in range(5):
        ours |= {pid: line for pid, (parent, line) in found.items() if parent == os.getpid() or parent in ours}
    return ours


def working_in(folder: Path) -> list[str]:
    """Processes whose current folder is that one."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if (place / "cwd").readlink() == folder:
                found.append((place / "cmdline").read_text())
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    ("status", "code"), [(401, "private"), (403, "forbidden"), (404, "gone"), (429, "limit"), (503, "server")]
)
def test_every_refusal_is_told_without_a_prompt(status: int, code: str, host: Host, tmp_path: Path, tool: str) -> None:
    host.status = status
    with pytest.raises(GitProblem) as caught:
        opened(host, "rocks", tmp_path / "clone", tool)
    assert caught.value.code == code
    assert len(host.requests) == 1


def test_empty_and_missing_repositories_are_told(host: Host, tmp_path: Path, tool: str) -> None:
    repository(host.root / "empty")
    with pytest.raises(GitProblem, match="is empty"):
        opened(host, "empty", tmp_path / "clone", tool)
    with pytest.raises(GitProblem, match="no repository at this address"):
        opened(host, "nothing", tmp_path / "clone", tool)
    with pytest.raises(GitProblem, match="is empty"):
        open_clone(parse(str(host.root / "empty")), tmp_path / "clone", history=False, tool=tool)
    (tmp_path / "folder").mkdir()
    with pytest.raises(GitProblem, match="no repository at this address"):
        open_clone(parse(str(tmp_path / "folder")), tmp_path / "clone", history=False, tool=tool)


def test_nothing_listens(tmp_path: Path, tool: str) -> None:
    with pytest.raises(GitProblem, match="cannot be reached"):
        open_clone(parse("http://127.0.0.1:9/rocks"), tmp_path / "clone", history=False, tool=tool)


def test_a_token_goes_to_its_host_alone_and_into_no_command_line(host: Host, tmp_path: Path, tool: str) -> None:
    rocks(host, 4, 40_000)
    host.slow_s = 0.2
    seen: list[str] = []
    place = tmp_path / "clone"
    address = parse(host.address("rocks"))
    tick = lambda: seen.extend(children().values())  # noqa: E731
    with open_clone(address, place, history=True, header=HEADER, agent="Rocks/1", tool=tool, tick=tick) as clone:
        told(clone, tmp_path / "blobs")
    assert all(headers.get("Authorization") == f"Basic {SECRET}" for headers in host.headers)
    assert all(headers.get("User-Agent") == "Rocks/1" for headers in host.headers)
    assert tool == "dulwich" or any("git fetch" in line or "git-remote-http" in line for line in seen)
    assert not [line for line in seen if SECRET in line]
    assert not [path for path in place.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


def test_a_token_does_not_follow_to_another_host(host: Host, tmp_path: Path, tool: str) -> None:
    (tmp_path / "other").mkdir()
    with serving(tmp_path / "other") as other:
        host.status, host.location = 301, other.address("").rstrip("/")
        with pytest.raises(GitProblem, match="has moved"):
            open_clone(parse(host.address("rocks")), tmp_path / "clone", history=False, header=HEADER, tool=tool)
        assert host.requests and not other.requests


def test_a_broken_connection_costs_only_its_own_request(host: Host, tmp_path: Path, tool: str) -> None:
    oids = rocks(host, 60, 5_000)
    with opened(host, "rocks", tmp_path / "clone", tool) as clone:
        fetched = clone.fetch(oids, tmp_path / "blobs", CAP)
        assert [next(fetched).oid for _ in range(50)] == oids[:50]
        host.cut_after = 20_000
        with pytest.raises(GitProblem, match="connection broke"):
            next(fetched)
    host.cut_after = 0
    before = host.sent["fetch"]
    with opened(host, "rocks", tmp_path / "clone", tool) as clone:
        blobs = list(clone.fetch(oids, tmp_path / "blobs", CAP))
        assert all(isinstance(blob, Blob) for blob in blobs) and len(blobs) == 60
        assert clone.requests == 1
    assert host.sent["fetch"] - before < 11 * 5_000


def test_a_kill_in_the_middle_and_the_rest_afterwards(host: Host, tmp_path: Path, tool: str) -> None:
    oids = rocks(host, 60, 5_000)
    host.slow_s = 0.02
    program = f"""
import sys
sys.path.insert(0, {str(Path.cwd())!r})
from pathlib import Path
from voxel_trainer_addon.data_collection.git import open_clone, parse
place = Path({str(tmp_path / "clone")!r})
with open_clone(parse({host.address("rocks")!r}), place, history=True, tool={tool!r}) as clone:
    for blob in clone.fetch({oids!r}, Path({str(tmp_path / "blobs")!r}), {CAP}):
        print(blob.oid, flush=True)
"""
    running = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with running:
        assert running.stdout and running.stdout.readline()
        host.slow_s = 0.3
        for _ in range(49):
            running.stdout.readline()
        time.sleep(0.5)
        running.send_signal(signal.SIGKILL)
    host.slow_s = 0.0
    with opened(host, "rocks", tmp_path / "clone", tool) as clone:
        blobs = list(clone.fetch(oids, tmp_path / "blobs", CAP))
        assert (clone.requests, clone.received < 11 * 5_000) == (1, True)
    assert [blob.oid for blob in blobs if isinstance(blob, Blob)] == oids
    assert sorted(path.name for path in (tmp_path / "blobs").iterdir()) == sorted(oids)
    deadline = time.monotonic() + 5.0
    while left := working_in(tmp_path / "clone"):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


class Stop(Exception):
    pass


def test_cancel_ends_all_that_runs(host: Host, tmp_path: Path, tool: str) -> None:
    oids = rocks(host, 10, 40_000)
    host.slow_s = 0.3
    clone = opened(host, "rocks", tmp_path / "clone", tool)
    stop = time.monotonic() + 1.0

    def tick() -> None:
        if time.monotonic() > stop:
            raise Stop

    clone._tool._tick = tick  # type: ignore[attr-defined]
    with clone, pytest.raises(Stop):
        list(clone.fetch(oids, tmp_path / "blobs", CAP))
    assert time.monotonic() - stop < 20
    assert not [line for line in children().values() if "clone.git" in line or "git-remote" in line]
    host.slow_s = 0.0
    with opened(host, "rocks", tmp_path / "clone", tool) as clone:
        assert len([blob for blob in clone.fetch(oids, tmp_path / "blobs", CAP) if isinstance(blob, Blob)]) == 10


def test_more_than_was_allowed_is_stopped_on_the_way(host: Host, tmp_path: Path, tool: str) -> None:
    oids = rocks(host, 10, 100_000)
    with opened(host, "rocks", tmp_path / "clone", tool) as clone, pytest.raises(GitProblem, match="More than 200 kB"):
        list(clone.fetch(oids, tmp_path / "blobs", 200_000 - clone.received))
    host.filters = False
    limits = Limits(bytes=200_000)
    with pytest.raises(GitProblem) as caught:
        open_clone(parse(host.address("rocks")), tmp_path / "other", history=True, tool=tool, limits=limits)
    assert caught.value.code == "too large"


def test_a_silent_server_is_given_up(host: Host, tmp_path: Path, tool: str) -> None:
    rocks(host)
    host.slow_s = 5.0
    limits = Limits(silence_s=0.7)
    since = time.monotonic()
    with pytest.raises(GitProblem, match="Nothing came from the repository"):
        open_clone(parse(host.address("rocks")), tmp_path / "clone", history=True, tool=tool, limits=limits)
    assert time.monotonic() - since < 30


def test_damage_on_disk_is_mended_by_beginning_anew(host: Host, tmp_path: Path, tool: str) -> None:
    rocks(host, 3, 5_000)
    with opened(host, "rocks", tmp_path / "clone", tool) as clone:
        first = told(clone, tmp_path / "blobs")
    largest = max((tmp_path / "clone").rglob("*.pack"), key=lambda path: path.stat().st_size)
    largest.chmod(0o644)
    largest.write_bytes(largest.read_bytes()[:2_000] + b"\0" * 500 + largest.read_bytes()[2_500:])
    with opened(host, "rocks", tmp_path / "clone", tool) as clone, pytest.raises(GitProblem, match="fetched anew"):
        told(clone, tmp_path / "blobs")
    with opened(host, "rocks", tmp_path / "clone", tool) as clone:
        assert told(clone, tmp_path / "blobs") == first
    for pack in (tmp_path / "clone").rglob("*.pack"):
        pack.unlink()
    with opened(host, "rocks", tmp_path / "clone", tool) as clone:
        assert told(clone, tmp_path / "blobs") == first


def test_a_damaged_server_is_told(host: Host, tmp_path: Path) -> None:
    [oid] = rocks(host)
    loose = host.root / "rocks" / ".git" / "objects" / oid[:2] / oid[2:]
    loose.chmod(0o644)
    loose.write_bytes(loose.read_bytes()[:500])
    with opened(host, "rocks", tmp_path / "clone", "git") as clone, pytest.raises(GitProblem):
        list(clone.fetch([oid], tmp_path / "blobs", CAP))
    assert not list((tmp_path / "blobs").iterdir())


def test_a_history_that_was_cut_off_is_read_as_far_as_it_goes(host: Host, tmp_path: Path, tool: str) -> None:
    work = repository(tmp_path / "rocks")
    for number in range(4):
        commit(work, f"State {number}", {"a.blend": bytes([number])})
    git(tmp_path, "clone", "-q", "--bare", "--depth", "2", work.as_uri(), str(host.root / "cut.git"))
    with opened(host, "cut.git", tmp_path / "clone", tool) as clone:
        assert [(state.message, state.before is None) for state in clone.states()] == [
            ("State 2", True),
            ("State 3", False),
        ]
        assert clone.notes == ("The repository is a shallow one: the beginning of its history is not there.",)


def test_neither_git_nor_dulwich(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = parse("git://127.0.0.1/rocks")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command.find() is None
    monkeypatch.setattr(dulwich_tool, "is_here", lambda: False)
    with pytest.raises(UserError, match=r"needs git 2\.25 or newer"):
        open_clone(address, tmp_path / "clone", history=False)


def test_an_old_git_counts_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "git"
    program.write_text("#!/bin/sh\necho git version 2.24.4\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert command.find() is None
    program.write_text("#!/bin/sh\necho git version 2.25.1.windows.1\n")
    assert command.find() == (program, (2, 25, 1))
