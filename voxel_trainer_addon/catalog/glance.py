# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at a catalog that another process may be writing: nothing is made, migrated or waited for."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

COUNTED = 10_000
"""Files of a source are counted up to here: that takes some 5 ms."""


@dataclass(frozen=True)
class Seen:
    """How a source stood last: `state` is '', listed, done, waiting or broken, `words` a sentence, `files` those from
    it (`COUNTED` where there are as many or more)."""

    state: str
    words: str
    files: int


def sources(path: Path) -> dict[str, Seen] | None:
    """Source id → how it stood last; empty where there is no catalog, None where it cannot be read just now."""
    if not path.is_file():
        return {}
    few = f"SELECT 1 FROM origin WHERE source = id LIMIT {COUNTED}"
    sql = f"SELECT id, state, words, (SELECT count(*) FROM ({few})) FROM source"
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0)) as db:
            return {id: Seen(*row) for id, *row in db.execute(sql)}
    except sqlite3.Error:
        return None
