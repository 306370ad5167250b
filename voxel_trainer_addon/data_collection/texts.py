# SPDX-License-Identifier: GPL-3.0-or-later
"""Small texts from many addresses, a few at a time: licences, credits, robots.txt."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from types import MappingProxyType

from ..http import GONE, Answer, NetworkError
from .reach import TICK_S, Reach
from .turns import RAW, Turn, Turns

TRIES, PAUSE_S = 5, 2.0
MOST = 300_000
"""Bytes of a text that are read at most."""
FINAL = ("http", "stopped", *GONE.values())
"""Kinds of failure that another try does not mend."""


class Texts:
    """A reader that keeps the manners of `Downloads`: no request before a time that a host has set."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach

    def read(
        self, addresses: Iterable[str], oids: Mapping[str, str] = MappingProxyType({})
    ) -> dict[str, str | NetworkError]:
        """Address → its text, or why it did not come. `oids` has git's SHA-1 of the texts for which it is known.

        Raises LimitReached, and NetworkError while Blender is offline."""
        turns, found = Turns[str](self.reach), dict[str, str | NetworkError]()
        active: dict[Future[Answer], Turn[str]] = {}
        for address in dict.fromkeys(addresses):
            turns.put(Turn(address, address))
        while turns or active:
            self.reach.tick()
            while len(active) < self.reach.options.downloads and (turn := turns.take()):
                ask = partial(self.reach.client.ask, "GET", turn.address, {}, most=MOST)
                active[self.reach.crew.submit(ask)] = turn
            if not active:
                turns.rest()
                continue
            for future in wait(active, TICK_S, FIRST_COMPLETED).done:
                turn = active.pop(future)
                try:
                    found[turn.address] = self._text(turn.address, future.result(), oids.get(turn.address, ""))
                except _Limited:
                    turn.tries -= 1
                    turns.put(turn)
                except NetworkError as error:
                    if error.kind == "offline":
                        raise
                    if error.kind in FINAL or turn.tries == TRIES:
                        found[turn.address] = error
                    else:
                        turns.put(turn, PAUSE_S * 2 ** (turn.tries - 1))
        return found

    def _text(self, address: str, answer: Answer, oid: str) -> str:
        if self.reach.limits(address).read(answer.status, answer.headers, RAW, str(answer.status)):
            raise _Limited
        if answer.status >= 500:
            raise NetworkError("cut", f"The server answers {answer.status}.")
        if answer.status != 200:
            raise NetworkError(GONE.get(answer.status, "http"), f"The server answers {answer.status}.")
        if (
            oid
            and hashlib.sha1(b"blob %d\0" % len(answer.body) + answer.body, usedforsecurity=False).hexdigest() != oid
        ):
            raise NetworkError("cut", "Its content is not what the listing names.")
        return answer.body.decode("utf-8", "replace")


class _Limited(Exception):
    """The host wants a pause first."""
