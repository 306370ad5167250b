# SPDX-License-Identifier: GPL-3.0-or-later
"""A file's own description of its structs (the block DNA1), checked: every table sound, every size the sum of its
members."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from . import Unfit, inconsistent

DNA_MAX = 4 << 20
LENGTHS = re.compile(r"\[(\d+)\]")
BASE = {
    "char": 1,
    "uchar": 1,
    "int8_t": 1,
    "short": 2,
    "ushort": 2,
    "int": 4,
    "float": 4,
    "double": 8,
    "int64_t": 8,
    "uint64_t": 8,
}
"""Types that are no structs → bytes, where all versions agree."""
NEEDED = ("ID", "Library", "FileGlobal")


@dataclass(frozen=True)
class Dna:
    """The structs of a file by their index: `names`, `sizes` in bytes, and which begin with the struct `ID` (or are
    it). `places`: the members of `NEEDED` → (offset, bytes)."""

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    ids: frozenset[int]
    places: Mapping[str, Mapping[str, tuple[int, int]]]


@lru_cache(maxsize=32)
def dna_of(data: bytes, wide: bool, big_endian: bool) -> Dna:
    """Take the block apart; one that was seen lately is known (a Blender writes the same into all its files). Raises
    Unfit."""
    try:
        return _Reader(data, wide, big_endian).dna()
    except (ValueError, IndexError, struct.error) as error:
        raise _unsound() from error


class _Reader:
    def __init__(self, data: bytes, wide: bool, big_endian: bool) -> None:
        self.data, self.at, self.order = data, 0, ">" if big_endian else "<"
        self.pointer = 8 if wide else 4

    def dna(self) -> Dna:
        self._word(b"SDNA")
        members, types = self._names(b"NAME"), self._names(b"TYPE")
        self._word(b"TLEN")
        lengths = self._shorts(len(types))
        self.at += -self.at % 4
        if any(lengths[at] != BASE.get(name, lengths[at]) for at, name in enumerate(types)):
            raise _unsound()
        self._word(b"STRC")
        times = [prod(map(int, LENGTHS.findall(name))) if "[" in name else 1 for name in members]
        points = [name[0] in "*(" for name in members]
        numbers = self._shorts((len(self.data) - self.at - 4) // 2, self.at + 4)
        kinds: list[int] = []
        places: dict[str, dict[str, tuple[int, int]]] = {}
        first: list[int] = []
        at = 0
        for _ in range(self._number()):
            kind, count = numbers[at], numbers[at + 1]
            fields = numbers[at + 2 : at + 2 + 2 * count]
            at += 2 + 2 * count
            of, called = fields[::2], fields[1::2]
            sizes = [(self.pointer if points[c] else lengths[t]) * times[c] for t, c in zip(of, called, strict=True)]
            if len(sizes) != count or sum(sizes) != lengths[kind]:
                raise _unsound()
            kinds.append(kind)
            first.append(of[0] if count and not points[called[0]] else -1)
            if types[kind] in NEEDED:
                offsets = [sum(sizes[:n]) for n in range(count)]
                bare = [LENGTHS.sub("", members[c]) for c in called]
                places[types[kind]] = dict(zip(bare, zip(offsets, sizes, strict=True), strict=True))
        if len(set(kinds)) != len(kinds) or len(places) != len(NEEDED):
            raise _unsound()
        id_type = types.index("ID")
        ids = {index for index, kind in enumerate(kinds) if id_type in (kind, first[index])}
        names = tuple(types[kind] for kind in kinds)
        return Dna(names, tuple(lengths[kind] for kind in kinds), frozenset(ids), places)

    def _word(self, word: bytes) -> None:
        if self.data[self.at : self.at + 4] != word:
            raise _unsound()
        self.at += 4

    def _number(self) -> int:
        (number,) = struct.unpack_from(self.order + "i", self.data, self.at)
        self.at += 4
        return int(number)

    def _names(self, word: bytes) -> list[str]:
        self._word(word)
        count = self._number()
        if not 0 < count < len(self.data):
            raise _unsound()
        found = self.data[self.at :].split(b"\0", count)[:count]
        self.at += sum(map(len, found)) + count
        self.at += -self.at % 4
        names = b"\0".join(found).decode("ascii").split("\0")
        if len(names) != count or not all(names):
            raise _unsound()
        return names

    def _shorts(self, count: int, at: int = -1) -> list[int]:
        """So many unsigned numbers of 16 bits, from `at` on or from here, going on behind them."""
        start = self.at if at < 0 else at
        numbers = list(struct.unpack_from(f"{self.order}{count}H", self.data, start))
        if at < 0:
            self.at += 2 * count
        return numbers


def _unsound() -> Unfit:
    return inconsistent("its own description of what it holds is not sound")
