# SPDX-License-Identifier: GPL-3.0-or-later
"""A look without Blender: both forms, three packings, and a reason for all that is no sound .blend file."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data_collection.blend_bytes import INDEX, Bytes, blend
from voxel_trainer_addon.data_collection import header
from voxel_trainer_addon.data_collection.blend_file import NotReadable, unpacking
from voxel_trainer_addon.data_collection.header import Look, look

pytestmark = pytest.mark.plain

HAS_ZSTD = any(importlib.util.find_spec(name) for name in ("zstandard", "compression"))
FORMS: tuple[dict[str, Any], ...] = ({}, {"version": 279, "wide": False}, {"version": 249, "big": True}, {"new": True})


@pytest.fixture
def seen(tmp_path: Path) -> Any:
    def of(data: bytes, blender: tuple[int, int, int] | None = None) -> Look | NotReadable:
        path = tmp_path / "some.blend"
        path.write_bytes(data)
        return look(path, blender)

    return of


@pytest.mark.parametrize("form", FORMS)
def test_each_form(seen: Any, form: dict[str, Any]) -> None:
    made = blend(**form)
    made.version += 100 * made.new
    found = seen(made.made())
    assert (found.version, found.compression) == (divmod(made.version, 100), "none")
    assert (found.new_form, found.big_endian) == (made.new, made.big)
    assert dict(found.counts) == {"OB": 1, "MA": 2} and found.blocks == 3
    assert (found.subversion, found.reads) == (7, (3, 0))


def test_gzip_of_one_member_and_of_two(seen: Any) -> None:
    whole = blend().made()
    for packed in (gzip.compress(whole), gzip.compress(whole[:900]) + gzip.compress(whole[900:])):
        found = seen(packed)
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


def test_the_paths_of_libraries_and_never_the_files_own(seen: Any) -> None:
    found = seen(blend().add("LI", "pin", "//props\\pin.blend").add("ID", data=bytes(112), index=INDEX["ID"]).made())
    assert found.libraries == ("//props\\pin.blend",) and "secret" not in str(found)


def test_the_current_scene(seen: Any) -> None:
    made = Bytes().add("SC", "First").add("SC", "Second").facts(scene=0x2000)
    assert seen(made.made()).scene == "Second"


def test_the_thumbnail_as_png(seen: Any) -> None:
    below, above = b"\x01\x02\x03\xff" * 2, b"\x09\x08\x07\xff" * 2
    png = seen(blend().add("TEST", data=struct.pack("<ii", 2, 2) + below + above).made()).thumbnail.png()
    assert png.startswith(b"\x89PNG\r\n\x1a\n") and png[16:24] == struct.pack(">II", 2, 2)
    content = png[png.index(b"IDAT") + 4 : png.index(b"IEND") - 8]
    assert zlib.decompress(content) == b"\0" + above + b"\0" + below
    assert seen(blend().add("TEST", data=struct.pack("<ii", 4000, 4000)).made()).thumbnail is None


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "empty", "0 bytes"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 2200000\n", "git-lfs", "2.2 MB in Git LFS"),
        (b"<!DOCTYPE html>", "not-blend", "not a .blend file"),
        (b"BLENDER", "not-blend", "not a .blend file"),
        (b"BLENDER17-02v0600" + bytes(40), "too-new", "Blender 6.0"),
        (gzip.compress(b"something else"), "not-blend", "not a .blend file"),
        (blend().made(end=False), "truncated", "ends too early"),
        (blend().made()[:-60], "truncated", "ends too early"),
        (gzip.compress(blend().made())[:-30], "damaged", "compressed data"),
        (gzip.compress(blend().made())[:-8] + bytes(8), "damaged", "compressed data"),
        (blend().add("OB", data=b"", length=-5).made(), "damaged", "negative length"),
        (blend().add("OB", count=-1).made(), "damaged", "negative length"),
        (blend().add("DATA", index=INDEX["ID"], count=100, data=bytes(400)).made(), "inconsistent", "too small"),
        (blend().add("DATA", index=len(INDEX), data=bytes(4)).made(), "inconsistent", "struct is unknown"),
        (blend().add("DATA", index=-1, data=bytes(4)).made(), "inconsistent", "unknown struct"),
        (blend().add("MA", index=INDEX["Object"]).made(), "inconsistent", "another kind"),
        (blend().add("MA", index=INDEX["Link"]).made(), "inconsistent", "another kind"),
        (blend().add("MA", data=bytes(32) + b"OBRust").made(), "inconsistent", "does not fit its kind"),
        (blend().add("ZZ", data=bytes(120), index=INDEX["ID"]).made(), "inconsistent", "another kind"),
        (blend().add("z\x01", data=bytes(4)).made(), "inconsistent", "unknown kind"),
        (blend().add("ID", data=bytes(112), index=INDEX["ID"]).made(), "inconsistent", "no file that they are in"),
        (Bytes().add("MA", "Rust").made(), "inconsistent", "facts of the file"),
        (blend().made(dna=b""), "inconsistent", "own description"),
        (blend().made(dna=blend().dna()[:-4]), "inconsistent", "own description"),
        (blend().made(dna=blend().dna().replace(b"*prev", b"prev_")), "inconsistent", "own description"),
        (blend().made(dna=blend().dna().replace(b"name[66]", b"name[67]")), "inconsistent", "own description"),
        (blend().made(dna=blend(big=True).dna()), "inconsistent", "own description"),
        (Bytes().facts().add("BR", "Soft").made(), "irrelevant", "brushes"),
    ],
)
def test_what_is_not_for_blender_has_a_reason(seen: Any, data: bytes, code: str, words: str) -> None:
    reason = seen(data)
    assert isinstance(reason, NotReadable) and reason.code == code and words in reason.sentence


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_a_fifo_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.blend")
    reason = look(tmp_path / "pipe.blend")
    assert isinstance(reason, NotReadable) and reason.code == "not-a-file"


def test_a_file_that_unpacks_without_end_is_refused(seen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "RATIO_FREE", 1 << 20)
    assert seen(gzip.compress(blend().add("DATA", data=b"\0" * (20 << 20)).made())).code == "bomb"


def test_too_new_for_this_blender(seen: Any) -> None:
    new = blend(new=True, version=502).made()
    assert seen(new, (4, 2, 23)).code == "too-new"
    assert seen(new, (4, 5, 15)).version == (5, 2)
    assert seen(blend(version=405).made(), (4, 2, 23)).version == (4, 5)
    assert seen(blend(big=True).made(), (5, 2, 3)).code == "big-endian"


@given(st.data())
def test_no_mutant_raises(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = bytearray(
        data.draw(st.sampled_from([blend().made(), blend(new=True).made(), gzip.compress(blend().made())]))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "mutant.blend"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    assert isinstance(look(path, (5, 2, 3)), Look | NotReadable)


def test_the_corpus_as_its_manifest_has_it(corpus: Path) -> None:
    """No sound file is refused, and objects, materials and texts are as many as Blender itself counted."""
    for file in json.loads((corpus / "MANIFEST.json").read_text(encoding="utf-8"))["files"]:
        found = look(corpus / file["path"])
        if file["size"] < 200:
            assert isinstance(found, NotReadable) and found.code == "git-lfs"
            continue
        assert isinstance(found, Look), (file["path"], found)
        if not found.scanned:
            assert not HAS_ZSTD
            continue
        assert found.version and ".".join(map(str, found.version)) == file["header_version"]
        assert found.compression == file["compression"] and found.reads and found.reads <= found.version
        opened = file["tested"]["5.2.3"]
        for code, kind in (("OB", "objects"), ("MA", "materials"), ("TX", "texts")):
            assert not opened["opens"] or found.counts.get(code, 0) == opened[kind], (file["path"], kind)


def test_real_thumbnails(corpus: Path) -> None:
    found = [look(path) for path in sorted(corpus.rglob("*.blend"))]
    pictures = [seen.thumbnail for seen in found if isinstance(seen, Look) and seen.thumbnail]
    assert len(pictures) > 100 and {picture.width for picture in pictures} <= {128, 256}


def test_what_windows_alone_hold_is_told_by_codes_that_are_known() -> None:
    assert set(header.STRUCTS) >= header.READABLE | header.OF_THE_INTERFACE
