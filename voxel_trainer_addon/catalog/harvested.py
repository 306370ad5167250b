# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog's part for the stage harvest: sources, files, and where everything was found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .database import Database, Statement
from .schema import key_of

AGAIN = "DELETE FROM aside WHERE stage = 'parse' AND item = ? AND code IN ('gone', 'changed', 'no-access')"
"""What parse could not do for a file that was not there holds no longer when it is found again."""


@dataclass(frozen=True)
class Origin:
    """Where a content was found. `path` is relative to the source; `provenance` tells where the licence is stated, the
    repository, commit and author as far as they are known. `kind` is blend or code; `oid` git's SHA-1 of the content
    where a git host named it; `stored` says that it lies in `blobs/`."""

    source: str
    path: str
    sha256: str
    bytes: int
    mtime_ns: int
    licence: str
    provenance: dict[str, Any]
    kind: str = "blend"
    oid: str = ""
    stored: bool = False

    @property
    def address(self) -> str:
        """Where it can be looked at, '' where nobody told: its own address, or its place in a repository on GitHub."""
        told = self.provenance
        if "address" in told or "name" not in told:
            return str(told.get("address", ""))
        return f"{told['repository']}/blob/{told['commit']}/{quote(self.path[len(told['name']) + 1 :])}"

    def as_json(self) -> dict[str, Any]:
        """As it stands in `scraped_metadata.json`."""
        return {**vars(self), "address": self.address}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Origin:
        """From what `as_json` made, in this version or an earlier one."""
        return cls(**{key: value[key] for key in cls.__dataclass_fields__ if key in value})


def spelled(provenance: dict[str, Any]) -> str:
    """Provenance as its shared text."""
    return json.dumps(provenance, ensure_ascii=False, sort_keys=True)


class Harvested(Database):
    """What was found, and where."""

    def add_source(self, id: str, kind: str, root: Path | None) -> None:
        """Name a source and where it lies now (None: not known on this machine)."""
        sql = "INSERT INTO source (id, kind, root) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET root = excluded.root"
        self._write([(sql, (id, kind, str(root) if root else None))])

    def end_source(self, id: str, words: str, state: str = "done") -> None:
        """Remember that a source was gone through to its end, or (another `state`, see `source_state`) how far."""
        self._write([("UPDATE source SET state = ?, words = ? WHERE id = ?", (state, words, id))])

    def source_state(self, id: str) -> str:
        """How far a source is: '' under way, `listed`, `done`, `waiting` or `broken`."""
        row = self._db.execute("SELECT state FROM source WHERE id = ?", (id,)).fetchone()
        return row[0] if row else ""

    def sources(self) -> list[dict[str, Any]]:
        """Every source without its place: id, kind, state, words, files."""
        rows = self._db.execute(
            "SELECT id, kind, state, words, (SELECT count(*) FROM origin WHERE source = id) FROM source ORDER BY id"
        )
        return [dict(zip(("id", "kind", "state", "words", "files"), row, strict=True)) for row in rows]

    def roots(self) -> dict[str, Path]:
        """Source id → where its files lie, for those that a run has named."""
        rows = self._db.execute("SELECT id, root FROM source WHERE root IS NOT NULL")
        return {id: Path(root) for id, root in rows}

    def seen(self, source: str) -> dict[str, tuple[int, int, str]]:
        """Path → (bytes, time of change in ns, sha256) of a source's known files."""
        rows = self._db.execute(
            "SELECT path, bytes, mtime_ns, sha256 FROM origin JOIN file USING (sha256) WHERE source = ?", (source,)
        )
        return {path: (size, changed, sha256) for path, size, changed, sha256 in rows}

    def add_origins(self, origins: Iterable[Origin]) -> None:
        """Add files with where they were found; a path found again replaces what was known of it."""
        self._write(statement for origin in origins for statement in adding(origin))

    def drop_origins(self, places: Iterable[tuple[str, str]]) -> None:
        """Forget files that are no longer where they were: (source, path) each."""
        self._write([("DELETE FROM origin WHERE source = ? AND path = ?", place) for place in places])

    def origins(self, sha256: str = "") -> Iterator[Origin]:
        """Where everything, or one content, was found, ordered by source and path."""
        yield from self._origins(*(("WHERE sha256 = ?", (sha256,)) if sha256 else ("", ())))

    def _origins(self, where: str, values: tuple[Any, ...]) -> Iterator[Origin]:
        rows = self._db.execute(
            "SELECT source, path, sha256, bytes, mtime_ns, licence, body, kind, oid, stored "
            "FROM origin JOIN file USING (sha256) JOIN provenance ON provenance.id = origin.provenance "
            f"{where} ORDER BY source, path",
            values,
        )
        for source, path, content, size, changed, licence, body, kind, oid, stored in rows:
            facts = json.loads(body)
            yield Origin(source, path, content, size, changed, licence, facts, kind, oid, bool(stored))

    def origin(self, source: str, path: str) -> Origin | None:
        """What was found at a path."""
        return next(self._origins("WHERE source = ? AND path = ?", (source, path)), None)

    def add_stored(self, sha256: str, bytes_: int, kind: str, oid: str) -> None:
        """A content lies in `blobs/`, wherever it may come from."""
        self._write([_filed(sha256, bytes_, kind, oid, True)])

    def is_stored(self, sha256: str) -> bool:
        """Whether the catalog knows that a content lies in `blobs/`."""
        return bool(self._count("SELECT count(*) FROM file WHERE sha256 = ? AND stored", sha256))

    def content_of(self, oid: str) -> tuple[str, int, str] | None:
        """sha256, bytes and kind of the content with git's SHA-1 `oid` that lies in `blobs/` (never for '')."""
        sql = "SELECT sha256, bytes, kind FROM file WHERE oid = ? AND oid <> '' AND stored"
        row = self._db.execute(sql, (oid,)).fetchone()
        return (row[0], row[1], row[2]) if row and self._folder.blob(row[0], row[2]).is_file() else None

    def contents(self) -> list[str]:
        """SHA-256 of everything that was found, in order."""
        return [sha256 for (sha256,) in self._db.execute("SELECT DISTINCT sha256 FROM origin ORDER BY sha256")]

    def count_origins(self, source: str) -> int:
        """How many files of a source are known."""
        return self._count("SELECT count(*) FROM origin WHERE source = ?", source)

    def stored_bytes(self) -> int:
        """Bytes of all downloads that are here."""
        return self._count("SELECT coalesce(sum(bytes), 0) FROM file WHERE stored")


def adding(origin: Origin) -> Iterator[Statement]:
    """What writes one origin."""
    o, body = origin, spelled(origin.provenance)
    yield _filed(o.sha256, o.bytes, o.kind, o.oid, o.stored)
    yield sharing(body)
    values = (o.source, o.path, o.sha256, o.mtime_ns, o.licence, key_of(body))
    yield "INSERT OR REPLACE INTO origin VALUES (?, ?, ?, ?, ?, ?)", values
    yield "DELETE FROM aside WHERE stage = 'harvest' AND item = ?", (f"{o.source}/{o.path}",)
    yield AGAIN, (o.sha256,)


def sharing(body: str) -> Statement:
    """What keeps a shared text."""
    return "INSERT OR IGNORE INTO provenance VALUES (?, ?)", (key_of(body), body)


def _filed(sha256: str, bytes_: int, kind: str, oid: str, stored: bool) -> Statement:
    sql = (
        "INSERT INTO file VALUES (?, ?, ?, ?, ?) ON CONFLICT (sha256) DO UPDATE SET "
        "stored = max(stored, excluded.stored), oid = CASE excluded.oid WHEN '' THEN oid ELSE excluded.oid END"
    )
    return sql, (sha256, bytes_, kind, oid, int(stored))
