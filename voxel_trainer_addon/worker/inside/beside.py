# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker lays beside a record, each content once: text blocks, packed pictures, previews.

It lies as `<kind>/<SHA-256 of it><ending>` in the folder `beside` of the scratch folder until the parse stage takes it.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

ONE_MAX = 64 << 20
"""Bytes of one thing."""
ALL_MAX = 512 << 20
"""Bytes of all things beside one record."""
FOLDER = "beside"


class Beside:
    """Keeps things for one record; without a `scratch` folder it keeps none. `kept` names what lies there."""

    def __init__(self, scratch: Path | None) -> None:
        self._folder = scratch / FOLDER if scratch else None
        self.kept: list[str] = []
        self._bytes = 0
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def takes(self, size: int) -> bool:
        """Whether a thing of so many bytes will be kept."""
        return self._folder is not None and 0 < size <= min(ONE_MAX, ALL_MAX - self._bytes)

    def keep(self, kind: str, data: bytes, ending: str = "") -> str:
        """The thing's name below `kind`."""
        assert self._folder
        name = hashlib.sha256(data).hexdigest() + ending
        if f"{kind}/{name}" not in self.kept:
            place = self._folder / kind / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            self._bytes += len(data)
            self.kept.append(f"{kind}/{name}")
        return name
