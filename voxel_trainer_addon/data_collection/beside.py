# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes a record, and what belongs beside it, out of a worker's scratch folder. Nothing is taken on trust."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from ..files import sha256_of
from ..paths import DataFolder
from ..worker.record import BESIDE, FOLDER


def take(made: Path, names: Iterable[str], record: Path, folder: DataFolder) -> None:
    """Move what is named beside the record `made`, where it is not there yet, and then the record to `record`.

    Raises ValueError for anything else than plain files in a worker's folder whose contents are what they are called,
    and OSError.
    """
    scratch = folder.scratch.resolve()
    if scratch not in made.parents or ".." in made.parts or made.name != record.name:
        raise ValueError("the record lies at another place than a worker writes to")
    for name in names:
        found = BESIDE.fullmatch(str(name))
        if not found:
            raise ValueError(f"“{name}” is no name of what lies beside a record")
        here, there = made.parent / FOLDER / name, record.parent / name
        if there.exists():
            here.unlink(missing_ok=True)
        else:
            _check_plain(here)
            if sha256_of(here) != found[1]:
                raise ValueError(f"what lies beside the record as “{name}” is something else")
            _move(here, there)
    _check_plain(made)
    _move(made, record)


def _check_plain(place: Path) -> None:
    if not stat.S_ISREG(place.lstat().st_mode):
        raise ValueError(f"“{place.name}” is no plain file")


def _move(made: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    os.replace(made, place)
