# SPDX-License-Identifier: GPL-3.0-or-later
"""Prism before the test GitHub: good requests pass, a bad one is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.peers import prism
from tests.peers.peer import Peer

pytestmark = [pytest.mark.peer, pytest.mark.slow]
ALICE = {"Authorization": "Bearer ghp_alice_1", "User-Agent": "test"}


@pytest.fixture(scope="module")
def between(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[prism.Prism]:
    pytest.importorskip("graphql")
    log = tmp_path_factory.mktemp("prism") / "log.txt"
    with Peer("--repositories", "20", "--files", "1") as peer:
        peer.change(add="a/b", files={"one.blend": {"size": 100}})
        try:
            with prism.running(shared / "peers" / "openapi" / "github.json", log, before=peer.api) as between:
                yield between
        except prism.Missing as why:
            pytest.skip(str(why))


def test_only_a_request_that_is_not_as_described_is_named(between: prism.Prism) -> None:
    for path in ("repos/a/b", "repos/a/b/git/trees/main?recursive=1", "search/repositories?q=blender", "rate_limit"):
        assert requests.get(f"{between.address}/{path}", headers=ALICE, timeout=30).status_code == 200
    asked = {"query": "{ viewer { login } }"}
    told = requests.post(f"{between.address}/graphql", json=asked, headers=ALICE, timeout=30)
    assert told.json()["data"]["viewer"]["login"] == "alice"
    assert between.violations() == []
    requests.get(f"{between.address}/search/repositories", headers=ALICE, timeout=30)
    requests.get(f"{between.address}/nowhere", headers=ALICE, timeout=30)
    first, second = between.violations()
    assert "'q'" in first and second == "get /nowhere: request Selected route not found"
