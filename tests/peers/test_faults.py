# SPDX-License-Identifier: GPL-3.0-or-later
"""The test GitHub's faults, each as a client meets it."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import time
import urllib.error
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.peers import bombs
from tests.peers.changes import HOSTILE
from tests.peers.limits import PER_MINUTE
from tests.peers.peer import Peer

pytest.importorskip("graphql")
ALICE = {"Authorization": "Bearer ghp_alice_1", "User-Agent": "test"}
QUERY = """query($n: Int!) { search(type: REPOSITORY, query: "blender", first: $n) { nodes { ... on Repository {
  nameWithOwner head: object(expression: "HEAD:") { ... on Tree { entries { path pathRaw } } } } } } }"""


@pytest.fixture(scope="module")
def running() -> Iterator[Peer]:
    with Peer("--repositories", "60", "--files", "2") as peer:
        peer.change(add="a/b", files={"one.blend": {"size": 300_000}, "two.blend": {"size": 5_000}})
        yield peer


@pytest.fixture
def peer(running: Peer) -> Iterator[Peer]:
    yield running
    running.disarm()
    running.set(budgets={})


def get(address: str, **headers: str) -> requests.Response:
    return requests.get(address, headers={**ALICE, **headers}, timeout=5)


def ask(peer: Peer, n: int = 10) -> requests.Response:
    return requests.post(f"{peer.api}/graphql", json={"query": QUERY, "variables": {"n": n}}, headers=ALICE, timeout=30)


def one(peer: Peer) -> str:
    return f"{peer.raw}/a/b/main/one.blend"


def test_a_limit_inside_200_and_one_that_has_only_its_message(peer: Peer) -> None:
    peer.arm("primary", path="graphql", status=200, seconds=30)
    told = ask(peer)
    assert (told.status_code, told.json()["errors"][0]["type"]) == (200, "RATE_LIMITED")
    assert told.headers["x-ratelimit-remaining"] == "0"
    peer.set(budgets={})
    peer.arm("secondary", path="graphql", status=403)
    told = ask(peer)
    assert "secondary rate limit" in told.json()["message"] and "retry-after" not in told.headers
    before = peer.stats()["violations"]
    assert get(f"{peer.api}/repos/a/b").status_code == 429
    assert peer.stats()["violations"] == before + 1


def test_only_a_page_that_is_too_large_breaks(peer: Peer) -> None:
    peer.arm("status", path="graphql", status=502, first_above=5, times=None)
    assert [ask(peer, n).status_code for n in (10, 5, 6)] == [502, 200, 502]


def test_a_part_of_an_answer_is_missing_and_said_to_be(peer: Peer) -> None:
    peer.arm("partial", path="graphql", count=2)
    told = ask(peer).json()
    assert [node is None for node in told["data"]["search"]["nodes"]] == [False] * 8 + [True] * 2
    assert [error["path"] for error in told["errors"]] == [["search", "nodes", 9], ["search", "nodes", 8]]


def test_a_cut_and_a_wrong_length_end_in_the_middle(peer: Peer) -> None:
    peer.arm("cut", host="raw", after=[1000, 200_000], seed=7)
    peer.arm("length", host="raw", by=10)
    peer.forget()
    for _ in range(2):
        with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
            get(one(peer))
    assert len(get(one(peer)).content) == 300_000
    sent = [seen["sent"] for seen in peer.seen("raw")]
    assert 1000 <= sent[0] < 200_000 and sent[1:] == [300_000, 300_000]


def test_silence_and_a_slow_drip(peer: Peer) -> None:
    peer.arm("silence", host="raw", seconds=0.3)
    with pytest.raises(requests.exceptions.ConnectionError):
        get(one(peer))
    peer.arm("drip", host="raw", bytes=1000, pause=0.1)
    begun = time.monotonic()
    assert len(get(f"{peer.raw}/a/b/main/two.blend").content) == 5000
    assert time.monotonic() - begun > 0.4


def test_a_file_that_is_a_page_and_one_that_is_another(peer: Peer) -> None:
    true = get(one(peer)).content
    peer.arm("page", host="raw")
    assert get(one(peer)).headers["Content-Type"].startswith("text/html")
    peer.arm("spoil", host="raw")
    assert [a == b for a, b in zip(get(one(peer)).content[:2], true[:2], strict=True)] == [False, True]


def test_what_happens_between_listing_and_download(peer: Peer) -> None:
    peer.change(add="a/gone", files={"one.blend": {"size": 100}})
    commit = get(f"{peer.api}/repos/a/gone/git/trees/main").json()["sha"]
    peer.arm("change", path="gone/main", change={"repository": "a/gone", "move": {"one.blend": "new.blend"}})
    assert get(f"{peer.raw}/a/gone/main/one.blend").status_code == 404
    peer.change(repository="a/gone", branch="trunk")
    assert get(f"{peer.api}/repos/a/gone").json()["default_branch"] == "trunk"
    assert get(f"{peer.api}/repos/a/gone/git/trees/{commit}").json()["tree"][0]["path"] == "one.blend"
    peer.change(repository="a/gone", rename="b/here")
    moved = requests.get(f"{peer.api}/repos/a/gone", headers=ALICE, allow_redirects=False, timeout=5)
    assert moved.status_code == 301 and get(moved.headers["Location"]).json()["full_name"] == "b/here"
    for state, status in (("private", 404), ("dmca", 451), ("disabled", 403), ("", 200)):
        peer.change(repository="b/here", state=state)
        assert get(f"{peer.api}/repos/b/here").status_code == status


def test_listings_that_are_cut_and_too_long(peer: Peer) -> None:
    peer.change(add="a/wide", preset="wide", entries=100_000)
    whole = get(f"{peer.api}/repos/a/wide/git/trees/main?recursive=1").json()
    assert whole["truncated"] and len(whole["tree"]) < 100_000
    peer.arm("truncated", path="/git/trees/", entries=1)
    told = get(f"{peer.api}/repos/a/b/git/trees/main").json()
    assert told["truncated"] and len(told["tree"]) == 1


def test_every_hostile_path_is_listed_and_can_be_fetched(peer: Peer) -> None:
    peer.change(add="a/hostile", preset="hostile")
    listed = get(f"{peer.api}/repos/a/hostile/git/trees/main?recursive=1").json()["tree"]
    assert {entry["path"] for entry in listed} >= {path.replace("\udce9", "�") for path in HOSTILE}
    assert get(f"{peer.raw}/a/hostile/main/back%5Cslash.blend").content.startswith(b"BLENDER")
    assert get(f"{peer.raw}/a/hostile/main/latin-%E9.blend").content.startswith(b"BLENDER")


def test_versions_agents_and_other_headers(peer: Peer) -> None:
    address = f"{peer.api}/repos/a/b"
    told: list[Any] = [
        get(address, **{"X-GitHub-Api-Version": v}).status_code for v in ("2022-11-28", "2021-01-01", "x")
    ]
    assert told == [200, 410, 400]
    assert requests.get(address, headers={"User-Agent": ""}, timeout=5).status_code == 403
    peer.arm("headers", path="/repos/", headers={"Sunset": "Wed, 10 Mar 2027 00:00:00 GMT"})
    assert "Sunset" in get(address).headers
    peer.arm("status", path="/repos/", status=302, headers={"Location": one(peer)})
    assert get(address).headers["Content-Type"] == "application/octet-stream"
    assert not peer.stats()["requests"][-1]["authorized"]


def test_bombs_unpack_to_what_they_promise() -> None:
    assert len(gzip.decompress(bombs.gzipped(8))) == len(bombs.HEAD) + (8 << 20)
    assert len(bombs.gzipped(8)) < 1 << 14
    if shutil.which("zstd"):
        told = subprocess.run(["zstd", "-d", "-c"], input=bombs.zstandard(8), capture_output=True, check=True)
        assert len(told.stdout) == len(bombs.HEAD) + (8 << 20)


def test_a_fault_that_is_not_known_is_refused(peer: Peer) -> None:
    for wrong in ({"do": "cat"}, {"do": "cut", "affter": 3}):
        with pytest.raises(urllib.error.HTTPError):
            peer.control(arm=wrong)


def test_too_many_requests_in_a_minute_meet_the_secondary_limit(peer: Peer) -> None:
    peer.set(secondary=True)
    with requests.Session() as session:
        session.headers.update(ALICE)
        told = [session.get(f"{peer.api}/versions", timeout=5) for _ in range(PER_MINUTE["core"] + 1)]
    peer.set(secondary=False)
    assert [answer.status_code for answer in told[-2:]] == [200, 403]
    assert told[-1].headers["Retry-After"] == "60" and "secondary" in told[-1].json()["message"]
