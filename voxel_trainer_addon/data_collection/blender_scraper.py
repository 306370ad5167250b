# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage harvest: go through the sources, list before fetching, fetch what may be taken, keep where it was found."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import checkpoints, removing, tokens
from ..catalog import Catalog, Origin
from ..errors import ComesLater, SetAside, UserError
from ..files import sha256_of
from ..http import Client, NetworkError
from ..licences.classes import OWN
from ..paths import DataFolder
from ..removal import RemovalList
from ..stage import Hooks, Options, Outcome, Work, is_online, last_options
from ..words import counted
from . import scraped
from .licences import with_head
from .plan import Plan, Wanted
from .policy import Policy
from .reach import LimitReached, Reach, clock
from .sources import Found, Remote, Source, bundled, folder, github, open_sources

COMMIT_FILES, COMMIT_S = 50, 2.0
FOR_EVER = float("inf")


FILTERS = ("include", "exclude", "limit", "code", "history", "stars", "archived", "allow", "lfs", "file_mb", "total_gb")
"""Options that decide what is taken: they stand in the checkpoint where they were chosen."""
USUAL = Options()


class BlenderFileScraper:
    """One harvest over some sources into one data folder.

    Files known by path, size and time of change are not read again, contents known by git's SHA-1 are not fetched
    again; equal content is kept once with all its origins.
    """

    def __init__(
        self,
        data: DataFolder,
        catalog: Catalog,
        sources: Sequence[Source | Remote],
        options: Options,
        *,
        online: bool = True,
    ) -> None:
        self.data, self.catalog, self.sources, self.options, self.online = data, catalog, sources, options, online
        self.current: Source | Remote | None = None
        self.found = self.hashed = 0
        self.reset_at = 0.0
        self.plan: Plan | None = None
        self._words: dict[str, str] = {}
        self._written = -1

    @classmethod
    def from_checkpoint(cls, path: Path) -> BlenderFileScraper:
        """The harvest whose checkpoint lies at `path` (`training_data/checkpoints/scraping_checkpoint.json`), with the
        sources of the newest run. Raises UserError where there is no such checkpoint."""
        data = DataFolder(Path(path).resolve().parent.parent)
        point = checkpoints.read(data, "harvest")
        if not point:
            raise UserError(f"{path} is no scraping checkpoint.")
        catalog = Catalog(data.catalog)
        scraped.restore(data, catalog)
        filters = Options.from_json(point["state"].get("filters", {}))
        options, roots = last_options(data, filters), catalog.roots()
        sources: list[Source | Remote] = []
        for source in catalog.sources():
            id, root = source["id"], roots.get(source["id"])
            if root and source["kind"] == "bundled":
                sources.append(bundled.at(root, id, options))
            elif root:
                sources.append(folder.open(root, options, source["kind"]))
        known = {source.id for source in sources}
        specs = dict.fromkeys([*options.source, *point["state"].get("queries", ())])
        for each in open_sources([spec for spec in specs if _opens(spec, options)], options, None):
            if each.id not in known:
                known.add(each.id)
                sources.append(each)
        return cls(data, catalog, sources, options)

    async def resume_scraping(self) -> dict[str, Any]:
        """Go on to the end; the numbers of the checkpoint's `progress` and the outcome in words.

        It is the caller's part that no other run works in this data folder.
        """
        try:
            words = self.harvest(_Alone(self.data, self.catalog)).words
        except ComesLater as later:
            words = str(later)
        return {**self.progress(), "outcome": words}

    def harvest(self, work: Hooks) -> Outcome:
        """Go through every source once. What could not be read is set aside. Raises ComesLater where a host wants to
        be left alone and waiting was not asked for."""
        self.policy = Policy(self.options, RemovalList.read(self.data.removal_list))
        client = Client(self.online, self.options.contact)
        self.reach = Reach(self.data, self.catalog, self.options, work, client, tokens.find())
        self.reach.before_wait = lambda: self._point("running", work)
        status = "running"
        try:
            for source in self.sources:
                if isinstance(source, folder.Folder):
                    self._go_through(source, work)
            self._go_out(self._remotes(), work)
            if words := removing.apply(self.data, self.catalog):
                work.note(words)
        except ComesLater:
            status = "paused"
            raise
        finally:
            self.reach.close()
            self.current = None
            self._write(status, work)
        if not self.options.plan:
            scraped.sweep(self.data, self.catalog)
        self._write("done", work)
        counts = self.catalog.counts()
        if self.plan and self.options.plan:
            return Outcome("Planned; nothing was fetched.", counts)
        words = f"{counted(counts['files'], 'file')} from {counted(len(self.catalog.sources()), 'source')}"
        aside = self.catalog.count_asides("harvest")
        return Outcome(f"{words}, {counted(aside, 'entry', 'entries')} set aside." if aside else f"{words}.", counts)

    # on this computer

    def _go_through(self, source: Source, work: Hooks) -> None:
        self.current = source
        self.catalog.add_source(source.id, source.kind, source.root)
        self.catalog.drop_asides("harvest", items=f"{source.id}/")
        known = self.catalog.seen(source.id)
        gone, waiting, since, here = set(known), list[Origin](), time.monotonic(), 0
        try:
            for found in source.discover():
                work.wait_while_paused()
                if isinstance(found, SetAside):
                    work.set_aside(found)
                    continue
                gone.discard(found.path)
                if self.options.limit and here >= self.options.limit:
                    break
                here += 1
                self.found += 1
                origin = self._origin(source, found, known.get(found.path))
                if isinstance(origin, SetAside):
                    work.set_aside(origin)
                else:
                    waiting.append(origin)
                if len(waiting) >= COMMIT_FILES or time.monotonic() - since > COMMIT_S:
                    self.catalog.add_origins(waiting)
                    waiting, since = [], time.monotonic()
                work.progress(self.found, 0, found.path)
        finally:
            self.catalog.add_origins(waiting)
        if not self.options.limit:
            self.catalog.drop_origins((source.id, path) for path in gone)
        self.catalog.end_source(source.id, counted(here, "file"))
        self._write("running", work)

    def _origin(self, source: Source, found: Found, known: tuple[int, int, str] | None) -> Origin | SetAside:
        if known and known[:2] == (found.bytes, found.mtime_ns):
            sha256 = known[2]
        else:
            try:
                sha256 = sha256_of(source.fetch(found))
                self.hashed += 1
            except OSError as error:
                sentence = f"This file could not be read: {error.strerror}. Check that you may read it."
                return SetAside("harvest", f"{source.id}/{found.path}", "unreadable", sentence)
        licence, kind = found.licence, "code" if found.path.endswith(folder.CODE) else "blend"
        told = dict(licence.provenance)
        origin = Origin(source.id, found.path, sha256, found.bytes, found.mtime_ns, licence.spdx, told, kind)
        if kind == "blend" or origin.licence == OWN:
            return origin
        return with_head(origin, source.fetch(found).read_text("utf-8", "replace"))

    # elsewhere

    def _remotes(self) -> list[Remote]:
        return [source for source in self.sources if not isinstance(source, folder.Folder)]  # type: ignore[misc]

    def _go_out(self, remotes: Iterable[Remote], work: Hooks) -> None:
        """List all, plan, fetch. What a host puts off comes last, when there is nothing else to do until then."""
        todo = list(remotes)
        unlisted = list(todo)
        if todo:
            self._go_on()
        while todo:
            unlisted = [source for source in unlisted if not self._discover(source, work)]
            later = list(unlisted)
            lots = sorted({source.lot: source for source in todo}.items())
            wanted = Wanted(self.data, self.catalog, self.policy)
            self.plan = plan = wanted.plan([lot for lot, _ in lots], self._spent())
            work.plan(plan.as_json(), plan.words)
            if not self.options.plan:
                self.reach.total = self.reach.done + plan.files + plan.known
                for lot, source in lots:
                    if not self._fetch(lot, source, wanted) and source not in later:
                        later.append(source)
                for source in todo:
                    if source not in later and self.catalog.source_state(source.id) in ("listed", "waiting"):
                        self.catalog.end_source(source.id, self._words[source.id])
            if later:
                self._write("running", work)
                self._rest()
            todo = later

    def _go_on(self) -> None:
        """Behind a run that did not come to its end: what it brought is taken in, what a host asked of it holds."""
        point = checkpoints.read(self.data, "harvest")
        if point.get("status") in (None, "done"):
            return
        scraped.adopt(self.data, self.catalog)
        with contextlib.suppress(ValueError):
            told = str(point.get("state", {}).get("rate_limit_reset_at"))
            self.reset_at = datetime.fromisoformat(told.replace("Z", "+00:00")).timestamp()
        if self.reset_at:
            self._rest()

    def _rest(self) -> None:
        """Wait for a limit where that is short or was asked for. Raises ComesLater."""
        patience = FOR_EVER if self.options.wait else None
        try:
            self.reach.wait_until(self.reset_at, "The host's limit is reached", patience)
        except LimitReached:
            words = f"A host's limit is reached until {clock(self.reset_at)}. What came is kept; `resume` goes on then."
            raise ComesLater(f"{words} With --wait it waits by itself.") from None
        self.reset_at = 0.0

    def _discover(self, source: Remote, work: Hooks) -> bool:
        """List what a source has, and write a checkpoint; False where it is to go on later. A broken one is set aside,
        the others run."""
        self.current = source
        listed = self._list(source)
        self._point("running", work)
        return listed

    def _list(self, source: Remote) -> bool:
        self.catalog.add_source(source.id, source.kind, None)
        self.catalog.drop_asides("harvest", items=source.id, alone=True)
        self.catalog.drop_asides("harvest", items=f"{source.id}/")
        try:
            words = source.discover(self.reach, self.policy)
        except LimitReached as limit:
            return self._put_off(source, limit)
        except (UserError, NetworkError) as error:
            self._broken(source, error)
        else:
            self._words[source.id] = words
            self.catalog.end_source(source.id, words, "listed")
        return True

    def _fetch(self, lot: str, source: Remote, wanted: Wanted) -> bool:
        self.current = source
        self.reach.relisted.clear()
        try:
            source.fetch(self.reach, wanted.files(lot), self.policy)
            if moved := set(self.reach.relisted):
                source.fetch(self.reach, wanted.files(lot, only=moved), self.policy)
        except LimitReached as limit:
            return self._put_off(source, limit)
        except (UserError, NetworkError) as error:
            self._broken(source, error)
        return True

    def _put_off(self, source: Remote, limit: LimitReached) -> bool:
        self.reset_at = min(limit.until, self.reset_at or limit.until)
        self.catalog.end_source(source.id, str(limit), "waiting")
        return False

    def _broken(self, source: Remote, error: Exception) -> None:
        code = error.kind if isinstance(error, NetworkError) else "refused"
        self.catalog.end_source(source.id, str(error), "broken")
        self.reach.hooks.set_aside(SetAside("harvest", source.id, code, str(error)))

    def _spent(self) -> dict[str, int]:
        accounts = [source.accounts for source in self.sources if isinstance(source, github.GitHub)]
        return accounts[0].spent() if accounts else {}

    # telling

    def progress(self) -> dict[str, Any]:
        """The checkpoint's `progress`: a query is a source here."""
        done = [source["id"] for source in self.catalog.sources() if source["state"] == "done"]
        counts = self.catalog.counts()
        return {
            "total_queries": len(self.sources),
            "completed_queries": sum(source.id in done for source in self.sources),
            "current_query": self.current.id if self.current else None,
            "files_found": counts["origins"],
            "files_downloaded": counts["stored"],
            "errors": self.catalog.count_asides("harvest"),
        }

    def _write(self, status: str, work: Hooks) -> None:
        """`scraped_metadata.json` and the checkpoint, as the catalog has it now."""
        if self._written != self.catalog.changes or not self.data.metadata.exists():
            scraped.write(self.data, self.catalog)
            self._written = self.catalog.changes
        self._point(status, work)

    def _point(self, status: str, work: Hooks) -> None:
        reset_at = self.reset_at or self.reach.held_until
        reset = datetime.fromtimestamp(math.ceil(reset_at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if reset_at else None
        state = {
            "scraped_hashes": self.catalog.contents(),
            "current_repo_index": self.sources.index(self.current) if self.current else len(self.sources),
            "rate_limit_reset_at": reset,
            "queries": [source.id for source in self._remotes()],
            "filters": {key: value for key in FILTERS if (value := getattr(self.options, key)) != getattr(USUAL, key)},
        }
        work.checkpoint(status, self.progress(), state)


def _opens(spec: str, options: Options) -> bool:
    """Whether a source can be named so: the id of a list or of a local repository does not say where it lies."""
    try:
        open_sources([spec], options, None)
    except UserError:
        return False
    return True


class _Alone:
    """The hooks of a harvest that runs without the pipeline."""

    def __init__(self, data: DataFolder, catalog: Catalog) -> None:
        self.data, self.catalog = data, catalog

    def wait_while_paused(self) -> None:
        return

    def progress(self, done: int, total: int, item: str = "", left_s: float | None = None) -> None:
        return

    def note(self, words: str) -> None:
        return

    def waiting(self, until: float, words: str) -> None:
        return

    def plan(self, plan: dict[str, Any], words: list[str]) -> None:
        return

    def set_aside(self, aside: SetAside) -> None:
        self.catalog.add_aside(aside)

    def checkpoint(self, status: str, progress: dict[str, Any], state: dict[str, Any]) -> None:
        checkpoints.write(self.data, self.catalog, "harvest", status, progress, state)


def run(work: Work) -> Outcome:
    """Stage harvest; the inbox is a source where something lies in it. Raises UserError where nothing is named."""
    options, sources = work.options, list[Source | Remote]()
    for spec in options.source:
        work.catalog.drop_asides("harvest", items=spec.rstrip(":"), alone=True)
    try:
        sources += open_sources(options.source, options, work.host)
    except bundled.NoLibraries as error:
        work.set_aside(SetAside("harvest", "bundled", "no libraries", str(error)))
        sources += open_sources([spec for spec in options.source if spec != "bundled:"], options, work.host)
    if any(work.folder.inbox.rglob("*.blend")):
        sources.append(folder.open(work.folder.inbox, options, "inbox"))
    if not sources and not work.catalog.counts()["files"]:
        raise UserError("There is nothing to harvest. Name a folder with --source folder:PATH.")
    return BlenderFileScraper(work.folder, work.catalog, sources, options, online=is_online(work.host)).harvest(work)
