# SPDX-License-Identifier: GPL-3.0-or-later
"""A look without Blender: both forms, three packings, and a reason for all that is no .blend file."""

from __future__ import annotations

import gzip
import importlib.util
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxel_trainer_addon.data_collection import header
from voxel_trainer_addon.data_collection.header import Look, NotReadable, look

pytestmark = pytest.mark.plain

HAS_ZSTD = any(importlib.util.find_spec(name) for name in ("zstandard", "compression"))
BLOCKS: tuple[tuple[bytes, bytes], ...] = (
    (b"GLOB", b"\0" * 40),
    (b"MA", b"x" * 100),
    (b"DATA", b"y" * 30),
    (b"MA", b"x" * 100),
    (b"OB", b"z" * 8),
)


def old_form(*blocks: tuple[bytes, bytes], version: bytes = b"402", end: bool = True, wide: bool = True) -> bytes:
    block = struct.Struct("<4siQii" if wide else "<4siIii")
    parts = [b"BLENDER" + (b"-" if wide else b"_") + b"v" + version]
    parts += [block.pack(code, len(data), 1, 0, 1) + data for code, data in blocks]
    return b"".join(parts) + (block.pack(b"ENDB", 0, 0, 0, 0) if end else b"")


def new_form(*blocks: tuple[bytes, bytes], version: bytes = b"0502") -> bytes:
    block = struct.Struct("<4siQqq")
    parts = [b"BLENDER17-01v" + version]
    parts += [block.pack(code, 0, 1, len(data), 1) + data for code, data in blocks]
    return b"".join(parts) + block.pack(b"ENDB", 0, 0, 0, 0)


@pytest.fixture
def seen(tmp_path: Path) -> Any:
    def of(data: bytes, blender: tuple[int, int, int] | None = None) -> Look | NotReadable:
        path = tmp_path / "some.blend"
        path.write_bytes(data)
        return look(path, blender)

    return of


@pytest.mark.parametrize("wide", [True, False])
def test_the_old_form(seen: Any, wide: bool) -> None:
    found = seen(old_form(*BLOCKS, version=b"279", wide=wide))
    assert (found.version, found.compression, found.new_form) == ((2, 79), "none", False)
    assert dict(found.counts) == {"MA": 2, "OB": 1} and found.blocks == 3


def test_the_new_form(seen: Any) -> None:
    found = seen(new_form(*BLOCKS))
    assert (found.version, found.new_form, dict(found.counts)) == ((5, 2), True, {"MA": 2, "OB": 1})


def test_gzip(seen: Any) -> None:
    found = seen(gzip.compress(old_form(*BLOCKS)))
    assert (found.compression, found.version, found.blocks) == ("gzip", (4, 2), 3)


def test_zstd_in_many_frames_or_not_scanned(corpus: Path) -> None:
    files = json.loads((corpus / "MANIFEST.json").read_text(encoding="utf-8"))["files"]
    packed = [file for file in files if file["compression"] == "zstd"]
    assert packed
    for file in packed:
        found = look(corpus / file["path"])
        assert isinstance(found, Look) and found.compression == "zstd" and found.scanned == HAS_ZSTD
        if HAS_ZSTD:
            assert found.version and ".".join(map(str, found.version)) == file["header_version"]


def test_the_paths_of_libraries(seen: Any) -> None:
    block = b"LI\0\0" + b"LIpin.blend\0".ljust(100, b"\0") + b"//props\\pin.blend\0".ljust(1024, b"\0")
    found = seen(old_form((b"LI", b"\0" * 32 + b"//props/pin.blend\0".ljust(1024, b"\0")), (b"LI", block)))
    assert found.libraries[0] == "//props/pin.blend" and len(found.libraries) == 2


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "empty", "0 bytes"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 2200000\n", "git-lfs", "2.2 MB in Git LFS"),
        (b"<!DOCTYPE html>", "not-blend", "not a .blend file"),
        (b"BLENDER", "not-blend", "not a .blend file"),
        (gzip.compress(b"something else"), "not-blend", "not a .blend file"),
        (old_form(*BLOCKS, end=False), "truncated", "ends too early"),
        (old_form(*BLOCKS)[:-60], "truncated", "ends too early"),
        (gzip.compress(old_form(*BLOCKS))[:-30], "damaged", "compressed data"),
        (old_form()[:-24] + struct.pack("<4siQii", b"OB", -5, 0, 0, 0), "damaged", "negative length"),
    ],
)
def test_what_is_not_for_blender_has_a_reason(seen: Any, data: bytes, code: str, words: str) -> None:
    reason = seen(data)
    assert isinstance(reason, NotReadable) and reason.code == code and words in reason.sentence


def test_a_file_that_unpacks_without_end_is_refused(seen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "RATIO_FREE", 1 << 20)
    zeros = old_form((b"DATA", b"\0" * (20 << 20)))
    assert seen(gzip.compress(zeros)).code == "bomb"


def test_too_new_for_this_blender(seen: Any) -> None:
    assert seen(new_form(*BLOCKS), (4, 2, 23)).code == "too-new"
    assert seen(new_form(*BLOCKS), (4, 5, 15)).version == (5, 2)
    assert seen(old_form(*BLOCKS, version=b"405"), (4, 2, 23)).version == (4, 5)


@given(st.data())
def test_no_mutant_raises(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = bytearray(
        data.draw(st.sampled_from([old_form(*BLOCKS), new_form(*BLOCKS), gzip.compress(old_form(*BLOCKS))]))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "mutant.blend"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    assert isinstance(look(path, (5, 2, 3)), Look | NotReadable)


def test_the_corpus_as_its_manifest_has_it(corpus: Path) -> None:
    for file in json.loads((corpus / "MANIFEST.json").read_text(encoding="utf-8"))["files"]:
        found = look(corpus / file["path"])
        if file["size"] < 200:
            assert isinstance(found, NotReadable) and found.code == "git-lfs"
        elif isinstance(found, Look) and found.version:
            assert ".".join(map(str, found.version)) == file["header_version"]
            assert found.compression == file["compression"]
        else:
            assert isinstance(found, Look) and not HAS_ZSTD
