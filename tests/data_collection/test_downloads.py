# SPDX-License-Identifier: GPL-3.0-or-later
"""Files from hosts of every kind: what is gone on with, what is given up, and what it is called."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.data_collection.github_runs import Hooks
from tests.small_server import Page, SmallServer
from voxel_trainer_addon import http
from voxel_trainer_addon.catalog import Catalog, Listed, Repository
from voxel_trainer_addon.data_collection import downloads
from voxel_trainer_addon.data_collection.downloads import Downloads, Job
from voxel_trainer_addon.data_collection.fetch import NotFetched, Pace, Unchanged, Want, fetch
from voxel_trainer_addon.data_collection.reach import Reach
from voxel_trainer_addon.http import Client, NetworkError
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.stage import Options
from voxel_trainer_addon.tokens import Tokens

pytestmark = pytest.mark.plain
BODY = bytes(range(256)) * 400
OID = hashlib.sha1(b"blob %d\0" % len(BODY) + BODY, usedforsecurity=False).hexdigest()
HOST = Repository("github:1", "github", "o/n", "t", "t", {})


@pytest.fixture
def server() -> Iterator[SmallServer]:
    with SmallServer() as server:
        yield server


def want(server: SmallServer, path: str = "/f") -> Want:
    return Want(server.address + path, len(BODY), 10**6, oid=OID)


def ranged(etag: str = "", most: int = 10**9) -> Callable[[dict[str, str]], Page]:
    """A server that knows Range, names its file by `etag`, and breaks off after `most` bytes."""

    def answer(asked: dict[str, str]) -> Page:
        start = int(asked.get("range", "bytes=0-")[6:].rstrip("-"))
        if asked.get("if-range", etag) != etag:
            start = 0
        rest, named = BODY[start:], {"ETag": etag} if etag else {}
        if start:
            named["Content-Range"] = f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"
        return Page(rest[:most], 206 if start else 200, named, length=len(rest))

    return answer


@pytest.mark.parametrize("etag", ['"strong"', 'W/"weak"', ""])
def test_a_part_is_gone_on_with_whatever_the_server_calls_it(etag: str, server: SmallServer, tmp_path: Path) -> None:
    server.answers["/f"] = ranged(etag, most=40_000)
    received = 0
    for _ in range(5):
        try:
            got = fetch(Client(True), want(server), tmp_path, Pace(0))
        except NotFetched as error:
            assert error.kind == "cut" and error.again and error.at > received
            received += error.received
        else:
            break
    assert got.part.read_bytes() == BODY and got.oid == OID and got.received + received == len(BODY)
    assert got.sha256 == hashlib.sha256(BODY).hexdigest()
    assert [path.name for path in tmp_path.iterdir()] == [OID]


def test_a_part_that_is_whole_costs_no_request(server: SmallServer, tmp_path: Path) -> None:
    (tmp_path / OID).write_bytes(BODY)
    assert fetch(Client(True), want(server), tmp_path, Pace(0)).received == 0 and not server.asked
    server.answers["/f"] = Page(BODY)
    for spoiled in (BODY[:-1] + b"x", BODY + b"x", b"x" * 50):
        (tmp_path / OID).write_bytes(spoiled)
        for _ in range(2):
            try:
                got = fetch(Client(True), want(server), tmp_path, Pace(0))
            except NotFetched as error:
                assert error.kind == "hash" and error.again
        assert got.part.read_bytes() == BODY


@pytest.mark.parametrize(
    ("page", "kind", "again"),
    [
        (Page(b"<html>", headers={"Content-Type": "text/html"}), "html", True),
        (Page(b"<" * len(BODY), headers={"Content-Type": "text/html"}), "html", True),
        (Page(b"y" * len(BODY)), "hash", True),
        (Page(BODY + b"more"), "length", True),
        (Page(BODY + b"more", length=-1), "length", True),
        (Page(status=404), "gone", False),
        (Page(status=451), "taken-down", False),
        (Page(status=503), "http-503", True),
        (Page(status=403), "http-403", True),
        (Page(BODY, headers={"X-Robots-Tag": "noai, noimageai"}), "robots", False),
    ],
)
def test_what_is_not_the_file_is_told_from_it(
    page: Page, kind: str, again: bool, server: SmallServer, tmp_path: Path
) -> None:
    server.answers["/f"] = page
    with pytest.raises(NotFetched) as error:
        fetch(Client(True), want(server), tmp_path, Pace(0))
    assert (error.value.kind, error.value.again) == (kind, again)
    assert not list(tmp_path.iterdir()), "nothing is left that the next try could take for the file"


def test_an_etag_that_is_known_brings_nothing(server: SmallServer, tmp_path: Path) -> None:
    server.answers["/f"] = lambda asked: Page(status=304) if asked.get("if-none-match") == '"v1"' else Page(BODY)
    with pytest.raises(Unchanged):
        fetch(Client(True), Want(f"{server.address}/f", -1, 10**6, etag='"v1"'), tmp_path, Pace(0))
    got = fetch(Client(True), Want(f"{server.address}/f", -1, 10**6, etag='"v0"'), tmp_path, Pace(0))
    assert got.part.read_bytes() == BODY and got.oid == OID


# many


@pytest.fixture
def reach(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reach]:
    monkeypatch.setattr(downloads, "PAUSE_S", 0.01)
    monkeypatch.setattr(downloads, "PAUSE_MAX_S", 0.05)
    monkeypatch.setattr(http, "READ_S", 1.0)
    with Catalog(data.catalog) as catalog:
        catalog.add_source("github", "github", None)
        catalog.notice(HOST)
        reach = Reach(data, catalog, Options(), Hooks(data, catalog), Client(True), Tokens({}))
        yield reach
        reach.close()


def jobs(server: str, bodies: dict[str, bytes]) -> list[Job]:
    made = []
    for path, body in bodies.items():
        oid = hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
        listed = Listed(HOST.id, path, "blend", oid, len(body), "CC0-1.0", {})
        made.append(Job(HOST, listed, Want(f"{server}/{path}", len(body), 10**6, oid=oid)))
    return made


def fetched(reach: Reach, made: list[Job]) -> list[str]:
    Downloads(reach, lambda repository, code: False).run(made)
    return [origin.path for origin in reach.catalog.origins()]


def asides(reach: Reach) -> dict[str, str]:
    return {aside.item.rpartition("/")[2]: aside.code for aside in reach.catalog.asides("harvest")}


def test_a_server_that_always_breaks_off_at_one_place_is_given_up(server: SmallServer, reach: Reach) -> None:
    server.answers["/a"] = Page(BODY[:500], length=len(BODY))
    assert fetched(reach, jobs(server.address, {"a": BODY})) == [] and asides(reach) == {"a": "cut"}
    assert 4 <= len(server.asked) <= 8


def test_a_long_file_on_a_bad_line_ends_some_day(server: SmallServer, reach: Reach) -> None:
    server.answers["/a"] = ranged('"1"', most=5000)
    assert fetched(reach, jobs(server.address, {"a": BODY})) == ["o/n/a"] and len(server.asked) > 20


def test_equal_contents_come_once_also_after_a_fault(server: SmallServer, reach: Reach) -> None:
    tries = iter([Page(status=500), Page(status=500)])
    server.answers["/c3"] = Page(BODY)
    server.answers |= {f"/c{n}": lambda asked: next(tries, Page(BODY)) for n in range(3)}
    paths = [f"c{n}" for n in range(40)]
    assert len(fetched(reach, jobs(server.address, dict.fromkeys(paths, BODY)))) == 40
    assert len(server.asked) == 3 and not asides(reach)


def test_a_refusal_without_a_reason_ends(server: SmallServer, reach: Reach) -> None:
    server.answers |= {"/a": Page(status=403), "/b": Page(b"fine")}
    assert fetched(reach, jobs(server.address, {"a": BODY, "b": b"fine"})) == ["o/n/b"]
    assert asides(reach) == {"a": "http-403"} and len(server.asked) == 5


def test_a_host_that_does_not_answer_is_left_and_the_others_come(server: SmallServer, reach: Reach) -> None:
    with SmallServer() as dead:
        pass
    bodies = {f"f{n}": b"body %d" % n * 50 for n in range(60)}
    server.answers |= {f"/{path}": Page(body) for path, body in bodies.items()}
    made = [
        job
        for pair in zip(
            jobs(dead.address, {f"d{n}": b"%d" % n * 99 for n in range(60)}), jobs(server.address, bodies), strict=True
        )
        for job in pair
    ]
    with pytest.raises(NetworkError, match="next time") as error:
        fetched(reach, made)
    assert error.value.kind == "connect"
    assert len(list(reach.catalog.origins())) == 60 and not asides(reach), "what was not asked for is not set aside"


def test_nothing_is_set_aside_because_blender_is_offline(server: SmallServer, reach: Reach) -> None:
    reach.client.online = False
    with pytest.raises(NetworkError) as error:
        fetched(reach, jobs(server.address, {f"f{n}": b"body %d" % n * 50 for n in range(60)}))
    assert error.value.kind == "offline" and not asides(reach) and not server.asked


def test_a_wave_of_one_kind_makes_it_slower_and_says_why(server: SmallServer, reach: Reach) -> None:
    bodies = {f"f{n}": b"body %d" % n * 50 for n in range(12)}
    server.answers |= {f"/{path}": Page(b"<html>", headers={"Content-Type": "text/html"}) for path in bodies}
    work = Downloads(reach, lambda repository, code: False)
    work.run(jobs(server.address, bodies))
    assert work.width == 1 and set(asides(reach).values()) == {"html"}
    assert isinstance(reach.hooks, Hooks) and "web pages come in place of files" in reach.hooks.notes[0]


def test_a_download_that_somebody_deleted_comes_again(server: SmallServer, reach: Reach) -> None:
    server.answers |= {"/a": Page(BODY), "/b": Page(BODY)}
    fetched(reach, jobs(server.address, {"a": BODY}))
    blob = next(reach.folder.blobs.glob("??/*"))
    blob.unlink()
    assert fetched(reach, jobs(server.address, {"b": BODY})) == ["o/n/a", "o/n/b"] and blob.read_bytes() == BODY


def test_no_more_than_so_much_a_second(server: SmallServer, reach: Reach) -> None:
    reach.options = replace(reach.options, rate_mb=0.2)
    server.answers |= {f"/{n}": Page(bytes([n]) * 30_000) for n in range(4)}
    begun = time.monotonic()
    fetched(reach, jobs(server.address, {str(n): bytes([n]) * 30_000 for n in range(4)}))
    assert time.monotonic() - begun > 0.4
