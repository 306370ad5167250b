# SPDX-License-Identifier: GPL-3.0-or-later
"""Git's objects as the test GitHub needs them: what a file holds, its object id, and the trees and commit above it."""

from __future__ import annotations

import functools
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

FILE, LINK, FOLDER, SUBMODULE = 0o100644, 0o120000, 0o040000, 0o160000
BLOCK = 1 << 16


class Content(Protocol):
    """What lies at a path. `oid` is the id of the blob (of the commit, for a submodule)."""

    mode: int
    size: int

    @property
    def oid(self) -> str: ...

    def read(self, start: int, length: int) -> bytes: ...


class Data:
    """Bytes that are held in memory."""

    def __init__(self, data: bytes, mode: int = FILE) -> None:
        self.data, self.mode, self.size = data, mode, len(data)

    @functools.cached_property
    def oid(self) -> str:
        return object_id("blob", self.data)

    def read(self, start: int, length: int) -> bytes:
        return self.data[start : start + length]


class OnDisk:
    """A file that is read where it lies."""

    mode = FILE

    def __init__(self, path: Path) -> None:
        self.path, self.size = path, path.stat().st_size

    @functools.cached_property
    def oid(self) -> str:
        return object_id("blob", self.path.read_bytes())

    def read(self, start: int, length: int) -> bytes:
        with open(self.path, "rb") as file:
            file.seek(start)
            return file.read(length)


class Blend:
    """A small .blend file made from a seed whenever it is read: a header, one block of noise, the end."""

    mode = FILE
    HEAD, END = b"BLENDER-v306", b"ENDB" + bytes(20)

    def __init__(self, seed: str) -> None:
        self.seed = seed
        noise = 400 + zlib.crc32(seed.encode()) % 1200
        self.size = len(self.HEAD) + 24 + noise + len(self.END)
        self.oid = object_id("blob", self._made())

    def _made(self) -> bytes:
        noise = self.size - len(self.HEAD) - 24 - len(self.END)
        block = b"DATA" + noise.to_bytes(4, "little") + bytes(16)
        return self.HEAD + block + hashlib.shake_128(self.seed.encode()).digest(noise) + self.END

    def read(self, start: int, length: int) -> bytes:
        return self._made()[start : start + length]


class Large:
    """A .blend file of any size whose bytes are never held together: blocks of noise that differ in their number."""

    mode = FILE

    def __init__(self, seed: str, size: int) -> None:
        self.size = size
        self._noise = hashlib.shake_128(seed.encode()).digest(BLOCK - 8)

    def _block(self, number: int) -> bytes:
        head = b"BLENDER-v306" if number == 0 else b""
        return (head + number.to_bytes(8, "little") + self._noise)[:BLOCK]

    @functools.cached_property
    def oid(self) -> str:
        sha = hashlib.sha1(b"blob %d\0" % self.size)
        for start in range(0, self.size, BLOCK):
            sha.update(self.read(start, BLOCK))
        return sha.hexdigest()

    def read(self, start: int, length: int) -> bytes:
        end = min(start + length, self.size)
        first = start // BLOCK
        data = b"".join(self._block(number) for number in range(first, -(-end // BLOCK)))
        return data[start - first * BLOCK : end - first * BLOCK]


class Submodule:
    """A commit of another repository."""

    mode, size = SUBMODULE, 0

    def __init__(self, oid: str) -> None:
        self.oid = oid

    def read(self, start: int, length: int) -> bytes:
        return b""


@dataclass(frozen=True)
class Entry:
    """One line of a tree. `name` holds bytes that are no UTF-8 as surrogates."""

    name: str
    mode: int
    oid: str
    size: int

    @property
    def type(self) -> str:
        return {FOLDER: "tree", SUBMODULE: "commit"}.get(self.mode, "blob")


@dataclass(frozen=True)
class Tree:
    """A folder: its object id, its path from the root ('' for the root itself) and its entries in git's order."""

    oid: str
    path: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Snapshot:
    """One commit: every file below it, every folder by its path, and the commit's id, date, message and bytes."""

    files: Mapping[str, Content]
    trees: Mapping[str, Tree]
    commit: str = ""
    date: datetime | None = None
    message: str = ""
    text: bytes = b""
    by_oid: Mapping[str, Tree] = field(default_factory=dict)

    @property
    def root(self) -> Tree:
        return self.trees[""]


def raw(name: str) -> bytes:
    """A name as git keeps it."""
    return name.encode("utf-8", "surrogateescape")


def shown(name: str) -> str:
    """A name as JSON can carry it: what is no UTF-8 becomes U+FFFD."""
    return raw(name).decode("utf-8", "replace")


def object_id(kind: str, data: bytes) -> str:
    """The SHA-1 that git gives to an object."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(data)) + data).hexdigest()


def tree_data(entries: tuple[Entry, ...]) -> bytes:
    """The bytes of a folder with these entries, in the order given."""
    return b"".join(b"%o %s\0" % (e.mode, raw(e.name)) + bytes.fromhex(e.oid) for e in entries)


def commit_text(tree: str, parent: str, person: str, date: datetime, message: str) -> bytes:
    """A commit object's bytes. `person` is author and committer."""
    who = f"{person} {int(date.timestamp())} +0000"
    lines = [f"tree {tree}", *([f"parent {parent}"] if parent else []), f"author {who}", f"committer {who}"]
    return "\n".join([*lines, "", message]).encode()


def trees(files: Mapping[str, Content]) -> dict[str, Tree]:
    """Every folder that the files need, by path; the deepest ones are made first.

    A path that begins with a slash is one name in the root, as git's plumbing can write it.
    """
    folders: dict[str, dict[str, Entry]] = {"": {}}
    for path, content in files.items():
        folder, _, name = ("", "", path) if path.startswith("/") else path.rpartition("/")
        parent = folder
        while parent not in folders:
            folders[parent] = {}
            parent = parent.rpartition("/")[0]
        folders[folder][name] = Entry(name, content.mode, content.oid, content.size)
    made: dict[str, Tree] = {}
    for path in sorted(folders, key=lambda path: -(path.count("/") + bool(path))):
        entries = tuple(sorted(folders[path].values(), key=lambda e: raw(e.name) + b"/" * (e.mode == FOLDER)))
        made[path] = Tree(object_id("tree", tree_data(entries)), path, entries)
        if path:
            folder, _, name = path.rpartition("/")
            folders[folder][name] = Entry(name, FOLDER, made[path].oid, 0)
    return made


def snapshot(files: Mapping[str, Content], parent: str, person: str, date: datetime, message: str) -> Snapshot:
    """The commit that holds these files."""
    made = trees(files)
    text = commit_text(made[""].oid, parent, person, date, message)
    by_oid = {tree.oid: tree for tree in made.values()}
    return Snapshot(files, made, object_id("commit", text), date, message, text, by_oid)
