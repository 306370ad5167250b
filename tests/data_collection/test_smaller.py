# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest part of a file that still does something: nothing is left that does not matter, no private path."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest

from tests.data_collection.blend_bytes import Bytes
from voxel_trainer_addon.data_collection.blend_file.smaller import smallest, without_paths
from voxel_trainer_addon.data_collection.header import Look, look

pytestmark = pytest.mark.plain


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = Bytes().facts()
    for number in range(40):
        made.add("OB", f"Box {number}").add("DATA", data=b"D%02d" % number).add("DATA", data=b"E%02d" % number)
    (tmp_path / "some.blend").write_bytes(gzip.compress(made.made()))
    return tmp_path / "some.blend"


def test_only_what_matters_is_left(path: Path, tmp_path: Path) -> None:
    tried = []

    def still(content: bytes) -> bool:
        tried.append(content)
        return b"D17" in content and b"E31" in content

    found = smallest(path, still, 60)
    assert found and still(found) and len(tried) < 120
    (tmp_path / "small.blend").write_bytes(found)
    seen = look(tmp_path / "small.blend")
    assert isinstance(seen, Look) and dict(seen.counts) == {"OB": 2}
    assert b"E17" not in found and b"D31" not in found and b"secret" not in found


def test_time_ends_the_search_with_what_there_is(path: Path) -> None:
    def still(content: bytes) -> bool:
        time.sleep(0.02)
        return b"D17" in content

    found = smallest(path, still, 0.1)
    assert found and b"D17" in found


def test_what_the_whole_does_not_do_has_no_part(path: Path) -> None:
    assert smallest(path, lambda content: False, 60) is None


@pytest.mark.parametrize("text", [b"/home/jane/x.png", b"C:\\Users\\jane\\x.png", b"\\\\server\\jane", b"//../jane/x"])
def test_paths_are_written_over(text: bytes) -> None:
    assert without_paths(b"\1" + text + b"\0end\0") == b"\1" + b"x" * len(text) + b"\0end\0"
