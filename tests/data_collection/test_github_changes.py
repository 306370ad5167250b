# SPDX-License-Identifier: GPL-3.0-or-later
"""What changes on GitHub while it is harvested, what is really gone, and what was made to do harm."""

from __future__ import annotations

from typing import Any

import pytest

from tests.data_collection.github_runs import CC0, calmly, contents, harvest, stock
from tests.peers.changes import HOSTILE
from tests.peers.peer import Peer
from voxel_trainer_addon.paths import DataFolder

pytestmark = pytest.mark.plain
SEARCHED = {"path": "graphql", "after": True}
FETCHED = {"host": "raw", "path": "flat-.*blend"}


def without(found: dict[str, Any], repository: str) -> list[Any]:
    return [row for row in found["origin"] if not row[1].startswith(f"{repository}/")]


@pytest.mark.parametrize("when", [SEARCHED, FETCHED], ids=["after the search", "before a file"])
@pytest.mark.parametrize(("state", "code"), [("gone", "gone"), ("private", "gone"), ("dmca", "taken-down")])
def test_exactly_what_is_gone_is_set_aside(
    when: dict[str, Any], state: str, code: str, peer: Peer, data: DataFolder
) -> None:
    word = f"heron{state}{len(when['path'])}"
    search, gone = stock(peer, word), f"{word}-artist/flat-0"
    calm = calmly(data, search)
    change = {"repository": gone, "state": state}
    peer.arm("change", change=change, **({**when, "path": "flat-0/.*one.blend"} if when is FETCHED else when))
    harvest(data, search, downloads=1)
    found = contents(data)
    assert found["aside"] == [(f"github/{gone}/", code)] and not found["listed"]
    assert without(found, gone) == without(calm, gone) and len(without(found, gone)) < len(calm["origin"])
    requests = len(peer.seen())
    harvest(data, search)
    assert len(peer.seen()) == requests + 1, "one search, and nobody asks again for what is gone"
    peer.change(repository=gone, state="")
    harvest(data, search)
    assert contents(data) == calm, "it came back"


def test_renamed_between_listing_and_download(peer: Peer, data: DataFolder) -> None:
    search = stock(peer, "stork")
    peer.arm("change", change={"repository": "stork-artist/deep-0", "rename": "new-owner/renamed"}, **FETCHED)
    peer.arm("change", change={"repository": "stork-artist/flat-0", "rename": "new-owner/flat"}, **FETCHED)
    harvest(data, search)
    harvest(data, search)
    assert contents(data) == calmly(data, search)


def test_names_that_change_places_lose_nothing(peer: Peer, data: DataFolder) -> None:
    search = stock(peer, "crane")
    harvest(data, search)
    for old, new in (("flat-0", "other"), ("flat-1", "flat-0"), ("other", "flat-1")):
        peer.change(repository=f"crane-artist/{old}", rename=f"crane-artist/{new}")
    peer.forget()
    harvest(data, search)
    assert not peer.seen("raw", "blend"), "nothing comes twice"
    assert contents(data) == calmly(data, search)


def test_a_file_that_moved_between_listing_and_download(peer: Peer, data: DataFolder) -> None:
    search = stock(peer, "ibis")
    name = "ibis-artist/deep-0"
    peer.arm("change", change={"repository": name, "move": {"assets/rock.blend": "assets/stone.blend"}}, **FETCHED)
    peer.arm("status", status=404, message="404: Not Found", times=None, host="raw", path="deep-0/.*rock.blend")
    hooks = harvest(data, search, downloads=1)  # one after the other: it has moved before anybody asks for it
    assert contents(data) == calmly(data, search)
    assert not hooks.notes


def test_another_default_branch(peer: Peer, data: DataFolder) -> None:
    search = stock(peer, "egret")
    peer.arm("change", change={"repository": "egret-artist/deep-0", "branch": "trunk"}, **FETCHED)
    harvest(data, search)
    assert contents(data) == calmly(data, search)


def test_a_file_that_stays_wrong_is_set_aside_alone(peer: Peer, data: DataFolder) -> None:
    search = stock(peer, "snipe")
    calm = calmly(data, search)
    for at, do in enumerate(("page", "spoil", "length")):
        peer.arm(do, times=None, host="raw", path=f"flat-{at}/.*one.blend")
    peer.arm("status", status=403, message="no", times=None, host="raw", path="flat-3/.*one.blend")
    harvest(data, search)
    found = contents(data)
    codes = ("html", "hash", "length", "http-403")
    assert found["aside"] == [(f"github/snipe-artist/flat-{at}/one.blend", code) for at, code in enumerate(codes)]
    assert len(found["listed"]) == 4 and len(found["origin"]) == len(calm["origin"]) - 4
    peer.disarm()
    harvest(data, search)
    assert contents(data) == calm and peer.stats()["violations"] == 0


def test_hostile_paths_stay_paths(peer: Peer, data: DataFolder) -> None:
    peer.change(add="viper/hostile", preset="hostile", description="viper")
    harvest(data, "github:viper")
    found = contents(data)
    came = {row[1].removeprefix("viper/hostile/") for row in found["origin"]}
    assert {"Größe/日本語/модель.blend", "Case.blend", "case.blend", "CASE/one.blend", "con.blend"} <= came
    assert not any({"", ".", ".."} & set(path.split("/")) for path in came)
    assert {code for _, code in found["aside"]} == {"name"}
    aside = {item.removeprefix("github/viper/hostile/") for item, _ in found["aside"]}
    assert came | aside == {path.replace("\udce9", "\ufffd") for path in HOSTILE if path.endswith(".blend")}
    assert not list(data.root.parent.rglob("outside*"))


def test_bombs_are_kept_as_they_are(peer: Peer, data: DataFolder) -> None:
    files = {f"{kind}.blend": {"bomb": kind, "mebibytes": 256} for kind in ("gzip", "zstd")}
    peer.change(add="adder/bombs", description="adder", files={**files, "LICENSE": {"text": CC0}})
    harvest(data, "github:adder")
    assert len(contents(data)["origin"]) == 2
    assert sum(path.stat().st_size for path in data.blobs.rglob("*.blend")) < 1 << 20


def test_a_listing_without_end_is_told_to_be_cut(peer: Peer, data: DataFolder) -> None:
    peer.change(add="anaconda/wide", preset="wide", entries=100_000, description="anaconda")
    hooks = harvest(data, "github:anaconda", limit=500)
    assert len(contents(data)["origin"]) == 500
    assert any("more files or folders" in words for words in hooks.notes)
    assert len(peer.seen("raw")) <= 2, "equal contents come once"


def test_equal_bytes_as_script_and_as_blend(peer: Peer, data: DataFolder) -> None:
    script, prose = {"text": "import bpy\n" + "#" * 300}, {"text": "print()\n" + "#" * 300}
    files = {"a.py": script, "b.blend": script, "c.py": script, "d.py": prose, "e.blend": prose, "f.py": prose}
    peer.change(add="boa/both", description="boa", files={**files, "LICENSE": {"text": CC0}})
    harvest(data, "github:boa", code=True)
    found = contents(data)
    assert [row[1].rpartition("/")[2] for row in found["origin"]] == ["a.py", "b.blend", "c.py", "e.blend"]
    assert not found["listed"]
