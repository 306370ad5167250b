# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture that Blender keeps in a file for file browsers (the block TEST), as PNG."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ...worker.png import png

SIDE_MAX = 512
LENGTH_MAX = 8 + 4 * SIDE_MAX * SIDE_MAX


@dataclass(frozen=True)
class Thumbnail:
    """`pixels`: four bytes each (red, green, blue, opacity), row by row from below."""

    width: int
    height: int
    pixels: bytes

    def png(self) -> bytes:
        """The same as a PNG file (RFC 2083), from above."""
        return png(self.width, self.height, self.pixels)


def thumbnail_of(data: bytes, big_endian: bool) -> Thumbnail | None:
    """The picture in a block's data; None where its size is not what it says, or too large."""
    if len(data) < 8:
        return None
    width, height = struct.unpack_from(">ii" if big_endian else "<ii", data)
    if not (0 < width <= SIDE_MAX and 0 < height <= SIDE_MAX and len(data) >= 8 + 4 * width * height):
        return None
    return Thumbnail(width, height, data[8 : 8 + 4 * width * height])
