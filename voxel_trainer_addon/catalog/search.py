# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog's part for search: the proven examples nearest to a tree (MinHash), and to words (SQLite's FTS5, bm25).

The index of words holds no text of its own: it is made anew whenever a dataset's rows are set. Without it (a SQLite
that lacks FTS5, a catalog of an earlier version) the rows are read one by one, which finds much the same, but slowly.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Any

from ..graph.menu import type_words
from ..graph.minhash import jaccard, nearest, signature, sketch
from ..graph.names import CAMEL
from .database import Statement
from .hosts import Hosts

Row = Mapping[str, Any]

WORD = re.compile(r"[^\W\d_]+|\d+")
NODE = re.compile(r"\b(?:Shader|Geometry|Compositor|Texture|Function)?Node(?=[A-Z])\w+")
MOST_WORDS = 32
"""Different words of a question that are looked for, the first ones."""
LONGEST = 10_000
"""Characters of a question that are read."""
WEIGHTS = "4.0, 1.0, 1.0"
"""What a word counts for in the name, in the nodes and in the prompt of an example."""
WORDS = "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(name, nodes, prompt, content='', tokenize='porter')"
FREQUENT = 100
"""Rows from which on a word is counted."""
ROWS_READ = 20_000
"""Rows that the words of one question may lead to: of the words beyond, which tell least, none is looked for."""
PAGE = 4096
"""Sketches in a row of the table of sketches."""
LOOKED_AT = 300
"""Trees whose features are compared at a time, of those whose sketches agree best."""

NO_FTS5 = (
    "This Python's SQLite has no FTS5, so a search by words reads each row, which takes seconds in large datasets."
)
NOT_INDEXED = "The words of these datasets are not indexed, so a search by words reads each row. Build a dataset again."


@dataclass(frozen=True)
class Found:
    """A row that was found. `score` is the Jaccard index of the trees, from 0 to 1, or how well the words fit, without
    bound: more is better."""

    score: float
    dataset: str
    split: str
    row: dict[str, Any]


class Search(Hosts):
    """Examples by likeness."""

    def search_tree(self, features: bytes, *, dataset: str = "", split: str = "", most: int = 10) -> list[Found]:
        """The rows, one for each answer, whose trees share most of these packed features, the best first. Rows whose
        features nobody told, and trees that share nothing, are not found."""
        pages = self._db.execute("SELECT trees, sketches FROM sketches ORDER BY first").fetchall()
        known = array("q", b"".join(trees for trees, _ in pages))
        places = nearest(sketch(signature(features)), b"".join(page for _, page in pages))
        found: list[Found] = []
        for start in range(0, len(places), LOOKED_AT):
            trees = [known[place] for place in places[start : start + LOOKED_AT]]
            for share, answer in self._shares(features, trees):
                if len(found) < most and (one := self._row("answer = ?", answer, share, dataset, split)):
                    found.append(one)
            if len(found) >= most:
                break
        return found

    def search_words(self, text: str, *, dataset: str = "", split: str = "", most: int = 10) -> list[Found]:
        """The rows, one for each answer, that fit these words best, in order. Nothing in `text` is an operator."""
        wanted = list(islice(dict.fromkeys(terms(text[:LONGEST])), MOST_WORDS))
        if not wanted:
            return []
        places = self._by_reading(wanted) if self.words_trouble() else self._by_index(wanted)
        found: dict[str, Found] = {}
        for number, score in places:
            if one := self._row("number = ?", number, score, dataset, split):
                found.setdefault(str(one.row.get("answer") or f"row {number}"), one)
            if len(found) >= most:
                break
        return list(found.values())

    def words_trouble(self) -> str:
        """Why a search by words will be slow, as a sentence; empty where the index is there."""
        if not self._has_fts5():
            return NO_FTS5
        try:
            there = self._db.execute("SELECT count(*), max(id) FROM words_docsize").fetchone()
        except sqlite3.OperationalError:  # no such table
            return NOT_INDEXED
        return "" if there == self._db.execute("SELECT count(*), max(number) FROM findable").fetchone() else NOT_INDEXED

    def _has_fts5(self) -> bool:
        try:
            self._db.execute("SELECT fts5_source_id()")
        except sqlite3.OperationalError:  # no such function
            return False
        return True

    def _shares(self, features: bytes, trees: list[int]) -> list[tuple[float, str]]:
        """(Jaccard index, answer) of those trees that share something, the best first, equals by answer."""
        marks = ", ".join("?" * len(trees))
        rows = self._db.execute(f"SELECT answer, features FROM tree WHERE tree IN ({marks})", trees)
        shares = [(jaccard(features, other), answer) for answer, other in rows]
        return sorted((one for one in shares if one[0]), key=lambda one: (-one[0], one[1]))

    def _row(self, which: str, value: str | int, score: float, dataset: str, split: str) -> Found | None:
        """The first row of that number or answer, in that dataset and split ('': any)."""
        sql = (
            "SELECT dataset, findable.split, body FROM findable JOIN example USING (dataset, id) "
            f"WHERE {which} AND ? IN ('', dataset) AND ? IN ('', findable.split) ORDER BY dataset, id LIMIT 1"
        )
        row = self._db.execute(sql, (value, dataset, split)).fetchone()
        return Found(score, row[0], row[1], json.loads(row[2])) if row else None

    def _by_index(self, wanted: list[str]) -> Iterator[tuple[int, float]]:
        """(number, score), the best first."""
        sql = f"SELECT rowid, -bm25(words, {WEIGHTS}) FROM words WHERE words MATCH ? ORDER BY 2 DESC, 1"
        yield from self._db.execute(sql, (" OR ".join(f'"{word}"' for word in self._telling(wanted)),))

    def _telling(self, wanted: list[str]) -> list[str]:
        """The rarest of these words, one at least, as many as the time allows."""
        marks = ", ".join("?" * len(wanted))
        rows = dict(self._db.execute(f"SELECT word, rows FROM frequent WHERE word IN ({marks})", wanted))
        rarest = sorted(wanted, key=lambda word: rows.get(word, 0))
        reached = accumulate(rows.get(word, 0) for word in rarest)
        return [
            word for n, (word, total) in enumerate(zip(rarest, reached, strict=True)) if not n or total <= ROWS_READ
        ]

    def _by_reading(self, wanted: list[str]) -> Iterator[tuple[int, float]]:
        """The same without the index: the rarer the words that a row has, the better."""
        there = [(number, set(wanted) & {w for text in texts for w in text.split()}) for number, texts in self._texts()]
        rows = Counter(word for _, words in there for word in words)
        weight = {word: math.log(1 + len(there) / count) for word, count in rows.items()}
        scored = ((number, sum(weight[word] for word in sorted(words))) for number, words in there if words)
        yield from sorted(scored, key=lambda one: (-one[1], one[0]))

    # writing

    def _findable(self, dataset: str, split: str, row: Row, features: bytes) -> Iterator[Statement]:
        """What makes a row findable."""
        answer = str(row.get("answer", ""))
        sql = "INSERT OR REPLACE INTO findable (dataset, id, split, answer) VALUES (?, ?, ?, ?)"
        yield sql, (dataset, row["id"], split, answer)
        known = "SELECT count(*) FROM tree WHERE answer = ? AND features = ?"
        if answer and features and not self._count(known, answer, features):
            sql = "INSERT OR REPLACE INTO tree (answer, sketch, features) VALUES (?, ?, ?)"
            yield sql, (answer, sketch(signature(features)), features)

    def _index(self) -> None:
        """Make the indexes anew, that of words where this SQLite can, and forget trees that no row has."""
        self._write(self._indexing_trees())
        if self._has_fts5():
            self._db.execute(WORDS)
            self._write(self._indexing_words())

    def _indexing_trees(self) -> Iterator[Statement]:
        yield "DELETE FROM tree WHERE answer NOT IN (SELECT answer FROM findable)", ()
        yield "DELETE FROM sketches", ()
        last = 0
        while rows := self._db.execute(
            f"SELECT tree, sketch FROM tree WHERE tree > ? ORDER BY tree LIMIT {PAGE}", (last,)
        ).fetchall():
            last = rows[-1][0]
            trees, page = array("q", [tree for tree, _ in rows]).tobytes(), b"".join(one for _, one in rows)
            yield "INSERT INTO sketches VALUES (?, ?, ?)", (rows[0][0], trees, page)

    def _indexing_words(self) -> Iterator[Statement]:
        rows: Counter[str] = Counter()
        yield "INSERT INTO words (words) VALUES ('delete-all')", ()
        for number, texts in self._texts():
            rows.update(set(" ".join(texts).split()))
            yield "INSERT INTO words (rowid, name, nodes, prompt) VALUES (?, ?, ?, ?)", (number, *texts)
        yield "DELETE FROM frequent", ()
        yield from (("INSERT INTO frequent VALUES (?, ?)", one) for one in rows.items() if one[1] >= FREQUENT)

    def _texts(self) -> Iterator[tuple[int, list[str]]]:
        """(number, what is searched by words) of every row."""
        for number, body in self._db.execute("SELECT number, body FROM findable JOIN example USING (dataset, id)"):
            row = json.loads(body)
            name = str(row.get("key", "")).partition("/")[2]
            nodes = " ".join(type_words(kind) for kind in sorted(set(NODE.findall(str(row.get("completion", ""))))))
            yield number, [" ".join(terms(text)) for text in (name, nodes, str(row.get("prompt", "")))]


def terms(text: str) -> Iterator[str]:
    """The words of a text in lower case; identifiers such as `ShaderNodeTexNoise` are taken apart."""
    plain = unicodedata.normalize("NFKC", text)
    return (word.lower() for word in WORD.findall(CAMEL.sub(" ", plain)))
