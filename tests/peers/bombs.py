# SPDX-License-Identifier: GPL-3.0-or-later
"""Small bytes that unpack to as much as one likes, in the two packings that .blend files have."""

from __future__ import annotations

import functools
import zlib

HEAD = b"BLENDER-v306"
ZSTD_BLOCK = 1 << 17


@functools.lru_cache(4)
def gzipped(mebibytes: int) -> bytes:
    """A gzip stream of a .blend header and then zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    return b"".join([packer.compress(HEAD), *(packer.compress(zeros) for _ in range(mebibytes)), packer.flush()])


def zstandard(mebibytes: int) -> bytes:
    """The same as a zstd frame: a raw block, then blocks that repeat one byte (RFC 8878, 3.1.1.2)."""
    head = _block(len(HEAD), 0, last=False) + HEAD
    blocks = [_block(ZSTD_BLOCK, 1, last=at == mebibytes * 8 - 1) + b"\0" for at in range(mebibytes * 8)]
    return b"\x28\xb5\x2f\xfd" + b"\x00" + b"\x50" + head + b"".join(blocks)


def _block(size: int, kind: int, last: bool) -> bytes:
    return (last | kind << 1 | size << 3).to_bytes(3, "little")


MAKERS = {"gzip": gzipped, "zstd": zstandard}
