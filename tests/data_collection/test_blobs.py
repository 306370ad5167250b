# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads packed in `blobs/`: only where it is worth it, named by what came, found again, read by Blender."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib import metadata
from pathlib import Path

import pytest

from tests.data_collection.blend_bytes import Bytes
from tests.data_collection.github_runs import Hooks
from tests.data_collection.test_blend_parser import Stage
from tests.small_server import Page, SmallServer
from voxel_trainer_addon.catalog import Catalog, Listed, Origin, Repository
from voxel_trainer_addon.data_collection import blobs, scraped
from voxel_trainer_addon.data_collection.blend_file.packing import FRAME
from voxel_trainer_addon.data_collection.blobs import PACKED_FROM, holds, keep, original, packed
from voxel_trainer_addon.data_collection.downloads import Downloads, Job
from voxel_trainer_addon.data_collection.fetch import Want, oid_of
from voxel_trainer_addon.data_collection.header import Look, look
from voxel_trainer_addon.data_collection.reach import Reach
from voxel_trainer_addon.files import sha256_of
from voxel_trainer_addon.http import Client
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.stage import Options
from voxel_trainer_addon.tokens import Tokens
from voxel_trainer_addon.worker import record
from voxel_trainer_addon.worker.protocol import Host

HOST = Repository("github:1", "github", "o/n", "t", "t", {})
LARGE = Bytes().facts().add("MA", "Rust").add("DATA", data=random.Random(1).randbytes(100_000) * 25).made()


@pytest.fixture
def part(tmp_path: Path) -> Path:
    made = tmp_path / "parts" / "some.blend"
    made.parent.mkdir()
    made.write_bytes(LARGE)
    return made


@pytest.fixture
def large(corpus: Path) -> Path:
    """A real file that is large and not packed."""
    files = (path for path in sorted(corpus.rglob("*.blend")) if path.stat().st_size > PACKED_FROM)
    return next(path for path in files if path.read_bytes().startswith(b"BLENDER"))


@pytest.mark.plain
def test_without_zstd_downloads_stay_as_they_came(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "packer", lambda: None)
    assert packed(part) == part and part.read_bytes() == LARGE and holds(part, sha256_of(part))


@pytest.mark.bpy
def test_what_was_packed_holds_what_came(part: Path, tmp_path: Path) -> None:
    sha256 = sha256_of(part)
    made = packed(part)
    assert made != part and not part.exists() and len(LARGE) > 2 * FRAME and made.stat().st_size < len(LARGE) / 2
    assert holds(made, sha256) and not holds(made, "0" * 64)
    again = original(made, sha256, tmp_path)
    assert again and again.read_bytes() == LARGE and original(made, "0" * 64, tmp_path) is None
    seen = look(made)
    assert isinstance(seen, Look) and seen.compression == "zstd" and seen.counts == {"MA": 1}
    cut = made.read_bytes()[:-4000]
    made.write_bytes(cut)
    assert not holds(made, sha256) and original(made, sha256, tmp_path / "parts") is None


@pytest.mark.bpy
@pytest.mark.parametrize(
    "data",
    [
        LARGE[: PACKED_FROM - 1],
        gzip.compress(LARGE, 0),
        b"#" * 2 * PACKED_FROM,
        Bytes().add("DATA", data=random.Random(1).randbytes(2 * PACKED_FROM)).made(),
        Bytes().add("DATA", data=bytes(100 * PACKED_FROM)).made(),
    ],
    ids=["small", "packed before", "no .blend file", "not worth it", "like a bomb"],
)
def test_what_stays_as_it_came(part: Path, data: bytes) -> None:
    part.write_bytes(data)
    assert packed(part) == part and part.read_bytes() == data and list(part.parent.iterdir()) == [part]


@pytest.mark.bpy
def test_a_packed_download_that_the_catalog_lost_is_adopted(part: Path, tmp_path: Path) -> None:
    data, sha256, oid = DataFolder(tmp_path / "data"), sha256_of(part), oid_of(part)
    keep(packed(part), data.blob(sha256))
    (tmp_path / "other").write_bytes(LARGE)
    keep(packed(tmp_path / "other"), data.blob("0" * 64))
    with Catalog(data.catalog) as catalog:
        assert scraped.adopt(data, catalog) == 1
        assert catalog.content_of(oid) == (sha256, len(LARGE), "blend")
    assert not list(data.parts.iterdir())


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    major, minor, patch = map(int, metadata.version("bpy").split("."))
    with closing(Stage(tmp_path, Host(sys.executable, True, (major, minor, patch)))) as made:
        yield made


@pytest.mark.bpy
def test_a_download_is_packed_and_parsed_as_what_it_was(stage: Stage, large: Path) -> None:
    body, sha256 = large.read_bytes(), sha256_of(large)
    oid = hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
    data, catalog = stage.folder, stage.catalog
    catalog.add_source("github", "github", None)
    catalog.notice(HOST)
    listed = Listed(HOST.id, "a.blend", "blend", oid, len(body), "CC0-1.0", {})
    with SmallServer() as server:
        server.answers["/a.blend"] = Page(body)
        want = Want(f"{server.address}/a.blend", len(body), 10**9, oid=oid)
        reach = Reach(data, catalog, Options(), Hooks(data, catalog), Client(True), Tokens({}))
        try:
            Downloads(reach, lambda repository, code: False).run([Job(HOST, listed, want)])
        finally:
            reach.close()
    blob = data.blob(sha256)
    assert not list(data.parts.iterdir()) and blob.stat().st_size < len(body) / 2
    (origin,) = catalog.origins()
    assert (origin.sha256, origin.bytes, origin.oid) == (sha256, len(body), oid)
    os.utime(blob, ns=(1, 1))
    assert stage.parse().counts["parsed_now"] == 1
    made = record.load(data.record(sha256))
    assert made and made["sha256"] == sha256 and made["bytes"] == len(body) and made["counts"]


@pytest.mark.bpy
def test_a_packed_download_that_is_something_else_is_told(stage: Stage, large: Path, part: Path) -> None:
    sha256 = sha256_of(large)
    keep(packed(part), stage.folder.blob(sha256))
    stage.catalog.add_source("github", "github", None)
    stage.catalog.add_origins([Origin("github", "a.blend", sha256, large.stat().st_size, 0, "own", {}, stored=True)])
    stage.parse()
    assert [(aside.item, aside.code) for aside in stage.asides] == [(sha256, "changed")]
