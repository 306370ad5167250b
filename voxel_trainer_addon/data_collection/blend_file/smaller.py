# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest part of a .blend file that still does something, found by leaving out blocks; private paths in it are
written over."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .blocks import blocks, form_of
from .unpacking import unpacked

CONTENT_MAX = 256 << 20
NEEDED = frozenset((b"GLOB", b"DNA1"))
LEFT_OUT = frozenset((b"TEST", b"USER"))
PATH = re.compile(rb"(?:[A-Za-z]:[/\\]|[/\\])[^\0-\x1f\"<>|]{3,1023}(?=\0)")

Still = Callable[[bytes], bool]


@dataclass(frozen=True)
class Unit:
    """Bytes that stay or go together; those that are `needed` stay."""

    data: bytes
    needed: bool


def smallest(path: Path, still: Still, seconds: float) -> bytes | None:
    """The smallest content of which `still` is true that is found within so many seconds; None where it is not even
    true of the whole content without its private paths. Raises Unfit for what is no sound file."""
    until = time.monotonic() + seconds
    head, tail, groups = _groups(path)

    def whole(units: list[Unit]) -> bytes:
        return head + without_paths(b"".join(unit.data for unit in units)) + tail

    def holds(units: list[Unit]) -> bool:
        return still(whole(units))

    units = [Unit(b"".join(group), code in NEEDED) for code, group in groups]
    if not holds(units):
        return None
    kept = _least(units, holds, until)
    pieces = {b"".join(group): group for _, group in groups}
    single = [Unit(piece, not at) for unit in kept for at, piece in enumerate(pieces[unit.data])]
    return whole(_least(single, holds, until))


def without_paths(data: bytes) -> bytes:
    """`data` with the letters of every text that is a path from a root written over; nothing moves."""
    return PATH.sub(lambda found: b"x" * len(found[0]), data)


def _groups(path: Path) -> tuple[bytes, bytes, list[tuple[bytes, list[bytes]]]]:
    """The file's header, its end, and between them each data-block with the blocks of its data."""
    with open(path, "rb") as raw, unpacked(raw, path.stat().st_size) as (_, content):
        if content is None or content.has(CONTENT_MAX):
            raise ValueError("the file is too large, or cannot be unpacked")
        data, groups = content.data, list[tuple[bytes, list[bytes]]]()
        form = form_of(content)
        first, end, header = content.at, content.at, form.header.size
        for block in blocks(content, form, {}, every=True):
            start, end = content.at - header, content.at + block.length
            if block.code in LEFT_OUT:
                continue
            if block.code == b"DATA" and groups:
                groups[-1][1].append(data[start:end])
            else:
                groups.append((block.code, [data[start:end]]))
    return data[:first], data[end:], groups


def _least(units: list[Unit], holds: Callable[[list[Unit]], bool], until: float) -> list[Unit]:
    """`units` without all that can be left out: halves first, then smaller and smaller runs of them."""
    run = len(units)
    while run:
        at = 0
        while at < len(units):
            left = [unit for n, unit in enumerate(units) if unit.needed or not at <= n < at + run]
            if time.monotonic() > until:
                return units
            if len(left) < len(units) and holds(left):
                units = left
            else:
                at += run
        run //= 2
    return units
