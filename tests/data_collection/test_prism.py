# SPDX-License-Identifier: GPL-3.0-or-later
"""A harvest through Prism: every request to the API is one that GitHub's own description allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data_collection.github_runs import calmly, contents, harvest, stock
from tests.peers import prism
from tests.peers.peer import Peer
from voxel_trainer_addon.paths import DataFolder

pytestmark = [pytest.mark.peer, pytest.mark.slow]


def test_no_request_is_other_than_described(
    peer: Peer, data: DataFolder, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = stock(peer, "puma")
    calm = calmly(data, search)
    described = shared / "peers" / "openapi" / "github.json"
    try:
        with prism.running(described, tmp_path / "log.txt", before=peer.api) as between:
            monkeypatch.setenv("GITHUB_API_URL", between.address)
            monkeypatch.setenv("GITHUB_GRAPHQL_URL", f"{between.address}/graphql")
            peer.arm("truncated", entries=1, path="recursive")
            peer.arm("partial", count=100, path="graphql")
            peer.arm("status", status=404, message="404: Not Found", host="raw", path="deep-0/.*rock.blend", times=None)
            peer.forget()
            harvest(data, search)
            assert len(peer.seen("api", "git/trees")) >= 4 and len(peer.seen("api", "graphql")) >= 3
            assert between.violations() == []
    except prism.Missing as why:
        pytest.skip(str(why))
    found = contents(data)
    assert found["aside"] == [("github/puma-artist/deep-0/assets/rock.blend", "gone")]
    assert len(found["origin"]) == len(calm["origin"]) - 1
