# SPDX-License-Identifier: GPL-3.0-or-later
"""What a repository gives: entries, states and blobs as values, and what git and dulwich both must be able to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


def is_file(mode: int) -> bool:
    """Whether that is the mode of a file, not of a link or a submodule."""
    return mode & 0o170000 == 0o100000


class GitProblem(Exception):
    """A repository that cannot be read, or not further. `code` groups, `sentence` tells a person what happened and
    what to do, `detail` is what git said."""

    def __init__(self, code: str, sentence: str, detail: str = "") -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.detail = code, sentence, detail


@dataclass(frozen=True)
class Limits:
    """What one repository may cost. `bytes`: received, in its clone; `blob_bytes`: one file; `seconds`: waiting for one
    command; `silence_s`: without a sign of life; `entries`: paths in one commit; `changes`: of wanted paths in one;
    `memory`: of one git command, in bytes, where the system can bound it (Linux)."""

    bytes: int = 10_000_000_000
    blob_bytes: int = 1_000_000_000
    seconds: float = 3600.0
    silence_s: float = 120.0
    entries: int = 2_000_000
    changes: int = 100_000
    memory: int = 3_000_000_000


@dataclass(frozen=True)
class Head:
    """The newest commit of the default branch; `branch` is empty where the server names none. `date`: ISO 8601."""

    commit: str
    date: str
    branch: str


@dataclass(frozen=True)
class Entry:
    """A path in a commit: bytes where it is not valid text. Data alone, never a place on disk.

    `lfs`: .gitattributes says that what git holds is a pointer into Git LFS.
    """

    path: str | bytes
    mode: int
    oid: str
    lfs: bool = False

    @property
    def is_file(self) -> bool:
        """Neither a link nor a submodule."""
        return is_file(self.mode)


@dataclass(frozen=True)
class State:
    """What a path held after a commit, and what it held before: `before` is None for the first state.

    `before_path` differs from `path` where the file was moved in this commit. `message`: subject and body without
    addresses and control characters. `author`: a name, never an address. `date`: the author's, ISO 8601.
    """

    path: str | bytes
    oid: str
    before: str | None
    before_path: str | bytes | None
    commit: str
    parents: tuple[str, ...]
    message: str
    author: str
    date: str

    @property
    def is_edit(self) -> bool:
        """There is a state before, and it differs."""
        return self.before is not None and self.before != self.oid


@dataclass(frozen=True)
class Text:
    """A small text file of the newest commit."""

    path: str | bytes
    oid: str
    text: str


@dataclass(frozen=True)
class Blob:
    """A blob that lies whole in the file `path`, checked against its oid."""

    oid: str
    path: Path
    sha256: str
    size: int


@dataclass(frozen=True)
class Missing:
    """A blob that was not to be had, and why."""

    oid: str
    code: str
    sentence: str


@dataclass(frozen=True)
class Change:
    """One path of one commit; `old` or `new` is None where it is not a file before or after."""

    path: bytes
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Commit:
    """A commit with its changes against its first parent. Of a merge only what none of its parents had. `date`: seconds
    since 1970 and the offset as git writes it (`1700000000 +0100`)."""

    oid: str
    parents: tuple[str, ...]
    author: bytes
    date: str
    message: bytes
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Remote:
    """What the other side says of its HEAD; `ref` names the branch, or is empty."""

    commit: str
    ref: str


class Tool(Protocol):
    """git, or dulwich. All raise GitProblem; what `tick` raises goes through and leaves nothing running."""

    name: str
    whole: bool
    """The other side sent everything, wanted or not: it cannot filter."""

    def remote(self) -> Remote:
        """Ask where HEAD is."""

    def begin(self, remote: Remote) -> None:
        """Make the empty clone in place of whatever is there."""

    def bring_commits(self, remote: Remote, *, history: bool, deepen: bool) -> str:
        """Fetch HEAD with its trees, with all that came before or alone; its commit."""

    def bring_blobs(self, oids: Sequence[str], most: int) -> None:
        """Fetch these blobs in one request, unless the clone grows by more than `most` bytes."""

    def size(self) -> int:
        """Bytes of packs in the clone, those on their way too."""

    def sizes(self, oids: Sequence[str]) -> dict[str, int]:
        """Size of each of these blobs that is here already; nothing is fetched."""

    def is_cut(self) -> bool:
        """The history that is here does not reach to its beginning."""

    def date(self, commit: str) -> str:
        """The committer's date, as in `Commit`."""

    def tree(self, commit: str) -> Iterator[tuple[bytes, int, str]]:
        """All paths with mode and oid, in git's order."""

    def log(self, commit: str, patterns: Sequence[str]) -> Iterator[Commit]:
        """The commits up to this one that change a matching path, parents before children."""

    def blobs(self, oids: Sequence[str]) -> Iterator[tuple[str, Iterator[bytes]]]:
        """The content of blobs that are here, in pieces that must be read in order."""

    def close(self) -> None: ...


Tick = Callable[[], None]
