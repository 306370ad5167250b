# SPDX-License-Identifier: GPL-3.0-or-later
"""A repository that is read: its files, small texts, every earlier state of a path, and the blobs that are wanted."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...files import read_json, write_json
from ...words import size
from . import attributes, histories, store, trouble
from .address import Address
from .model import Blob, Entry, GitProblem, Head, Limits, Missing, Remote, State, Text, Tool

WHOLE = "clone.json"
"""Says which commit is here, and with what; it is written when all of it is, so where it lacks nothing is."""

BATCH_FIRST, BATCH_MAX = 50, 200
BATCH_BYTES = 100_000_000
TEXT_BYTES = 256_000
TEXTS_BYTES = 100_000_000
REFUSALS_MAX = 20
OID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
NOT_OURS = re.compile(r"not our ref ([0-9a-f]{40,64})")


class Clone:
    """A partial clone in a folder: commits and trees are there, blobs come when they are asked for.

    `tool` says what reads it (`git 2.39.5`), `notes` what a person should know of it, in sentences.
    """

    def __init__(self, tool: Tool, address: Address, place: Path, limits: Limits, *, history: bool) -> None:
        self._tool, self._address, self._place, self._limits = tool, address, place, limits
        self.history = history
        self.requests = 0
        self._lfs: attributes.Attributes | None = None
        self._before = 0
        self.head = self._up_to_date()

    @property
    def tool(self) -> str:
        return self._tool.name

    @property
    def received(self) -> int:
        """Bytes of packs that came since this clone was opened."""
        return max(0, self._tool.size() - self._before)

    @property
    def filtered(self) -> bool:
        """The other side gives single blobs. Where it cannot, everything came at once."""
        return not self._tool.whole

    @property
    def notes(self) -> tuple[str, ...]:
        told = []
        if not self.filtered and not self._address.is_local:
            told.append(f"The server gives whole repositories only: all of it came, {size(self._tool.size())}.")
        if self.history and self._tool.is_cut():
            told.append("The repository is a shallow one: the beginning of its history is not there.")
        return tuple(told)

    def close(self) -> None:
        self._tool.close()

    def __enter__(self) -> Clone:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def files(self) -> Iterator[Entry]:
        """Everything in the newest commit, in git's order. The .gitattributes come first, to know what is in LFS."""
        if self._lfs is None:
            found = (entry for entry in self._entries() if entry.is_file and _name(entry.path) == attributes.NAME)
            texts = [
                text for text in self.texts(itertools.islice(found, attributes.FILES_MAX)) if isinstance(text, Text)
            ]
            self._lfs = attributes.Attributes({text.path: text.text for text in texts if isinstance(text.path, str)})
        for entry in self._entries():
            lfs = entry.is_file and isinstance(entry.path, str) and self._lfs.is_lfs(entry.path)
            yield replace(entry, lfs=True) if lfs else entry

    def texts(self, entries: Iterable[Entry], most: int = TEXT_BYTES) -> Iterator[Text | Missing]:
        """The text of small files, in order, one for each. Links, what has more than `most` bytes and what is no text
        are Missing."""
        waiting = iter(entries)
        while batch := list(itertools.islice(waiting, BATCH_MAX)):
            with self._sound():
                oids = list(dict.fromkeys(entry.oid for entry in batch if entry.is_file))
                reasons = self._bring(oids, TEXTS_BYTES)
                sizes = self._tool.sizes(oids)
                small = [oid for oid in oids if sizes.get(oid, most + 1) <= most]
                texts = {oid: b"".join(pieces) for oid, pieces in self._tool.blobs(small)}
            for entry in batch:
                if entry.oid not in sizes:
                    yield reasons.get(entry.oid) or _lacking(entry.oid)
                elif entry.oid not in texts:
                    yield Missing(entry.oid, "too large", f"This text has {size(sizes[entry.oid])} and is not read.")
                else:
                    yield _text(entry, texts[entry.oid])

    def states(self, patterns: Sequence[str] = ("*.blend",)) -> Iterator[State]:
        """Every state that a path fitting a pattern (upper or lower case) ever had on the way to HEAD, oldest first.

        Each state is told once, by the commit that made it: of a merge only what none of its parents had. Files that a
        commit moved keep their state before (see `histories.states_of`).
        """
        if not self.history:
            raise ValueError("this clone was opened without its history")
        with self._sound():
            for commit in self._tool.log(self.head.commit, patterns):
                yield from histories.states_of(commit, patterns)

    def fetch(self, oids: Iterable[str], into: Path, cap: int) -> Iterator[Blob | Missing]:
        """The blobs, each in a file of `into` named by its oid; at most `cap` bytes are received for them.

        What is here already is not fetched again. Git's own hash is checked while the content is written. Raises
        GitProblem where no more can come.
        """
        into.mkdir(parents=True, exist_ok=True)
        left, count, waiting = cap, BATCH_FIRST, iter(oids)
        while batch := list(dict.fromkeys(itertools.islice(waiting, count))):
            with self._sound():
                before = self._tool.size()
                reasons = self._bring(batch, left)
                left -= self._tool.size() - before
                sizes = self._tool.sizes(batch)
                good = [oid for oid in batch if sizes.get(oid, self._limits.blob_bytes + 1) <= self._limits.blob_bytes]
                for oid in batch:
                    if oid not in sizes:
                        yield reasons.get(oid) or _lacking(oid)
                    elif oid not in good:
                        yield Missing(
                            oid, "too large", f"This file has {size(sizes[oid])}, more than is allowed for one."
                        )
                for oid, pieces in self._tool.blobs(good):
                    yield self._written(oid, sizes[oid], pieces, into)
            average = max(1, sum(sizes.values()) // max(1, len(sizes)))
            count = min(BATCH_MAX, max(1, BATCH_BYTES // average))

    def _entries(self) -> Iterator[Entry]:
        with self._sound():
            for number, (path, mode, oid) in enumerate(self._tool.tree(self.head.commit)):
                if number >= self._limits.entries:
                    raise store.too_many(self._limits.entries)
                yield Entry(histories.path_of(path), mode, oid)

    def _up_to_date(self) -> Head:
        """Fetch what is new, and all of it where what is here is not whole, of another address, or damaged."""
        remote = self._tool.remote()
        known = read_json(self._place / WHOLE)
        same = {"address": self._address.text, "tool": self._tool.name.split()[0], "form": len(remote.commit)}
        if isinstance(known, dict) and same.items() <= known.items():
            store.sweep(self._place / store.FOLDER)
            self._before = self._tool.size()
            try:
                return self._brought_on(known, remote)
            except GitProblem as problem:
                if problem.code != "damaged" and (problem.code != "git" or self._reads(known["commit"])):
                    raise
        (self._place / WHOLE).unlink(missing_ok=True)
        self._tool.begin(remote)
        self._before = 0
        return self._brought_on({**same, "commit": "", "history": False}, remote)

    def _brought_on(self, known: dict[str, Any], remote: Remote) -> Head:
        history = self.history or known["history"]
        deepen = bool(known["commit"]) and history and not known["history"]
        commit = known["commit"]
        if commit != remote.commit or deepen:
            commit = self._tool.bring_commits(remote, history=history, deepen=deepen)
            self.requests += 1
        else:
            self._tool.whole = known["whole"]
        head = Head(commit, histories.iso(self._tool.date(commit)), remote.ref.removeprefix("refs/heads/"))
        next(iter(self._tool.tree(commit)), None)
        self.history = history
        write_json(self._place / WHOLE, {**known, "commit": commit, "history": history, "whole": self._tool.whole})
        return head

    def _reads(self, commit: str) -> bool:
        with contextlib.suppress(GitProblem):
            return bool(self._tool.date(commit))
        return False

    def _bring(self, oids: Sequence[str], most: int) -> dict[str, Missing]:
        """Fetch what of these blobs is not here, in one request; why some did not come. Where everything came at once
        nobody is asked for the rest.

        One that the server refuses is left out of another request for the rest; where it does not say which it is, the
        halves are asked for.
        """
        if self._tool.whole:
            return {}
        if not all(OID.fullmatch(oid) for oid in oids):
            raise ValueError("not an object id")
        here = self._tool.sizes(oids)
        waiting, refused = [[oid for oid in oids if oid not in here]], dict[str, Missing]()
        for _ in range(REFUSALS_MAX):
            group = waiting.pop() if waiting else []
            if not group:
                return refused
            try:
                self.requests += 1
                self._tool.bring_blobs(group, min(most, self._limits.bytes - self._tool.size()))
            except GitProblem as problem:
                if problem.code != "not there":
                    raise
                named = set(NOT_OURS.findall(problem.detail)) & set(group) or set(group if len(group) == 1 else ())
                refused |= {oid: Missing(oid, problem.code, problem.sentence) for oid in named}
                rest = [oid for oid in group if oid not in named]
                halves = [rest] if named else [rest[: len(rest) // 2], rest[len(rest) // 2 :]]
                waiting += [half for half in halves if half]
        words = "The server refused others that were asked for with this one. Run again to ask for it."
        return {oid: Missing(oid, "refused", words) for group in waiting for oid in group} | refused

    def _written(self, oid: str, bytes_: int, pieces: Iterator[bytes], into: Path) -> Blob:
        """The content in a file named by its oid, which has that name only when it is whole and right."""
        own, content = _git_hash(oid, bytes_), hashlib.sha256()
        part = into / f".{oid}.part"
        try:
            with open(part, "wb") as out:
                for piece in pieces:
                    own.update(piece)
                    content.update(piece)
                    out.write(piece)
            if own.hexdigest() != oid:
                raise trouble.told(f"corrupt: the content of {oid} is another")
            os.replace(part, into / oid)
        except OSError as error:
            words = "disk full" if error.errno == errno.ENOSPC else str(error.strerror)
            raise GitProblem(
                "disk", f"A fetched file could not be written: {words}. Make room and run again."
            ) from error
        finally:
            part.unlink(missing_ok=True)
        return Blob(oid, into / oid, content.hexdigest(), bytes_)

    @contextlib.contextmanager
    def _sound(self) -> Iterator[None]:
        """What turns out to be damaged is no whole clone: the next opening begins it anew."""
        try:
            yield
        except GitProblem as problem:
            if problem.code == "damaged":
                (self._place / WHOLE).unlink(missing_ok=True)
            raise


def _git_hash(oid: str, bytes_: int) -> hashlib._Hash:
    made = hashlib.sha1(usedforsecurity=False) if len(oid) == 40 else hashlib.sha256()
    made.update(b"blob %d\0" % bytes_)
    return made


def _lacking(oid: str) -> Missing:
    return Missing(oid, "not there", "The repository does not hold this content, or it is no file.")


def _text(entry: Entry, content: bytes) -> Text | Missing:
    if b"\0" in content:
        return Missing(entry.oid, "not text", "This file is not text.")
    return Text(entry.path, entry.oid, content.decode("utf-8-sig", "replace"))


def _name(path: str | bytes) -> str | bytes:
    return path.rpartition("/")[2] if isinstance(path, str) else path.rpartition(b"/")[2]
