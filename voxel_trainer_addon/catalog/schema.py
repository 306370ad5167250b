# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog's tables, as ordered migrations: step N brings a catalog of version N-1 to version N."""

from __future__ import annotations

import hashlib
import sqlite3

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE source (
        id TEXT PRIMARY KEY,            -- 'folder:rocks#1a2b3c': what rows and checkpoints name; holds no private path
        kind TEXT NOT NULL,
        root TEXT,                      -- where its files lie on this machine; NULL until a run names the source again
        state TEXT NOT NULL DEFAULT '', -- see `Harvested.source_state`
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
    # Git hosts: what they list, what of it is here, and where a search is to go on. Facts that many files share are
    # kept once, and tables without a rowid save a second copy of every key.
    """
    CREATE TABLE provenance (
        id BLOB PRIMARY KEY,            -- see `key_of`
        body TEXT NOT NULL              -- JSON: evidence of the licence, repository, commit, author …
    ) STRICT, WITHOUT ROWID;
    INSERT OR IGNORE INTO provenance SELECT key_of(provenance), provenance FROM origin;
    CREATE TABLE new_file (
        sha256 TEXT PRIMARY KEY,
        bytes INTEGER NOT NULL,
        kind TEXT NOT NULL,             -- 'blend' or 'code'
        oid TEXT NOT NULL,              -- git's SHA-1 of it, '' where nobody asked
        stored INTEGER NOT NULL         -- 1: it was downloaded and lies in blobs/
    ) STRICT, WITHOUT ROWID;
    INSERT INTO new_file SELECT sha256, bytes, 'blend', '', 0 FROM file;
    CREATE TABLE new_origin (
        source TEXT NOT NULL REFERENCES source ON DELETE CASCADE,
        path TEXT NOT NULL,             -- relative to the source, with /; in a repository below its name
        sha256 TEXT NOT NULL REFERENCES file,
        mtime_ns INTEGER NOT NULL,
        licence TEXT NOT NULL,          -- SPDX expression, or 'own'
        provenance BLOB NOT NULL REFERENCES provenance,
        PRIMARY KEY (source, path)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO new_origin SELECT source, path, sha256, mtime_ns, licence, key_of(provenance) FROM origin;
    DROP TABLE origin;
    DROP TABLE file;
    ALTER TABLE new_file RENAME TO file;
    ALTER TABLE new_origin RENAME TO origin;
    CREATE INDEX origin_by_content ON origin (sha256);
    CREATE INDEX file_by_oid ON file (oid) WHERE oid <> '';
    CREATE TABLE slice (                -- a part of a search that its host shows to the end, and can be gone on with
        source TEXT NOT NULL REFERENCES source ON DELETE CASCADE,
        query TEXT NOT NULL,
        count INTEGER NOT NULL,         -- repositories, as the host counted them
        cursor TEXT NOT NULL,           -- behind the last page that was taken, '' before the first
        done INTEGER NOT NULL,
        PRIMARY KEY (source, query)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE repository (
        id TEXT PRIMARY KEY,            -- 'github:4711': a host's own number outlives a rename
        source TEXT NOT NULL REFERENCES source ON DELETE CASCADE,
        name TEXT NOT NULL,             -- owner/name
        tree TEXT NOT NULL,             -- oid of the newest root tree that is known
        listed TEXT NOT NULL,           -- the same of the tree whose files are listed, '' before
        body TEXT NOT NULL              -- JSON: what the host says of it
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX repository_by_name ON repository (name);
    CREATE TABLE listed (               -- files that a host offers and that are not here
        repository TEXT NOT NULL REFERENCES repository ON DELETE CASCADE,
        path TEXT NOT NULL,
        kind TEXT NOT NULL,
        oid TEXT NOT NULL,
        bytes INTEGER NOT NULL,         -- -1: the host does not say
        licence TEXT NOT NULL,
        provenance BLOB NOT NULL REFERENCES provenance,
        PRIMARY KEY (repository, path)
    ) STRICT, WITHOUT ROWID;
    """,
    # Search: by likeness of trees, and by words. The index of words is no part of a migration, as some Python's SQLite
    # lacks FTS5; see `search.py`.
    """
    CREATE TABLE findable (
        number INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice
        dataset TEXT NOT NULL,
        id TEXT NOT NULL,
        split TEXT NOT NULL,
        answer TEXT NOT NULL,           -- what the answer makes; '' where nobody told
        UNIQUE (dataset, id),
        FOREIGN KEY (dataset, id) REFERENCES example ON DELETE CASCADE
    ) STRICT;
    CREATE INDEX findable_by_answer ON findable (answer) WHERE answer <> '';
    INSERT INTO findable (dataset, id, split, answer) SELECT dataset, id, split, '' FROM example ORDER BY dataset, id;
    CREATE TABLE tree (
        tree INTEGER PRIMARY KEY,
        answer TEXT NOT NULL UNIQUE,
        sketch BLOB NOT NULL,           -- see `graph.minhash.sketch`
        features BLOB NOT NULL          -- packed
    ) STRICT;
    CREATE TABLE sketches (             -- all of them once more, many in a row: that is read in a tenth of the time
        first INTEGER PRIMARY KEY,
        trees BLOB NOT NULL,            -- 8 bytes each
        sketches BLOB NOT NULL
    ) STRICT;
    CREATE TABLE frequent (             -- words that many rows have, by the index of words
        word TEXT PRIMARY KEY,
        rows INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
    # How often a test split was looked at: each look at it wears it out.
    """
    CREATE TABLE look (
        test TEXT NOT NULL,             -- digest of its rows' ids
        at TEXT NOT NULL,               -- UTC
        evaluation TEXT NOT NULL,       -- which one looked
        PRIMARY KEY (test, at, evaluation)
    ) STRICT, WITHOUT ROWID;
    """,
    # The registry of models as it stood at the end of the last run. Its truth are the files in models/.
    """
    CREATE TABLE model (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
    """,
)


def key_of(text: str) -> bytes:
    """The key of a shared text: 16 bytes of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a catalog of any released version to the newest. Raises ValueError for one from the future."""
    connection.create_function("key_of", 1, key_of, deterministic=True)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise ValueError(f"the catalog has version {version}, this Voxel Trainer knows {len(MIGRATIONS)}")
    for number, step in enumerate(MIGRATIONS[version:], version + 1):
        connection.executescript(f"BEGIN; {step} PRAGMA user_version = {number}; COMMIT;")
