# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at a catalog sees what is committed, waits for nobody and makes nothing."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from voxel_trainer_addon.catalog import Catalog, Origin, glance
from voxel_trainer_addon.catalog.glance import Seen

pytestmark = pytest.mark.plain


def test_what_is_committed_is_seen_while_it_is_being_written(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    assert glance.sources(path) == {} and not path.exists()
    with Catalog(path) as catalog:
        catalog.add_source("github:rocks", "search", None)
        catalog.add_source("github", "github", None)
        catalog.add_origins([Origin("github", "a/b.blend", "0" * 64, 7, 0, "MIT", {})])
        catalog.end_source("github:rocks", "12 repositories")
        assert glance.sources(path) == {"github": Seen("", "", 1), "github:rocks": Seen("done", "12 repositories", 0)}


def test_a_catalog_that_is_locked_or_damaged_is_passed_over_at_once(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE source (id)")
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        assert glance.sources(path) is None
        assert time.monotonic() - began < 4, "SQLite would wait for five seconds"
    path.write_bytes(b"no catalog at all" * 400)
    assert glance.sources(path) is None
