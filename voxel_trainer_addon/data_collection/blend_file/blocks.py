# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks of a .blend file, in both forms: headers of 12 bytes, and of 17 since Blender 5.0."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from . import Unfit, inconsistent
from .unpacking import Unpacked, cut_off

BLOCKS_MAX = 20_000_000
OLD = re.compile(rb"BLENDER([_-])([vV])(\d{3})")
NEW = re.compile(rb"BLENDER17-(\d\d)v(\d{4})")
NEWEST_FORM = 1
STRUCTS_MAX = 1 << 16
MORE = 1 << 63


@dataclass(frozen=True)
class Form:
    """How a file is laid out, and the version of the Blender that wrote it."""

    version: tuple[int, int]
    new: bool
    big_endian: bool
    wide: bool
    """Pointers of 8 bytes, else of 4."""

    @property
    def header(self) -> struct.Struct:
        """The header of a block: code, length, address, index of its struct and count; in the new form code, index,
        address, length and count."""
        if self.new:
            return struct.Struct("<4siQqq")
        return struct.Struct((">" if self.big_endian else "<") + ("4siQii" if self.wide else "4siIii"))


@dataclass(frozen=True, slots=True)
class Block:
    """A block's header: four letters, bytes of data, address when it was written, index of its struct, how many."""

    code: bytes
    length: int
    address: int
    index: int
    count: int


def form_of(content: Unpacked) -> Form:
    """Read the file's own header. Raises Unfit for what is none, or too new."""
    head = content.take(12) if content.has(12) else b""
    if old := OLD.fullmatch(head):
        version = divmod(int(old[3]), 100)
        return Form(version, False, old[2] == b"V", old[1] == b"-")
    new = NEW.fullmatch(head + content.take(5)) if head.startswith(b"BLENDER") and content.has(5) else None
    if not new:
        raise Unfit("not-blend", "It is not a .blend file, whatever its name says.")
    version = divmod(int(new[2]), 100)
    if int(new[1]) > NEWEST_FORM:
        wrote = ".".join(map(str, version))
        raise Unfit("too-new", f"It was saved by Blender {wrote} in a form that this Voxel Trainer does not know.")
    return Form(version, True, False, True)


def blocks(content: Unpacked, form: Form, room: dict[int, int], every: bool = False) -> Iterator[Block]:
    """The blocks in their order but DATA, which is by far the most (with `every` these too), and without the last,
    which says that the file ends. At each the data lies ahead in `content`; whatever of it was taken, the walk goes on
    behind it. `room` is filled: index of a struct → the least bytes that a block has for one. Raises Unfit."""
    header, new = form.header, form.new
    unpack, size = header.unpack_from, header.size
    data, at = content.data, content.at
    for _ in range(BLOCKS_MAX):
        if at + size > len(data):
            content.at = at
            if not content.has(size):
                raise cut_off()
            data, at = content.data, content.at
        code, first, address, second, count = unpack(data, at)
        at += size
        length, index = (second, first) if new else (first, second)
        if length < 0 or count < 0:
            raise Unfit("damaged", "It is damaged: a block in it has a negative length. Fetch it again.")
        share = length // count if count > 1 else length
        if share < room.get(index, MORE):
            if not 0 <= index < STRUCTS_MAX:
                raise inconsistent("a block in it is of an unknown struct")
            room[index] = share
        if code == b"DATA" and not every:
            at += length
        else:
            content.at = at
            if code == b"ENDB":
                return
            end = content.base + at + length
            yield Block(code, length, address, index, count)
            data, at = content.data, end - content.base
        if at > len(data):
            content.at = len(data)
            content.skip(at - len(data))
            data, at = content.data, content.at
    raise Unfit("damaged", f"It is damaged: it has more than {BLOCKS_MAX:,} blocks.")
