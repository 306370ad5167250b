# SPDX-License-Identifier: GPL-3.0-or-later
"""What this machine is fastest with: bfloat16 or float32, all threads or half of them, told by timing one pass each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from . import devices
from .devices import Device

FEWER_THREADS = 0.9
"""Half of the threads are used where a pass takes at most so much of the time that it takes with all."""


@dataclass(frozen=True)
class Probed:
    """The faster way, and seconds of a pass forth and back: that way's, and of each that was tried."""

    mixed: bool
    threads: int
    a_pass: float
    tried: dict[str, float | None]


def probe(a_pass: Callable[[bool], object], device: Device, threads: int, numbers: str) -> Probed:
    """Time `a_pass` (called with whether to count in bfloat16) with at most `threads` threads (0: as PyTorch likes).

    `numbers` asks for a format (`float32`, `bfloat16`), or is `auto`: an imitated bfloat16 is not tried then, for it
    would take minutes to find out that it is slower.
    """
    most = devices.set_threads(threads)
    wanted = {"float32": [False], "bfloat16": [True], "auto": [False, True] if device.bfloat16 else [False]}[numbers]
    times = {mixed: _seconds(a_pass, mixed) for mixed in wanted}
    mixed = min(times, key=lambda one: times[one])
    half = None
    if device.kind == "cpu" and most > 1:  # fewer are faster where cores are busy, or two share their arithmetic
        devices.set_threads(most // 2)
        half = _seconds(a_pass, mixed)
    fewer = half is not None and half <= FEWER_THREADS * times[mixed]
    tried = {"float32_s": times.get(False), "bfloat16_s": times.get(True), "half_threads_s": half}
    best = half if fewer and half else times[mixed]
    return Probed(mixed, devices.set_threads(most // 2 if fewer else most), best, tried)


def _seconds(a_pass: Callable[[bool], object], mixed: bool) -> float:
    """The better of two: the first may have to make ready what the second finds."""
    found = []
    for _ in range(2):
        start = time.monotonic()
        a_pass(mixed)
        found.append(time.monotonic() - start)
    return min(found)
