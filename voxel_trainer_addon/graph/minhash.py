# SPDX-License-Identifier: GPL-3.0-or-later
"""MinHash (Broder, 1997): how much two sets of features share, told from signatures of one size.

A set is kept *packed*: the sorted 32-bit hashes of its texts, so that equal sets are equal bytes. Everything is made
with BLAKE2 and SHAKE, so a signature is the same on each machine and in each Python.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b, shake_256
from importlib import import_module
from importlib.util import find_spec
from operator import eq
from typing import Any

PERMUTATIONS = 64
BANDS, ROWS = 21, 3
"""Two sets of Jaccard index J share a band with probability 1 − (1 − J³)²¹: 0.9998 at 0.7, 0.94 at 0.5, 0.16 at 0.2."""
NEAR = 0.7
"""Jaccard index from which two sets count as near-duplicates."""
DEVIATIONS = 5
"""Standard deviations below what is expected from which on sketches tell two sets apart: of three million pairs one is
taken for far that is not."""
_LANES = struct.Struct(f"<{PERMUTATIONS}I")
_NOTHING = b"\xff" * _LANES.size


def packed(features: Iterable[str]) -> bytes:
    """A set of texts as bytes, 4 for each. Of 200 texts two share a hash once in 200,000 sets."""
    hashes = sorted({blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).digest() for text in features})
    return b"".join(hashes)


@lru_cache(maxsize=128)
def _unpacked(features: bytes) -> frozenset[int]:
    return frozenset(struct.unpack(f"<{len(features) // 4}I", features))


def jaccard(a: bytes, b: bytes) -> float:
    """Shared features by all features of two packed sets, 0 to 1; two empty sets are alike (1.0)."""
    if a == b:
        return 1.0
    shared = len(_unpacked(a) & _unpacked(b))
    return shared / ((len(a) + len(b)) // 4 - shared)


def may_be_near(a: int, b: int, least: float = NEAR) -> bool:
    """Whether two packed sets of `a` and `b` bytes can reach a Jaccard index of `least`."""
    return min(a, b) >= least * max(a, b)


@lru_cache(maxsize=4096)
def _lanes(hashed: bytes) -> bytes:
    """What the permutations make of one feature: independent hash functions, since SHAKE is as long as one wishes."""
    return shake_256(hashed).digest(_LANES.size)


@lru_cache(maxsize=1)
def _numpy() -> Any:
    """numpy, which finds the same sooner; None where this Python lacks it."""
    return import_module("numpy") if find_spec("numpy") else None


def _least(rows: list[bytes], numpy: Any) -> bytes:
    """The least number of each permutation."""
    if numpy:
        table = numpy.frombuffer(b"".join(rows), "<u4").reshape(len(rows), PERMUTATIONS)
        return bytes(table.min(axis=0).astype("<u4").tobytes())
    return _LANES.pack(*map(min, *map(_LANES.unpack, rows)))


def signature(features: bytes) -> bytes:
    """The signature of a packed set: for each permutation the least hash, 256 bytes in all."""
    if not features:
        return _NOTHING
    rows = [_lanes(features[n : n + 4]) for n in range(0, len(features), 4)]
    return _least(rows, _numpy()) if len(rows) > 1 else rows[0]


def estimate(a: bytes, b: bytes) -> float:
    """The Jaccard index of two sets as their signatures tell it, 0 to 1; standard error √(J(1 − J)/64)."""
    return float(sum(map(eq, _LANES.unpack(a), _LANES.unpack(b))) / PERMUTATIONS)


def bands(signed: bytes, kind: str = "") -> list[int]:
    """One number for each band of a signature, fit for SQLite; sets of another `kind` share none of them."""
    width = ROWS * 4
    named = kind.encode()
    parts = (signed[n * width : (n + 1) * width] for n in range(BANDS))
    hashed = (blake2b(b"%d %b" % (n, part) + named, digest_size=8).digest() for n, part in enumerate(parts))
    return [int.from_bytes(eight, "little", signed=True) for eight in hashed]


def sketch(signed: bytes) -> bytes:
    """The lowest byte of each part of a signature, 64 bytes: enough to rank many at a glance (Li and König, 2010)."""
    return signed[::4]


def agreeing(wanted: bytes, sketches: bytes) -> list[int]:
    """In how many parts each of the sketches, which stand in a row, agrees with `wanted`."""
    size, count = len(wanted), len(sketches) // len(wanted)
    apart = int.from_bytes(sketches, "little") ^ int.from_bytes(wanted * count, "little")
    where = apart.to_bytes(len(sketches), "little")
    return [where.count(0, at, at + size) for at in range(0, len(where), size)]


def fewest_agreeing(share: float) -> int:
    """In how many parts the sketches of two sets of this Jaccard index agree at the least."""
    spread = math.sqrt(PERMUTATIONS * share * (1 - share))
    return max(0, math.floor(PERMUTATIONS * share - DEVIATIONS * spread))


def nearest(wanted: bytes, sketches: bytes) -> list[int]:
    """The places of all sketches, which stand in a row, from the one that agrees best with `wanted` down."""
    agree = agreeing(wanted, sketches)
    return sorted(range(len(agree)), key=agree.__getitem__, reverse=True)
