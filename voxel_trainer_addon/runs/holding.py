# SPDX-License-Identifier: GPL-3.0-or-later
"""What a chosen folder holds: .blend files, bytes, versions; counted a few milliseconds at a time. No bpy."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ..data_collection.header import saved_by
from ..words import counted, size

SLICE_S, FIRST_S, MOST_S = 0.005, 0.1, 3.0
"""Time of a step, of the first one, and of all of them."""


class Holding:
    """The count of one folder, as a harvest would find its files: links are not followed, nothing but heads is read."""

    def __init__(self) -> None:
        self.choose("")

    def choose(self, folder: str) -> None:
        """Begin to count another folder; '' is none. Nothing is read yet."""
        self.folder = folder
        self.files = self.bytes = 0
        self.versions: set[tuple[int, int]] = set()
        self.whole = self.there = True
        self._left = MOST_S
        self._steps: Iterator[None] | None = self._below(folder) if folder else None

    @property
    def busy(self) -> bool:
        """Whether there is more to count."""
        return self._steps is not None

    def step(self, budget_s: float = SLICE_S) -> bool:
        """Go on for so many seconds; whether it has come to its end just now."""
        if self._steps is None:
            return False
        began = time.monotonic()
        for _ in self._steps:
            if (spent := time.monotonic() - began) > budget_s:
                self._left -= spent
                if self._left > 0:
                    return False
                self.whole = False
                break
        self._steps = None
        return True

    @property
    def words(self) -> str:
        """For a person; '' for no folder."""
        if not (self.folder and self.there):
            return "There is no such folder" if self.folder else ""
        words = counted(self.files, ".blend file") + (" so far" if self.busy else "" if self.whole else " or more")
        if self.files:
            words += f", {size(self.bytes)}"
        if self.versions:
            first, last = (".".join(map(str, version)) for version in (min(self.versions), max(self.versions)))
            words += f", saved by Blender {first}" + (f" to {last}" if last != first else "")
        return words

    def _below(self, folder: str) -> Iterator[None]:
        self.there, waiting = os.path.isdir(folder), [folder]
        while waiting:
            with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.name.lower().endswith(".blend") and entry.is_file(follow_symlinks=False):
                        self._take(entry)
                    yield
            yield

    def _take(self, entry: os.DirEntry[str]) -> None:
        self.files += 1
        with contextlib.suppress(OSError):
            self.bytes += entry.stat(follow_symlinks=False).st_size
        if version := saved_by(Path(entry.path)):
            self.versions.add(version)
