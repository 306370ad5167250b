# SPDX-License-Identifier: GPL-3.0-or-later
"""Search finds the nearest trees and the rows that fit words, with and without FTS5, whatever is typed."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voxel_trainer_addon.catalog import Catalog, schema, search
from voxel_trainer_addon.graph.minhash import jaccard, packed

pytestmark = pytest.mark.plain

TREES = {
    "rust": packed(f"rust {n}" for n in range(50)),
    "worn": packed(f"rust {n}" if n < 40 else f"worn {n}" for n in range(50)),
    "sky": packed(f"sky {n}" for n in range(30)),
}


def row(id: str, answer: str, name: str, prompt: str, completion: str = "") -> dict[str, Any]:
    return {"id": id, "answer": answer, "key": f"materials/{name}", "prompt": prompt, "completion": completion}


ROWS = [
    ("train", row("1", "rust", "Rusty Iron", "Make a rusty metal.", 'nodes.new("ShaderNodeTexVoronoi")')),
    ("train", row("2", "rust", "Rusty Iron", "Say it shortly: rust.")),
    ("test", row("3", "worn", "Worn Iron", "Make a worn metal with café colours.", 'nodes.new("ShaderNodeTexNoise")')),
    ("train", row("4", "sky", "Evening", "A sky whose clouds drift.", 'nodes.new("ShaderNodeTexNoise")')),
]


def features(row: Mapping[str, Any]) -> bytes:
    return TREES.get(row["answer"], b"")


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog(tmp_path / "catalog.sqlite") as catalog:
        catalog.set_examples("rocks", ROWS, features)
        yield catalog


def without_fts5(catalog: Catalog) -> None:
    """As in a SQLite that lacks it: nobody knows its function."""

    def missing() -> None:
        raise LookupError

    catalog._db.create_function("fts5_source_id", 0, missing)


def ids(found: list[search.Found]) -> list[str]:
    return [one.row["id"] for one in found]


def test_the_nearest_trees_come_first_one_row_for_each_answer(catalog: Catalog) -> None:
    found = catalog.search_tree(packed(f"rust {n}" for n in range(45)))
    assert [(one.row["id"], one.dataset, one.split) for one in found] == [
        ("1", "rocks", "train"),
        ("3", "rocks", "test"),
    ]
    assert [one.score for one in found] == [45 / 50, 40 / 55]


def test_a_split_and_a_dataset_can_be_asked_for(catalog: Catalog) -> None:
    catalog.set_examples("more", [("train", row("9", "worn", "Worn", "Worn metal."))], features)
    assert ids(catalog.search_tree(TREES["worn"], split="train")) == ["9", "1"]
    assert ids(catalog.search_tree(TREES["worn"], dataset="rocks", most=1)) == ["3"]
    assert ids(catalog.search_words("worn", split="train")) == ["9"]
    assert ids(catalog.search_words("worn", dataset="rocks")) == ["3"]


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("rusty", "1"),
        ("an EVENING please", "4"),
        ("voronoi", "1"),
        ("ShaderNodeTexVoronoi", "1"),
        ("worn café", "3"),
        ("metal worn", "3"),
        ("drift of clouds", "4"),
    ],
)
def test_words_of_prompts_names_and_nodes_are_found(catalog: Catalog, words: str, first: str, index: bool) -> None:
    if not index:
        without_fts5(catalog)
    assert bool(catalog.words_trouble()) is not index
    assert ids(catalog.search_words(words))[0] == first


def test_one_row_for_each_answer(catalog: Catalog) -> None:
    assert [one.row["answer"] for one in catalog.search_words("rusty rust iron")] == ["rust", "worn"]


def test_words_that_no_row_has_find_nothing(catalog: Catalog) -> None:
    assert catalog.search_words("zebra") == [] == catalog.search_words("") == catalog.search_words("?!")
    assert catalog.search_tree(packed(["zebra"])) == []


HOSTILE = [
    '"',
    "'",
    "rust OR",
    "NOT",
    "a AND (",
    "name:",
    "prompt : rust*",
    "^rust",
    "rust NEAR/2",
    "{",
    "\\",
    "--",
    "\x00",
]


@pytest.mark.parametrize("text", [*HOSTILE, "\ud800rust", "rust " * 100_000, "%s ? :x", "'; DROP TABLE example; --"])
def test_hostile_words_are_words(catalog: Catalog, text: str) -> None:
    found = ids(catalog.search_words(text))
    assert ("2" in found) == ("rust" in text.lower())


@given(text=st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_no_text_raises(catalog: Catalog, text: str) -> None:
    catalog.search_words(text)


def test_rows_that_are_replaced_are_found_no_longer(catalog: Catalog) -> None:
    catalog.set_examples("rocks", [("train", row("5", "moss", "Moss", "Soft moss."))], lambda row: TREES["sky"])
    assert ids(catalog.search_tree(TREES["sky"])) == ["5"]
    assert catalog.search_tree(TREES["rust"]) == [] == catalog.search_words("iron")
    catalog.set_examples("rocks", ())
    assert catalog.search_tree(TREES["sky"]) == [] == catalog.search_words("moss")
    assert not catalog.words_trouble()


def test_features_that_changed_are_the_new_ones(catalog: Catalog) -> None:
    catalog.set_examples("rocks", ROWS, lambda row: packed([row["answer"]]))
    assert ids(catalog.search_tree(packed(["worn"]))) == ["3"]


def test_what_is_not_indexed_or_cannot_be_says_so(catalog: Catalog, tmp_path: Path) -> None:
    assert catalog.words_trouble() == ""
    without_fts5(catalog)
    assert "FTS5" in catalog.words_trouble()
    catalog.set_examples("more", [("train", row("9", "x", "Late", "Written without an index."))])
    catalog.close()
    with Catalog(tmp_path / "catalog.sqlite") as again:
        assert "indexed" in again.words_trouble()
        assert ids(again.search_words("late")) == ["9"]
        again.set_examples("other", ())
        assert again.words_trouble() == ""
        assert ids(again.search_words("late")) == ["9"]


def test_rows_of_an_earlier_version_are_found_by_words(tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "catalog.sqlite")
    raw.create_function("key_of", 1, schema.key_of, deterministic=True)
    raw.executescript(f"BEGIN; {schema.MIGRATIONS[0]} {schema.MIGRATIONS[1]} PRAGMA user_version = 2; COMMIT;")
    raw.execute("INSERT INTO example VALUES ('rocks', '1', 'train', '{\"id\": \"1\", \"prompt\": \"Rusty iron\"}')")
    raw.commit()
    raw.close()
    with Catalog(tmp_path / "catalog.sqlite") as catalog:
        assert ids(catalog.search_words("rusty")) == ["1"]


def test_frequent_words_are_left_out_where_rare_ones_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "ROWS_READ", 150)
    rows = [("train", row(f"{n:04}", "", f"Name {n}", "a material" + " of jade" * (n == 77))) for n in range(200)]
    with Catalog(tmp_path / "catalog.sqlite") as catalog:
        catalog.set_examples("many", rows)
        assert ids(catalog.search_words("a material of jade")) == ["0077"]
        assert len(catalog.search_words("material")) == 10, "one word at least is looked for"


def test_the_nearest_of_many_is_that_of_brute_force(tmp_path: Path) -> None:
    chance = random.Random(12)
    bases = [[f"{chance.randrange(5000)}" for _ in range(60)] for _ in range(300)]
    trees = {f"{n}": packed(base) for n, base in enumerate(bases)}
    rows = [("train", row(f"{n:04}", f"{n}", "", "")) for n in range(300)]
    with Catalog(tmp_path / "catalog.sqlite") as catalog:
        catalog.set_examples("many", rows, lambda row: trees[row["answer"]])
        for base in bases[:20]:
            wanted = packed(f"{chance.randrange(5000)}" if chance.random() < 0.3 else text for text in base)
            best = max(jaccard(wanted, tree) for tree in trees.values())
            assert catalog.search_tree(wanted, most=1)[0].score == best
