# SPDX-License-Identifier: GPL-3.0-or-later
"""What waits to be asked of hosts: nothing before a time that its host has set, nor before a pause of ours."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Generic, TypeVar

from .reach import TICK_S, Reach

T = TypeVar("T")
RAW = "raw"
"""The resource that a host of files has: one for all that it gives."""


@dataclass
class Turn(Generic[T]):
    """One thing to ask for, and how often it was tried. `best` is as far as any try came, in bytes."""

    item: T
    address: str
    tries: int = 0
    not_before: float = 0.0
    best: int = 0


class Turns(Generic[T]):
    """Those that wait, the first one first."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self._waiting: list[Turn[T]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, turn: Turn[T], pause: float = 0.0) -> None:
        """Let it wait, at least `pause` seconds."""
        turn.not_before = time.time() + pause
        self._waiting.append(turn)

    def take(self) -> Turn[T] | None:
        """The first that may be asked for now."""
        now = time.time()
        for turn in self._waiting:
            if self._until(turn) <= now:
                self._waiting.remove(turn)
                turn.tries += 1
                return turn
        return None

    def rest(self) -> None:
        """Wait until the first may be asked for. Raises LimitReached where its host wants a long pause."""
        first = min(self._waiting, key=self._until)
        held = self.reach.limits(first.address).until(RAW)
        if held > first.not_before:
            self.reach.wait_until(held, "The host of the files wants a pause")
        else:
            self.reach.pause(min(first.not_before - time.time(), TICK_S * 2))

    def _until(self, turn: Turn[T]) -> float:
        return max(turn.not_before, self.reach.limits(turn.address).until(RAW))
