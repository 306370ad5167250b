# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker lays beside a record, each content once: text blocks, packed pictures, previews.

It lies in the folder `beside` of the scratch folder until the parse stage takes it (see `record.BESIDE`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from ..record import FOLDER

ONE_MAX = 64 << 20
"""Bytes of one thing."""
ALL_MAX = 512 << 20
"""Bytes of all things beside one record."""


class Beside:
    """Keeps things for one record; without a `scratch` folder it keeps none. `kept` names what lies there."""

    def __init__(self, scratch: Path | None) -> None:
        self._folder = scratch / FOLDER if scratch else None
        self.kept: list[str] = []
        self._bytes = 0

    def drop(self) -> None:
        """Leave nothing there."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def takes(self, size: int) -> bool:
        """Whether a thing of so many bytes will be kept."""
        return self._folder is not None and 0 < size <= min(ONE_MAX, ALL_MAX - self._bytes)

    def keep(self, kind: str, data: bytes, ending: str = "") -> str:
        """The thing's name: `<kind>/<SHA-256 of it><ending>`."""
        assert self._folder
        name = f"{kind}/{hashlib.sha256(data).hexdigest()}{ending}"
        if name not in self.kept:
            place = self._folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with open(place, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            self._bytes += len(data)
            self.kept.append(name)
        return name
