# SPDX-License-Identifier: GPL-3.0-or-later
"""An open catalog file: how it is opened, migrated and written."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from ..errors import UserError
from ..paths import DataFolder
from . import schema

Statement = tuple[str, tuple[Any, ...]]


class Database:
    """One open catalog. Not for use from two threads; the folder's lock keeps a second writer away."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._folder = DataFolder(path.parent)
        self._closing = weakref.finalize(self, self._db.close)  # a catalog that its owner forgets is closed too
        if self._db.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
            self._db.execute("PRAGMA journal_mode = DELETE")
        self._db.execute("PRAGMA synchronous = NORMAL")
        try:
            schema.migrate(self._db)
            self._db.execute("PRAGMA foreign_keys = ON")
        except (ValueError, sqlite3.DatabaseError) as error:
            self.close()
            raise UserError(
                f"{path.name} could not be opened: {error}. Move it away; `resume` goes on from the JSON files."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._closing()

    @property
    def changes(self) -> int:
        """Rows written since it was opened: equal numbers mean that nothing has changed in between."""
        return self._db.total_changes

    def _write(self, statements: Iterable[Statement]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for sql, values in statements:
                self._db.execute(sql, values)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk has rolled it back already
                self._db.execute("ROLLBACK")
            raise

    def _count(self, sql: str, *values: Any) -> int:
        return int(self._db.execute(sql, values).fetchone()[0])
