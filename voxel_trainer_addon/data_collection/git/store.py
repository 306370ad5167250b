# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of a clone: how many bytes its packs have, and what a killed fetch left in it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from ...words import size
from .model import GitProblem

FOLDER = "clone.git"


def pack_bytes(clone: Path) -> int:
    """Bytes of all packs, those on their way too."""
    total = 0
    with contextlib.suppress(FileNotFoundError), os.scandir(clone / "objects" / "pack") as entries:
        for entry in entries:
            if entry.name.endswith(".pack") or entry.name.startswith("tmp_pack"):
                with contextlib.suppress(FileNotFoundError):
                    total += entry.stat().st_size
    return total


def sweep(clone: Path) -> None:
    """Remove locks, temporary files and packs without an index."""
    packs = clone / "objects" / "pack"
    left = [*clone.glob("*.lock"), *clone.glob("refs/**/*.lock"), *packs.glob("tmp_*"), *packs.glob(".tmp*")]
    left += [pack for pack in packs.glob("*.pack") if not pack.with_suffix(".idx").is_file()]
    for path in left:
        path.unlink(missing_ok=True)


def too_many(most: int) -> GitProblem:
    """One commit has more paths than any honest one: folders can hold each other so that they unfold without end."""
    return GitProblem("too many", f"This repository has more than {most:,} paths in one commit. Leave it out.")


def too_large(most: int) -> GitProblem:
    """More would come than may."""
    words = f"More than {size(most)} would come from this repository. Allow more, or leave it out."
    return GitProblem("too large", words)
