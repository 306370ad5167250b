# SPDX-License-Identifier: GPL-3.0-or-later
"""Two datasets compared: rows that came, went, changed or moved to another side, licences and settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import digest
from .parts import row_files
from .published import facts_of
from .spill import Spill, spilled

SCHEMA = """
CREATE TABLE row (folder INTEGER, id TEXT, kind TEXT, identity TEXT, split TEXT, place TEXT,
                  PRIMARY KEY (folder, id)) WITHOUT ROWID;
"""
PAIRS = """
CREATE TABLE pair AS
SELECT a.id AS id, b.id AS other, a.kind AS kind, a.split AS old, b.split AS new, a.place AS place, b.place AS here
FROM row a JOIN row b ON b.folder = 1 AND b.id = a.id WHERE a.folder = 0;
CREATE TABLE one AS SELECT *, ROW_NUMBER() OVER (PARTITION BY folder, kind, identity ORDER BY id) AS number
FROM row r WHERE NOT EXISTS (SELECT 1 FROM row o WHERE o.folder = 1 - r.folder AND o.id = r.id);
CREATE INDEX one_by ON one (folder, kind, identity, number);
INSERT INTO pair SELECT a.id, b.id, a.kind, a.split, b.split, a.place, b.place FROM one a JOIN one b
ON b.folder = 1 AND b.kind = a.kind AND b.identity = a.identity AND b.number = a.number WHERE a.folder = 0;
CREATE INDEX pair_by_id ON pair (id);
CREATE INDEX pair_by_other ON pair (other);
"""
ADDED = "SELECT kind, split, place, id FROM one WHERE folder = 1 AND id NOT IN (SELECT other FROM pair) ORDER BY 1, 4"
REMOVED = "SELECT kind, split, place, id FROM one WHERE folder = 0 AND id NOT IN (SELECT id FROM pair) ORDER BY 1, 4"
CHANGED = "SELECT kind, new, here, other, id, place FROM pair WHERE id <> other ORDER BY 1, 4"
MOVED = """
SELECT kind, new, here, other, old, place FROM pair WHERE old <> new
ORDER BY old = 'test' AND new = 'train' DESC, old = 'val' AND new = 'train' DESC, old, new, kind, other
"""


@dataclass(frozen=True)
class Change:
    """A row that differs: `what` is moved, added, removed or changed; `place` is its file and line in the second folder
    (of a removed one in the first), `old` its split, or in a changed one its id, before."""

    what: str
    kind: str
    split: str
    place: str
    id: str
    old: str = ""
    old_place: str = ""

    def as_json(self) -> dict[str, str]:
        return {key: value for key, value in vars(self).items() if value}


class Comparison:
    """What two datasets have in common and what not, asked of a database on disk."""

    def __init__(self, spill: Spill, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self._spill, self.old, self.new = spill, old, new

    def changes(self) -> Iterator[Change]:
        """Moved rows first, and of these what went from test to train; then changed, added and removed ones."""
        for what, sql in (("moved", MOVED), ("changed", CHANGED), ("added", ADDED), ("removed", REMOVED)):
            for values in self._spill.ask(sql):
                yield Change(what, *values)

    def facts(self) -> dict[str, dict[str, tuple[Any, Any]]]:
        """Licences, settings and versions that differ: name → key → before and after, None where it was not there."""
        found: dict[str, dict[str, tuple[Any, Any]]] = {}
        for name in ("licences", "settings", "parts", "blenders"):
            before, after = self.old.get(name, {}), self.new.get(name, {})
            pairs = {key: (before.get(key), after.get(key)) for key in sorted({*before, *after})}
            if differ := {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}:
                found[name] = differ
        if self.old.get("tool") != self.new.get("tool"):
            found["tool"] = {"tool": (self.old.get("tool"), self.new.get("tool"))}
        return found

    def by_kind(self) -> dict[str, Counter[str]]:
        """What happened → kind → how many rows."""
        found: dict[str, Counter[str]] = {}
        for change in self.changes():
            found.setdefault(change.what, Counter())[change.kind] += 1
        return found


@contextmanager
def compared(old: Path, new: Path) -> Iterator[Comparison]:
    """The datasets in two folders. Raises UserError where there is none."""
    facts = facts_of(old), facts_of(new)
    with spilled(SCHEMA) as spill:
        for number, folder in enumerate((old, new)):
            for file in row_files(folder):
                for line, row in enumerate(file.rows(), 1):
                    identity = digest([row["answer"], row.get("given", "")])
                    values = number, row["id"], row["kind"], identity, file.split, f"{file.name}:{line}"
                    spill.add("INSERT OR IGNORE INTO row VALUES (?, ?, ?, ?, ?, ?)", *values)
        spill.run(PAIRS)
        yield Comparison(spill, facts[0], facts[1])
