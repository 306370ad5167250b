# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage harvest: go through the sources, hash what is new, and keep where everything was found."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import checkpoints
from ..catalog import Catalog, Origin
from ..errors import SetAside, UserError
from ..files import now, replacing, sha256_of
from ..paths import DataFolder
from ..stage import Hooks, Outcome, Work, last_options
from ..words import counted
from .sources import Found, Source, bundled, folder, open_source

COMMIT_FILES, COMMIT_S = 50, 2.0


class BlenderFileScraper:
    """One harvest over some sources into one data folder.

    Files known by path, size and time of change are not read again; equal content is kept once with all its origins.
    """

    def __init__(self, data: DataFolder, catalog: Catalog, sources: Sequence[Source], limit: int = 0) -> None:
        self.data, self.catalog, self.sources, self.limit = data, catalog, sources, limit
        self.current: Source | None = None
        self.found = self.hashed = 0

    @classmethod
    def from_checkpoint(cls, path: Path) -> BlenderFileScraper:
        """The harvest whose checkpoint lies at `path` (`training_data/checkpoints/scraping_checkpoint.json`), with the
        sources of the newest run. Raises UserError where there is no such checkpoint."""
        data = DataFolder(Path(path).resolve().parent.parent)
        if not checkpoints.read(data, "harvest"):
            raise UserError(f"{path} is no scraping checkpoint.")
        catalog = Catalog(data.catalog)
        options, roots = last_options(data), catalog.roots()
        sources: list[Source] = []
        for source in catalog.sources():
            id, root = source["id"], roots.get(source["id"])
            if root and source["kind"] == "bundled":
                sources.append(bundled.at(root, id, options))
            elif root:
                sources.append(folder.open(root, options, source["kind"]))
        return cls(data, catalog, sources, options.limit)

    async def resume_scraping(self) -> dict[str, Any]:
        """Go on to the end; the numbers of the checkpoint's `progress` and the outcome in words.

        It is the caller's part that no other run works in this data folder.
        """
        outcome = self.harvest(_Alone(self.data, self.catalog))
        return {**self.progress(), "outcome": outcome.words}

    def harvest(self, work: Hooks) -> Outcome:
        """Go through every source once. What could not be read is set aside."""
        for source in self.sources:
            self.current = source
            self.catalog.add_source(source.id, source.kind, source.root)
            self.catalog.drop_asides("harvest", items=f"{source.id}/")
            self._go_through(source, work)
            self._write_metadata()
            self._checkpoint(work, "running")
        self.current = None
        self._write_metadata()
        self._checkpoint(work, "done")
        counts = self.catalog.counts()
        words = f"{counted(counts['files'], 'file')} from {counted(len(self.catalog.sources()), 'source')}"
        aside = self.catalog.count_asides("harvest")
        return Outcome(f"{words}, {counted(aside, 'entry', 'entries')} set aside." if aside else f"{words}.", counts)

    def _go_through(self, source: Source, work: Hooks) -> None:
        known = self.catalog.seen(source.id)
        gone, waiting, since, here = set(known), list[Origin](), time.monotonic(), 0
        try:
            for found in source.discover():
                work.wait_while_paused()
                if isinstance(found, SetAside):
                    work.set_aside(found)
                    continue
                gone.discard(found.path)
                if self.limit and here >= self.limit:
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
        if not self.limit:
            self.catalog.drop_origins(source.id, gone)
        self.catalog.end_source(source.id, counted(here, "file"))

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
        licence = found.licence
        return Origin(
            source.id, found.path, sha256, found.bytes, found.mtime_ns, licence.spdx, dict(licence.provenance)
        )

    def progress(self) -> dict[str, Any]:
        """The checkpoint's `progress`: a query is a source here."""
        done = [source["id"] for source in self.catalog.sources() if source["state"] == "done"]
        return {
            "total_queries": len(self.sources),
            "completed_queries": sum(source.id in done for source in self.sources),
            "current_query": self.current.id if self.current else None,
            "files_found": self.catalog.counts()["origins"],
            "files_downloaded": 0,
            "errors": self.catalog.count_asides("harvest"),
        }

    def _checkpoint(self, work: Hooks, status: str) -> None:
        index = self.sources.index(self.current) if self.current else len(self.sources)
        state = {
            "scraped_hashes": sorted({origin.sha256 for origin in self.catalog.origins()}),
            "current_repo_index": index,
            "rate_limit_reset_at": None,
        }
        work.checkpoint(status, self.progress(), state)

    def _write_metadata(self) -> None:
        """`scraped_metadata.json`: written line by line, so that memory does not grow with the number of files."""
        head = {"schema": "voxel-harvest/1", "written_at": now(), "sources": self.catalog.sources()}
        asides = [aside.as_json() for aside in self.catalog.asides("harvest")]
        with replacing(self.data.metadata) as out:
            out.write(json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "files": [')
            for number, origin in enumerate(self.catalog.origins()):
                out.write(("," if number else "") + "\n  " + json.dumps(origin.as_json(), ensure_ascii=False))
            out.write('\n ],\n "set_aside": ' + json.dumps(asides, ensure_ascii=False) + "\n}\n")


class _Alone:
    """The hooks of a harvest that runs without the pipeline."""

    def __init__(self, data: DataFolder, catalog: Catalog) -> None:
        self.data, self.catalog = data, catalog

    def wait_while_paused(self) -> None:
        return

    def progress(self, done: int, total: int, item: str = "", left_s: float | None = None) -> None:
        return

    def set_aside(self, aside: SetAside) -> None:
        self.catalog.add_aside(aside)

    def checkpoint(self, status: str, progress: dict[str, Any], state: dict[str, Any]) -> None:
        checkpoints.write(self.data, self.catalog, "harvest", status, progress, state)


def run(work: Work) -> Outcome:
    """Stage harvest; the inbox is a source where something lies in it. Raises UserError where nothing is named."""
    options, sources = work.options, list[Source]()
    for spec in options.source:
        work.catalog.drop_asides("harvest", items=spec.rstrip(":"))
        try:
            sources.append(open_source(spec, options, work.host))
        except bundled.NoLibraries as error:
            work.set_aside(SetAside("harvest", spec.rstrip(":"), "no libraries", str(error)))
    if any(work.folder.inbox.rglob("*.blend")):
        sources.append(folder.open(work.folder.inbox, options, "inbox"))
    if not sources and not work.catalog.counts()["files"]:
        raise UserError("There is nothing to harvest. Name a folder with --source folder:PATH.")
    return BlenderFileScraper(work.folder, work.catalog, sources, options.limit).harvest(work)
