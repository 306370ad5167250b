# SPDX-License-Identifier: GPL-3.0-or-later
"""Where files come from. A source discovers first (path, size, licence, provenance) and fetches afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ...errors import SetAside, UserError
from ...stage import Options
from ...worker.protocol import Host
from ..licences import Licence


@dataclass(frozen=True)
class Found:
    """A file that a source offers: `path` relative to it with `/`, size in bytes, time of change in ns."""

    path: str
    bytes: int
    mtime_ns: int
    licence: Licence


class Source(Protocol):
    """One place to harvest. `id` names it in rows and holds no private path; `root` is where its fetched files lie."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def root(self) -> Path: ...

    def discover(self) -> Iterator[Found | SetAside]:
        """What is there, metadata only, in a fixed order."""

    def fetch(self, found: Found) -> Path:
        """Where the content lies now. Raises OSError."""


def open_source(spec: str, options: Options, host: Host | None) -> Source:
    """The source that `kind:place` names. Raises UserError where there is none."""
    from . import bundled, folder

    kind, _, place = spec.partition(":")
    if kind == "folder" and place:
        return folder.open(Path(place), options)
    if kind == "bundled":
        return bundled.open(host, options)
    raise UserError(
        f"“{spec}” is no source. Write folder:PATH for a folder, or bundled: for the libraries inside Blender."
    )


def place_id(kind: str, root: Path) -> str:
    """An id that tells two places apart without giving away where they are: `folder:rocks#1a2b3c`."""
    return f"{kind}:{root.name}#{hashlib.sha256(str(root).encode('utf-8', 'surrogateescape')).hexdigest()[:6]}"
