# SPDX-License-Identifier: GPL-3.0-or-later
"""A look into a .blend file without Blender: version, compression, what it holds, and what is no .blend file at all.

Both forms of the file are known: headers of 12 bytes, and of 17 since Blender 5.0; raw, gzip and zstd. Nothing is
trusted: the walk streams, and is bounded in bytes, blocks and ratio of compression.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Literal

from ..words import size

BYTES_MAX = 16 << 30
RATIO_MAX = 200
RATIO_FREE = 256 << 20
"""So many unpacked bytes are fine at any ratio."""
BLOCKS_MAX = 20_000_000
LIBRARY_MAX = 1 << 20
WINDOW_MAX = 128 << 20
PIECE = 1 << 20

NEW_FORM = (4, 5)
"""The first Blender that reads headers of 17 bytes."""
NO_BIG_ENDIAN = (5, 0)
"""The first Blender that no longer reads files of big-endian machines."""

READABLE = frozenset(("OB", "ME", "MA", "NT", "SC", "TE", "IM", "LA", "CA", "WO", "GR", "AC", "CU", "AR", "TX", "LS"))
"""Codes of data-blocks that end up in a record."""

OLD = re.compile(rb"BLENDER([_-])([vV])(\d{3})")
NEW = re.compile(rb"BLENDER(\d\d)-(\d\d)v(\d{4})")
LFS = b"version https://git-lfs"
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True)
class Look:
    """What was seen. `version` is that of the Blender that wrote the file, None where the file was not `scanned` (it is
    packed with zstd, and this Python cannot unpack that). `counts`: two-letter code of a kind of data-block → number.
    `libraries`: the paths of other .blend files that it links, as they stand in it: they may be private."""

    compression: Literal["none", "gzip", "zstd"]
    version: tuple[int, int] | None
    new_form: bool = False
    big_endian: bool = False
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    libraries: tuple[str, ...] = ()
    scanned: bool = True

    @property
    def blocks(self) -> int:
        """Data-blocks that a record would tell of."""
        return sum(number for code, number in self.counts.items() if code in READABLE)


@dataclass(frozen=True)
class NotReadable:
    """Why a file is not for Blender: a short code and a sentence for a person."""

    code: str
    sentence: str


class _Stop(Exception):
    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = NotReadable(code, sentence)


def look(path: Path, blender: tuple[int, int, int] | None = None) -> Look | NotReadable:
    """Look into the file at `path`, and, where `blender` is given, ask whether that version can read it.

    Raises OSError where the file cannot be opened.
    """
    with open(path, "rb") as raw:
        start = raw.read(64)
        raw.seek(0)
        try:
            seen = _look(raw, start, path.stat().st_size)
        except _Stop as stop:
            return stop.reason
    return _unsuited(seen, blender) or seen


def _look(raw: IO[bytes], start: bytes, bytes_: int) -> Look:
    if not start:
        raise _Stop("empty", "It is empty: 0 bytes. Fetch it again.")
    if start.startswith(LFS):
        raise _Stop("git-lfs", f"It is a pointer to {_pointed(raw)}; fetch it with git lfs pull.")
    if start.startswith(ZSTD):
        with _zstd(raw) as unpacked:
            if unpacked is None:
                return Look("zstd", None, scanned=False)
            return _walk(_Stream(unpacked, RATIO_MAX * bytes_), "zstd")
    if start.startswith(GZIP):
        with gzip.GzipFile(fileobj=raw) as unpacked:
            return _walk(_Stream(unpacked, RATIO_MAX * bytes_), "gzip")
    return _walk(_Raw(raw, bytes_), "none")


def _pointed(raw: IO[bytes]) -> str:
    found = re.search(rb"^size (\d{1,15})$", raw.read(1024), re.MULTILINE)
    return f"a file of {size(int(found[1]))} in Git LFS" if found else "a file in Git LFS"


def _unsuited(seen: Look, blender: tuple[int, int, int] | None) -> NotReadable | None:
    if blender is None or seen.version is None:
        return None
    wrote, reads = ".".join(map(str, seen.version)), ".".join(map(str, blender))
    if seen.new_form and blender[:2] < NEW_FORM:
        sentence = f"It was saved by Blender {wrote}; Blender {reads} cannot read it. Use Blender 4.5 or newer."
        return NotReadable("too-new", sentence)
    if seen.big_endian and blender[:2] >= NO_BIG_ENDIAN:
        sentence = f"It was saved on a big-endian machine; Blender {reads} cannot read it. Use Blender 4.5 or older."
        return NotReadable("big-endian", sentence)
    return None


class _Stream:
    """Unpacked bytes in order, within limits."""

    def __init__(self, source: Any, most: int) -> None:
        self._source, self._most, self._read = source, max(RATIO_FREE, min(most, BYTES_MAX)), 0

    def read(self, count: int) -> bytes:
        """Exactly `count` bytes, or none at the end."""
        self._read += count
        if self._read > self._most:
            raise _Stop("bomb", f"It unpacks to more than {size(self._most)}: no honest file does.")
        try:
            found = self._source.read(count)
            while found and len(found) < count and (more := self._source.read(count - len(found))):
                found += more
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise _Stop("damaged", "Its compressed data is damaged or cut off. Fetch it again.") from error
        except Exception as error:
            if type(error).__name__ != "ZstdError":
                raise
            raise _Stop("damaged", "Its compressed data is damaged or cut off. Fetch it again.") from error
        return found if len(found) == count else b""

    def skip(self, count: int) -> None:
        while count > 0:
            piece = min(count, PIECE)
            if not self.read(piece):
                raise _cut_off()
            count -= piece


class _Raw(_Stream):
    """An uncompressed file: what is skipped is not read."""

    def __init__(self, source: IO[bytes], bytes_: int) -> None:
        super().__init__(source, BYTES_MAX)
        self._bytes = bytes_

    def skip(self, count: int) -> None:
        if count > self._bytes - self._source.tell():
            raise _cut_off()
        self._source.seek(count, 1)


def _cut_off() -> _Stop:
    return _Stop("truncated", "It ends too early: part of it is missing. Fetch it again.")


def _walk(stream: _Stream, compression: Literal["none", "gzip", "zstd"]) -> Look:
    head = stream.read(12)
    old = OLD.fullmatch(head)
    if old:
        wide, big = old[1] == b"-", old[2] == b"V"
        version = divmod(int(old[3]), 100)
        block = struct.Struct((">" if big else "<") + ("4siQii" if wide else "4siIii"))
    else:
        new = NEW.fullmatch(head + stream.read(5)) if head.startswith(b"BLENDER") else None
        if not new or int(new[1]) < 17:
            raise _Stop("not-blend", "It is not a .blend file, whatever its name says.")
        stream.skip(int(new[1]) - 17)
        big, version = False, divmod(int(new[3]), 100)
        block = struct.Struct("<4siQqq")
    counts: Counter[str] = Counter()
    libraries: list[str] = []
    for _ in range(BLOCKS_MAX):
        found = stream.read(block.size)
        if not found:
            raise _cut_off()
        fields: tuple[Any, ...] = block.unpack(found)
        code, length = fields[0].strip(b"\0"), fields[1] if old else fields[3]
        if code == b"ENDB":
            return Look(compression, version, not old, big, MappingProxyType(dict(counts)), tuple(libraries))
        if length < 0:
            raise _Stop("damaged", "It is damaged: a block in it has a negative length. Fetch it again.")
        if len(code) == 2:
            counts[code.decode("ascii", "replace")] += 1
        if code == b"LI" and length <= LIBRARY_MAX:
            libraries += _library(stream.read(length))
        else:
            stream.skip(length)
    raise _Stop("damaged", f"It is damaged: it has more than {BLOCKS_MAX:,} blocks.")


def _library(data: bytes) -> Iterator[str]:
    """The path in a library block: its first text that ends like a .blend file (its place differs by version)."""
    found = re.search(rb"[^\0-\x1f]{1,1024}?\.blend(?=\0)", data)
    if found:
        yield found[0].decode("utf-8", "replace")


@contextlib.contextmanager
def _zstd(raw: IO[bytes]) -> Iterator[Any]:
    """A reader of unpacked bytes, over all frames; None where this Python has no zstd."""
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        zstd = None
    if zstd:
        limit = {zstd.DecompressionParameter.window_log_max: WINDOW_MAX.bit_length() - 1}
        with zstd.ZstdFile(raw, options=limit) as unpacked:
            yield unpacked
        return
    try:
        import zstandard
    except ImportError:
        yield None
        return
    with zstandard.ZstdDecompressor(max_window_size=WINDOW_MAX).stream_reader(
        raw, read_across_frames=True, closefd=False
    ) as unpacked:
        yield unpacked
