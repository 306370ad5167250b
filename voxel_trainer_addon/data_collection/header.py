# SPDX-License-Identifier: GPL-3.0-or-later
"""A look into a .blend file without Blender: version, what it holds, its thumbnail, and whether its parts agree.

Both forms of the file are known, raw, gzip and zstd. Nothing is trusted: the walk streams, and is bounded in bytes,
blocks and ratio of compression.
"""

from __future__ import annotations

import os
import re
import stat
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO

from ..words import size
from .blend_file import NotReadable, Unfit, inconsistent
from .blend_file.blocks import Block, blocks, form_of
from .blend_file.dna import DNA_MAX, Dna, dna_of
from .blend_file.thumbnail import LENGTH_MAX, Thumbnail, thumbnail_of
from .blend_file.unpacking import Compression, Unpacked, unpacked

NEW_FORM = (4, 5)
"""The first Blender that reads headers of 17 bytes."""
NO_BIG_ENDIAN = (5, 0)
"""The first Blender that no longer reads files of big-endian machines."""

READABLE = frozenset(("OB", "ME", "MA", "NT", "SC", "TE", "IM", "LA", "CA", "WO", "GR", "AC", "CU", "AR", "TX", "LS"))
"""Codes of data-blocks that end up in a record."""
OF_THE_INTERFACE = frozenset(("WM", "WS", "SN", "SR", "BR", "PL", "PC", "ID", "LI"))
"""Codes of what tells of windows, brushes and other files alone."""

STRUCTS = {
    "AC": ("bAction",),
    "AR": ("bArmature",),
    "BR": ("Brush",),
    "CA": ("Camera",),
    "CF": ("CacheFile",),
    "CU": ("Curve",),
    "CV": ("Curves", "Hair"),
    "GD": ("bGPdata",),
    "GP": ("GreasePencil",),
    "GR": ("Collection", "Group"),
    "HA": ("Hair", "Curves"),
    "ID": ("ID",),
    "IM": ("Image",),
    "KE": ("Key",),
    "LA": ("Lamp", "Light"),
    "LI": ("Library",),
    "LP": ("LightProbe",),
    "LS": ("FreestyleLineStyle",),
    "LT": ("Lattice",),
    "MA": ("Material",),
    "MB": ("MetaBall",),
    "MC": ("MovieClip",),
    "ME": ("Mesh",),
    "MS": ("Mask",),
    "NT": ("bNodeTree",),
    "OB": ("Object",),
    "PA": ("ParticleSettings",),
    "PC": ("PaintCurve",),
    "PL": ("Palette",),
    "PT": ("PointCloud",),
    "SC": ("Scene",),
    "SK": ("Speaker",),
    "SN": ("bScreen",),
    "SO": ("bSound",),
    "SR": ("bScreen",),
    "TE": ("Tex",),
    "TX": ("Text",),
    "VF": ("VFont",),
    "VO": ("Volume",),
    "WM": ("wmWindowManager",),
    "WO": ("World",),
    "WS": ("WorkSpace",),
}
"""Code of a kind of data-block → the names that its struct has or had."""
KNOWN = (5, 3)
"""The last Blender whose kinds are all in that table."""
OTHERS = frozenset((b"GLOB", b"DNA1", b"TEST", b"REND", b"USER"))
UNNAMED = (b"ID", b"SN")
"""Codes whose names begin with other letters: links, and screens (`SR`)."""
NAME_AT_MAX = 64
"""The name of a data-block, after the two letters of its kind, begins before this byte in all versions."""

LFS = b"version https://git-lfs"
HEADER = 512
"""Bytes that are read for the file's own header."""
HEAD_MAX = 1 << 12
"""Bytes of a data-block in which its name, a library's path and the file's own facts lie."""
KEPT_MAX = 10_000
"""So many libraries and scenes are kept at most."""


@dataclass(frozen=True)
class Look:
    """What was seen. `version` is that of the Blender that wrote the file, None where the file was not `scanned` (it is
    packed with zstd, and this Python cannot unpack that); `subversion` its third number, `reads` the first version
    that the writer says can read it. `counts`: two-letter code of a kind of data-block → number. `libraries`: the paths
    of other .blend files that it links, as they stand in it: they may be private. `scene`: the current one."""

    compression: Compression
    version: tuple[int, int] | None
    new_form: bool = False
    big_endian: bool = False
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    libraries: tuple[str, ...] = ()
    scanned: bool = True
    subversion: int = 0
    reads: tuple[int, int] | None = None
    scene: str = ""
    thumbnail: Thumbnail | None = None

    @property
    def blocks(self) -> int:
        """Data-blocks that a record would tell of."""
        return sum(number for code, number in self.counts.items() if code in READABLE)


def look(path: Path, blender: tuple[int, int, int] | None = None) -> Look | NotReadable:
    """Look into the file at `path`, and, where `blender` is given, ask whether that version can read it.

    Raises OSError where the file cannot be opened.
    """
    with _opened(path) as raw:
        found = os.fstat(raw.fileno())
        if not stat.S_ISREG(found.st_mode):
            return NotReadable("not-a-file", "It is no regular file.")
        try:
            seen = _look(raw, found.st_size)
        except Unfit as unfit:
            return unfit.reason
    return _unsuited(seen, blender) or seen


def saved_by(path: Path) -> tuple[int, int] | None:
    """The version of the Blender that saved the file, by its first bytes alone; None where they do not tell."""
    try:
        with _opened(path) as raw, unpacked(raw, os.fstat(raw.fileno()).st_size, HEADER) as (_, content):
            return form_of(content).version if content else None
    except (OSError, Unfit):
        return None


def _opened(path: Path) -> IO[bytes]:
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)  # a FIFO would wait
    return open(os.open(path, flags), "rb")


def _look(raw: IO[bytes], bytes_: int) -> Look:
    start = raw.read(len(LFS))
    if not start:
        raise Unfit("empty", "It is empty: 0 bytes. Fetch it again.")
    if start == LFS:
        raise Unfit("git-lfs", f"It is a pointer to {_pointed(raw)}; fetch it with git lfs pull.")
    raw.seek(0)
    with unpacked(raw, bytes_) as (compression, content):
        if content is None:
            return Look(compression, None, scanned=False)
        return _Walk(content, compression).look()


def _pointed(raw: IO[bytes]) -> str:
    found = re.search(rb"^size (\d{1,15})$", raw.read(1024), re.MULTILINE)
    return f"a file of {size(int(found[1]))} in Git LFS" if found else "a file in Git LFS"


def _unsuited(seen: Look, blender: tuple[int, int, int] | None) -> NotReadable | None:
    if seen.version is None:
        return None
    if blender and (seen.new_form or seen.big_endian):
        wrote, reads = ".".join(map(str, seen.version)), ".".join(map(str, blender))
        if seen.new_form and blender[:2] < NEW_FORM:
            sentence = f"It was saved by Blender {wrote}; Blender {reads} cannot read it. Use Blender 4.5 or newer."
            return NotReadable("too-new", sentence)
        if seen.big_endian and blender[:2] >= NO_BIG_ENDIAN:
            sentence = (
                f"It was saved on a big-endian machine; Blender {reads} cannot read it. Use Blender 4.5 or older."
            )
            return NotReadable("big-endian", sentence)
    if not set(seen.counts) - OF_THE_INTERFACE:
        return NotReadable("irrelevant", "It holds windows, brushes or settings, and nothing that a record tells of.")
    return None


class _Walk:
    """One way through the blocks. The description of structs comes last, so what it is needed for is kept till then:
    of each struct the least room that a block has for one, and the heads of a few data-blocks."""

    def __init__(self, content: Unpacked, compression: Compression) -> None:
        self.content, self.compression = content, compression
        self.form = form_of(content)
        self.counts: Counter[bytes] = Counter()
        self.room: dict[int, int] = {}
        self.structs: set[tuple[bytes, int]] = set()
        self.name_at = list(range(16, NAME_AT_MAX, 4))
        self.facts = b""
        self.libraries: list[bytes] = []
        self.scenes: dict[int, bytes] = {}
        self.thumbnail: Thumbnail | None = None
        self.dna: Dna | None = None

    def look(self) -> Look:
        """The whole way. Raises Unfit."""
        for block in blocks(self.content, self.form, self.room):
            self._see(block)
        self.content.finish()
        if not self.dna:
            raise inconsistent("it does not describe what it holds")
        self._check(self.dna)
        return self._seen(self.dna)

    def _see(self, block: Block) -> None:
        code = block.code[:2]
        if block.code[2:] == b"\0\0" and code.isalpha() and code.isupper():
            self.counts[code] += 1
            self.structs.add((code, block.index))
            self._see_data_block(code, block)
        elif block.code not in OTHERS:
            raise inconsistent("a block in it is of an unknown kind")
        elif block.code == b"GLOB":
            self.facts = self._head(block)
        elif block.code == b"TEST" and block.length <= LENGTH_MAX:
            self.thumbnail = thumbnail_of(self.content.take(block.length), self.form.big_endian)
        elif block.code == b"DNA1":
            if self.dna or block.length > DNA_MAX:
                raise inconsistent("its own description of what it holds is there twice, or without end")
            self.dna = dna_of(self.content.take(block.length), self.form.wide, self.form.big_endian)

    def _see_data_block(self, code: bytes, block: Block) -> None:
        content = self.content
        if code == b"ID" and not self.counts[b"LI"]:
            raise inconsistent("it links data-blocks, and no file that they are in")
        if code not in UNNAMED and content.has(min(block.length, NAME_AT_MAX)):
            self.name_at = [at for at in self.name_at if content.data.startswith(code, content.at + at)]
        if code == b"LI" and len(self.libraries) < KEPT_MAX:
            self.libraries.append(self._head(block))
        elif code == b"SC" and len(self.scenes) < KEPT_MAX:
            self.scenes[block.address] = self._head(block)

    def _head(self, block: Block) -> bytes:
        return self.content.take(min(block.length, HEAD_MAX))

    def _check(self, dna: Dna) -> None:
        """Whether blocks and description agree. Raises Unfit."""
        if not self.facts:
            raise inconsistent("the block with facts of the file itself is missing")
        for index, room in self.room.items():
            if index >= len(dna.sizes) or (index and room < dna.sizes[index]):
                raise inconsistent("a block in it is too small for its struct, or its struct is unknown")
        known = self.form.version <= KNOWN
        for code, index in self.structs:
            if index not in dna.ids or (known and dna.names[index] not in STRUCTS.get(code.decode(), ())):
                raise inconsistent("a data-block in it is of another kind than it says")
        if self.structs and dna.places["ID"]["name"][0] not in self.name_at:
            raise inconsistent("the name of a data-block in it does not fit its kind")

    def _seen(self, dna: Dna) -> Look:
        facts = dna.places["FileGlobal"]
        order = ">" if self.form.big_endian else "<"

        def number(name: str, kind: str) -> int:
            try:
                return int(struct.unpack_from(order + kind, self.facts, facts[name][0])[0])
            except (KeyError, struct.error):
                return 0

        library = dna.places["Library"]
        path = library.get("name") or library.get("filepath") or (0, 0)
        scene = self.scenes.get(number("*curscene", "Q" if self.form.wide else "I"), b"")
        return Look(
            self.compression,
            self.form.version,
            self.form.new,
            self.form.big_endian,
            MappingProxyType({code.decode(): count for code, count in self.counts.items()}),
            tuple(filter(None, (_text(head, path) for head in self.libraries))),
            subversion=number("subversion", "h"),
            reads=divmod(number("minversion", "h"), 100),
            scene=_text(scene, dna.places["ID"]["name"])[2:],
            thumbnail=self.thumbnail,
        )


def _text(head: bytes, place: tuple[int, int]) -> str:
    start, length = place
    return head[start : start + length].split(b"\0")[0].decode("utf-8", "replace")
