# SPDX-License-Identifier: GPL-3.0-or-later
"""Harvests from the test GitHub that are stopped, by a person, a limit, a kill or a full disk, and go on."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import lacking
from tests.data_collection.github_runs import (
    TOKEN,
    calmly,
    cancel_after,
    command,
    contents,
    environment,
    harvest,
    run,
    stock,
)
from tests.peers.peer import Peer
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.data_collection import fetch
from voxel_trainer_addon.data_collection.blender_scraper import BlenderFileScraper
from voxel_trainer_addon.errors import Cancelled, ComesLater, Exit
from voxel_trainer_addon.paths import DataFolder

pytestmark = pytest.mark.plain


def start(peer: Peer, data: DataFolder, *words: str) -> subprocess.Popen[str]:
    """The real command as a child."""
    env = {**os.environ, **environment(peer)}
    return subprocess.Popen(
        command(*words, data=data),
        env=env,
        cwd=data.root.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def point(data: DataFolder) -> dict[str, Any]:
    return dict(json.loads(data.checkpoint("harvest").read_text()))


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_moments(seed: int, peer: Peer, data: DataFolder) -> None:
    search, rng, kills = stock(peer, f"otter{seed}"), random.Random(seed), 3
    peer.forget()
    calm = calmly(data, search)
    bytes_ = peer.stats()["sums"]["raw.bytes"]
    peer.forget()
    peer.arm("drip", host="raw", path="blend", bytes=20_000, pause=0.02, times=None)
    words = ["harvest", "--source", search]
    for _ in range(kills):
        seen, process = len(peer.seen()), start(peer, data, *words)
        while len(peer.seen()) == seen and process.poll() is None:
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 0.7))
        process.kill()
        process.communicate()
        if seed == 2:
            for path in data.root.glob("catalog.sqlite*"):
                path.unlink()
        words = ["resume"] if list(data.runs.glob("*/options.json")) else words
    status = run(peer, data, "status", "--json")
    assert status.returncode == Exit.DONE, status.stdout + status.stderr
    told = run(peer, data, *words)
    assert told.returncode == Exit.DONE, told.stdout + told.stderr
    assert contents(data) == calm
    stats = peer.stats()
    assert stats["violations"] == 0
    assert stats["sums"]["raw.bytes"] <= bytes_ * 1.01 + kills * (1 << 20)


@pytest.mark.parametrize("steps", [1, 8, 25])
def test_cancelled_and_gone_on_from_the_checkpoint_alone(steps: int, peer: Peer, data: DataFolder) -> None:
    search = stock(peer, f"lynx{steps}")
    calm = calmly(data, search)
    with pytest.raises(Cancelled):
        harvest(data, search, at=cancel_after(steps))
    for path in (data.metadata, *data.root.glob("catalog.sqlite*")):
        path.unlink(missing_ok=True)
    peer.forget()
    kept = sum(path.stat().st_size for path in data.blobs.glob("??/*"))
    scraper = BlenderFileScraper.from_checkpoint(data.checkpoint("harvest"))
    told = asyncio.run(scraper.resume_scraping())
    scraper.catalog.close()
    assert told["files_found"] == len(calm["origin"]) and told["completed_queries"] == 1
    assert contents(data) == calm
    sent = sum(seen["sent"] for seen in peer.seen("raw", "blend"))
    assert sent <= sum(row[1] for row in calm["file"]) - kept, "what lies in blobs/ is known by its content"


def test_a_limit_that_takes_long_ends_the_run_and_is_kept(peer: Peer, data: DataFolder) -> None:
    search = stock(peer, "panther")
    calm = calmly(data, search)
    peer.arm("primary", status=403, seconds=150, path="/git/trees", skip=1)
    told = run(peer, data, "harvest", "--source", search)
    assert told.returncode == Exit.INTERRUPTED and "limit is reached until" in told.stdout, told.stdout
    reset = datetime.fromisoformat(point(data)["state"]["rate_limit_reset_at"].replace("Z", "+00:00"))
    assert 140 < (reset - datetime.now(UTC)).total_seconds() < 155
    assert point(data)["status"] == "paused" and point(data)["progress"]["completed_queries"] == 0
    peer.forget()
    assert run(peer, data, "resume").returncode == Exit.INTERRUPTED
    with pytest.raises(ComesLater):
        harvest(data, search)
    assert not peer.seen(), "nobody is asked before"
    peer.set(budgets={})
    place = data.checkpoint("harvest")
    place.write_text(place.read_text().replace(reset.strftime("%Y-%m-%dT%H:%M:%SZ"), "2020-01-01T00:00:00Z"))
    told = run(peer, data, "resume")
    assert told.returncode == Exit.DONE, told.stdout
    assert contents(data) == calm and peer.stats()["violations"] == 0


def test_ctrl_c_in_a_wait_is_heard_at_once(peer: Peer, data: DataFolder) -> None:
    search = stock(peer, "cougar")
    calm = calmly(data, search)
    fault = peer.arm("primary", status=403, seconds=60, path="/git/trees", skip=1)
    process = start(peer, data, "harvest", "--source", search, "--json")
    assert process.stdout
    for line in process.stdout:
        if '"waiting"' in line and json.loads(line)["words"]:
            break
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    process.communicate(timeout=20)
    assert time.monotonic() - begun < 15, "the wait was one of a minute"
    assert process.returncode == Exit.INTERRUPTED and point(data)["status"] == "cancelled"
    assert point(data)["state"]["rate_limit_reset_at"]
    peer.disarm(fault)
    peer.set(budgets={})
    data.checkpoint("harvest").write_text(json.dumps({**point(data), "state": {}}))
    assert run(peer, data, "resume").returncode == Exit.DONE
    assert contents(data) == calm


def test_tokens_are_principals_and_never_a_way_round_a_limit(
    peer: Peer, data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches = [stock(peer, word) for word in ("badger", "weasel")]
    calm = calmly(data, *searches)
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_alice_1,ghp_alice_2 ghp_bert_1")
    peer.forget()
    peer.arm("primary", status=200, seconds=1, path="graphql", skip=3)
    hooks = harvest(data, *searches)
    assert any("share one budget" in words for words in hooks.notes) and len(hooks.waits) == 1
    searched = [seen["account"] for seen in peer.seen("api", "graphql")]
    assert searched == ["alice", "alice", "bert", "alice", "alice", "bert"], "each search stays with its account"
    assert contents(data) == calm and peer.stats()["violations"] == 0


def test_a_token_is_refused_in_the_middle(peer: Peer, data: DataFolder) -> None:
    search = stock(peer, "marten")
    calm = calmly(data, search)
    peer.arm("status", status=401, message="Bad credentials", path="/git/trees", times=None)
    harvest(data, search)
    found = contents(data)
    assert found["aside"] == [(search, "refused")] and found["source"][1][2] == "broken"
    peer.disarm()
    harvest(data, search)
    assert contents(data) == calm


def test_a_version_that_ends_is_told_and_one_that_has_ended_too(peer: Peer, data: DataFolder) -> None:
    search = stock(peer, "stoat")
    ends = {"Sunset": "Wed, 10 Mar 2027 00:00:00 GMT", "Deprecation": "@1767225600"}
    peer.arm("headers", headers=ends, path="graphql|git/trees", times=None)
    hooks = harvest(data, search)
    assert len([words for words in hooks.notes if "10 Mar 2027" in words]) == 1
    peer.disarm()
    peer.set(gone_versions=["2022-11-28"], versions=["2026-03-10"])
    try:
        peer.change(repository="stoat-artist/deep-0", push={"new/more.blend": {"size": 5000}})
        harvest(data, search)
        assert (search, "refused") in contents(data)["aside"]
        hooks = harvest(data, search, github_api="2026-03-10")
        assert contents(data) == calmly(data, search, github_api="2026-03-10")
    finally:
        peer.set(versions=["2026-03-10", "2022-11-28"])


def test_no_token_goes_to_another_host(peer: Peer, data: DataFolder) -> None:
    search = stock(peer, "mink")
    away = {"Location": f"{peer.raw}/mink-artist/flat-0/main/LICENSE"}
    peer.arm("status", status=302, message="", headers=away, path="/git/trees")
    harvest(data, search)
    assert contents(data) == calmly(data, search)
    other = [seen for seen in peer.seen() if seen["host"] != "api"]
    assert other and not any(seen["authorized"] for seen in other)


def test_a_fault_of_ours_keeps_what_is_done(peer: Peer, data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    search = stock(peer, "ferret")
    calm = calmly(data, search)
    finished = fetch._Part.finished
    count = iter(range(100))

    def broken(part: Any, want: Any) -> Any:
        if next(count) == 7:
            raise RuntimeError("a bug")
        return finished(part, want)

    monkeypatch.setattr(fetch._Part, "finished", broken)
    with pytest.raises(RuntimeError):
        harvest(data, search)
    with Catalog(data.catalog) as catalog:
        assert catalog.counts()["origins"] >= 1 and point(data)["status"] == "running"
    harvest(data, search)
    assert contents(data) == calm


def test_a_full_disk_is_told_and_goes_on_when_there_is_room(peer: Peer, data: DataFolder, tmp_path: Path) -> None:
    if not shutil.which("unshare") or subprocess.run(["unshare", "-Urm", "true"], capture_output=True).returncode:
        lacking("a small disk needs Linux with user namespaces")
    search = stock(peer, "wolverine")
    calm = calmly(data, search)
    data.root.mkdir()
    first, again = command("harvest", "--source", search, data=data), command("resume", data=data)
    script = f"""
mount -t tmpfs -o size=1400k none '{data.root}' || exit 99
"$@"; echo "first: $?"
mount -o remount,size=64m '{data.root}'
{" ".join(f"'{word}'" for word in again)}; echo "then: $?"
cp -a '{data.root}/.' '{tmp_path}/kept'
"""
    env = {**os.environ, **environment(peer)}
    told = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script, "sh", *first], env=env, capture_output=True, text=True, timeout=120
    )
    assert "The disk is full" in told.stdout and f"first: {Exit.USAGE}" in told.stdout, told.stdout + told.stderr
    assert f"then: {Exit.DONE}" in told.stdout, told.stdout + told.stderr
    assert contents(DataFolder(tmp_path / "kept")) == calm


def test_the_token_is_in_nothing_that_a_run_leaves_or_shows(peer: Peer, data: DataFolder) -> None:
    search = stock(peer, "sable")
    peer.arm("primary", status=200, seconds=1, path="graphql")
    peer.arm("status", status=500, message=f"who sent {TOKEN}?", path="/git/trees")
    peer.arm("drip", host="raw", path="blend", bytes=20_000, pause=0.02, times=None)
    process = start(peer, data, "harvest", "--source", search, "--json")
    shown, seen = list[bytes](), set[str]()

    def watch() -> None:
        while process.poll() is None:
            shown.append(_bytes(Path(f"/proc/{process.pid}/cmdline")))
            for folder, _, names in os.walk(data.root):  # while it runs: journals and parts are there, and go
                if "git" not in Path(folder).parts:
                    seen.update(names)
                    shown.extend(_bytes(Path(folder, name)) for name in names)
            time.sleep(0.1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, _ = process.communicate(timeout=60)
    watcher.join()
    assert process.returncode == Exit.DONE, out
    assert {"events.jsonl", "options.json", "catalog.sqlite-wal", "scraping_checkpoint.json"} <= seen
    left = [_bytes(path) for path in data.root.rglob("*") if path.is_file()]
    assert not any(TOKEN.encode() in text for text in (*shown, *left, out.encode()))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
