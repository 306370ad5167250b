# SPDX-License-Identifier: GPL-3.0-or-later
"""The way without git: the Python package dulwich, where it is installed. It holds each file whole in memory.

A local repository is read where it lies, and a bundle is taken whole: neither can be filtered.
"""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ...files import CHUNK
from ...words import duration
from . import histories, store, trouble
from .address import Address
from .child import TICK_S
from .model import Change, Commit, GitProblem, Limits, Remote, Tick, is_file

HEAD = b"refs/harvest/head"
ALL_COMMITS = 0x7FFFFFFF
CONNECT_S = 30.0
STRANGE = (KeyError, ValueError, IndexError, AssertionError, EOFError, OSError, NotImplementedError)
LIBRARIES = ("dulwich", "urllib3", "zlib", "struct")

Result = TypeVar("Result")


def is_here() -> bool:
    """Whether dulwich is installed."""
    return importlib.util.find_spec("dulwich") is not None


class Dulwich:
    """A clone in `place`/clone.git, or the local repository itself, by dulwich."""

    def __init__(
        self, address: Address, place: Path, limits: Limits, tick: Tick, header: str = "", agent: str = ""
    ) -> None:
        import dulwich

        if address.way == "ssh":
            raise GitProblem("ssh", "Repositories behind ssh can be read with git only. Install git.")
        self.name = f"dulwich {'.'.join(map(str, dulwich.__version__))}"
        self.whole = address.is_local
        self._address, self._limits, self._tick, self._header, self._agent = address, limits, tick, header, agent
        self._in_place = address.is_local and not address.is_bundle
        self._clone = Path(address.text) if self._in_place else place / store.FOLDER
        self._opened: Any = None
        self._ticked = self._heard = 0.0
        self._stopped = self._came = False

    def remote(self) -> Remote:
        with _told():
            if self._in_place:
                own = self._repository.refs
                refs, symrefs = {b"HEAD": own.follow(b"HEAD")[1]}, own.get_symrefs()
            elif self._address.is_bundle:
                with open(self._address.text, "rb") as bundle:
                    refs, symrefs = _bundle_refs(bundle), {}
            else:
                told = self._waited(self._ask)
                refs, symrefs = told.refs, told.symrefs
        if not refs.get(b"HEAD"):
            raise trouble.EMPTY
        if len(refs[b"HEAD"]) != 40:
            raise GitProblem(
                "sha256", "This repository uses SHA-256, which git can read and dulwich cannot. Install git."
            )
        branch = symrefs.get(b"HEAD") or _same_commit(refs)
        return Remote(refs[b"HEAD"].decode(), branch.decode("utf-8", "replace"))

    def begin(self, remote: Remote) -> None:
        if self._in_place:
            return
        from dulwich.repo import Repo

        self.close()
        shutil.rmtree(self._clone, ignore_errors=True)
        Repo.init_bare(self._clone, mkdir=True).close()

    def bring_commits(self, remote: Remote, *, history: bool, deepen: bool) -> str:
        if self._in_place:
            return remote.commit
        if self._address.is_bundle:
            self._take(self._from_bundle)
            return remote.commit
        known = self._repository.refs.read_loose_ref(HEAD)
        haves = self._repository.get_graph_walker([known] if known else [])
        depth = (ALL_COMMITS if deepen else None) if history else 1
        told = self._fetch([remote.commit], haves, self._limits.bytes, depth)
        self._repository.update_shallow(told.new_shallow, told.new_unshallow)
        self._repository.refs.set_if_equals(HEAD, None, remote.commit.encode())
        self.close()  # an open one still knows where it was shallow
        return remote.commit

    def bring_blobs(self, oids: Sequence[str], most: int) -> None:
        from dulwich.object_store import ObjectStoreGraphWalker

        try:
            self._fetch(oids, ObjectStoreGraphWalker([], lambda _: []), self.size() + most)
        except GitProblem as problem:
            if self._came or not problem.detail.startswith("HangupException"):
                raise
            raise trouble.told("not our ref") from problem  # dulwich swallows that answer, and finds nothing behind it

    def size(self) -> int:
        return 0 if self._in_place else store.pack_bytes(self._clone)

    def sizes(self, oids: Sequence[str]) -> dict[str, int]:
        found = {}
        with _told():
            for oid in oids:
                self._beat()
                if oid.encode() in self._objects and isinstance(raw := self._raw(oid), bytes):
                    found[oid] = len(raw)
        return found

    def is_cut(self) -> bool:
        return bool(self._repository.get_shallow())

    def date(self, commit: str) -> str:
        with _told():
            found = self._objects[commit.encode()]
            return _date(found.commit_time, found.commit_timezone)

    def tree(self, commit: str) -> Iterator[tuple[bytes, int, str]]:
        with _told():
            for entry in self._objects.iter_tree_contents(self._objects[commit.encode()].tree):
                self._beat()
                yield entry.path, entry.mode, entry.sha.decode()

    def log(self, commit: str, patterns: Sequence[str]) -> Iterator[Commit]:
        from dulwich.walk import ORDER_TOPO

        with _told():
            parents_of = self._repository.parents_provider().get_parents
            for entry in self._repository.get_walker([commit.encode()], order=ORDER_TOPO, reverse=True):
                self._beat()
                found = entry.commit
                parents = parents_of(found.id, commit=found)
                changes = tuple(self._changes(found.tree, parents, patterns))
                if changes:
                    ids = tuple(parent.decode() for parent in parents)
                    date = _date(found.author_time, found.author_timezone)
                    author = found.author.partition(b"<")[0].strip()
                    yield Commit(
                        found.id.decode(), ids, _utf8(author, found), date, _utf8(found.message, found), changes
                    )

    def blobs(self, oids: Sequence[str]) -> Iterator[tuple[str, Iterator[bytes]]]:
        for oid in oids:
            self._beat()
            with _told():
                raw = self._raw(oid)
            if raw is None:
                raise trouble.told(f"missing object {oid}")
            yield oid, iter((raw,))

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def _repository(self) -> Any:
        if self._opened is None:
            from dulwich.repo import Repo

            self._opened = Repo(str(self._clone))
        return self._opened

    @property
    def _objects(self) -> Any:
        return self._repository.object_store

    def _raw(self, oid: str) -> bytes | None:
        """The content of a blob; None where it is none."""
        from dulwich.objects import Blob

        kind, raw = self._objects.get_raw(oid.encode())
        return raw if kind == Blob.type_num else None

    def _changes(self, tree: bytes, parents: Sequence[bytes], patterns: Sequence[str]) -> Iterator[Change]:
        """What differs from each of the parents, told against the first that has a file there."""
        from dulwich.diff_tree import tree_changes

        sides: list[dict[bytes, Change]] = []
        for before in [self._objects[parent].tree for parent in parents] or [None]:
            side: dict[bytes, Change] = {}
            for number, change in enumerate(tree_changes(self._objects, before, tree, change_type_same=True)):
                if number >= self._limits.entries or len(side) > self._limits.changes:
                    raise store.too_many(self._limits.changes if len(side) > self._limits.changes else number)
                self._beat()
                path = (change.new or change.old).path
                if histories.fits(path, patterns):
                    side[path] = Change(path, _file(change.old), _file(change.new))
            sides.append(side)
        for path in sorted(set.intersection(*(set(side) for side in sides))):
            found = [side[path] for side in sides]
            yield next((change for change in found if change.old), found[0])

    def _ask(self) -> Any:
        with self._client() as (client, path):
            return client.get_refs(path, ref_prefix=[b"HEAD"])

    @contextlib.contextmanager
    def _client(self) -> Iterator[tuple[Any, str]]:
        from dulwich.client import HttpGitClient, TCPGitClient, default_urllib3_manager
        from urllib3 import Retry, Timeout

        parts = urlsplit(self._address.text)
        own = {"thin_packs": False, "quiet": True, "report_activity": self._hear}
        if self._address.way == "git":
            client, close = TCPGitClient(parts.hostname, parts.port, **own), _nothing
        else:
            manager = default_urllib3_manager(None, base_url=self._address.text)
            manager.connection_pool_kw["retries"] = Retry(3, connect=2, read=0, redirect=0, status=0, other=0)
            manager.connection_pool_kw["timeout"] = Timeout(CONNECT_S, self._limits.silence_s)
            name, _, value = self._header.partition(":")
            manager.headers.update({name: value.strip()} if value else {})
            manager.headers.update({"User-agent": self._agent} if self._agent else {})
            close = _closing(manager)
            client = HttpGitClient(f"{parts.scheme}://{parts.netloc}", pool_manager=manager, **own)
        client._warn_filter_objects = self._unfiltered
        try:
            yield client, parts.path
        finally:
            close()

    def _unfiltered(self) -> None:
        self.whole = True

    def _hear(self, *_: object) -> None:
        self._heard = time.monotonic()

    def _fetch(self, wants: Sequence[str], haves: Any, most: int, depth: int | None = None) -> Any:
        self._came = False
        asked = [oid.encode() for oid in wants]

        def into(write: Callable[[bytes], object]) -> Any:
            def bounded(data: bytes) -> int:
                self._hear()
                self._came = True
                if self._stopped:
                    raise EOFError("stopped")
                write(data)
                if self.size() > most:
                    raise store.too_large(most)
                return len(data)

            with self._client() as (client, path):
                return client.fetch_pack(
                    path,
                    lambda refs, depth=None: asked,
                    haves,
                    bounded,
                    progress=self._hear,
                    depth=depth,
                    ref_prefix=[b"HEAD"],
                    filter_spec=b"blob:none",
                )

        return self._take(into)

    def _take(self, into: Callable[[Callable[[bytes], object]], Result]) -> Result:
        """A pack into the clone: whole, or not at all."""

        def work() -> Result:
            out, commit, abort = self._objects.add_pack()
            try:
                told = into(out.write)
            except BaseException:
                abort()
                raise
            commit()
            return told

        return self._waited(work)

    def _from_bundle(self, write: Callable[[bytes], object]) -> None:
        with open(self._address.text, "rb") as bundle:
            _bundle_refs(bundle)
            while piece := bundle.read(CHUNK):
                write(piece)

    def _waited(self, work: Callable[[], Result]) -> Result:
        """Do `work` in a thread, so that `tick` is called meanwhile. What is given up ends at its next piece of data,
        or when its connection times out."""
        done: list[Result] = []
        failed: list[BaseException] = []

        def run() -> None:
            try:
                done.append(work())
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=run, daemon=True)
        since = self._heard = time.monotonic()
        thread.start()
        try:
            while thread.is_alive():
                thread.join(TICK_S)
                self._tick()
                if time.monotonic() - self._heard > self._limits.silence_s:
                    words = f"Nothing came from the repository for {duration(self._limits.silence_s)}. Try again later."
                    raise GitProblem("silent", words)
                if time.monotonic() - since > self._limits.seconds:
                    words = f"The repository took longer than {duration(self._limits.seconds)}. Allow more time."
                    raise GitProblem("slow", words)
        except BaseException:
            self._stopped = True
            raise
        if failed:
            with _told():
                raise failed[0]
        return done[0]

    def _beat(self) -> None:
        if time.monotonic() - self._ticked > TICK_S:
            self._ticked = time.monotonic()
            self._tick()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What dulwich raises over a stranger's data, as a GitProblem."""
    try:
        yield
    except Exception as error:
        ours = type(error).__module__.partition(".")[0] not in LIBRARIES
        if isinstance(error, GitProblem) or (ours and not isinstance(error, STRANGE)):
            raise
        traceback.clear_frames(error.__traceback__)  # they hold open what close() is to close
        raise trouble.told(f"{type(error).__name__}: {error}") from error


def _nothing() -> None:
    pass


def _closing(manager: Any) -> Callable[[], None]:
    """What closes all answers of a connection pool: dulwich leaves those open that it does not like."""
    request, answers = manager.request, list[Any]()

    def kept(*arguments: Any, **named: Any) -> Any:
        answers.append(request(*arguments, **named))
        return answers[-1]

    def close() -> None:
        for answer in answers:
            answer.close()
        manager.clear()

    manager.request = kept
    return close


def _bundle_refs(bundle: Any) -> dict[bytes, bytes]:
    """The refs of a bundle, whose pack comes next. Raises GitProblem where it needs what another repository has."""
    if not bundle.readline().startswith(b"# v"):
        raise trouble.told("does not appear to be a git repository")
    refs: dict[bytes, bytes] = {}
    while line := bundle.readline(4096).rstrip(b"\n"):
        oid, _, name = line.partition(b" ")
        if line.startswith(b"-"):
            raise GitProblem("part", "This bundle holds a part of a history only. Make one of the whole repository.")
        if not line.startswith(b"@"):
            refs[name] = oid
    heads = sorted(refs, key=lambda name: (name not in (b"refs/heads/main", b"refs/heads/master"), name))
    if b"HEAD" not in refs and heads:
        refs[b"HEAD"] = refs[heads[0]]
    return refs


def _same_commit(refs: dict[bytes, bytes]) -> bytes:
    names = sorted(refs, key=lambda name: (name not in (b"refs/heads/main", b"refs/heads/master"), name))
    alike = (name for name in names if name.startswith(b"refs/heads/") and refs[name] == refs[b"HEAD"])
    return next(alike, b"")


def _file(entry: Any) -> str | None:
    return entry.sha.decode() if entry is not None and entry.mode and is_file(entry.mode) else None


def _date(seconds: int, offset: int) -> str:
    hours, minutes = divmod(abs(offset) // 60, 60)
    return f"{seconds} {'-' if offset < 0 else '+'}{hours:02}{minutes:02}"


def _utf8(text: bytes, commit: Any) -> bytes:
    """As git gives it: in UTF-8, whatever the commit says that it is written in."""
    with contextlib.suppress(LookupError, UnicodeError):
        if commit.encoding:
            return text.decode(commit.encoding.decode("ascii")).encode()
    return text
