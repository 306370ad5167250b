# SPDX-License-Identifier: GPL-3.0-or-later
"""Many files at once, each content once, with the manners that hosts expect: pauses, and fewer when it goes badly."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ..catalog import Listed, Origin, Repository
from ..errors import SetAside
from ..http import GONE, Kind, NetworkError
from ..words import counted
from .blobs import keep, packed
from .code_scraper import judged, uses_bpy
from .fetch import Got, NotFetched, Pace, Unchanged, Want, fetch
from .reach import TICK_S, LimitReached, Reach
from .turns import RAW, Turn, Turns

TRIES = 4
PAUSE_S, PAUSE_MAX_S = 1.0, 60.0
NOBODY: Mapping[str, Kind] = {"dns": "dns", "connect": "connect", "offline": "offline"}
"""Kinds of failure that say nothing of a file: nobody answers."""
SILENCES = 10
"""So often in a row a host is asked that does not answer at all, with longer and longer pauses: five minutes."""
LAST, WAVE = 20, 8
"""So many failures of one kind among so many last files are a wave: something is wrong that is not the files'."""
TWINS = 1000
"""So many files may wait for another of the same content."""
CALM = 50
"""After so many files without a fault one more is fetched at a time."""
COMMIT_FILES, COMMIT_BYTES, COMMIT_S = 50, 1_000_000, 2.0
WORDS = {
    "cut": "connections break off",
    "connect": "connections are refused",
    "dns": "the host's name is not found",
    "timeout": "answers do not come in time",
    "slow": "files come very slowly",
    "hash": "contents are not what was listed",
    "html": "web pages come in place of files",
}


@dataclass(frozen=True)
class Job:
    """A file to fetch for an origin."""

    repository: Repository
    file: Listed
    want: Want

    @property
    def item(self) -> str:
        """What it is called where it is set aside."""
        return f"{self.repository.source}/{self.repository.name}/{self.file.path}"

    @property
    def host(self) -> str:
        return urlsplit(self.want.address).netloc


class Downloads:
    """Goes through jobs; each ends as an origin in the catalog, or set aside with its reason. Equal contents come once.

    `gone` is told of a repository from which a file is missing and with which code, and says whether it knows why.
    """

    def __init__(self, reach: Reach, gone: Callable[[Repository, str], bool]) -> None:
        self.reach, self._gone = reach, gone
        self.width = reach.options.downloads
        self.files = self.bytes = self.known = 0
        self.kinds: Counter[str] = Counter()
        self._pace = Pace(reach.options.rate_mb * 1e6)
        self._active: dict[Future[Got], Turn[Job]] = {}
        self._turns = Turns[Job](reach)
        self._twins: dict[str, list[Job]] = {}
        self._new: dict[str, tuple[str, int, str]] = {}
        self._useless: set[str] = set()
        self._missing: list[tuple[Job, NotFetched]] = []
        self._silent: Counter[str] = Counter()
        self._dead: dict[str, NetworkError] = {}
        self._arrived: list[tuple[Listed, Origin | None]] = []
        self._fresh, self._since = 0, time.monotonic()
        self._last: deque[str] = deque(maxlen=LAST)
        self._calm = 0

    def run(self, jobs: Iterable[Job]) -> None:
        """Fetch them all. Raises LimitReached where a host wants a long pause, NetworkError where one does not answer
        at all, each when what is under way has ended, and OSError (no space)."""
        self._jobs = iter(jobs)
        self._more = True
        try:
            self._go()
            self._look_again()
        except LimitReached:
            while self._active:
                self._collect()
            raise
        finally:
            self._commit()
        for error in self._dead.values():
            raise error

    def _go(self) -> None:
        while self._more or self._active or self._turns:
            self.reach.tick()
            while len(self._active) < self.width and (turn := self._next()):
                self._begin(turn)
            if self._active:
                self._collect()
            elif self._turns:
                self._turns.rest()

    # choosing

    def _next(self) -> Turn[Job] | None:
        """The next file to begin with, or None where nothing can be begun now."""
        if turn := self._turns.take():
            return turn
        if len(self._turns) > LAST * 2 or sum(map(len, self._twins.values())) > TWINS:
            return None
        for job in self._jobs:
            oid = job.file.oid
            if known := self._new.get(oid) or self.reach.catalog.content_of(oid):
                self.known += 1
                if job.file.kind == "code" != known[2] and not uses_bpy(self.reach.folder.blob(known[0], known[2])):
                    self._done(job, None)
                else:
                    self._arrive(job, *known, oid)
                self.reach.tick()
            elif job.file.kind == "code" and oid in self._useless:
                self._done(job, None)
            elif oid and oid in self._twins:
                self._twins[oid].append(job)
            elif job.host not in self._dead:
                if oid:
                    self._twins[oid] = []
                self._turns.put(Turn(job, job.want.address))
                return self._turns.take()
        self._more = False
        return None

    def _begin(self, turn: Turn[Job]) -> None:
        want, parts = turn.item.want, self.reach.folder.parts

        def got() -> Got:
            found = fetch(self.reach.client, want, parts, self._pace)
            return replace(found, part=packed(found.part))

        self._active[self.reach.crew.submit(got)] = turn

    # taking

    def _collect(self) -> None:
        self.reach.tick()
        done, _ = wait(self._active, TICK_S, FIRST_COMPLETED)
        for future in done:
            turn = self._active.pop(future)
            try:
                got = future.result()
            except NotFetched as error:
                self._failed(turn, error)
            except Unchanged:
                self._unchanged(turn.item)
            else:
                self._fetched(turn.item, got)
        if time.monotonic() - self._since > COMMIT_S:
            self._commit()

    def _fetched(self, job: Job, got: Got) -> None:
        self.files += 1
        self.bytes += got.received
        self._silent[job.host] = 0
        self._went("")
        oid = job.file.oid or got.oid
        each = [job, *self._twins.pop(job.file.oid, ())]
        code = [one for one in each if one.file.kind == "code"]
        useless = code if code and not uses_bpy(got.part) else []
        for one in useless:
            self._useless.add(oid)
            self._done(one, None)
        kept = [one for one in each if one not in useless]
        if not kept:
            got.part.unlink()
            return
        keep(got.part, self.reach.folder.blob(got.sha256, kept[0].file.kind))
        self.known += len(kept) - 1
        for one in kept:
            self._arrive(one, got.sha256, got.bytes, kept[0].file.kind, oid, got.etag if one is job else "")

    def _unchanged(self, job: Job) -> None:
        """It is here as it is there; what is said of it may have changed."""
        known = self.reach.catalog.origin(job.repository.source, f"{job.repository.name}/{job.file.path}")
        assert known, "its ETag came from there"
        self._arrive(job, known.sha256, known.bytes, known.kind, known.oid, job.want.etag)

    def _arrive(self, job: Job, sha256: str, bytes_: int, kind: str, oid: str, etag: str = "") -> None:
        file, repository = job.file, job.repository
        provenance = {**file.provenance, "etag": etag} if etag and not file.oid else file.provenance
        path = f"{repository.name}/{file.path}"
        changed = self.reach.folder.blob(sha256, kind).stat().st_mtime_ns
        origin = Origin(
            repository.source, path, sha256, bytes_, changed, file.licence, provenance, kind, oid, stored=True
        )
        if oid:
            self._new[oid] = sha256, bytes_, kind
        self._done(job, judged(self.reach, origin))

    def _done(self, job: Job, origin: Origin | None) -> None:
        self._arrived.append((job.file, origin))
        self._fresh += origin.bytes if origin else 0
        self.reach.step(job.item)
        if len(self._arrived) >= COMMIT_FILES or self._fresh >= COMMIT_BYTES:
            self._commit()

    def _commit(self) -> None:
        if self._arrived:
            self.reach.catalog.arrive(self._arrived)
        self._arrived, self._new, self._fresh, self._since = [], {}, 0, time.monotonic()

    # failing

    def _failed(self, turn: Turn[Job], error: NotFetched) -> None:
        job = turn.item
        self.bytes += error.received
        if error.status and self.reach.limits(turn.address).read(error.status, error.headers, RAW):
            turn.tries -= 1
            self._turns.put(turn)
            return
        self._went(error.kind)
        if error.kind in NOBODY:
            self._nobody(turn, NOBODY[error.kind], str(error))
            return
        self._silent[job.host] = 0
        if error.at > turn.best and error.kind in ("cut", "timeout", "slow"):
            turn.best, turn.tries = error.at, 0  # it comes on: a long file on a bad line ends some day
        if error.again and turn.tries < TRIES:
            self._turns.put(turn, min(PAUSE_S * 2 ** max(0, turn.tries - 1), PAUSE_MAX_S))
            return
        if error.kind in GONE.values():
            self._missing.append((job, error))
        else:
            self._aside(job, error)
        if twins := self._twins.pop(job.file.oid, None):  # the next may have it
            self._twins[job.file.oid] = twins[1:]
            self._turns.put(Turn(twins[0], twins[0].want.address))

    def _nobody(self, turn: Turn[Job], kind: Kind, words: str) -> None:
        """The host does not answer at all: ask it again later, and at last leave it for another run."""
        host, limits = turn.item.host, self.reach.limits(turn.address)
        if limits.until(RAW) <= time.time():
            self._silent[host] += 1
            limits.pause(RAW, min(PAUSE_S * 2 ** self._silent[host], PAUSE_MAX_S))
        if kind == "offline" or self._silent[host] >= SILENCES:
            self._dead[host] = NetworkError(kind, words if kind == "offline" else f"{words} The rest comes next time.")
            self._twins.pop(turn.item.file.oid, None)
        else:
            turn.tries -= 1
            self._turns.put(turn)

    def _look_again(self) -> None:
        """What of a repository was not there may have moved, or the whole of it is gone."""
        for job, error in self._missing:
            if self._gone(job.repository, error.kind):
                self.reach.step(job.item)
            else:
                self._aside(job, error)

    def _aside(self, job: Job, error: NotFetched) -> None:
        self.reach.hooks.set_aside(SetAside("harvest", job.item, error.kind, str(error)))
        self.reach.step(job.item)

    def _went(self, kind: str) -> None:
        """Take note of how a file ended: fewer at a time after a wave of one kind, more again when it is calm."""
        self._last.append(kind)
        if not kind:
            self._calm += 1
            if self._calm >= CALM and self.width < self.reach.options.downloads:
                self._calm, self.width = 0, self.width + 1
            return
        self.kinds[kind] += 1
        self._calm = 0
        if kind in WORDS and self._last.count(kind) >= WAVE:
            self._last.clear()
            self.width = max(1, self.width // 2)
            files = counted(self.width, "file")
            self.reach.note(f"Many {WORDS[kind]}; going on with {files} at a time.")
