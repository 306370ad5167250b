# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog's part for git hosts: searches and their slices, repositories, and files that are listed but not here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from .database import Statement
from .harvested import Harvested, Origin, adding, sharing, spelled
from .schema import key_of


@dataclass(frozen=True)
class Slice:
    """A part of a search that its host shows to the end: `count` repositories, gone through up to `cursor`."""

    query: str
    count: int
    cursor: str = ""
    done: bool = False


@dataclass(frozen=True)
class Repository:
    """What a host says of a repository. `tree` is its root's oid now, `listed` the one whose files are listed.

    `body` holds JSON values; its part `origin` goes into the provenance of every file, its part `root` (the files of
    the root) is kept until all is listed.
    """

    id: str
    source: str
    name: str
    tree: str
    listed: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Listed:
    """A file that a host offers. `bytes` is -1 where the host does not say."""

    repository: str
    path: str
    kind: str
    oid: str
    bytes: int
    licence: str
    provenance: dict[str, Any]


class Hosts(Harvested):
    """What git hosts and lists of addresses offer."""

    # searches

    def slices(self, source: str) -> list[Slice]:
        rows = self._db.execute(
            "SELECT query, count, cursor, done FROM slice WHERE source = ? ORDER BY query", (source,)
        )
        return [Slice(query, count, cursor, bool(done)) for query, count, cursor, done in rows]

    def set_slices(self, source: str, slices: Iterable[Slice]) -> None:
        """Begin a search anew, in these parts."""
        statements: list[Statement] = [
            ("DELETE FROM slice WHERE source = ?", (source,)),
            ("UPDATE source SET state = '', words = '' WHERE id = ?", (source,)),
        ]
        statements += [_slicing(source, part) for part in slices]
        self._write(statements)

    def take_page(self, source: str, part: Slice, found: Iterable[Repository]) -> None:
        """A page of a search came: its repositories and the place behind it, in one transaction."""
        noticing = (statement for repository in found for statement in self._noticing(repository))
        self._write(chain(noticing, [_slicing(source, part)]))  # one by one: names may have changed places

    # repositories

    def notice(self, repository: Repository) -> None:
        """Keep what is known of a repository now; its listing stays until it is listed anew."""
        self._write(self._noticing(repository))

    def _noticing(self, new: Repository) -> Iterator[Statement]:
        old = self.repository(new.id)
        for other in self._named(new.name):
            if other.source == new.source and other.id != new.id:  # its own new name is still to come
                yield from self._renaming(other, other.id)
        if old and old.name != new.name:
            yield from self._renaming(old, new.name)
            old = replace(old, listed="")
        body = new.body if not old or old.listed != new.tree else {**new.body, "root": None}
        sql = (
            "INSERT INTO repository VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "name = excluded.name, tree = excluded.tree, body = excluded.body"
        )
        yield sql, (new.id, new.source, new.name, new.tree, new.listed, json.dumps(body, ensure_ascii=False))

    def _renaming(self, old: Repository, name: str) -> Iterator[Statement]:
        """Its files move with it, and it is listed anew: where they came from is told with its name."""
        sql = "UPDATE OR REPLACE origin SET path = ? || substr(path, ?) WHERE source = ? AND path >= ? AND path < ?"
        yield sql, (name, len(old.name) + 1, old.source, *_below(old.name))
        yield "UPDATE repository SET name = ?, listed = '' WHERE id = ?", (name, old.id)

    def _named(self, name: str) -> list[Repository]:
        return [_repository(row) for row in self._db.execute("SELECT * FROM repository WHERE name = ?", (name,))]

    def repository(self, id: str) -> Repository | None:
        row = self._db.execute("SELECT * FROM repository WHERE id = ?", (id,)).fetchone()
        return _repository(row) if row else None

    def repositories(self, source: str, *, unlisted: bool = False) -> Iterator[Repository]:
        """The repositories of a source, or those whose files are not listed as they are now; ordered by id, read in
        portions so that they may be written meanwhile."""
        where, last = "AND tree <> listed" if unlisted else "", ""
        while True:
            rows = self._db.execute(
                f"SELECT * FROM repository WHERE source = ? AND id > ? {where} ORDER BY id LIMIT 200", (source, last)
            ).fetchall()
            yield from map(_repository, rows)
            if not rows:
                return
            last = rows[-1][0]

    def set_listing(self, repository: Repository, listed: str, files: Iterable[Listed]) -> None:
        """These are the files of a repository now, in one transaction. What is here already stays here (a file without
        an oid is asked for again); what the repository has no more is forgotten. `listed` is its tree, or a mark of
        what of it was looked at."""
        known = {
            path: oid
            for path, oid in self._db.execute(
                "SELECT path, oid FROM origin JOIN file USING (sha256) WHERE source = ? AND path >= ? AND path < ?",
                (repository.source, *_below(repository.name)),
            )
        }
        statements: list[Statement] = [("DELETE FROM listed WHERE repository = ?", (repository.id,))]
        for file in files:
            body, path = spelled(file.provenance), f"{repository.name}/{file.path}"
            statements.append(sharing(body))
            if known.pop(path, "") == file.oid != "":
                sql = "UPDATE origin SET licence = ?, provenance = ? WHERE source = ? AND path = ?"
                statements.append((sql, (file.licence, key_of(body), repository.source, path)))
            else:
                values = (file.repository, file.path, file.kind, file.oid, file.bytes, file.licence, key_of(body))
                statements.append(("INSERT OR REPLACE INTO listed VALUES (?, ?, ?, ?, ?, ?, ?)", values))
        gone = "DELETE FROM origin WHERE source = ? AND path = ?"
        statements += [(gone, (repository.source, path)) for path in known]
        kept = {**repository.body, "root": None} if listed == repository.tree else repository.body
        sql = "UPDATE repository SET listed = ?, body = ? WHERE id = ?"
        statements.append((sql, (listed, json.dumps(kept, ensure_ascii=False), repository.id)))
        self._write(statements)

    def forget_listing(self, repository: str) -> None:
        """A repository is not to be had any more. What is here of it stays; should it come back, it is listed anew."""
        self._write(
            [
                ("DELETE FROM listed WHERE repository = ?", (repository,)),
                ("UPDATE repository SET tree = '', listed = '' WHERE id = ?", (repository,)),
            ]
        )

    # files

    def listed(self, source: str) -> Iterator[tuple[Repository, Listed]]:
        """The files of a source that are not here, ordered by repository and path, read in portions."""
        for repository in self.repositories(source):
            rows = self._db.execute(
                "SELECT path, kind, oid, bytes, licence, provenance.body FROM listed "
                "JOIN provenance ON provenance.id = listed.provenance WHERE repository = ? ORDER BY path",
                (repository.id,),
            ).fetchall()
            shared = {body: json.loads(body) for body in {row[-1] for row in rows}}
            for path, kind, oid, size, licence, body in rows:
                yield repository, Listed(repository.id, path, kind, oid, size, licence, shared[body])

    def is_listed(self, oid: str) -> bool:
        """Whether a file with git's SHA-1 `oid` is still to be fetched."""
        return bool(self._count("SELECT count(*) FROM (SELECT 1 FROM listed WHERE oid = ? LIMIT 1)", oid))

    def arrive(self, arrivals: Iterable[tuple[Listed, Origin | None]]) -> None:
        """Listed files are done with: here now, or (None) nothing came of them that is kept."""
        statements: list[Statement] = []
        for file, origin in arrivals:
            if origin:
                statements += adding(origin)
            statements.append(("DELETE FROM listed WHERE repository = ? AND path = ?", (file.repository, file.path)))
        self._write(statements)

    def lfs_spent(self, month: str) -> dict[str, tuple[int, int]]:
        """Owner → files and bytes that came from Git LFS in a month (`2026-11`)."""
        rows = self._db.execute(
            "SELECT provenance.body, bytes FROM origin JOIN file USING (sha256) JOIN provenance "
            "ON provenance.id = origin.provenance WHERE provenance.body LIKE ?",
            (f'%"lfs": "{month}"%',),
        )
        spent: dict[str, tuple[int, int]] = {}
        for body, bytes_ in rows:
            owner = json.loads(body)["author"]
            files, total = spent.get(owner, (0, 0))
            spent[owner] = files + 1, total + bytes_
        return spent


def _slicing(source: str, part: Slice) -> Statement:
    values = (source, part.query, part.count, part.cursor, int(part.done))
    return "INSERT OR REPLACE INTO slice VALUES (?, ?, ?, ?, ?)", values


def _repository(row: tuple[Any, ...]) -> Repository:
    id, source, name, tree, listed, body = row
    return Repository(id, source, name, tree, listed, json.loads(body))


def _below(name: str) -> tuple[str, str]:
    """The range of paths below a folder, for an index: `0` comes right after `/`."""
    return f"{name}/", f"{name}0"
