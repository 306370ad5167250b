# SPDX-License-Identifier: GPL-3.0-or-later
"""What files a repository has, and under which licences, at the least cost: its root tree came with the search, one
REST request brings the rest where there are folders, and licence texts come from raw addresses, each content once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...catalog import Listed, Repository
from ...errors import SetAside
from ...http import NetworkError
from ...licences import classes, evidence
from .. import lfs
from ..choosing import kind_of
from ..policy import Policy
from ..reach import Reach
from ..texts import MOST, Texts
from . import query
from .api import Api, Lost

AT_ONCE = 32
"""Repositories whose licence texts are fetched side by side."""
WALK_MOST = 1000
"""A tree that the server cuts off is walked folder by folder, with at most so many requests."""
TEXTS_KEPT = 500
LINK = "120000"
UNREADABLE = "\ufffd.blend"
"""Stands for a name that is no text."""
ANY = "any.blend"
"""Stands for a file in the root whose licence is asked."""


@dataclass
class _Open:
    """A repository under way: path → (oid, bytes) of its files, and the texts that may tell of their licences."""

    repository: Repository
    entries: dict[str, tuple[str, int]] = field(default_factory=dict)
    folders: bool = False
    whole: bool = True
    failed: bool = False
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        return self.repository.body


def _opened(repository: Repository) -> _Open:
    root = repository.body["root"]
    each = _Open(repository, folders=root is None or root["folders"])
    for name, oid, bytes_ in root["files"] if root else ():
        each.entries[name or UNREADABLE] = oid, bytes_
    return each


class Listing:
    """Lists repositories that are new or changed."""

    def __init__(self, reach: Reach, api: Api, policy: Policy) -> None:
        self.reach, self.api, self.policy = reach, api, policy
        self.done = self.files = 0
        self._reader, self._texts = Texts(reach), dict[str, str]()

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

    def again(self, repository: Repository) -> None:
        """A file of it was not there: look at it as it is now, and list it anew."""
        try:
            node = self.api.again(repository.body["node"])
        except NetworkError:
            return
        if node is None or (found := query.repository(node)).body["closed"]:
            item = f"{query.SOURCE}/{repository.name}/"
            sentence = "The repository is gone or private now."
            self.reach.hooks.set_aside(SetAside("harvest", item, "gone", sentence))
            return
        self.reach.catalog.notice(found)
        if found.tree != repository.tree:
            self._list([found])

    # one batch

    def _list(self, batch: Sequence[Repository]) -> None:
        opened = [_opened(repository) for repository in batch]
        self._read_texts([each for each in opened if self._undecided(each)], root=True)
        for each in opened:
            self.reach.tick()
            each.whole = not each.folders or self._open_enough(each)
            if each.folders and each.whole:
                self._read_tree(each)
        self._read_texts(opened)
        for each in opened:
            if not each.failed:
                listed = each.repository.tree if each.whole else self._root_only(each.repository)
                self.reach.catalog.set_listing(each.repository, listed, self._files(each))
            self.done += 1
            self.reach.hooks.progress(self.done, 0, each.repository.name)

    def _root_only(self, repository: Repository) -> str:
        """The mark of a repository whose folders are closed to us: it is opened again when more licences are taken."""
        return f"root:{repository.tree}:{','.join(sorted(self.policy.classes))}"

    def _undecided(self, each: _Open) -> bool:
        """Whether GitHub's word on the licence does not say if the folders are worth a request."""
        return each.folders and classes.class_of(each.body["licence"]) == "unknown"

    def _open_enough(self, each: _Open) -> bool:
        """Whether something in the folders may be taken, by what the root says. A nearer licence that is more open than
        a copyleft root is not looked for: `--allow copyleft` does that."""
        if each.body["root"] is None:
            return True
        return not self.policy.licence(self._verdict(each, "any.blend").spdx)

    # trees

    def _read_tree(self, each: _Open) -> None:
        """All files below the root, by one request; folder by folder where the server cuts the answer off."""
        waiting, asked = [("", each.repository.tree)], 0
        while waiting:
            prefix, oid = waiting.pop()
            try:
                entries, cut = self.api.tree(each.repository.name, oid)
                if cut:
                    entries, cut = self.api.tree(each.repository.name, oid, recursive=False)
                    waiting += [
                        (f"{prefix}{entry['path']}/", entry["sha"]) for entry in entries if entry["type"] == "tree"
                    ]
            except Lost as lost:
                self._fail(each, str(lost), f"Its files could not be listed: {lost}.")
                return
            except NetworkError as error:
                if error.kind == "offline":
                    raise
                self._fail(each, error.kind, f"Its files could not be listed: {error}")
                return
            for entry in entries:
                if entry["type"] == "blob" and entry["mode"] != LINK:
                    each.entries[prefix + entry["path"]] = (entry["sha"], entry.get("size", 0))
            asked += 1
            if asked == WALK_MOST and waiting:
                self.reach.note(f"{each.repository.name} has more folders than are looked into; the others stay out.")
                return

    def _fail(self, each: _Open, code: str, sentence: str) -> None:
        """Not listed, and asked again in the next run."""
        each.failed = True
        item = f"{query.SOURCE}/{each.repository.name}/"
        self.reach.hooks.set_aside(SetAside("harvest", item, code, sentence))

    # licences

    def _read_texts(self, opened: Iterable[_Open], *, root: bool = False) -> None:
        """Fetch the texts that tell of licences, those of many repositories side by side."""
        waiting: dict[str, list[tuple[_Open, str, str]]] = {}
        for each in opened:
            files = [ANY] if root else [path for path, _ in self._wanted(each)]
            for path in () if each.failed else evidence.wanted(each.entries, files):
                oid, bytes_ = each.entries[path]
                if path in each.texts or bytes_ > MOST:
                    continue
                if (known := self._texts.get(oid)) is not None:
                    each.texts[path] = known
                    continue
                address = self.api.addresses.file(each.repository.name, each.body["origin"]["commit"], path)
                waiting.setdefault(address, []).append((each, path, oid))
        for address, text in self._reader.read(waiting).items():
            for each, path, oid in waiting[address]:
                if isinstance(text, NetworkError):
                    sentence = f"{path}, which may state its licence, could not be read: {text}"
                    self._fail(each, text.kind, sentence)
                else:
                    each.texts[path] = self._texts[oid] = text
        while len(self._texts) > TEXTS_KEPT:
            del self._texts[next(iter(self._texts))]

    def _verdict(self, each: _Open, path: str) -> evidence.Verdict:
        return evidence.licence_of(path, each.texts, repository=each.body["licence"])

    # files

    def _wanted(self, each: _Open) -> Iterator[tuple[str, str]]:
        """Path and kind of what may be taken from a repository."""
        for path, (_, bytes_) in each.entries.items():
            if kind := kind_of(path, self.reach.options, bytes_):
                yield path, kind

    def _files(self, each: _Open) -> Iterator[Listed]:
        in_lfs = lfs.patterns(each.body["root"]["attributes"] if each.body["root"] else "")
        shared = {**each.body["origin"], "name": each.repository.name}
        for path, kind in self._wanted(each):
            if not path.isprintable() or "\ufffd" in path:
                item = f"{query.SOURCE}/{each.repository.name}/{path}"
                sentence = "The file's name is no plain text, so it cannot be asked for."
                self.reach.hooks.set_aside(SetAside("harvest", item, "name", sentence))
                continue
            oid, size = each.entries[path]
            verdict = self._verdict(each, path)
            provenance = {**shared, **verdict.as_json()}
            if kind == "blend" and (size <= lfs.POINTER_MOST or in_lfs(path)):
                provenance["lfs"] = True
            self.files += 1
            yield Listed(each.repository.id, path, kind, oid, size, verdict.spdx, provenance)
