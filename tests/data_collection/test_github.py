# SPDX-License-Identifier: GPL-3.0-or-later
"""Harvest from the test GitHub with everything that may go wrong: it ends with the same catalog as without, or sets
aside exactly what is not to be had."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.data_collection.github_runs import contents, environment, harvest, stock
from tests.peers.peer import Peer
from voxel_trainer_addon.data_collection import reach
from voxel_trainer_addon.data_collection.github import limits
from voxel_trainer_addon.errors import ComesLater
from voxel_trainer_addon.paths import DataFolder

pytestmark = pytest.mark.plain
AGAIN_MOST = 1 << 20
"""Bytes that may come twice after a break, beside one in a hundred."""


@pytest.fixture(scope="module")
def calm(running: Peer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an undisturbed harvest of the stock `zebra` has, and the bytes of files that it cost."""
    data = DataFolder(tmp_path_factory.mktemp("calm") / "training_data")
    search = stock(running, "zebra")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(running).items():
            patch.setenv(name, value)
        running.forget()
        harvest(data, search)
    stats = running.stats(requests=False)
    assert stats["violations"] == 0
    found = contents(data)
    assert len(found["origin"]) >= 18 and not found["listed"] and not found["aside"]
    return {"search": search, "contents": found, "bytes": stats["sums"]["raw.bytes"]}


GRAPHQL, TREES, RAW, BLEND = (
    {"path": "graphql"},
    {"path": "/git/trees"},
    {"host": "raw"},
    {"host": "raw", "path": "blend"},
)
PASSING: dict[str, list[dict[str, Any]]] = {
    "primary limit of REST, 403": [{"do": "primary", "status": 403, "seconds": 1, **TREES}],
    "primary limit of REST, 429": [{"do": "primary", "status": 429, "seconds": 1, "skip": 1, **TREES}],
    "primary limit of GraphQL inside 200": [{"do": "primary", "status": 200, "seconds": 1, **GRAPHQL}],
    "secondary limit, 403": [{"do": "secondary", "status": 403, "retry_after": 1, **TREES}],
    "secondary limit, 429": [{"do": "secondary", "status": 429, "retry_after": 1, **GRAPHQL}],
    "secondary limit of GraphQL inside 200": [{"do": "secondary", "status": 200, "retry_after": 1, **GRAPHQL}],
    "secondary limit of GraphQL by its message": [{"do": "secondary", "status": 403, "wait": 1, **GRAPHQL}],
    "secondary limit by its message inside 200": [{"do": "secondary", "status": 200, "wait": 1, **GRAPHQL}],
    "limit of the files' host": [{"do": "secondary", "status": 429, "retry_after": 1, "skip": 3, **BLEND}],
    "limit of the texts' host": [{"do": "secondary", "status": 429, "retry_after": 1, **RAW, "path": "LICENSE"}],
    "502 above a page size": [{"do": "status", "status": 502, "first_above": 3, "times": None, **GRAPHQL}],
    "504 above a page size": [{"do": "status", "status": 504, "first_above": 1, "times": None, **GRAPHQL}],
    "502 and nothing else for a while": [{"do": "status", "status": 502, "times": 7, **GRAPHQL}],
    "part of an answer": [{"do": "partial", "count": 3, **GRAPHQL}],
    "nothing but errors": [{"do": "partial", "count": 100, **GRAPHQL}],
    "500 from the API": [{"do": "status", "status": 500, "times": 3, **GRAPHQL}],
    "503 from the API": [{"do": "status", "status": 503, "times": 3, **TREES}],
    "503 that says when to come back": [
        {"do": "status", "status": 503, "headers": {"Retry-After": "1"}, **where} for where in (TREES, BLEND)
    ],
    "500 from the files' host": [{"do": "status", "status": 500, "times": 4, **RAW}],
    "silence of the API": [{"do": "silence", "seconds": 2, **GRAPHQL}],
    "silence of the files' host": [{"do": "silence", "seconds": 2, "times": 2, **BLEND}],
    "a cut in the API": [{"do": "cut", "after": [0, 3000], "times": 3, "chance": 0.5, "seed": 3, "host": "api"}],
    **{
        f"cuts at random, {seed}": [
            {"do": "cut", "after": [0, 700_000], "times": 12, "chance": 0.6, "seed": seed, **BLEND}
        ]
        for seed in range(4)
    },
    "a length that is too long": [{"do": "length", "by": 10, "times": 3, **BLEND}],
    "a length that is too short": [{"do": "length", "by": -10, "times": 3, **BLEND}],
    "a slow drip": [{"do": "drip", "bytes": 5000, "pause": 0.01, "times": 3, **BLEND}],
    "other bytes": [{"do": "spoil", "times": 3, **BLEND}],
    "a page in place of a file": [{"do": "page", "times": 3, **BLEND}],
    "a page in place of an answer": [{"do": "page", "times": 2, "chance": 0.5, "seed": 1, "host": "api"}],
    "a gzip bomb in place of a file": [{"do": "bomb", "mebibytes": 512, **BLEND}],
    "a zstd bomb in place of a file": [{"do": "bomb", "encoding": "zstd", "mebibytes": 512, **BLEND}],
    "a gzip bomb in place of an answer": [{"do": "bomb", "mebibytes": 512, **TREES}],
    "a gzip bomb in place of a page": [{"do": "bomb", "mebibytes": 512, **GRAPHQL}],
    "a gzip bomb in place of a text": [{"do": "bomb", "mebibytes": 512, **RAW, "path": "LICENSE"}],
    "a tree cut off": [{"do": "truncated", "entries": 2, **TREES, "path": "recursive"}],
}


SLOW = ("primary limit of REST, 429", "secondary limit, 429", "cuts at random, 2", "cuts at random, 3")


@pytest.mark.parametrize(
    "faults",
    [pytest.param(PASSING[id], id=id, marks=[pytest.mark.slow] if id in SLOW else []) for id in PASSING],
)
def test_what_passes_leaves_no_trace(
    faults: list[dict[str, Any]],
    peer: Peer,
    calm: dict[str, Any],
    data: DataFolder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "SECONDARY_S", 1.0)
    for fault in faults:
        peer.arm(**fault)
    harvest(data, calm["search"])
    stats = peer.stats()
    assert all(fault["met"] for fault in stats["faults"]), "the fault was never met"
    assert stats["violations"] == 0
    assert contents(data) == calm["contents"]
    breaks = sum(fault["met"] for fault in stats["faults"])
    spent = sum(seen["sent"] for seen in stats["requests"] if seen["host"] == "raw" and seen["fault"] != "bomb")
    assert spent <= calm["bytes"] * 1.01 + AGAIN_MOST * breaks


@pytest.mark.parametrize("skew", [-600, 600])
def test_a_clock_that_is_wrong(skew: float, peer: Peer, calm: dict[str, Any], data: DataFolder) -> None:
    peer.set(skew=skew)
    peer.arm("primary", status=200, seconds=1, **GRAPHQL)
    peer.arm("primary", status=403, seconds=1, **TREES)
    hooks = harvest(data, calm["search"])
    assert len(hooks.waits) == 2 and peer.stats()["violations"] == 0
    assert contents(data) == calm["contents"]


@pytest.mark.parametrize("wait", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "where", [GRAPHQL, {**TREES, "skip": 1}, {**RAW, "path": "LICENSE"}, {**BLEND, "skip": 3}], ids=str
)
def test_a_limit_that_is_too_long_to_wait_for_puts_the_rest_off(
    where: dict[str, Any],
    wait: bool,
    peer: Peer,
    calm: dict[str, Any],
    data: DataFolder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reach, "PATIENCE_S", 0.2)
    peer.arm("secondary", status=429, retry_after=1, **where)
    if not wait:
        with pytest.raises(ComesLater, match="resume"):
            harvest(data, calm["search"])
        states = [row[2] for row in contents(data)["source"] if row[0] == calm["search"]]
        assert states == ["waiting"]
        time.sleep(2.5)
    hooks = harvest(data, calm["search"], wait=wait)
    assert contents(data) == calm["contents"] and len(hooks.waits) == wait
    stats = peer.stats(requests=False)
    assert stats["violations"] == 0 and stats["sums"]["raw.bytes"] <= calm["bytes"] + AGAIN_MOST
    assert stats["sums"]["graphql.requests"] <= 3, "the search is not gone through again and again"
