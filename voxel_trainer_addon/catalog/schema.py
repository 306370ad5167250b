# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog's tables, as ordered migrations: step N brings a catalog of version N-1 to version N."""

from __future__ import annotations

import sqlite3

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE source (
        id TEXT PRIMARY KEY,            -- 'folder:rocks#1a2b3c': what rows and checkpoints name; holds no private path
        kind TEXT NOT NULL,
        root TEXT,                      -- where its files lie on this machine; NULL until a run names the source again
        state TEXT NOT NULL DEFAULT '', -- '' or 'done'
        words TEXT NOT NULL DEFAULT ''
    ) STRICT;
    CREATE TABLE file (
        sha256 TEXT PRIMARY KEY,
        bytes INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE origin (
        source TEXT NOT NULL REFERENCES source ON DELETE CASCADE,
        path TEXT NOT NULL,             -- relative to the source, with /
        sha256 TEXT NOT NULL REFERENCES file,
        mtime_ns INTEGER NOT NULL,
        licence TEXT NOT NULL,          -- SPDX id, or 'own'
        provenance TEXT NOT NULL,       -- JSON: evidence of the licence, repository, commit, author …
        PRIMARY KEY (source, path)
    ) STRICT;
    CREATE INDEX origin_by_content ON origin (sha256);
    CREATE TABLE record (
        sha256 TEXT NOT NULL REFERENCES file,
        blender TEXT NOT NULL,
        version INTEGER NOT NULL,       -- of the record's form
        state TEXT NOT NULL,
        path TEXT NOT NULL,             -- relative to the data folder
        counts TEXT NOT NULL,           -- JSON
        PRIMARY KEY (sha256, blender)
    ) STRICT;
    CREATE TABLE proof (
        unit TEXT NOT NULL,             -- digest of the tree's graph and the groups below it, as read
        blender TEXT NOT NULL,
        version INTEGER NOT NULL,       -- of the code writer
        graph TEXT NOT NULL,            -- canonical hash
        shape TEXT NOT NULL,
        nodes INTEGER NOT NULL,
        proven INTEGER NOT NULL,
        code TEXT,
        reason TEXT NOT NULL,
        PRIMARY KEY (unit, blender)
    ) STRICT;
    CREATE TABLE example (
        dataset TEXT NOT NULL,
        id TEXT NOT NULL,
        split TEXT NOT NULL,
        body TEXT NOT NULL,             -- JSON: the row as it stands in the file
        PRIMARY KEY (dataset, id)
    ) STRICT;
    CREATE TABLE aside (
        stage TEXT NOT NULL,
        item TEXT NOT NULL,
        blender TEXT NOT NULL,          -- '' where Blender has no part in it
        code TEXT NOT NULL,
        sentence TEXT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (stage, item, blender)
    ) STRICT;
    CREATE TABLE job (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
    CREATE TABLE evaluation (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
    """,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a catalog of any released version to the newest. Raises ValueError for one from the future."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise ValueError(f"the catalog has version {version}, this Voxel Trainer knows {len(MIGRATIONS)}")
    for number, step in enumerate(MIGRATIONS[version:], version + 1):
        connection.executescript(f"BEGIN; {step} PRAGMA user_version = {number}; COMMIT;")
