# SPDX-License-Identifier: GPL-3.0-or-later
"""Drafts of rows on disk: equal ones come together, whatever the order in which they are found."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from ..catalog import Proof
from ..files import digest
from .kinds import Draft, Known, Place
from .spill import brief

TABLES = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA cache_size = -6000;
    CREATE TABLE candidate (sha256 TEXT, place INTEGER, unit TEXT, due INTEGER, PRIMARY KEY (sha256, place))
        STRICT, WITHOUT ROWID;
    CREATE INDEX candidate_by_unit ON candidate (unit);
    CREATE TABLE tree (
        sha256 TEXT, owner TEXT, task TEXT, graph TEXT, shape TEXT, nodes INTEGER, PRIMARY KEY (sha256, owner)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE asked (unit TEXT PRIMARY KEY, job TEXT, item TEXT) STRICT, WITHOUT ROWID;
    CREATE TABLE example (
        id INTEGER PRIMARY KEY, kind TEXT, given TEXT, answer TEXT, rank TEXT, task TEXT, nodes INTEGER, family TEXT,
        score REAL, among TEXT, features BLOB, UNIQUE (kind, given, answer)
    ) STRICT;
    CREATE INDEX example_by_answer ON example (answer);
    CREATE TABLE wording (
        example INTEGER, variant INTEGER, rank TEXT, body TEXT, PRIMARY KEY (example, variant)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE place (example INTEGER, sha256 TEXT, owner TEXT, PRIMARY KEY (example, sha256, owner))
        STRICT, WITHOUT ROWID;
    CREATE TABLE copy (among TEXT, answer TEXT, sha256 TEXT, owner TEXT, PRIMARY KEY (among, answer, sha256, owner))
        STRICT, WITHOUT ROWID;
    CREATE TABLE lost (example INTEGER, sha256 TEXT, owner TEXT) STRICT;
    CREATE TABLE said (mark BLOB PRIMARY KEY, split TEXT) STRICT, WITHOUT ROWID;
    CREATE TABLE chosen (split TEXT, part TEXT, id TEXT, body TEXT, UNIQUE (split, part, id)) STRICT;
    CREATE TABLE tie (why TEXT, sha256 TEXT, owner TEXT, PRIMARY KEY (why, sha256, owner)) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Example:
    """An answer (against something given) with every place where it was found, ordered."""

    id: int
    kind: str
    given: str
    answer: str
    task: str
    nodes: int
    family: str
    score: float
    rank: str
    among: str
    features: bytes
    places: tuple[Place, ...]


def body_of(draft: Draft) -> dict[str, Any]:
    """A row as far as its draft tells it."""
    return {
        "kind": draft.kind,
        "task": draft.task,
        "prompt": draft.prompt(),
        "completion": draft.completion,
        "form": draft.form,
        "proof": dict(draft.proof),
        "answer": draft.answer,
        "given": draft.given,
        "nodes": draft.nodes,
        "key": draft.key,
        "score": round(draft.score, 3),
        **draft.more,
    }


class Drafts:
    """A file of drafts, made anew. Close it before it is deleted."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(TABLES)
        self._db.execute("BEGIN")
        self.found = 0

    def close(self) -> None:
        self._db.close()

    def add_tree(self, place: Place, task: str, proof: Proof) -> None:
        """A whole tree was proven."""
        row = (place.sha256, place.owner, task, proof.graph, proof.shape, proof.nodes)
        self._db.execute("INSERT OR IGNORE INTO tree VALUES (?, ?, ?, ?, ?, ?)", row)

    def trees(self) -> Iterator[Known]:
        """Every proven whole tree, by shape, then graph, then place."""
        rows = self._db.execute("SELECT * FROM tree ORDER BY shape, graph, sha256, owner")
        for sha256, owner, task, graph, shape, nodes in rows:
            yield Known(Place(sha256, owner), task, graph, shape, nodes)

    def plan(self, sha256: str, place: int, unit: str, known: Callable[[str], object]) -> None:
        """A tree or piece is to be proven, the one at `place` among those of a file; due where it is not `known` and
        was not planned before."""
        due = not self._db.execute("SELECT 1 FROM candidate WHERE unit = ?", (unit,)).fetchone() and not known(unit)
        self._db.execute("INSERT INTO candidate VALUES (?, ?, ?, ?)", (sha256, place, unit, int(due)))

    def planned(self, sha256: str, due: bool = False) -> dict[int, str]:
        """Place → unit of what was planned of a file, or of what is due alone."""
        sql = "SELECT place, unit FROM candidate WHERE sha256 = ? AND due >= ?"
        return dict(self._db.execute(sql, (sha256, int(due))))

    def counted(self) -> tuple[int, int]:
        """How many units were planned, and how many of them are due."""
        told: tuple[int, int] = self._db.execute(
            "SELECT count(DISTINCT unit), coalesce(sum(due), 0) FROM candidate"
        ).fetchone()
        return told

    def units(self) -> Iterator[str]:
        """All units that were planned or asked for, in order."""
        for (unit,) in self._db.execute("SELECT unit FROM candidate UNION SELECT unit FROM asked ORDER BY unit"):
            yield unit

    def ask(self, unit: str, job: str, item: str) -> bool:
        """Something is to be proven; whether it was not asked for before."""
        return self._db.execute("INSERT OR IGNORE INTO asked VALUES (?, ?, ?)", (unit, job, item)).rowcount > 0

    def asked(self) -> Iterator[tuple[str, str, str]]:
        """(unit, job, item) of all that was asked for, each once, by unit."""
        yield from self._db.execute("SELECT unit, job, item FROM asked ORDER BY unit")

    def add(self, draft: Draft) -> None:
        """Take a draft in; of equal ones the least by rank, then text, is kept."""
        self.found += 1
        rank = [*draft.rank, digest(draft.completion)]
        id = self._example(draft, rank)
        places = ((id, place.sha256, place.owner) for place in draft.places)
        self._db.executemany("INSERT OR IGNORE INTO place VALUES (?, ?, ?)", places)
        kept = self._db.execute(
            "SELECT rank FROM wording WHERE example = ? AND variant = ?", (id, draft.variant)
        ).fetchone()
        if kept is None or rank < json.loads(kept[0]):
            row = (id, draft.variant, json.dumps(rank), json.dumps(body_of(draft), ensure_ascii=False))
            self._db.execute("INSERT OR REPLACE INTO wording VALUES (?, ?, ?, ?)", row)

    def _example(self, draft: Draft, rank: list[Any]) -> int:
        key = (draft.kind, draft.given, draft.answer)
        known = self._db.execute(
            "SELECT id, rank FROM example WHERE kind = ? AND given = ? AND answer = ?", key
        ).fetchone()
        about = (draft.task, draft.nodes, draft.family, draft.score, draft.among, draft.features)
        if known is None:
            sql = "INSERT INTO example VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            return int(self._db.execute(sql, (*key, json.dumps(rank), *about)).lastrowid or 0)
        if rank < json.loads(known[1]):
            sql = """UPDATE example SET rank = ?, task = ?, nodes = ?, family = ?, score = ?, among = ?, features = ?
                     WHERE id = ?"""
            self._db.execute(sql, (json.dumps(rank), *about, known[0]))
        return int(known[0])

    def tie(self, why: str, places: Iterable[Place]) -> None:
        """Places that share `why` belong together."""
        rows = ((why, place.sha256, place.owner) for place in places)
        self._db.executemany("INSERT OR IGNORE INTO tie VALUES (?, ?, ?)", rows)

    def ties(self) -> Iterator[list[Place]]:
        """The places that belong together, reason by reason."""
        rows = self._db.execute("SELECT why, sha256, owner FROM tie ORDER BY why, sha256, owner")
        for _, several in groupby(rows, key=lambda row: row[0]):
            yield [Place(sha256, owner) for _, sha256, owner in several]

    def examples(self) -> Iterator[Example]:
        """Every example that was not dropped, in an order that depends on nothing but them."""
        rows = self._db.execute(
            "SELECT id, kind, given, answer, task, nodes, family, score, rank, among, features FROM example "
            "ORDER BY kind, given, answer"
        )
        for row in rows:
            yield Example(*(*row, self.places(row[0])))

    def places(self, example: int) -> tuple[Place, ...]:
        """Where an example was found, in order."""
        rows = self._db.execute("SELECT sha256, owner FROM place WHERE example = ? ORDER BY sha256, owner", (example,))
        return tuple(Place(*row) for row in rows)

    def all_places(self) -> Iterator[Place]:
        """Every place of every example, in order, each once."""
        rows = self._db.execute("SELECT DISTINCT sha256, owner FROM place ORDER BY sha256, owner")
        return (Place(*row) for row in rows)

    def groups(self) -> Iterator[tuple[str, str, str, float, str]]:
        """(among, answer, shape, best score, sha256 of the first place) of each answer of a group, in order."""
        yield from self._db.execute(
            "SELECT among, answer, min(family), max(score), min(sha256) FROM example "
            "JOIN place ON place.example = example.id GROUP BY among, answer ORDER BY among, answer"
        )

    def drop_answer(self, among: str, answer: str) -> int:
        """Take an answer out of all kinds that share it; how many examples went."""
        gone = self._db.execute("SELECT id FROM example WHERE among = ? AND answer = ?", (among, answer)).fetchall()
        for table, id in (("example", "id"), ("wording", "example"), ("place", "example")):
            self._db.executemany(f"DELETE FROM {table} WHERE {id} = ?", gone)
        return len(gone)

    def answers(self) -> Iterator[tuple[str, str, bytes, float]]:
        """(among, answer, features, best score) of what may be nearly equal, each answer once."""
        yield from self._db.execute(
            "SELECT among, answer, features, max(score) FROM example "
            "WHERE length(features) AND among <> '' "
            "GROUP BY among, answer ORDER BY among, answer"
        )

    def replace(self, among: str, answer: str, kept: str) -> int:
        """Drop an answer from all kinds in which a nearly equal one stands for it, whose copy its places become; how
        many examples went."""
        self._db.execute(
            "INSERT OR IGNORE INTO copy SELECT among, ?, sha256, owner FROM place JOIN example ON example.id = example "
            "WHERE among = ? AND answer = ?",
            (kept, among, answer),
        )
        return self.drop_answer(among, answer)

    def copies(self, among: str, answer: str) -> tuple[Place, ...]:
        """Where what is nearly equal to an answer was found, in order."""
        sql = "SELECT sha256, owner FROM copy WHERE among = ? AND answer = ? ORDER BY sha256, owner"
        return tuple(Place(*row) for row in self._db.execute(sql, (among, answer)))

    def wordings(self, example: int) -> Iterator[dict[str, Any]]:
        """The bodies of an example's rows, by variant."""
        rows = self._db.execute("SELECT body FROM wording WHERE example = ? ORDER BY variant", (example,))
        for (body,) in rows:
            yield json.loads(body)

    def lose(self, example: int, place: Place) -> None:
        """A place may not be used: `drop_lost` takes it away."""
        self._db.execute("INSERT INTO lost VALUES (?, ?, ?)", (example, place.sha256, place.owner))

    def drop_lost(self) -> None:
        """Take away the places that may not be used, and the examples that have no other."""
        self._db.execute("DELETE FROM place WHERE (example, sha256, owner) IN (SELECT * FROM lost)")
        gone = "IN (SELECT example FROM lost) AND {0} NOT IN (SELECT example FROM place)"
        self._db.execute(f"DELETE FROM example WHERE id {gone.format('id')}")
        self._db.execute(f"DELETE FROM wording WHERE example {gone.format('example')}")

    def said(self, what: str) -> str:
        """The split in which something was said before; nothing where it was not."""
        row = self._db.execute("SELECT split FROM said WHERE mark = ?", (brief(what),)).fetchone()
        return row[0] if row else ""

    def say(self, what: str, split: str) -> str:
        """Something is said in a split; the one in which it was first."""
        self._db.execute("INSERT OR IGNORE INTO said VALUES (?, ?)", (brief(what), split))
        return self.said(what)

    def choose(self, split: str, part: str, row: dict[str, Any]) -> None:
        """Take in a finished row."""
        values = (split, part, row["id"], json.dumps(row, ensure_ascii=False))
        self._db.execute("INSERT OR REPLACE INTO chosen VALUES (?, ?, ?, ?)", values)

    def chosen(self, split: str, part: str = "") -> Iterator[str]:
        """The lines of one file of finished rows, by id."""
        rows = self._db.execute("SELECT body FROM chosen WHERE split = ? AND part = ? ORDER BY id", (split, part))
        return (body for (body,) in rows)

    def features_of(self, row: Mapping[str, Any]) -> bytes:
        """What a finished row's answer is nearly equal to others by; nothing for answers that are no trees."""
        found = self._db.execute(
            "SELECT features FROM example WHERE answer = ? AND among IN ('tree', 'piece') LIMIT 1", (row["answer"],)
        ).fetchone()
        return bytes(found[0]) if found else b""

    def in_splits(self) -> Iterator[tuple[tuple[str, str, str], dict[str, Any]]]:
        """(split, part and id, row) of all finished rows that stand in a split, ordered."""
        rows = self._db.execute(
            "SELECT split, part, id, body FROM chosen WHERE split IN ('train', 'val', 'test') ORDER BY split, part, id"
        )
        for *place, body in rows:
            yield tuple(place), json.loads(body)

    def chosen_row(self, place: tuple[str, str, str]) -> dict[str, Any]:
        """The finished row with this split, part and id."""
        sql = "SELECT body FROM chosen WHERE split = ? AND part = ? AND id = ?"
        row: dict[str, Any] = json.loads(self._db.execute(sql, place).fetchone()[0])
        return row

    def rechoose(self, place: tuple[str, str, str], row: dict[str, Any]) -> None:
        """Put a row in the place of another."""
        self._db.execute("DELETE FROM chosen WHERE split = ? AND part = ? AND id = ?", place)
        self.choose(place[0], place[1], row)

    def all_chosen(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(split, row) of all finished rows that stand in a split."""
        rows = self._db.execute("SELECT split, body FROM chosen WHERE split IN ('train', 'val', 'test') ORDER BY id")
        for split, body in rows:
            yield split, json.loads(body)
