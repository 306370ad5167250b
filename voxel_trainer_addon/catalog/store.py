# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog's questions and answers. Each writing method is one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import SetAside
from ..paths import DataFolder
from .database import Statement
from .harvested import Origin
from .search import Row, Search


@dataclass(frozen=True)
class Due:
    """A file to parse: its content, its size in bytes, and one place where it lies."""

    sha256: str
    bytes: int
    mtime_ns: int
    location: Path
    source: str
    path: str
    stored: bool = False
    """It is a download, which may be packed there."""


QUEUE = """
    DROP TABLE IF EXISTS temp.due;
    CREATE TEMP TABLE due (
        place INTEGER PRIMARY KEY, sha256 TEXT, bytes INTEGER, mtime_ns INTEGER, root TEXT, source TEXT, path TEXT,
        stored INTEGER
    ) STRICT;
"""


class Queue:
    """Files to parse, in order. They lie in a temporary table on disk, so that many take no memory."""

    def __init__(self, db: sqlite3.Connection, folder: DataFolder) -> None:
        self._db, self._folder = db, folder
        self._count, self.bytes = db.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM temp.due").fetchone()

    def __len__(self) -> int:
        return int(self._count)

    def __iter__(self) -> Iterator[Due]:
        last = 0
        while rows := self._db.execute("SELECT * FROM temp.due WHERE place > ? LIMIT 200", (last,)).fetchall():
            last = rows[-1][0]
            for _, sha256, size, changed, root, source, path, stored in rows:
                location = self._folder.blob(sha256) if stored else Path(root, path)
                yield Due(sha256, size, changed, location, source, path, bool(stored))


@dataclass(frozen=True)
class Proof:
    """What came of proving one tree: `code` runs and makes the canonical graph `graph` if `proven`, else `reason` says
    why not. `unit` is the digest of what was asked to be proven; `nodes` counts the tree's own nodes."""

    unit: str
    graph: str
    shape: str
    nodes: int
    proven: bool
    code: str | None
    reason: str


class Catalog(Search):
    """The whole catalog."""

    # parse

    def due_for_parse(self, blender: str, version: int) -> Queue:
        """Contents without a record of this form by this Blender and not set aside by it, largest first.

        A queue holds until the next one is asked for.
        """
        self._db.executescript(QUEUE)
        self._db.execute(
            """INSERT INTO temp.due (sha256, bytes, mtime_ns, root, source, path, stored)
               SELECT sha256, bytes, min(mtime_ns), root, source.id, path, stored
               FROM file JOIN origin USING (sha256) JOIN source ON source.id = origin.source
               WHERE (root IS NOT NULL OR stored) AND file.kind = 'blend'
                 AND sha256 NOT IN (SELECT sha256 FROM record WHERE blender = ? AND version = ?)
                 AND sha256 NOT IN (SELECT item FROM aside WHERE stage = 'parse' AND blender = ?)
               GROUP BY sha256 ORDER BY bytes DESC, sha256""",
            (blender, version, blender),
        )
        return Queue(self._db, self._folder)

    def parsed(self, blender: str, version: int) -> list[str]:
        """SHA-256 of the contents that have a record of this form by this Blender, in order."""
        sql = "SELECT sha256 FROM record WHERE blender = ? AND version = ? ORDER BY sha256"
        return [sha256 for (sha256,) in self._db.execute(sql, (blender, version))]

    def with_assets(self, blender: str) -> list[str]:
        """SHA-256 of the contents whose record by this Blender tells of assets."""
        sql = "SELECT sha256 FROM record WHERE blender = ? AND counts LIKE '%\"assets\"%' ORDER BY sha256"
        return [sha256 for (sha256,) in self._db.execute(sql, (blender,))]

    def add_record(
        self, sha256: str, blender: str, version: int, state: str, path: str, counts: dict[str, Any]
    ) -> None:
        """A file was parsed: its record lies at `path`, relative to the data folder, in place of another Blender's."""
        values = (sha256, blender, version, state, path, json.dumps(counts, sort_keys=True))
        self._write(
            [
                ("DELETE FROM record WHERE sha256 = ?", (sha256,)),
                ("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)", values),
                ("DELETE FROM aside WHERE stage = 'parse' AND item = ? AND blender = ?", (sha256, blender)),
            ]
        )

    def records(self, blender: str = "") -> list[dict[str, Any]]:
        """sha256, blender, version, state, path and counts of every record (of one Blender), ordered by content."""
        rows = self._db.execute(
            "SELECT sha256, blender, version, state, path, counts FROM record WHERE ? IN ('', blender) "
            "ORDER BY sha256, blender",
            (blender,),
        )
        names = ("sha256", "blender", "version", "state", "path")
        return [{**dict(zip(names, row, strict=True)), "counts": json.loads(counts)} for *row, counts in rows]

    def records_of(self, sha256: str) -> list[tuple[str, Path]]:
        """(Blender, path) of each record of a content, by Blender."""
        rows = self._db.execute("SELECT blender, path FROM record WHERE sha256 = ? ORDER BY blender", (sha256,))
        return [(blender, self._folder.root / path) for blender, path in rows]

    def remove(self, origins: Iterable[Origin]) -> list[str]:
        """Forget these origins, and everything of contents that have no other; the sha256 of those contents."""
        covered = list(origins)
        self.drop_origins((origin.source, origin.path) for origin in covered)
        gone = sorted(
            {o.sha256 for o in covered if not self._count("SELECT count(*) FROM origin WHERE sha256 = ?", o.sha256)}
        )
        for sha256 in gone:
            tables = (("record", "sha256"), ("aside", "item"), ("file", "sha256"))
            self._write([(f"DELETE FROM {table} WHERE {key} = ?", (sha256,)) for table, key in tables])
        return gone

    # dataset

    def proof(self, unit: str, blender: str, version: int) -> Proof | None:
        """What came of proving `unit` in this Blender with this code writer, or None where nobody has tried."""
        row = self._db.execute(
            "SELECT unit, graph, shape, nodes, proven, code, reason FROM proof "
            "WHERE unit = ? AND blender = ? AND version = ?",
            (unit, blender, version),
        ).fetchone()
        return Proof(row[0], row[1], row[2], row[3], bool(row[4]), row[5], row[6]) if row else None

    def add_proofs(self, blender: str, version: int, proofs: Iterable[Proof]) -> None:
        sql = "INSERT OR REPLACE INTO proof VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        self._write(
            [
                (sql, (p.unit, blender, version, p.graph, p.shape, p.nodes, int(p.proven), p.code, p.reason))
                for p in proofs
            ]
        )

    def set_examples(
        self, dataset: str, rows: Iterable[tuple[str, Row]], features: Callable[[Row], bytes] = lambda row: b""
    ) -> None:
        """Replace a dataset's rows by these: (split, row with its `id`), and make them findable: `features` gives the
        packed features of the tree that a row answers with (empty: none are known)."""

        def statements() -> Iterator[Statement]:
            yield "DELETE FROM example WHERE dataset = ?", (dataset,)
            for split, row in rows:
                body = json.dumps(row, ensure_ascii=False, sort_keys=True)
                yield "INSERT OR REPLACE INTO example VALUES (?, ?, ?, ?)", (dataset, row["id"], split, body)
                yield from self._findable(dataset, split, row, features(row))

        self._write(statements())
        self._index()

    def datasets(self) -> list[str]:
        """Names of all datasets that have rows."""
        return [name for (name,) in self._db.execute("SELECT DISTINCT dataset FROM example ORDER BY 1")]

    def examples(self, dataset: str, split: str = "") -> Iterator[dict[str, Any]]:
        """A dataset's rows, ordered by id."""
        rows = self._db.execute(
            "SELECT body FROM example WHERE dataset = ? AND ? IN ('', split) ORDER BY id", (dataset, split)
        )
        for (body,) in rows:
            yield json.loads(body)

    # train, evaluate

    def save_job(self, id: str, body: dict[str, Any]) -> None:
        self._save("job", id, body)

    def jobs(self) -> list[dict[str, Any]]:
        """Every job, oldest first."""
        return self._saved("job")

    def save_evaluation(self, id: str, body: dict[str, Any]) -> None:
        self._save("evaluation", id, body)

    def evaluations(self) -> list[dict[str, Any]]:
        return self._saved("evaluation")

    def look(self, test: str, evaluation: str, at: str) -> int:
        """Note that an evaluation looked at a test split (digest of its rows); how often any did by now."""
        self._write([("INSERT OR IGNORE INTO look VALUES (?, ?, ?)", (test, at, evaluation))])
        return int(self._db.execute("SELECT count(*) FROM look WHERE test = ?", (test,)).fetchone()[0])

    def set_models(self, models: Mapping[str, dict[str, Any]]) -> None:
        """Let the registry stand here as it does in its files."""
        bodies = [(id, json.dumps(body, ensure_ascii=False, sort_keys=True)) for id, body in models.items()]
        self._write([("DELETE FROM model", ()), *(("INSERT INTO model VALUES (?, ?)", row) for row in bodies)])

    def models(self) -> list[dict[str, Any]]:
        """Every model as it stood at the end of the last run, newest first."""
        return self._saved("model")

    def _save(self, table: str, id: str, body: dict[str, Any]) -> None:
        sql = f"INSERT INTO {table} VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body"
        self._write([(sql, (id, json.dumps(body, ensure_ascii=False, sort_keys=True)))])

    def _saved(self, table: str) -> list[dict[str, Any]]:
        return [json.loads(body) for (body,) in self._db.execute(f"SELECT body FROM {table} ORDER BY rowid")]

    # what was set aside

    def add_aside(self, aside: SetAside, blender: str = "") -> None:
        """Keep why something could not be done. `blender` where the reason is that version's."""
        sql = "INSERT OR REPLACE INTO aside VALUES (?, ?, ?, ?, ?, ?)"
        self._write([(sql, (aside.stage, aside.item, blender, aside.code, aside.sentence, aside.detail))])

    def drop_asides(
        self, stage: str, blender: str = "", items: str = "", *, alone: bool = False, code: str = ""
    ) -> int:
        """Forget a stage's reasons, to try again: all, or those whose item begins with `items` (`alone`: is it), or of
        one `code`; how many they were."""
        which = "item = ?3" if alone else "substr(item, 1, length(?3)) = ?3"
        those = f"FROM aside WHERE stage = ?1 AND blender = ?2 AND {which} AND ?4 IN ('', code)"
        values = (stage, blender, items, code)
        found = self._count(f"SELECT count(*) {those}", *values)
        self._write([(f"DELETE {those}", values)])
        return found

    def asides(self, stage: str = "") -> Iterator[SetAside]:
        rows = self._db.execute(
            "SELECT stage, item, code, sentence, detail FROM aside WHERE ? IN ('', stage) ORDER BY stage, code, item",
            (stage,),
        )
        for row in rows:
            yield SetAside(*row)

    # counts

    def count_asides(self, stage: str) -> int:
        return self._count("SELECT count(*) FROM aside WHERE stage = ?", stage)

    def counts(self) -> dict[str, int]:
        """Files, origins, records, those read with errors, proven and unproven trees, rows: what `status` shows."""
        found = "FROM file WHERE kind = 'blend' AND sha256 IN (SELECT sha256 FROM origin)"
        return {
            "files": self._count(f"SELECT count(*) {found}"),
            "origins": self._count("SELECT count(*) FROM origin"),
            "stored": self._count("SELECT count(*) FROM file WHERE stored"),
            "bytes": self._count(f"SELECT coalesce(sum(bytes), 0) {found}"),
            "parsed": self._count("SELECT count(DISTINCT sha256) FROM record"),
            "with_errors": self._count("SELECT count(DISTINCT sha256) FROM record WHERE state <> 'read'"),
            "proven": self._count("SELECT count(*) FROM proof WHERE proven"),
            "unproven": self._count("SELECT count(*) FROM proof WHERE NOT proven"),
            "rows": self._count("SELECT count(*) FROM example"),
        }
