# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of many rows on disk in place of memory: a nameless SQLite database that is gone when it is closed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

AT_ONCE = 2000


def brief(text: str) -> bytes:
    """What stands for a text where texts are only told apart: 16 bytes."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Spill:
    """Tables made by `schema`; what is added is written in bundles, and seen by the next `ask`."""

    def __init__(self, schema: str) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {schema}")
        self._waiting: dict[str, list[Sequence[Any]]] = {}

    def add(self, sql: str, *values: Any) -> None:
        """One row for an INSERT statement."""
        waiting = self._waiting.setdefault(sql, [])
        waiting.append(values)
        if len(waiting) >= AT_ONCE:
            self._write(sql)

    def ask(self, sql: str) -> Iterator[Any]:
        """The rows of a query."""
        self._write_all()
        return self._database.execute(sql)

    def run(self, script: str) -> None:
        """Several statements, one after the other."""
        self._write_all()
        self._database.executescript(script)

    def close(self) -> None:
        self._database.close()

    def _write_all(self) -> None:
        for sql in list(self._waiting):
            self._write(sql)

    def _write(self, sql: str) -> None:
        self._database.execute("BEGIN")
        self._database.executemany(sql, self._waiting.pop(sql))
        self._database.execute("COMMIT")


@contextmanager
def spilled(schema: str) -> Iterator[Spill]:
    """A `Spill` for the block."""
    spill = Spill(schema)
    try:
        yield spill
    finally:
        spill.close()
