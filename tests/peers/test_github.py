# SPDX-License-Identifier: GPL-3.0-or-later
"""The test GitHub itself: what it refuses, how it counts, and that its objects are git's."""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import lacking
from tests.peers import schema
from tests.peers.peer import Peer

pytest.importorskip("graphql")
ALICE = {"Authorization": "Bearer ghp_alice_1", "User-Agent": "test"}
PAGE = """query($q: String!, $n: Int!, $after: String) {
  rateLimit { cost remaining }
  search(type: REPOSITORY, query: $q, first: $n, after: $after) {
    repositoryCount pageInfo { hasNextPage endCursor }
    nodes { ... on Repository { databaseId nameWithOwner repositoryTopics(first: 20) { nodes { topic { name } } }
      defaultBranchRef { target { oid } }
      head: object(expression: "HEAD:") { ... on Tree { oid entries { name type oid size } } } } } } }"""


@pytest.fixture(scope="module", autouse=True)
def _schema() -> None:
    try:
        schema.text()
    except schema.Missing as why:
        lacking(str(why))


@pytest.fixture(scope="module")
def real(corpus: Path) -> Iterator[Peer]:
    with Peer(corpus=corpus.parent) as peer:
        yield peer


@pytest.fixture
def made() -> Iterator[Peer]:
    with Peer("--repositories", "1500", "--files", "3") as peer:
        yield peer


def ask(peer: Peer, query: str, **variables: Any) -> Any:
    got = requests.post(f"{peer.api}/graphql", json={"query": query, "variables": variables}, headers=ALICE, timeout=30)
    assert got.status_code == 200
    return got.json()


def get(address: str, **headers: str) -> requests.Response:
    return requests.get(address, headers={**ALICE, **headers}, timeout=30)


def test_a_field_outside_the_schema_and_one_that_the_peer_lacks_are_errors(real: Peer) -> None:
    assert (
        "Cannot query field 'stars'"
        in ask(real, '{ repository(owner: "a", name: "b") { stars } }')["errors"][0]["message"]
    )
    known = ask(real, '{ repository(owner: "ucupumar", name: "ucupaint") { name isUserConfigurationRepository } }')
    assert "does not know Repository." in known["errors"][0]["message"]


def test_a_tree_has_the_object_ids_that_git_gives(real: Peer, tmp_path: Path) -> None:
    name = "ucupumar/ucupaint"
    listed = get(f"{real.api}/repos/{name}/git/trees/main?recursive=1").json()
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for entry in listed["tree"]:
        if entry["type"] == "blob":
            path = tmp_path / entry["path"]
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(get(f"{real.raw}/{name}/main/{entry['path']}").content)
            assert path.stat().st_size == entry["size"]
    subprocess.run(["git", "-C", tmp_path, "add", "-A"], check=True)
    tree = subprocess.run(["git", "-C", tmp_path, "write-tree"], check=True, capture_output=True, text=True)
    assert tree.stdout.strip() == listed["sha"]


def test_points_are_counted_by_connections_and_taken_from_the_account(made: Peer) -> None:
    first = ask(made, PAGE, q="blender", n=100)
    assert first["data"]["rateLimit"] == {"cost": 1, "remaining": 4999}
    two = PAGE.replace("databaseId", "databaseId languages(first: 10) { totalCount }", 1)
    assert ask(made, two, q="blender", n=100)["data"]["rateLimit"] == {"cost": 2, "remaining": 4997}
    unpaged = ask(made, '{ search(type: REPOSITORY, query: "x") { repositoryCount } }')
    assert unpaged["errors"][0]["type"] == "MISSING_PAGINATION_BOUNDARIES"


def test_a_search_pages_to_1000_and_says_how_many_there_are(made: Peer) -> None:
    seen, after = [], None
    while True:
        found = ask(made, PAGE, q="blender fork:true", n=100, after=after)["data"]["search"]
        seen += [node["databaseId"] for node in found["nodes"]]
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    assert len(seen) == len(set(seen)) == 1000 < found["repositoryCount"]
    halves = [ask(made, PAGE, q=f"blender fork:true created:{half}", n=1) for half in ("*..2019-12-31", ">=2020-01-01")]
    assert sum(half["data"]["search"]["repositoryCount"] for half in halves) == found["repositoryCount"]


def test_a_generated_file_is_what_the_listing_says(made: Peer) -> None:
    nodes = ask(made, PAGE, q="blender", n=20)["data"]["search"]["nodes"]
    node = next(node for node in nodes if node["head"])
    entry = next(entry for entry in node["head"]["entries"] if entry["name"].endswith(".blend"))
    commit = node["defaultBranchRef"]["target"]["oid"]
    data = get(f"{made.raw}/{node['nameWithOwner']}/{commit}/{entry['name']}").content
    assert hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest() == entry["oid"]
    assert data.startswith(b"BLENDER-v")


def test_a_range_goes_on_only_for_the_same_file(real: Peer) -> None:
    address = f"{real.raw}/ucupumar/ucupaint/main/lib.blend"
    whole = get(address)
    rest = get(address, Range="bytes=1000-", **{"If-Range": whole.headers["ETag"]})
    assert (rest.status_code, whole.content[:1000] + rest.content) == (206, whole.content)
    assert get(address, Range="bytes=1000-", **{"If-Range": '"another"'}).status_code == 200
    assert get(address, Range=f"bytes={len(whole.content)}-").status_code == 416


def test_an_answer_that_is_known_costs_nothing(made: Peer) -> None:
    name = ask(made, PAGE, q="stars:>100", n=1)["data"]["search"]["nodes"][0]["nameWithOwner"]
    first = get(f"{made.api}/repos/{name}")
    again = get(f"{made.api}/repos/{name}", **{"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert again.headers["x-ratelimit-remaining"] == first.headers["x-ratelimit-remaining"] == "4999"


def test_a_request_before_the_announced_time_is_a_violation(made: Peer) -> None:
    made.set(skew=600)
    made.arm("primary", path="/repos/", seconds=2)
    refused = get(f"{made.api}/repos/a/b")
    assert (refused.status_code, refused.headers["x-ratelimit-remaining"]) == (403, "0")
    assert float(refused.headers["x-ratelimit-reset"]) > time.time() + 590
    assert get(f"{made.api}/rate_limit").status_code == 200
    assert made.stats()["violations"] == 0
    assert get(f"{made.api}/repos/a/b").status_code == 403
    assert made.stats()["violations"] == 1
    time.sleep(3.1)
    assert get(f"{made.api}/repos/a/b").status_code == 404
    assert made.stats()["violations"] == 1


def test_tokens_of_one_account_share_its_budget(made: Peer) -> None:
    made.set(budgets={"core": [2, 60]})
    for token in ("ghp_alice_1", "ghp_alice_2"):
        assert get(f"{made.api}/user", Authorization=f"Bearer {token}").json()["login"] == "alice"
    assert get(f"{made.api}/user", Authorization="Bearer ghp_alice_3").status_code == 403
    assert get(f"{made.api}/user", Authorization="Bearer ghp_bob_1").status_code == 200
    assert get(f"{made.api}/user", Authorization="Bearer nonsense").status_code == 401
