# SPDX-License-Identifier: GPL-3.0-or-later
"""How many examples one shape, one family and one source may have, so that none of them speaks for all."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

EVEN_SHARES = 2
"""So many even shares a source may have in any case: where there are few, a small share would cost all."""


@dataclass(frozen=True)
class Weighed:
    """What is known of an example here. `source` is its repository, or whatever else has one maker; `family` and
    `shape` are hashes."""

    id: str
    source: str
    family: str
    shape: str
    score: float


@dataclass(frozen=True)
class Caps:
    """At most so many examples of one shape and of one family, and no larger share (0 to 1) from one source; 0: no cap.

    In a corpus of 1,357 trees 5 of one shape at most are left when near-duplicates are gone, so 8 bounds palettes in
    larger harvests and costs nothing there; a family may have three shapes full. One source with more than a quarter
    teaches its own habits; where there are fewer than eight sources, each may have twice its even share.
    """

    shape: int = 8
    family: int = 24
    share: float = 0.25


def left_out(examples: Iterable[Weighed], caps: Caps) -> Iterator[tuple[str, str]]:
    """(id, why) of the examples that do not stay; of those that compete the best stay, equals by id.

    The order in which they come plays no part. They wait in a temporary file, not in memory.
    """
    with contextlib.closing(sqlite3.connect("", isolation_level=None)) as db:
        db.execute(
            "CREATE TABLE example (id TEXT PRIMARY KEY, source TEXT, family TEXT, shape TEXT, score REAL) STRICT"
        )
        db.execute("BEGIN")
        rows = ((one.id, one.source, one.family, one.shape, one.score) for one in examples)
        db.executemany("INSERT INTO example VALUES (?, ?, ?, ?, ?)", rows)
        yield from _over(db, "shape", caps.shape)
        yield from _over(db, "family", caps.family)
        if caps.share:
            counts = [count for (count,) in db.execute("SELECT count(*) FROM example GROUP BY source")]
            yield from _over(db, "source", most_of_one(counts, caps.share))


def most_of_one(counts: Collection[int], share: float) -> int:
    """The most that one source may keep, so that it has at most `share` of what all keep (or `EVEN_SHARES`)."""
    if not counts:
        return 0
    share = max(share, EVEN_SHARES / len(counts))
    low, high = 1, max(counts)
    while low < high:
        most = (low + high + 1) // 2
        low, high = (most, high) if most <= share * sum(min(most, n) for n in counts) else (low, most - 1)
    return low


def _over(db: sqlite3.Connection, what: str, most: int) -> Iterator[tuple[str, str]]:
    if not most:
        return
    placed = f"SELECT id, row_number() OVER (PARTITION BY {what} ORDER BY score DESC, id) AS place FROM example"
    db.execute("DROP TABLE IF EXISTS over_cap")
    db.execute(f"CREATE TABLE over_cap AS SELECT id FROM ({placed}) WHERE place > ? ORDER BY id", (most,))
    yield from ((id, f"more than {most:,} of one {what}") for (id,) in db.execute("SELECT id FROM over_cap"))
    db.execute("DELETE FROM example WHERE id IN (SELECT id FROM over_cap)")
