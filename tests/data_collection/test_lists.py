# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of addresses: what their hosts leave open, and what a second harvest costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.data_collection.github_runs import contents, harvest
from tests.small_server import Page, SmallServer
from voxel_trainer_addon import http
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.data_collection import downloads, texts
from voxel_trainer_addon.paths import DataFolder

pytestmark = pytest.mark.plain


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallServer]:
    for module in (downloads, texts):
        monkeypatch.setattr(module, "PAUSE_S", 0.01)
    monkeypatch.setattr(http, "READ_S", 1.0)
    with SmallServer() as server:
        yield server


def tagged(body: bytes, etag: str) -> Page:
    return Page(body, headers={"ETag": etag})


def listing(tmp_path: Path, *rows: tuple[str, str]) -> str:
    path = tmp_path / "rocks.csv"
    path.write_text("address,licence,author\n" + "".join(f"{address},{licence},Jane\n" for address, licence in rows))
    return f"list:{path}"


def test_hosts_say_what_is_open_and_a_second_run_brings_nothing(
    server: SmallServer, tmp_path: Path, data: DataFolder
) -> None:
    def once(body: bytes, etag: str) -> object:
        return lambda asked: Page(status=304) if asked.get("if-none-match") == etag else tagged(body, etag)

    server.answers |= {
        "/robots.txt": Page(b"User-agent: *\nDisallow: /closed/\n\nUser-agent: voxel-trainer\nDisallow: /not-us/\n"),
        "/a.blend": once(b"BLENDER a" * 50, '"a1"'),
        "/b%20c.blend": once(b"BLENDER b" * 50, '"b1"'),
        "/no.blend": Page(b"BLENDER no", headers={"X-Robots-Tag": "noai"}),
    }
    rows = [(server.address + path, "CC0-1.0") for path in (*server.answers, "/not-us/d.blend")][1:]
    search = listing(tmp_path, *rows)
    harvest(data, search)
    found = contents(data)
    names = {row[1].rpartition("/")[2]: row for row in found["origin"]}
    assert names.keys() == {"a.blend", "b c.blend"} and '"author": "Jane"' in names["a.blend"][4]
    assert {item.rpartition("/")[2]: code for item, code in found["aside"]} == {
        "no.blend": "robots",
        "d.blend": "robots",
    }
    assert not any("/not-us/" in path for _, path, _ in server.asked)
    server.asked.clear()
    harvest(data, listing(tmp_path, *((address, "CC-BY-4.0") for address, _ in rows)))
    statuses = [headers.get("if-none-match") for _, path, headers in server.asked if path == "/a.blend"]
    assert statuses == ['"a1"'], "asked for with its ETag, and 304 brought no byte"
    assert {row[3] for row in contents(data)["origin"]} == {"CC-BY-4.0"}, "what the person states now counts"
    server.answers["/a.blend"] = once(b"BLENDER new" * 50, '"a2"')
    harvest(data, search)
    with Catalog(data.catalog) as catalog:
        changed = next(origin for origin in catalog.origins() if origin.path.endswith("a.blend"))
    assert changed.provenance["etag"] == '"a2"' and data.blob(changed.sha256).read_bytes() == b"BLENDER new" * 50


def test_a_host_without_robots_is_open_and_one_that_does_not_answer_is_closed(
    server: SmallServer, tmp_path: Path, data: DataFolder
) -> None:
    with SmallServer() as dead:
        pass
    server.answers["/a.blend"] = tagged(b"BLENDER" * 50, '"1"')
    rows = (
        (f"{server.address}/a.blend", "MIT"),
        (f"{dead.address}/b.blend", "MIT"),
        (f"{server.address}/c.blend", "MIT"),
    )
    harvest(data, listing(tmp_path, *rows))
    found = contents(data)
    assert len(found["origin"]) == 1
    assert sorted((item.rpartition("/")[2], code) for item, code in found["aside"]) == [
        ("b.blend", "robots"),
        ("c.blend", "gone"),
    ]


def test_a_limit_of_one_host_is_waited_for(server: SmallServer, tmp_path: Path, data: DataFolder) -> None:
    answers = iter([Page(status=429, headers={"Retry-After": "1"}), Page(b"")])
    server.answers["/robots.txt"] = lambda asked: next(answers)
    server.answers["/a.blend"] = tagged(b"BLENDER" * 50, '"1"')
    hooks = harvest(data, listing(tmp_path, (f"{server.address}/a.blend", "MIT")))
    assert len(hooks.waits) == 1 and len(contents(data)["origin"]) == 1
