# SPDX-License-Identifier: GPL-3.0-or-later
"""`folder:PATH`: the .blend files below a folder, and Python that uses bpy; read where they lie and never copied."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import SetAside, UserError
from ...stage import Options
from .. import licences
from ..choosing import CODE_MOST, chosen
from ..code_scraper import uses_bpy
from . import Found, place_id

CODE = ".py"


@dataclass(frozen=True)
class Folder:
    """A tree of folders. Links are not followed: what they lead to has a place of its own, or is none of ours."""

    id: str
    kind: str
    root: Path
    licence: licences.Licence
    listed: Mapping[str, licences.Licence] = field(default_factory=dict)
    suffixes: tuple[str, ...] = (".blend",)
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def discover(self) -> Iterator[Found | SetAside]:
        yield from self._below(self.root, "")

    def fetch(self, found: Found) -> Path:
        return self.root / found.path

    def _below(self, folder: Path, prefix: str) -> Iterator[Found | SetAside]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield self._aside(prefix or ".", "unreadable", f"This folder could not be read: {error.strerror}.")
            return
        for entry in entries:
            path = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from self._below(Path(entry.path), path + "/")
            elif entry.name.lower().endswith(self.suffixes) and chosen(path, self.include, self.exclude):
                found = self._look(entry, path)
                if isinstance(found, SetAside) or not path.endswith(CODE) or self._is_wanted(found):
                    yield found

    def _look(self, entry: os.DirEntry[str], path: str) -> Found | SetAside:
        if entry.is_symlink():
            return self._aside(
                path, "link", "This is a link. Links are not followed; name the folder that it leads to."
            )
        if not entry.is_file(follow_symlinks=False):
            return self._aside(path, "not a file", "This is a pipe or a device, not a file.")
        try:
            path.encode()
            seen = entry.stat(follow_symlinks=False)
        except UnicodeEncodeError:
            return self._aside(path, "name", "The file's name is not valid text (UTF-8). Rename it to have it read.")
        except OSError as error:
            return self._aside(path, "unreadable", f"This file could not be looked at: {error.strerror}.")
        return Found(path, seen.st_size, seen.st_mtime_ns, self.listed.get(path, self.licence))

    def _is_wanted(self, script: Found) -> bool:
        try:
            return 0 < script.bytes <= CODE_MOST and uses_bpy(self.fetch(script))
        except OSError:
            return False

    def _aside(self, path: str, code: str, sentence: str) -> SetAside:
        item = f"{self.id}/{path}".encode("utf-8", "backslashreplace").decode()
        return SetAside("harvest", item, code, sentence)


def open(root: Path, options: Options, kind: str = "folder") -> Folder:
    """The folder at `root`, with the licence that the person gave. Raises UserError where it is no folder."""
    root = root.expanduser().resolve()
    suffixes = (".blend", *((".blend1",) if options.blend1 else ()), *((CODE,) if options.code else ()))
    if not root.is_dir():
        raise UserError(f"{root} is no folder. Name an existing one.")
    listed = licences.from_file(Path(options.licences)) if options.licences else {}
    return Folder(
        place_id(kind, root),
        kind,
        root,
        licences.Licence(licences.spdx(options.licence), {"evidence": "stated by the user"}),
        listed,
        suffixes,
        options.include,
        options.exclude,
    )
