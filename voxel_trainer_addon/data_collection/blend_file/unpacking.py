# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpacked bytes of a .blend file in order: raw, gzip or zstd, within limits on bytes and on their ratio."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, Literal

from ...words import size
from . import Unfit

Compression = Literal["none", "gzip", "zstd"]

BYTES_MAX = 16 << 30
RATIO_MAX = 200
RATIO_FREE = 256 << 20
"""So many unpacked bytes are fine at any ratio."""
WINDOW_MAX = 128 << 20
PIECE = 256 << 10

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class Unpacked:
    """A window into the unpacked bytes: those from `at` on in `data` come next, and `base` lie before `data`. `pull`
    gives further ones, b"" at the end; `leap` jumps over so many without reading them, where that can be done."""

    def __init__(self, pull: Callable[[], bytes], most: int, leap: Callable[[int], None] | None = None) -> None:
        self.data, self.at, self.base = b"", 0, 0
        self._pull, self._left, self._leap = pull, most, leap
        self._most = most

    def has(self, count: int) -> bool:
        """Bring `count` bytes into the window; whether there are so many."""
        have = len(self.data) - self.at
        if have >= count:
            return True
        parts = [self.data[self.at :]]
        while have < count and (piece := self._next()):
            parts.append(piece)
            have += len(piece)
        self.base += self.at
        self.data, self.at = b"".join(parts), 0
        return have >= count

    def take(self, count: int) -> bytes:
        """The next `count` bytes. Raises Unfit where they end before."""
        if not self.has(count):
            raise cut_off()
        self.at += count
        return self.data[self.at - count : self.at]

    def skip(self, count: int) -> None:
        """Go over `count` bytes. Raises Unfit where they end before."""
        over = count - (len(self.data) - self.at)
        if over <= 0:
            self.at += count
            return
        self.base += len(self.data)
        self.data, self.at = b"", 0
        if self._leap:
            self._leap(over)
            self.base += over
            return
        while len(self.data) < over:
            over -= len(self.data)
            self.base += len(self.data)
            self.data = self._next()
            if not self.data:
                raise cut_off()
        self.at = over

    def finish(self) -> None:
        """Read what follows, so that checksums at the end of compressed data are looked at."""
        for _ in self.rest():
            pass

    def rest(self) -> Iterator[bytes]:
        """What follows behind the window, in pieces."""
        while piece := self._next():
            yield piece

    def _next(self) -> bytes:
        try:
            piece = self._pull()
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise _broken() from error
        except Exception as error:
            if type(error).__name__ != "ZstdError":
                raise
            raise _broken() from error
        self._left -= len(piece)
        if self._left < 0:
            raise Unfit("bomb", f"It unpacks to more than {size(self._most)}: no honest file does.")
        return piece


@contextlib.contextmanager
def unpacked(raw: IO[bytes], bytes_: int, piece: int = PIECE) -> Iterator[tuple[Compression, Unpacked | None]]:
    """How the file `raw` of `bytes_` bytes is packed, and its content, which is read in pieces; None where this Python
    cannot unpack zstd."""
    start = raw.read(len(ZSTD))
    raw.seek(0)
    most = max(RATIO_FREE, min(RATIO_MAX * bytes_, BYTES_MAX))
    if start == ZSTD:
        with _zstd(raw) as source:
            yield "zstd", Unpacked(lambda: bytes(source.read(piece)), most) if source else None
    elif start.startswith(GZIP):
        yield "gzip", Unpacked(_gzip(raw, piece).__next__, most)
    else:
        yield "none", _plain(raw, bytes_, piece)


def _plain(raw: IO[bytes], bytes_: int, piece: int) -> Unpacked:
    def leap(count: int) -> None:
        if count > bytes_ - raw.tell():
            raise cut_off()
        raw.seek(count, 1)

    return Unpacked(lambda: raw.read(piece), max(bytes_, BYTES_MAX), leap)


def _gzip(raw: IO[bytes], count: int) -> Iterator[bytes]:
    """Pieces of the unpacked members, one behind the other as Blender reads them, then b"" for ever."""
    packed = raw.read(count)
    while packed.startswith(GZIP):
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            piece = member.decompress(packed, count)
            packed = member.unconsumed_tail or member.unused_data or raw.read(count)
            if piece:
                yield piece
            elif not packed and not member.eof:
                raise EOFError("the compressed data ends too early")
    while True:
        yield b""


@contextlib.contextmanager
def _zstd(raw: IO[bytes]) -> Iterator[Any]:
    """A reader of unpacked bytes, over all frames; None where this Python has no zstd."""
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        zstd = None
    if zstd:
        limit = {zstd.DecompressionParameter.window_log_max: WINDOW_MAX.bit_length() - 1}
        with zstd.ZstdFile(raw, options=limit) as source:
            yield source
        return
    try:
        import zstandard
    except ImportError:
        yield None
        return
    with zstandard.ZstdDecompressor(max_window_size=WINDOW_MAX).stream_reader(
        raw, read_across_frames=True, closefd=False
    ) as source:
        yield source


def cut_off() -> Unfit:
    return Unfit("truncated", "It ends too early: part of it is missing. Fetch it again.")


def _broken() -> Unfit:
    return Unfit("damaged", "Its compressed data is damaged or cut off. Fetch it again.")
