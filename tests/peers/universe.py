# SPDX-License-Identifier: GPL-3.0-or-later
"""All repositories of a test GitHub, how they look at each of their commits, and how they change."""

from __future__ import annotations

import functools
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.peers.git_objects import Content, Snapshot, snapshot

Files = Mapping[str, Content]
LICENCES = {
    "mit": ("MIT", "MIT License"),
    "apache-2.0": ("Apache-2.0", "Apache License 2.0"),
    "gpl-2.0": ("GPL-2.0", "GNU General Public License v2.0"),
    "gpl-3.0": ("GPL-3.0", "GNU General Public License v3.0"),
    "agpl-3.0": ("AGPL-3.0", "GNU Affero General Public License v3.0"),
    "mpl-2.0": ("MPL-2.0", "Mozilla Public License 2.0"),
    "bsd-3-clause": ("BSD-3-Clause", 'BSD 3-Clause "New" or "Revised" License'),
    "zlib": ("Zlib", "zlib License"),
    "unlicense": ("Unlicense", "The Unlicense"),
    "cc0-1.0": ("CC0-1.0", "Creative Commons Zero v1.0 Universal"),
    "cc-by-4.0": ("CC-BY-4.0", "Creative Commons Attribution 4.0 International"),
    "cc-by-sa-4.0": ("CC-BY-SA-4.0", "Creative Commons Attribution Share Alike 4.0 International"),
    "other": ("NOASSERTION", "Other"),
}
"""GitHub's key of a licence → its SPDX id as GitHub gives it, and its name. '' as a key means that there is no file."""


@dataclass(frozen=True)
class Push:
    """A commit on top of the files that a repository began with; None takes a file away."""

    edits: Mapping[str, Content | None]
    date: datetime
    message: str = "Update"


@dataclass(eq=False)
class Repository:
    """One repository. `source` gives the files of its first commit; `state` is why it is not served, or ''."""

    number: int
    owner: str
    name: str
    source: Callable[[], Files]
    created: datetime
    licence: str = ""
    description: str | None = None
    owner_type: str = "User"
    stars: int = 0
    forks: int = 0
    kilobytes: int = 100
    language: str | None = "Python"
    topics: tuple[str, ...] = ()
    parent: str = ""
    archived: bool = False
    empty: bool = False
    template: bool = False
    mirror: bool = False
    state: str = ""  # gone, private, dmca, disabled
    branch: str = "main"
    pushed_days: int = 0
    pushes: list[Push] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def pushed(self) -> datetime:
        return self.pushes[-1].date if self.pushes else self.created + timedelta(days=self.pushed_days)

    @property
    def owner_number(self) -> int:
        return account(self.owner)

    @property
    def node_id(self) -> str:
        return f"R_kgDO{self.number:010d}"


def account(login: str) -> int:
    """The number of an account; the same login has the same one in every run."""
    return 1000 + zlib.crc32(login.lower().encode())


class Universe:
    """The repositories by name and number. Every change raises `version`, which what is remembered hangs on.

    `stored` is what Git LFS holds: SHA-256 → content.
    """

    def __init__(self, repositories: Iterable[Repository]) -> None:
        self.repositories: list[Repository] = []
        self.stored: dict[str, Content] = {}
        self.version = 0
        self._named: dict[str, Repository] = {}
        self._numbered: dict[int, Repository] = {}
        self._moved: dict[str, Repository] = {}
        self._lock = threading.Lock()
        self._snapshot = functools.lru_cache(512)(self._made)
        for repository in repositories:
            self.add(repository)

    def add(self, repository: Repository) -> None:
        self.repositories.append(repository)
        self._named[repository.full_name.lower()] = repository
        self._numbered[repository.number] = repository
        self.version += 1

    def named(self, name: str) -> Repository | None:
        return self._named.get(name.lower())

    def numbered(self, number: int) -> Repository | None:
        return self._numbered.get(number)

    def moved(self, name: str) -> Repository | None:
        """The repository that had this name before."""
        return self._moved.get(name.lower())

    def next_number(self) -> int:
        return max(self._numbered, default=0) + 1

    def rename(self, repository: Repository, full_name: str) -> None:
        old = repository.full_name.lower()
        self._moved[old] = self._named.pop(old)
        repository.owner, repository.name = full_name.split("/")
        self._named[full_name.lower()] = repository
        self.version += 1

    def push(self, repository: Repository, edits: Mapping[str, Content | None]) -> None:
        repository.pushes.append(Push(edits, datetime.now(UTC).replace(microsecond=0)))
        repository.empty = False
        self.version += 1

    def history(self, repository: Repository) -> list[Snapshot]:
        """Every commit, the first one first."""
        return [] if repository.empty else [self._at(repository, at) for at in range(len(repository.pushes) + 1)]

    def head(self, repository: Repository) -> Snapshot | None:
        return None if repository.empty else self._at(repository, len(repository.pushes))

    def at(self, repository: Repository, ref: str) -> Snapshot | None:
        """The commit of that id, or the newest for the default branch and HEAD."""
        head = self.head(repository)
        if head is None or ref in (head.commit, "HEAD", repository.branch, f"refs/heads/{repository.branch}"):
            return head
        return next((state for state in self.history(repository) if state.commit == ref), None)

    def _at(self, repository: Repository, at: int) -> Snapshot:
        with self._lock:
            return self._snapshot(repository, at)

    def _made(self, repository: Repository, at: int) -> Snapshot:
        person = f"Author {repository.number} <author-{repository.number}@example.invalid>"
        if at == 0:
            date = repository.created + timedelta(days=repository.pushed_days)
            return snapshot(repository.source(), "", person, date, "Start")
        before, push = self._snapshot(repository, at - 1), repository.pushes[at - 1]
        files = {**before.files, **push.edits}
        kept = {path: content for path, content in files.items() if content is not None}
        return snapshot(kept, before.commit, person, push.date, push.message)
