# SPDX-License-Identifier: GPL-3.0-or-later
"""Where files come from. A source discovers first (path, size, licence, provenance) and fetches afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ...catalog import Listed, Repository
from ...errors import SetAside, UserError
from ...searches import DEFAULTS
from ...stage import Options
from ...worker.protocol import Host
from ..licences import Licence
from ..policy import Policy
from ..reach import Reach


@dataclass(frozen=True)
class Found:
    """A file that a source offers: `path` relative to it with `/`, size in bytes, time of change in ns."""

    path: str
    bytes: int
    mtime_ns: int
    licence: Licence


class Source(Protocol):
    """A place on this computer, whose files are read where they lie. `id` holds no private path."""

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


class Remote(Protocol):
    """A place elsewhere: what it offers goes into the catalog first, its files into `blobs/` afterwards."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def lot(self) -> str:
        """The source that its files belong to. Remotes of one lot are fetched together."""

    def discover(self, reach: Reach, policy: Policy) -> str:
        """List what is there, no file's content; a sentence about it.

        Raises LimitReached (it goes on later from where it stopped), UserError, NetworkError (this source is broken).
        """

    def fetch(self, reach: Reach, wanted: Iterable[tuple[Repository, Listed]], policy: Policy) -> None:
        """Bring these files. Each ends as an origin, or set aside. Raises LimitReached."""


def open_sources(specs: Sequence[str], options: Options, host: Host | None) -> list[Source | Remote]:
    """The sources that are named `kind:place`. Raises UserError where there is none."""
    from . import bundled, folder, git, github, listed

    accounts, opened = github.Accounts(), list[Source | Remote]()
    for spec in spelled_out(specs):
        kind, _, place = spec.partition(":")
        if kind == "folder" and place:
            opened.append(folder.open(Path(place), options))
        elif kind == "bundled":
            opened.append(bundled.open(host, options))
        elif kind == "github":
            opened.append(github.GitHub(place.strip(" \"'"), len(opened), accounts))
        elif kind == "git" and place:
            opened.append(git.open(place, options))
        elif kind == "list" and place:
            opened.append(listed.open(Path(place)))
        else:
            raise UserError(f"“{spec}” is no source. Write {KINDS}.")
    return opened


def spelled_out(specs: Iterable[str]) -> list[str]:
    """`specs` with every default search where `github:` names none, each of them once."""
    every = [f"github:{words}" for words in DEFAULTS.values()]
    return list(dict.fromkeys(one for spec in specs for one in (every if spec == "github:" else [spec])))


KINDS = (
    'folder:PATH for a folder, bundled: for the libraries inside Blender, github:"SEARCH" for GitHub, git:ADDRESS for '
    "any git repository, or list:FILE for addresses"
)


def place_id(kind: str, root: Path) -> str:
    """An id that tells two places apart without giving away where they are: `folder:rocks#1a2b3c`."""
    return f"{kind}:{root.name}#{hashlib.sha256(str(root).encode('utf-8', 'surrogateescape')).hexdigest()[:6]}"
