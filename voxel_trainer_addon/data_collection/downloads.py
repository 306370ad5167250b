# SPDX-License-Identifier: GPL-3.0-or-later
"""Many files at once, each content once, with the manners that hosts expect: pauses, and fewer when it goes badly."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..catalog import Listed, Origin, Repository
from ..errors import SetAside
from ..words import counted
from .code_scraper import uses_bpy
from .fetch import GONE, Got, NotFetched, Pace, Unchanged, Want, fetch, keep
from .github.limits import Limits
from .reach import TICK_S, Reach

TRIES = 4
PAUSE_S, PAUSE_MAX_S = 1.0, 60.0
LAST, WAVE = 20, 8
"""So many failures of one kind among so many last files are a wave: something is wrong that is not the files'."""
CALM = 50
"""After so many files without a fault one more is fetched at a time."""
COMMIT_FILES, COMMIT_S = 50, 2.0
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


@dataclass
class _Try:
    job: Job
    tries: int = 0
    not_before: float = 0.0


class Downloads:
    """Goes through jobs; each ends as an origin in the catalog, or set aside with its reason.

    `gone` is told of a repository from which a file is missing.
    """

    def __init__(self, reach: Reach, gone: Callable[[Repository], None]) -> None:
        self.reach, self._gone = reach, gone
        self.width = reach.options.downloads
        self.files = self.bytes = self.known = 0
        self.kinds: Counter[str] = Counter()
        self._pace = Pace(reach.options.rate_mb * 1e6)
        self._limits: dict[str, Limits] = {}
        self._active: dict[Future[Got], _Try] = {}
        self._again: list[_Try] = []
        self._twins: dict[str, list[Job]] = {}
        self._arrived: list[tuple[Listed, Origin | None]] = []
        self._since = time.monotonic()
        self._last: deque[str] = deque(maxlen=LAST)
        self._calm = 0

    def run(self, jobs: Iterable[Job]) -> None:
        """Fetch them all. Raises LimitReached, when what is under way has ended, where a host wants a long pause."""
        self._jobs = iter(jobs)
        self._more = True
        try:
            while self._more or self._active or self._again:
                self.reach.tick()
                while len(self._active) < self.width and (tried := self._next()):
                    self._begin(tried)
                if self._active:
                    self._collect()
                elif self._again:
                    self._rest()
        finally:
            self._commit()

    # choosing

    def _next(self) -> _Try | None:
        """The next file to begin with, or None where nothing can be begun now."""
        now = time.time()
        for tried in self._again:
            if tried.not_before <= now and self._host(tried.job).until("raw") <= now:
                self._again.remove(tried)
                return tried
        if len(self._again) > LAST * 2:
            return None
        for job in self._jobs:
            oid = job.file.oid
            if known := self.reach.catalog.content_of(oid):
                self.known += 1
                self._arrive(job, *known, oid)
                self.reach.tick()
            elif oid and oid in self._twins:
                self._twins[oid].append(job)
            elif self._host(job).until("raw") > now:
                self._again.append(_Try(job))
                return None
            else:
                if oid:
                    self._twins[oid] = []
                return _Try(job)
        self._more = False
        return None

    def _host(self, job: Job) -> Limits:
        return self._limits.setdefault(urlsplit(job.want.address).netloc, Limits())

    def _begin(self, tried: _Try) -> None:
        tried.tries += 1
        want, parts = tried.job.want, self.reach.folder.blobs / ".parts"
        self._active[self.reach.crew.submit(lambda: fetch(self.reach.client, want, parts, self._pace))] = tried

    def _rest(self) -> None:
        """Nothing can be done now: wait for the first that may be tried again."""
        until = min(max(tried.not_before, self._host(tried.job).until("raw")) for tried in self._again)
        if any(self._host(tried.job).until("raw") >= until for tried in self._again):
            self._commit()
            self.reach.wait_until(until, "The host of the files wants a pause")
        else:
            self.reach.pause(min(max(until - time.time(), 0.0), TICK_S * 2))

    # taking

    def _collect(self) -> None:
        done, _ = wait(self._active, TICK_S, FIRST_COMPLETED)
        for future in done:
            tried = self._active.pop(future)
            try:
                got = future.result()
            except NotFetched as error:
                self._failed(tried, error)
            except Unchanged:
                self._done(tried.job, None)
            else:
                self._fetched(tried.job, got)
        if time.monotonic() - self._since > COMMIT_S:
            self._commit()

    def _fetched(self, job: Job, got: Got) -> None:
        self.files += 1
        self.bytes += got.received
        self._went("")
        if job.file.kind == "code" and not uses_bpy(got.part):
            got.part.unlink()
            for each in (job, *self._twins.pop(job.file.oid, ())):
                self._done(each, None)
            return
        keep(got, self.reach.folder.blob(got.sha256, job.file.kind))
        self._arrive(job, got.sha256, got.bytes, job.file.oid or got.oid, got.etag)

    def _arrive(self, job: Job, sha256: str, bytes_: int, oid: str, etag: str = "") -> None:
        file, repository = job.file, job.repository
        provenance = {**file.provenance, "etag": etag} if etag and not file.oid else file.provenance
        path = f"{repository.name}/{file.path}"
        changed = self.reach.folder.blob(sha256, file.kind).stat().st_mtime_ns
        origin = Origin(
            repository.source, path, sha256, bytes_, changed, file.licence, provenance, file.kind, oid, stored=True
        )
        self._done(job, origin)
        for twin in self._twins.pop(oid, ()):
            self.known += 1
            self._arrive(twin, sha256, bytes_, oid)

    def _done(self, job: Job, origin: Origin | None) -> None:
        self._arrived.append((job.file, origin))
        self.reach.step(job.item)
        if len(self._arrived) >= COMMIT_FILES:
            self._commit()

    def _commit(self) -> None:
        if self._arrived:
            self.reach.catalog.arrive(self._arrived)
        self._arrived, self._since = [], time.monotonic()

    # failing

    def _failed(self, tried: _Try, error: NotFetched) -> None:
        job = tried.job
        self.bytes += error.received
        if error.status in (403, 429) and self._host(job).read(error.status, error.headers, "raw", "rate limit"):
            tried.tries -= 1
            self._again.append(tried)
            return
        self._went(error.kind)
        if error.received and error.kind in ("cut", "timeout", "slow"):
            tried.tries = min(tried.tries, TRIES - 1)  # it comes on: a long file on a bad line ends some day
        if error.again and tried.tries < TRIES:
            tried.not_before = time.time() + min(PAUSE_S * 2 ** (tried.tries - 1), PAUSE_MAX_S)
            self._again.append(tried)
            return
        if error.status in GONE:
            self._gone(job.repository)
        for other in (job, *self._twins.pop(job.file.oid, ())):
            self.reach.hooks.set_aside(SetAside("harvest", other.item, error.kind, str(error)))
            self.reach.step(other.item)

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
