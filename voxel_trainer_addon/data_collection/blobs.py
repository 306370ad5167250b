# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads as they lie in `blobs/`: named by the SHA-256 of what came, large ones packed as Blender packs files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from ..files import sha256_of
from .blend_file import Unfit
from .blend_file.packing import pack, packer
from .blend_file.unpacking import RATIO_MAX, unpacked

PACKED_FROM = 1_000_000
"""Smaller files are kept as they came."""
WORTH = 0.9
"""What is packed has at most so much of its bytes."""
ENDING = ".packed"
START = b"BLENDER"
"""How a .blend file begins that is not packed."""


def packed(part: Path) -> Path:
    """The file packed, in place of it; `part` itself where it is small or packed, where packing saves little, and where
    this Python has no zstd. Raises OSError (no space)."""
    frame, bytes_ = packer(), part.stat().st_size
    if not frame or bytes_ < PACKED_FROM:
        return part
    made = part.with_name(part.name + ENDING)
    with open(part, "rb") as content:
        if content.read(len(START)) != START:
            return part
        content.seek(0)
        with open(made, "wb") as out:
            pack(content, out, frame)
            out.flush()
            os.fsync(out.fileno())
    if not bytes_ / RATIO_MAX < made.stat().st_size < bytes_ * WORTH:  # what is packed closer is taken for a bomb
        made.unlink()
        return part
    part.unlink()
    return made


def keep(part: Path, place: Path) -> None:
    """Give a whole file its name among the blobs."""
    place.parent.mkdir(parents=True, exist_ok=True)
    os.replace(part, place)


def holds(path: Path, sha256: str) -> bool:
    """Whether the file is the content with this hash, or that content packed."""
    if sha256_of(path) == sha256:
        return True
    digest = hashlib.sha256()
    for piece in _content(path):
        digest.update(piece)
    return digest.hexdigest() == sha256


def original(path: Path, sha256: str, scratch: Path) -> Path | None:
    """The content with this hash as a file: `path` or, where it is packed, one that is made in `scratch`. None where it
    is something else."""
    if sha256_of(path) == sha256:
        return path
    made = scratch / f"{sha256}{path.suffix}"
    with open(made, "wb") as out:
        out.writelines(_content(path))
    if sha256_of(made) == sha256:
        return made
    made.unlink()
    return None


def _content(path: Path) -> Iterator[bytes]:
    """What is packed in a file with zstd, as far as it can be unpacked."""
    try:
        with open(path, "rb") as raw, unpacked(raw, path.stat().st_size) as (compression, content):
            if compression == "zstd" and content:
                yield from content.rest()
    except Unfit:
        return
