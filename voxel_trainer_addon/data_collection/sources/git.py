# SPDX-License-Identifier: GPL-3.0-or-later
"""`git:ADDRESS`: the files of any git repository, and with `--history` every earlier state of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...catalog import Listed, Origin, Repository
from ...errors import SetAside, UserError
from ...http import OFFLINE, NetworkError
from ...licences.evidence import Blob, Judge, Verdict, wanted
from ...stage import Options
from ...words import counted
from .. import git
from ..blobs import keep, packed
from ..choosing import kind_of
from ..code_scraper import judged, uses_bpy
from ..licences import told
from ..policy import Policy
from ..reach import Reach
from . import place_id

STATE = "@"
"""Stands between a path and the commit of an earlier state."""


@dataclass(frozen=True)
class GitRepository:
    """One repository, in a partial clone of its own below `git/` in the data folder."""

    id: str
    address: git.Address
    kind: str = "git"

    @property
    def lot(self) -> str:
        return self.id

    @property
    def name(self) -> str:
        return self.id.partition(":")[2]

    def discover(self, reach: Reach, policy: Policy) -> str:
        """List the files of HEAD, and with `--history` all states of them. Raises UserError, NetworkError."""
        if policy.removal.repository(self.address.text):
            raise UserError("This repository is on the removal list.")
        options = reach.options
        with self._clone(reach) as clone:
            reach.note(f"{self.name} is read by {clone.tool}.")
            for words in clone.notes:
                reach.note(words)
            entries = {
                str(entry.path): entry for entry in clone.files() if entry.is_file and isinstance(entry.path, str)
            }
            kinds = {path: kind for path in entries if (kind := kind_of(path, options))}
            listing = {path: Blob(entry.oid) for path, entry in entries.items()}
            stating = [entries[path] for path in wanted(kinds, listing)]
            texts = {str(text.path): text.text for text in clone.texts(stating) if isinstance(text, git.Text)}
            judge = Judge(listing, texts)
            head = {"repository": self._shown(), "commit": clone.head.commit, "date": clone.head.date}
            facts = {"url": self.address.text, "origin": {"author": "", **head}}
            repository = Repository(self.id, self.id, self.name, clone.head.commit, "", facts)

            def files() -> Iterator[Listed]:
                for path, kind in kinds.items():
                    entry, verdict = entries[path], judge.licence_of(path)
                    provenance = {**head, **told(verdict), **({"lfs": True} if entry.lfs else {})}
                    yield Listed(self.id, path, kind, entry.oid, -1, verdict.spdx, provenance)
                for state in clone.states() if options.history else ():
                    if isinstance(state.path, str) and kind_of(state.path, options):
                        yield self._state(state, judge.licence_of(state.path))

            reach.catalog.notice(repository)
            reach.catalog.set_listing(repository, clone.head.commit, files())
            return f"{counted(len(kinds), 'file')} in HEAD, listed by {clone.tool}"

    def _state(self, state: git.State, verdict: Verdict) -> Listed:
        """An earlier state of a file: what changed, by whom, when, and the state before it."""
        provenance = {
            **told(verdict),
            "repository": self._shown(),
            "commit": state.commit,
            "date": state.date,
            "author": state.author,
            "message": state.message,
            "before": state.before,
        }
        path = f"{state.path!s}{STATE}{state.commit[:12]}"
        return Listed(self.id, path, "blend", state.oid, -1, verdict.spdx, provenance)

    def fetch(self, reach: Reach, listed: Iterable[tuple[Repository, Listed]], policy: Policy) -> None:
        """Bring the blobs that are wanted, many in one request. Raises UserError, NetworkError."""
        due: dict[str, list[tuple[Repository, Listed]]] = {}
        for repository, file in listed:
            if known := reach.catalog.content_of(file.oid):
                self._arrive(reach, repository, file, *known)
            else:
                due.setdefault(file.oid, []).append((repository, file))
        if not due:
            return
        with self._clone(reach) as clone:
            room = max(0, round(reach.options.total_gb * 1e9) - reach.catalog.stored_bytes())
            for blob in clone.fetch(due, reach.folder.parts, room):
                reach.tick()
                files = due[blob.oid]
                if isinstance(blob, git.Missing):
                    for _, file in files:
                        item = f"{self.id}/{self.name}/{file.path}"
                        reach.hooks.set_aside(SetAside("harvest", item, blob.code, blob.sentence))
                        reach.step(file.path)
                    continue
                code = [file for _, file in files if file.kind == "code"]
                useless = code if code and not uses_bpy(blob.path) else []
                kept = [(repository, file) for repository, file in files if file not in useless]
                if kept:
                    _keep(reach, blob, kept[0][1].kind)
                reach.catalog.arrive((file, None) for file in useless)
                for repository, file in kept:
                    self._arrive(reach, repository, file, blob.sha256, blob.size, kept[0][1].kind)
                for _, file in files:
                    reach.step(file.path)

    def _arrive(self, reach: Reach, repository: Repository, file: Listed, sha256: str, bytes_: int, kind: str) -> None:
        changed = reach.folder.blob(sha256, kind).stat().st_mtime_ns
        path = f"{repository.name}/{file.path}"
        origin = Origin(
            self.id, path, sha256, bytes_, changed, file.licence, file.provenance, kind, file.oid, stored=True
        )
        reach.catalog.arrive([(file, judged(reach, origin))])

    def _shown(self) -> str:
        """The address as it may be shown: a place on this computer by its name alone."""
        return self.name if self.address.is_local else self.address.text

    @contextmanager
    def _clone(self, reach: Reach) -> Iterator[git.Clone]:
        if not (self.address.is_local or reach.client.online):
            raise NetworkError("offline", OFFLINE)
        place = reach.folder.root / "git" / hashlib.sha256(self.address.text.encode()).hexdigest()[:16]
        limits = git.Limits(bytes=round(reach.options.total_gb * 1e9), blob_bytes=round(reach.options.file_mb * 1e6))
        try:
            with git.open_clone(
                self.address,
                place,
                history=reach.options.history,
                limits=limits,
                agent=reach.client.agent,
                tick=reach.tick,
            ) as clone:
                yield clone
        except git.GitProblem as problem:
            raise UserError(problem.sentence) from problem


def _keep(reach: Reach, blob: git.Blob, kind: str) -> None:
    if blob.path.exists():  # several paths may hold it
        keep(packed(blob.path), reach.folder.blob(blob.sha256, kind))


def open(text: str, options: Options) -> GitRepository:
    """The repository at an address, a folder or a bundle. Raises UserError."""
    address = git.parse(text)
    id = place_id("git", Path(address.text).resolve()) if address.is_local else f"git:{address.text}"
    return GitRepository(id, address)
