# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog: what is due, what is forgotten when it is solved, and what a future version is told."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from voxel_trainer_addon.catalog import Catalog, Origin, Proof
from voxel_trainer_addon.errors import SetAside, UserError

pytestmark = pytest.mark.plain


def origin(path: str, sha256: str, size: int = 10) -> Origin:
    return Origin("folder:rocks#1", path, sha256, size, 5, "MIT", {"evidence": "LICENSE"})


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    catalog.add_source("folder:rocks#1", "folder", tmp_path)
    catalog.add_origins([origin("a.blend", "aa"), origin("copy.blend", "aa"), origin("b.blend", "bb", 99)])
    return catalog


def test_due_is_each_content_once_largest_first(catalog: Catalog, tmp_path: Path) -> None:
    due = catalog.due_for_parse("5.2.3", 1)
    assert [(file.sha256, file.location) for file in due] == [
        ("bb", tmp_path / "b.blend"),
        ("aa", tmp_path / "a.blend"),
    ]
    catalog.add_record("bb", "5.2.3", 1, "read", "parsed_data/bb.json", {"trees": 2})
    assert [file.sha256 for file in catalog.due_for_parse("5.2.3", 1)] == ["aa"]
    assert len(catalog.due_for_parse("4.2.23", 1)) == 2, "another Blender reads it anew"
    assert len(catalog.due_for_parse("5.2.3", 2)) == 2, "so does another form of the record"


def test_a_reason_goes_when_it_is_solved(catalog: Catalog) -> None:
    catalog.add_aside(SetAside("parse", "aa", "crashed", "Blender crashed while reading it."), "5.2.3")
    assert [file.sha256 for file in catalog.due_for_parse("5.2.3", 1)] == ["bb"]
    assert catalog.count_asides("parse") == 1
    catalog.add_record("aa", "5.2.3", 1, "read", "parsed_data/aa.json", {})
    assert not list(catalog.asides("parse"))


def test_proofs_come_back_as_they_went(catalog: Catalog) -> None:
    proof = Proof("unit", "graph", "shape", 3, True, "import bpy\n", "")
    catalog.add_proofs("5.2.3", 1, [proof])
    assert catalog.proof("unit", "5.2.3", 1) == proof
    assert catalog.proof("unit", "5.2.3", 2) is None


def test_examples_are_replaced_whole(catalog: Catalog) -> None:
    catalog.set_examples("voxel", [("train", {"id": "1"}), ("test", {"id": "2"})])
    catalog.set_examples("voxel", [("train", {"id": "3"})])
    assert [row["id"] for row in catalog.examples("voxel")] == ["3"]
    assert catalog.counts()["rows"] == 1


def test_a_failed_transaction_leaves_nothing(catalog: Catalog) -> None:
    stranger = Origin("folder:nowhere", "c.blend", "cc", 1, 1, "MIT", {})
    with pytest.raises(sqlite3.IntegrityError):
        catalog.add_origins([origin("d.blend", "dd"), stranger])
    assert {found.sha256 for found in catalog.origins()} == {"aa", "bb"}


def test_a_catalog_from_the_future_is_refused_with_words(catalog: Catalog, tmp_path: Path) -> None:
    catalog.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as raw:
        raw.execute("PRAGMA user_version = 99")
    with pytest.raises(UserError, match="version 99"):
        Catalog(tmp_path / "catalog.sqlite")
