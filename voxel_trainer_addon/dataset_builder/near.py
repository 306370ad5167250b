# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sets of features are near-duplicates of each other: an index by bands of MinHash, checked by true Jaccard."""

from __future__ import annotations

import math
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

from ..graph.minhash import NEAR, agreeing, bands, fewest_agreeing, jaccard, may_be_near, signature, sketch

CACHE_KB = 4_000
"""What SQLite keeps of the index in memory; the rest lies in a temporary file."""

TABLES = f"""
    PRAGMA cache_size = -{CACHE_KB};
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE distinct_set (
        number INTEGER PRIMARY KEY,
        mark BLOB NOT NULL UNIQUE,      -- hash of kind and features
        keys BLOB NOT NULL,             -- its bands, 8 bytes each
        features BLOB NOT NULL          -- packed
    ) STRICT;
    CREATE TABLE brief (number INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, sketch BLOB NOT NULL) STRICT;
    CREATE TABLE band (key INTEGER NOT NULL, number INTEGER NOT NULL) STRICT;
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
    What it answers does not depend on the order in which items came. Add them before the first question: bands are
    sorted at once then, which takes a fraction of the time.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(TABLES)
        self._db.execute("BEGIN")  # one transaction that never ends: nobody else reads it
        self._features, self._brief = lru_cache(maxsize=512)(self._read), lru_cache(maxsize=4096)(self._told)

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
            signed = signature(features)
            keys = bands(signed, kind)
            values = (_mark(features, kind), array("q", keys).tobytes(), features)
            number = self._db.execute(
                "INSERT INTO distinct_set (mark, keys, features) VALUES (?, ?, ?)", values
            ).lastrowid
            self._db.execute("INSERT INTO brief VALUES (?, ?, ?)", (number, len(features), sketch(signed)))
            self._db.executemany("INSERT INTO band VALUES (?, ?)", [(key, number) for key in keys])
        self._db.execute("INSERT INTO item VALUES (?, ?, ?)", (id, score, number))

    def near(self, features: bytes, kind: str = "", least: float = NEAR) -> list[tuple[str, float]]:
        """(id, Jaccard index) of the items that share `least` or more, the nearest first, equals by id. Below `NEAR`
        more and more are missed."""
        signed = signature(features)
        near = self._like(features, bands(signed, kind), sketch(signed), least)
        found = [(id, share) for number, share in near for id in self._ids(number)]
        return sorted(found, key=lambda one: (-one[1], one[0]))

    def clusters(self) -> Iterator[list[str]]:
        """The ids, two or more, that chains of near-duplicates tie together; each list, and the lists, in order."""
        sets = _Joined(self._db.execute("SELECT coalesce(max(number), 0) FROM distinct_set").fetchone()[0])
        self._sort()
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
        best = """SELECT number, keys, features, sketch FROM distinct_set AS one JOIN brief USING (number) ORDER BY
                  (SELECT score FROM item WHERE number = one.number ORDER BY score DESC, id LIMIT 1) DESC,
                  (SELECT id FROM item WHERE number = one.number ORDER BY score DESC, id LIMIT 1)"""
        for number, keys, features, sketched in self._db.execute(best):
            ids = self._ids(number)
            near = self._like(features, list(array("q", keys)), sketched, NEAR, "JOIN kept USING (number)")
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

    def _told(self, number: int) -> tuple[int, bytes]:
        """Bytes and sketch of a set."""
        row = self._db.execute("SELECT bytes, sketch FROM brief WHERE number = ?", (number,)).fetchone()
        return row[0], bytes(row[1])

    def _ids(self, number: int) -> list[str]:
        """The items of one set, the best first."""
        rows = self._db.execute("SELECT id FROM item WHERE number = ? ORDER BY score DESC, id", (number,))
        return [id for (id,) in rows]

    def _kept(self, number: int) -> str:
        return str(self._db.execute("SELECT id FROM kept WHERE number = ?", (number,)).fetchone()[0])

    def _sort(self) -> None:
        """Make what a band's sets are found by."""
        self._db.execute("CREATE INDEX IF NOT EXISTS band_by_key ON band (key, number)")

    def _like(
        self, features: bytes, keys: list[int], sketched: bytes, least: float, among: str = ""
    ) -> list[tuple[int, float]]:
        """(number, Jaccard index) of the sets that share a band and `least` or more."""
        self._sort()
        marks = ", ".join("?" * len(keys))
        meeting = f"SELECT number FROM band {among} WHERE key IN ({marks})"
        sql = f"SELECT number, sketch FROM brief WHERE number IN ({meeting}) AND bytes BETWEEN ? AND ?"
        size = len(features)
        rows = self._db.execute(sql, (*keys, int(size * least), math.ceil(size / max(least, 0.01)))).fetchall()
        agree, enough = agreeing(sketched, b"".join(one for _, one in rows)), fewest_agreeing(least)
        numbers = [number for (number, _), count in zip(rows, agree, strict=True) if count >= enough]
        shares = ((number, jaccard(features, self._features(number))) for number in numbers)
        return [(number, share) for number, share in shares if share >= least]

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
        (a, signed), (b, other) = self._brief(one), self._brief(two)
        if not may_be_near(a, b) or agreeing(signed, other)[0] < fewest_agreeing(NEAR):
            return False
        return jaccard(self._features(one), self._features(two)) >= NEAR


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
