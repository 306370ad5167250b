# SPDX-License-Identifier: GPL-3.0-or-later
"""PNG files (RFC 2083) of pixels as Blender keeps them."""

from __future__ import annotations

import struct
import zlib


def png(width: int, height: int, pixels: bytes) -> bytes:
    """A PNG file. `pixels`: four bytes each (red, green, blue, opacity), row by row from below."""
    row = 4 * width
    rows = b"".join(b"\0" + pixels[at : at + row] for at in range(row * (height - 1), -1, -row))
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pixels(data: bytes) -> tuple[int, int, bytes]:
    """Width, height and pixels of a file that `png` made, as it takes them. Raises ValueError for any other."""
    try:
        (width, height), idat = struct.unpack_from(">II", data, 16), data.index(b"IDAT")
        (length,) = struct.unpack_from(">I", data, idat - 4)
        rows, row = zlib.decompress(data[idat + 4 : idat + 4 + length]), 4 * width + 1
    except (struct.error, zlib.error) as error:
        raise ValueError(f"no picture: {error}") from error
    if len(rows) != height * row or any(rows[::row]):
        raise ValueError("no picture of ours")
    return width, height, b"".join(rows[at + 1 : at + row] for at in range(row * (height - 1), -1, -row))
