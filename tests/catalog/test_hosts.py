# SPDX-License-Identifier: GPL-3.0-or-later
"""What git hosts offer, as the catalog keeps it; and a catalog from before there were any."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from voxel_trainer_addon.catalog import Catalog, Listed, Origin, Repository, Slice, schema

pytestmark = pytest.mark.plain
ROOT = {"files": [], "folders": False, "attributes": ""}


def repository(id: int, name: str, tree: str = "t1") -> Repository:
    return Repository(f"github:{id}", "github", name, tree, "", {"root": ROOT})


def listed(id: int, path: str, oid: str) -> Listed:
    return Listed(f"github:{id}", path, "blend", oid, 10, "MIT", {"evidence": "LICENSE"})


def arrived(catalog: Catalog, name: str, file: Listed) -> None:
    sha256 = file.oid * 2
    origin = Origin("github", f"{name}/{file.path}", sha256, 10, 5, "MIT", file.provenance, oid=file.oid, stored=True)
    catalog.arrive([(file, origin)])


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    for id, kind in (("github", "github"), ("github:x", "search")):
        catalog.add_source(id, kind, None)
    return catalog


def paths(catalog: Catalog) -> list[str]:
    return [origin.path for origin in catalog.origins()]


def test_a_page_and_the_place_behind_it_are_one(catalog: Catalog) -> None:
    catalog.end_source("github:x", "words")
    catalog.set_slices("github:x", [Slice("x", 2), Slice("y", 0)])
    assert catalog.source_state("github:x") == "", "a search that begins anew is not done"
    catalog.take_page("github:x", Slice("x", 2, "c1"), [repository(1, "o/a"), repository(2, "o/b")])
    assert [(part.query, part.cursor) for part in catalog.slices("github:x")] == [("x", "c1"), ("y", "")]

    def broken() -> Repository:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        catalog.take_page("github:x", Slice("x", 2, "c2", True), (broken() for _ in range(1)))
    assert catalog.slices("github:x")[0].cursor == "c1"
    assert [one.name for one in catalog.repositories("github", unlisted=True)] == ["o/a", "o/b"]


def test_a_listing_keeps_what_is_here_and_forgets_what_is_gone(catalog: Catalog) -> None:
    one = repository(1, "o/a")
    catalog.notice(one)
    first = [listed(1, "a", "aa"), listed(1, "b", "bb"), listed(1, "c", "cc")]
    catalog.set_listing(one, "t1", first)
    for file in first[:2]:
        arrived(catalog, "o/a", file)
    assert [file.path for _, file in catalog.listed("github")] == ["c"]
    assert catalog.is_listed("cc") and not catalog.is_listed("aa")
    catalog.set_listing(one, "t2", [listed(1, "a", "aa"), listed(1, "b", "b2"), listed(1, "d", "dd")])
    assert [file.path for _, file in catalog.listed("github")] == ["b", "d"]
    assert paths(catalog) == ["o/a/a", "o/a/b"], "b stays until the new one is here"
    catalog.set_listing(one, "t3", [listed(1, "b", "b2")])
    arrived(catalog, "o/a", listed(1, "b", "b2"))
    assert [(origin.path, origin.oid) for origin in catalog.origins()] == [("o/a/b", "b2")]


def test_names_may_change_places_in_one_page(catalog: Catalog) -> None:
    for id, name in ((1, "o/a"), (2, "o/b")):
        catalog.notice(repository(id, name))
        file = listed(id, "f", f"{id}{id}")
        catalog.set_listing(repository(id, name), "t1", [file])
        arrived(catalog, name, file)
    before = {origin.oid: origin.path for origin in catalog.origins()}
    catalog.take_page("github:x", Slice("x", 2), [repository(1, "o/b"), repository(2, "o/a")])
    assert before == {"11": "o/a/f", "22": "o/b/f"}
    assert {origin.oid: origin.path for origin in catalog.origins()} == {"11": "o/b/f", "22": "o/a/f"}
    assert len(list(catalog.repositories("github", unlisted=True))) == 2, "their provenance names the old ones"


def test_a_name_that_another_took_is_no_reason_to_forget_files(catalog: Catalog) -> None:
    catalog.notice(repository(1, "o/a"))
    file = listed(1, "f", "11")
    catalog.set_listing(repository(1, "o/a"), "t1", [file])
    arrived(catalog, "o/a", file)
    catalog.notice(repository(2, "o/a"))
    catalog.set_listing(repository(2, "o/a"), "t1", [listed(2, "g", "22")])
    assert paths(catalog) == ["github:1/f"]
    catalog.notice(repository(1, "o/new"))
    assert paths(catalog) == ["o/new/f"]


def test_what_is_gone_is_not_asked_for_until_it_comes_back(catalog: Catalog) -> None:
    one = repository(1, "o/a")
    catalog.notice(one)
    catalog.set_listing(one, "t1", [listed(1, "a", "aa"), listed(1, "b", "bb")])
    arrived(catalog, "o/a", listed(1, "a", "aa"))
    catalog.forget_listing(one.id)
    assert not list(catalog.listed("github")) and paths(catalog) == ["o/a/a"]
    assert not list(catalog.repositories("github", unlisted=True))
    catalog.notice(one)
    assert list(catalog.repositories("github", unlisted=True))


def test_only_exact_reasons_are_forgotten_where_that_is_asked(catalog: Catalog) -> None:
    from voxel_trainer_addon.errors import SetAside

    for item in ("github:a", "github:ab", "github:a/b"):
        catalog.add_aside(SetAside("harvest", item, "x", "Why."))
    catalog.drop_asides("harvest", items="github:a", alone=True)
    assert [aside.item for aside in catalog.asides()] == ["github:a/b", "github:ab"]
    catalog.drop_asides("harvest", items="github:a")
    assert not list(catalog.asides())


def test_a_catalog_of_version_1_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    old = sqlite3.connect(path)
    old.executescript(f"{schema.MIGRATIONS[0]} PRAGMA user_version = 1;")
    old.execute("INSERT INTO source VALUES ('folder:r#1', 'folder', '/r', 'done', '3 files')")
    for sha256, size in (("aa", 5), ("bb", 6), ("cc", 7)):
        old.execute("INSERT INTO file VALUES (?, ?)", (sha256, size))
        row = ("folder:r#1", f"{sha256}.blend", sha256, 9, "MIT", '{"evidence": "ä"}')
        old.execute("INSERT INTO origin VALUES (?, ?, ?, ?, ?, ?)", row)
    old.execute("INSERT INTO origin VALUES ('folder:r#1', 'copy.blend', 'aa', 9, 'own', '{}')")
    columns = [row[1] for row in old.execute("PRAGMA table_info(record)")]
    values = {"sha256": "aa", "blender": "5.2.3", "version": 1, "state": "read", "path": "p", "counts": "{}"}
    row = tuple(values[name] for name in columns)
    old.execute(f"INSERT INTO record VALUES ({','.join('?' * len(columns))})", row)
    old.execute("INSERT INTO aside VALUES ('parse', 'bb', '5.2.3', 'x', 'Why.', '')")
    old.commit()
    old.close()
    for _ in range(2):
        with Catalog(path) as catalog:
            origins = list(catalog.origins())
            assert [(o.path, o.sha256, o.bytes, o.mtime_ns, o.licence) for o in origins] == [
                ("aa.blend", "aa", 5, 9, "MIT"),
                ("bb.blend", "bb", 6, 9, "MIT"),
                ("cc.blend", "cc", 7, 9, "MIT"),
                ("copy.blend", "aa", 5, 9, "own"),
            ]
            assert origins[0].provenance == {"evidence": "ä"} and origins[0].kind == "blend" and not origins[0].stored
            assert len(catalog.records()) == 1 and len(list(catalog.asides("parse"))) == 1
            assert [due.sha256 for due in catalog.due_for_parse("5.2.3", 1)] == ["cc"]
    with sqlite3.connect(path) as now:
        assert now.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)
        assert now.execute("PRAGMA foreign_key_check").fetchall() == []
    now.close()
