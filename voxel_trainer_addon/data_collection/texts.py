# SPDX-License-Identifier: GPL-3.0-or-later
"""Small texts from many addresses, a few at a time: licences, credits, robots.txt."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from urllib.parse import urlsplit

from ..http import Answer, NetworkError
from .github.limits import Limits
from .reach import TICK_S, Reach

TRIES, PAUSE_S = 3, 2.0
MOST = 256_000
"""Bytes of a text that are read at most."""


class Texts:
    """A reader that keeps the manners of `Downloads`: no request before a time that a host has set."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.limits: defaultdict[str, Limits] = defaultdict(Limits)

    def read(self, addresses: Iterable[str]) -> dict[str, str | NetworkError]:
        """Address → its text, or why it did not come. Raises LimitReached."""
        waiting = deque((address, 0) for address in dict.fromkeys(addresses))
        found: dict[str, str | NetworkError] = {}
        active: dict[Future[Answer], tuple[str, int]] = {}
        while waiting or active:
            self.reach.tick()
            while waiting and len(active) < self.reach.options.downloads and self._free(waiting[0][0], not active):
                address, tries = waiting.popleft()
                ask = partial(self.reach.client.ask, "GET", address, {}, most=MOST)
                active[self.reach.crew.submit(ask)] = address, tries
            for future in wait(active, TICK_S, FIRST_COMPLETED).done:
                address, tries = active.pop(future)
                try:
                    text = self._text(address, future.result())
                except NetworkError as error:
                    found[address] = error
                    if error.kind in ("offline", "stopped", "large", "http") or tries == TRIES:
                        continue
                    self.reach.pause(PAUSE_S * 2**tries)
                    text = None
                    tries += 1
                if text is None:
                    waiting.append((address, tries))
                else:
                    found[address] = text
        return found

    def _free(self, address: str, idle: bool) -> bool:
        """Whether the host may be asked now; where nothing else is under way, wait until it may."""
        until = self.limits[urlsplit(address).netloc].until("raw")
        if idle:
            self.reach.wait_until(until, "The host of the files wants a pause")
        return idle or until <= time.time()

    def _text(self, address: str, answer: Answer) -> str | None:
        """The text, or None where it is to be asked for again. Raises NetworkError."""
        if self.limits[urlsplit(address).netloc].read(answer.status, answer.headers, "raw", str(answer.status)):
            return None
        if answer.status >= 500:
            raise NetworkError("cut", f"The server answers {answer.status}.")
        if answer.status != 200:
            raise NetworkError("http", f"The server answers {answer.status}.")
        return answer.body.decode("utf-8", "replace")
