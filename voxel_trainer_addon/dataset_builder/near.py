# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sets of features are near-duplicates of each other: an index by bands of MinHash, checked by true Jaccard."""

from __future__ import annotations

import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from typing import Self

from ..graph.minhash import NEAR, bands, jaccard, may_be_near, signature

CACHE_KB = 32_000
"""What SQLite keeps of the index in memory; the rest lies in a temporary file."""

TABLES = f"""
    PRAGMA cache_size = -{CACHE_KB};
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE distinct_set (
        number INTEGER PRIMARY KEY,
        mark BLOB NOT NULL UNIQUE,      -- hash of kind and features
        kind TEXT NOT NULL,
        keys BLOB NOT NULL,             -- its bands, 8 bytes each
        features BLOB NOT NULL          -- packed
    ) STRICT;
    CREATE TABLE band (key INTEGER, number INTEGER, PRIMARY KEY (key, number)) STRICT, WITHOUT ROWID;
    CREATE TABLE item (id TEXT PRIMARY KEY, score REAL NOT NULL, number INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX item_by_set ON item (number, score DESC, id);
    CREATE TABLE kept (number INTEGER PRIMARY KEY, id TEXT NOT NULL) STRICT;
"""


@dataclass(frozen=True)
class Copy:
    """An item that `kept` stands for, and how much they share, from `NEAR` to 1."""

    id: str
    kept: str
    jaccard: float


class Index:
    """Packed sets of features by id. Sets of two kinds are never near each other.

    It lies in a temporary file that goes with it: some 1.4 kB an item of 30 nodes, and 8 bytes an item in memory.
    What it answers does not depend on the order in which items came.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(TABLES)
        self._db.execute("BEGIN")  # one transaction that never ends: nobody else reads it
        self._features = lru_cache(maxsize=4096)(self._read)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM item").fetchone()[0])

    @property
    def size(self) -> int:
        """Bytes of the temporary file."""
        sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        return int(self._db.execute(sql).fetchone()[0])

    def add(self, id: str, features: bytes, kind: str = "", score: float = 0.0) -> None:
        """Take in an item. Raises sqlite3.IntegrityError for an id that is there already."""
        number = self._number(features, kind)
        if number is None:
            keys = bands(signature(features), kind)
            values = (_mark(features, kind), kind, array("q", keys).tobytes(), features)
            sql = "INSERT INTO distinct_set (mark, kind, keys, features) VALUES (?, ?, ?, ?)"
            number = self._db.execute(sql, values).lastrowid
            self._db.executemany("INSERT OR IGNORE INTO band VALUES (?, ?)", [(key, number) for key in keys])
        self._db.execute("INSERT INTO item VALUES (?, ?, ?)", (id, score, number))

    def near(self, features: bytes, kind: str = "", least: float = NEAR) -> list[tuple[str, float]]:
        """(id, Jaccard index) of the items that share `least` or more, the nearest first, equals by id. Below `NEAR`
        more and more are missed."""
        keys = bands(signature(features), kind)
        found = [(id, share) for number, share in self._like(features, keys, least) for id in self._ids(number)]
        return sorted(found, key=lambda one: (-one[1], one[0]))

    def clusters(self) -> Iterator[list[str]]:
        """The ids, two or more, that chains of near-duplicates tie together; each list, and the lists, in order."""
        sets = _Joined(self._db.execute("SELECT coalesce(max(number), 0) FROM distinct_set").fetchone()[0])
        rows = self._db.execute("SELECT key, number FROM band ORDER BY key, number")
        for _, bucket in groupby(rows, itemgetter(0)):
            self._join([number for _, number in bucket], sets)
        found: dict[int, list[str]] = defaultdict(list)
        for id, number in self._db.execute("SELECT id, number FROM item ORDER BY id"):
            found[sets.of(number)].append(id)
        yield from (ids for ids in found.values() if len(ids) > 1)

    def copies(self) -> Iterator[Copy]:
        """What to leave out: from the best score down (equals by id), whatever is near one that stays, so that each
        that goes is itself near the one that stands for it."""
        self._db.execute("DELETE FROM kept")
        best = """SELECT number, keys, features FROM distinct_set AS one ORDER BY
                  (SELECT score FROM item WHERE number = one.number ORDER BY score DESC, id LIMIT 1) DESC,
                  (SELECT id FROM item WHERE number = one.number ORDER BY score DESC, id LIMIT 1)"""
        for number, keys, features in self._db.execute(best):
            ids = self._ids(number)
            near = self._like(features, list(array("q", keys)), NEAR, "JOIN kept USING (number)")
            of = min(((-share, self._kept(other)) for other, share in near), default=None)
            if of is None:
                self._db.execute("INSERT INTO kept VALUES (?, ?)", (number, ids[0]))
                yield from (Copy(id, ids[0], 1.0) for id in ids[1:])
            else:
                yield from (Copy(id, of[1], -of[0]) for id in ids)

    def _number(self, features: bytes, kind: str) -> int | None:
        row = self._db.execute("SELECT number FROM distinct_set WHERE mark = ?", (_mark(features, kind),)).fetchone()
        return row[0] if row else None

    def _read(self, number: int) -> bytes:
        row = self._db.execute("SELECT features FROM distinct_set WHERE number = ?", (number,)).fetchone()
        return bytes(row[0])

    def _ids(self, number: int) -> list[str]:
        """The items of one set, the best first."""
        rows = self._db.execute("SELECT id FROM item WHERE number = ? ORDER BY score DESC, id", (number,))
        return [id for (id,) in rows]

    def _kept(self, number: int) -> str:
        return str(self._db.execute("SELECT id FROM kept WHERE number = ?", (number,)).fetchone()[0])

    def _like(self, features: bytes, keys: list[int], least: float, among: str = "") -> list[tuple[int, float]]:
        """(number, Jaccard index) of the sets that share a band and `least` or more."""
        marks = ", ".join("?" * len(keys))
        rows = self._db.execute(f"SELECT DISTINCT number FROM band {among} WHERE key IN ({marks})", keys).fetchall()
        found = []
        for (number,) in rows:
            other = self._features(number)
            if may_be_near(len(features), len(other), least):
                share = jaccard(features, other)
                if share >= least:
                    found.append((number, share))
        return found

    def _join(self, bucket: list[int], sets: _Joined) -> None:
        """Tie together what is near in one bucket; what hangs together already is not compared."""
        parts: dict[int, list[int]] = defaultdict(list)
        for number in bucket:
            parts[sets.of(number)].append(number)
        apart = list(parts.values())
        while apart:
            part = apart.pop()
            while part and apart:
                one, left = part.pop(), []
                for other in apart:
                    if any(self._are_near(one, two) for two in other):
                        sets.join(one, other[0])
                        part += other
                    else:
                        left.append(other)
                apart = left

    def _are_near(self, one: int, two: int) -> bool:
        a, b = self._features(one), self._features(two)
        return may_be_near(len(a), len(b)) and jaccard(a, b) >= NEAR


class _Joined:
    """Numbers from 0 to `most`, and which of them belong together: 8 bytes each."""

    def __init__(self, most: int) -> None:
        self._above = array("q", range(most + 1))

    def of(self, number: int) -> int:
        """The number that stands for all that `number` is joined with."""
        while (above := self._above[number]) != number:
            self._above[number] = self._above[above]
            number = above
        return number

    def join(self, one: int, two: int) -> None:
        low, high = sorted((self.of(one), self.of(two)))
        self._above[high] = low


def _mark(features: bytes, kind: str) -> bytes:
    return blake2b(kind.encode() + b"\0" + features, digest_size=16).digest()
