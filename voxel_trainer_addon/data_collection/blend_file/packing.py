# SPDX-License-Identifier: GPL-3.0-or-later
"""A .blend file packed as Blender 3.0 and newer pack it: frames of zstd, and behind them a table of their sizes.

The table is that of the "seekable format" in zstd's sources, contrib/seekable_format.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import IO, Any

FRAME = 1 << 20
"""Bytes of content in a frame, as in Blender."""
LEVEL = 3
SKIPPED, SEEKABLE = 0x184D2A5E, 0x8F92EAB1


def packer() -> Callable[[bytes], bytes] | None:
    """What makes a frame; None where this Python cannot."""
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]

        return lambda content: bytes(zstd.compress(content, LEVEL))
    except ImportError:
        pass
    try:
        import zstandard
    except ImportError:
        return None
    compressor: Any = zstandard.ZstdCompressor(level=LEVEL)
    return lambda content: bytes(compressor.compress(content))


def pack(content: IO[bytes], out: IO[bytes], frame: Callable[[bytes], bytes]) -> None:
    """Write all of `content`, packed with `frame`, to `out`."""
    entries = []
    while piece := content.read(FRAME):
        packed = frame(piece)
        out.write(packed)
        entries.append(struct.pack("<II", len(packed), len(piece)))
    table = b"".join(entries) + struct.pack("<IBI", len(entries), 0, SEEKABLE)
    out.write(struct.pack("<II", SKIPPED, len(table)) + table)
