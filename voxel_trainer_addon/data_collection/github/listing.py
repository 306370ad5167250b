# SPDX-License-Identifier: GPL-3.0-or-later
"""What files a repository has, and under which licences, at the least cost: its root tree came with the search, one
REST request brings the rest where there are folders, and licence texts come from raw addresses, each content once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...catalog import Listed, Repository
from ...errors import SetAside
from ...http import GONE, UNREACHABLE, NetworkError
from ...licences.classes import class_of
from ...licences.evidence import Blob, Judge, wanted
from .. import lfs
from ..choosing import kind_of
from ..licences import told
from ..policy import Policy
from ..reach import LimitReached, Reach
from ..texts import FINAL, Texts
from . import query
from .api import Api, Lost

AT_ONCE = 32
"""Repositories whose licence texts are fetched side by side."""
WALK_MOST = 1000
"""A tree that the server cuts off is walked folder by folder, with at most so many requests."""
TEXTS_KEPT = 500
OUTAGE = 3
"""So many failures in a row for the network's sake are not the repositories': the search stops and goes on later."""
ATTRIBUTES = ".gitattributes"
NAMED = (".blend", ".py")
LINK = "120000"
NO_ROOT = {"root": {"files": [], "folders": False, "attributes": ""}}
ANY = "any.blend"
"""Stands for a file in the root whose licence is asked."""


@dataclass
class _Open:
    """A repository under way: its files by path, and the texts that may tell of their licences."""

    repository: Repository
    entries: dict[str, Blob] = field(default_factory=dict)
    folders: bool = False
    whole: bool = True
    failed: str = ""
    why: str = ""
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        return self.repository.body

    def judge(self) -> Judge:
        return Judge(self.entries, self.texts, self.body["licence"])

    def add(self, path: str, blob: Blob) -> None:
        """A file, where it can be asked for or is to be named as one that cannot."""
        if _plain(path) or path.lower().endswith(NAMED):
            self.entries[path] = blob


def _opened(repository: Repository) -> _Open:
    root = repository.body["root"]
    each = _Open(repository, folders=root["folders"])
    for name, oid, bytes_ in root["files"]:
        each.add(name, Blob(oid, bytes_))
    return each


class Listing:
    """Lists repositories that are new or changed."""

    def __init__(self, reach: Reach, api: Api, policy: Policy) -> None:
        self.reach, self.api, self.policy = reach, api, policy
        self.done = self.files = 0
        self._reader, self._texts = Texts(reach), dict[str, str]()
        self._looked: dict[str, bool] = {}
        self._failures = 0

    def run(self) -> None:
        """List them all. Raises LimitReached, UserError; what was listed until then is kept."""
        batch: list[Repository] = []
        for repository in self.reach.catalog.repositories(query.SOURCE, unlisted=True):
            if repository.listed != self._root_only(repository) and not self.policy.repository(repository):
                batch.append(repository)
            if len(batch) >= AT_ONCE:
                self._list(batch)
                batch = []
        self._list(batch)

    def again(self, repository: Repository, code: str) -> bool:
        """Something of it was not there: look at it, once, as it is now. Whether that explains it: it was listed anew
        (`reach.relisted` knows), or it is gone and set aside with `code`. Raises LimitReached."""
        if repository.id in self._looked:
            return self._looked[repository.id]
        self._looked[repository.id] = False
        try:
            node = self.api.again(repository.body["node"])
        except NetworkError:
            return False
        if node is None or (found := query.repository(node)).body["closed"]:
            self._aside(repository, code, "The repository is gone or private now.")
            self.reach.catalog.forget_listing(repository.id)
        elif (found.name, found.tree, found.body["origin"]) == (
            repository.name,
            repository.tree,
            repository.body["origin"],
        ):
            return False
        else:
            self.reach.catalog.notice(found)
            self._list([found])
            self.reach.relisted.add(found.id)
        self._looked[repository.id] = True
        return True

    # one batch

    def _list(self, batch: Sequence[Repository]) -> None:
        opened = list[_Open]()
        for repository in batch:
            self.reach.catalog.drop_asides("harvest", items=f"{query.SOURCE}/{repository.name}/")
            if repository.body["root"]:
                each = _opened(repository)
            else:
                each = _opened(replace(repository, body={**repository.body, **NO_ROOT}))
                self._read_root(each)
            opened.append(each)
        self._read_texts([each for each in opened if self._undecided(each)], root=True)
        limit = self._read_trees(opened)
        self._read_texts(opened)
        for each in opened:
            if not each.failed:
                listed = each.repository.tree if each.whole else self._root_only(each.repository)
                self.reach.catalog.set_listing(each.repository, listed, self._files(each))
            elif each.failed not in GONE.values() or not self.again(each.repository, each.failed):
                self._aside(each.repository, each.failed, each.why)
            self.done += 1
            self.reach.hooks.progress(self.done, 0, each.repository.name)
        if limit:
            raise limit

    def _read_trees(self, opened: list[_Open]) -> LimitReached | None:
        """The folders that are worth a request. Where a limit comes in between, those behind it are left out of
        `opened`: what was asked for before is not lost."""
        for number, each in enumerate(opened):
            self.reach.tick()
            each.whole = not each.folders or self._open_enough(each)
            if each.folders and each.whole and not each.failed:
                try:
                    self._read_tree(each)
                except LimitReached as limit:
                    del opened[number:]
                    return limit
        return None

    def _root_only(self, repository: Repository) -> str:
        """The mark of a repository whose folders are closed to us: it is opened again when more licences are taken."""
        return f"root:{repository.tree}:{','.join(sorted(self.policy.options.allow))}"

    def _undecided(self, each: _Open) -> bool:
        """Whether GitHub's word on the licence does not say if the folders are worth a request."""
        return each.folders and class_of(each.body["licence"]) == "unknown"

    def _open_enough(self, each: _Open) -> bool:
        """Whether something in the folders may be taken, by GitHub's word on the licence, or by the root's texts where
        it has none. A nearer licence that is more open than a copyleft root is not looked for: `--allow copyleft` does
        that."""
        spdx = each.judge().licence_of(ANY).spdx if self._undecided(each) else each.body["licence"]
        return not self.policy.licence(spdx)

    # trees

    def _read_root(self, each: _Open) -> None:
        """The root tree of a repository whose answer was too much for the search, by a request of its own."""
        found = self._tree(each, each.repository.tree, recursive=False)
        if not found:
            return
        for entry in found[0]:
            if entry["type"] == "tree":
                each.folders = each.folders or not entry["path"].startswith(".")
            else:
                _add(each, "", entry)
        if ATTRIBUTES in each.entries:
            self._read({self._address(each, ATTRIBUTES): [(each, ATTRIBUTES)]})
        root = {
            "files": [[name, *entry] for name, entry in each.entries.items()],
            "folders": each.folders,
            "attributes": each.texts.pop(ATTRIBUTES, ""),
        }
        each.repository = replace(each.repository, body={**each.body, "root": root})

    def _read_tree(self, each: _Open) -> None:
        """All files below the root, by one request; folder by folder where the server cuts the answer off."""
        waiting, asked = [("", each.repository.tree)], 0
        while waiting:
            prefix, oid = waiting.pop()
            if not (found := self._tree(each, oid)):
                return
            entries, cut = found
            if cut:
                if not (found := self._tree(each, oid, recursive=False)):
                    return
                entries, cut = found
                waiting += [(f"{prefix}{entry['path']}/", entry["sha"]) for entry in entries if entry["type"] == "tree"]
            for entry in entries:
                _add(each, prefix, entry)
            asked += 1
            if cut or (asked == WALK_MOST and waiting):
                words = "has more files or folders than GitHub tells of"
                self.reach.note(f"{each.repository.name} {words}; the others stay out.")
            if asked == WALK_MOST:
                return

    def _tree(self, each: _Open, oid: str, *, recursive: bool = True) -> tuple[list[dict[str, Any]], bool] | None:
        """Entries of a tree, and whether the server cut them off; None where it did not come, and `each` has failed."""
        words = "Its files could not be listed"
        try:
            found = self.api.tree(each.repository.name, oid, recursive=recursive)
        except Lost as lost:
            each.failed, each.why = lost.code, f"{words}: {lost}."
            return None
        except NetworkError as error:
            self._fail(each, error, words)
            return None
        self._failures = 0
        return found

    def _fail(self, each: _Open, error: NetworkError, words: str) -> None:
        """Not listed, and asked again in the next run. Raises the error where it is not the repository's."""
        if error.kind not in FINAL:
            self._failures += 1
            if error.kind in UNREACHABLE or self._failures >= OUTAGE:
                raise error
        each.failed, each.why = error.kind, f"{words}: {error}"

    def _aside(self, repository: Repository, code: str, sentence: str) -> None:
        self.reach.hooks.set_aside(SetAside("harvest", f"{query.SOURCE}/{repository.name}/", code, sentence))

    # licences

    def _read_texts(self, opened: Iterable[_Open], *, root: bool = False) -> None:
        """Fetch the texts that tell of licences, those of many repositories side by side."""
        waiting: dict[str, list[tuple[_Open, str]]] = {}
        for each in opened:
            files = [ANY] if root else [path for path, _ in self._wanted(each)]
            for path in () if each.failed else wanted(files, each.entries):
                oid = each.entries[path].oid
                if path in each.texts:
                    continue
                if (known := self._texts.get(oid)) is not None:
                    each.texts[path] = known
                else:
                    waiting.setdefault(self._address(each, path), []).append((each, path))
        self._read(waiting)
        while len(self._texts) > TEXTS_KEPT:
            del self._texts[next(iter(self._texts))]

    def _address(self, each: _Open, path: str) -> str:
        return self.api.addresses.file(each.repository.name, each.body["origin"]["commit"], path)

    def _read(self, waiting: dict[str, list[tuple[_Open, str]]]) -> None:
        oids = {address: each.entries[path].oid for address, ((each, path), *_) in waiting.items()}
        for address, text in self._reader.read(waiting, oids).items():
            for each, path in waiting[address]:
                if isinstance(text, NetworkError):
                    self._fail(each, text, f"{path}, which may state its licence, could not be read")
                else:
                    each.texts[path] = self._texts[oids[address]] = text
                    self._failures = 0

    # files

    def _wanted(self, each: _Open) -> Iterator[tuple[str, str]]:
        """Path and kind of what may be taken from a repository."""
        for path, (_, bytes_) in each.entries.items():
            if kind := kind_of(path, self.reach.options, bytes_):
                yield path, kind

    def _files(self, each: _Open) -> Iterator[Listed]:
        in_lfs = lfs.patterns(each.body["root"]["attributes"])
        shared, judge = {**each.body["origin"], "name": each.repository.name}, each.judge()
        for path, kind in self._wanted(each):
            if not _plain(path):
                item = f"{query.SOURCE}/{each.repository.name}/{path}"
                sentence = "The file's name is no plain path, so it cannot be asked for."
                self.reach.hooks.set_aside(SetAside("harvest", item, "name", sentence))
                continue
            oid, size = each.entries[path]
            verdict = judge.licence_of(path)
            provenance = {**shared, **told(verdict)}
            if kind == "blend" and (size <= lfs.POINTER_MOST or in_lfs(path)):
                provenance["lfs"] = True
            self.files += 1
            yield Listed(each.repository.id, path, kind, oid, size, verdict.spdx, provenance)


def _add(each: _Open, prefix: str, entry: dict[str, Any]) -> None:
    if entry["type"] == "blob" and entry["mode"] != LINK:
        each.add(prefix + entry["path"], Blob(entry["sha"], entry.get("size", 0)))


def _plain(path: str) -> bool:
    """Whether an address can hold a path: dots and empty names would lead elsewhere on the way."""
    return path.isprintable() and "\ufffd" not in path and not {"", ".", ".."}.intersection(path.split("/"))
