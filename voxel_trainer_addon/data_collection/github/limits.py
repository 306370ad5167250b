# SPDX-License-Identifier: GPL-3.0-or-later
"""Until when a host wants no more requests, read from its answers: the server's headers win over any figure of ours.

The order is that of docs.github.com, "Best practices for using the REST API": `retry-after`, else `x-ratelimit-reset`
where nothing remains, else a minute and then longer and longer.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping

from ...http import clock, number, retry_after

SECONDARY_S, SECONDARY_MAX_S = 60.0, 3600.0
MARGIN_S = 0.5
LONGEST_S = 86_400.0
"""No host names a longer time in earnest."""
EVERYTHING = "*"
"""The resource of secondary limits: they hold for all requests alike."""


class Limits:
    """What one principal must wait for. Times are seconds since 1970 by this machine's clock, whatever the server's."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        self._ahead = 0.0
        self._strikes = 0

    def until(self, resource: str) -> float:
        """When the next request may be sent; a time gone by where it may be sent now."""
        return max(self._until.get(resource, 0.0), self._until.get(EVERYTHING, 0.0))

    def read(self, status: int, headers: Mapping[str, str], resource: str, refused: str = "") -> bool:
        """Take in an answer; whether it was refused for a limit. `refused` is the message of an answer that may say so
        (any with status 403 or 429, and errors inside a GraphQL answer with 200)."""
        now = self._clock()
        self._read_clock(headers, now)
        resources = {resource, headers.get("x-ratelimit-resource") or resource}
        spent = headers.get("x-ratelimit-remaining") == "0"
        reset = number(headers.get("x-ratelimit-reset"))
        known = max(map(self.until, resources)) > now
        if spent and reset is not None:
            self._hold(resources, reset - self._ahead + MARGIN_S)
        told = refused.lower()
        secondary = "secondary rate" in told or "abuse" in told
        limited = (status in (403, 429) or bool(refused)) and (
            status == 429 or secondary or "rate limit" in told or "retry-after" in headers or spent
        )
        after = retry_after(headers, now + self._ahead)
        if status >= 500 and after is not None:  # a fault, and when to try again
            self._hold({EVERYTHING}, now + after + MARGIN_S)
        if not limited:
            self._strikes = 0 if 200 <= status < 300 else self._strikes
            return False
        self._strikes += not known  # what was on its way by then is no new offence
        if after is not None:
            self._hold({EVERYTHING} if secondary or not spent else resources, now + after + MARGIN_S)
        if max(map(self.until, resources)) <= now:  # nothing was announced, or a time gone by
            wait = min(SECONDARY_S * 2 ** (self._strikes - 1), SECONDARY_MAX_S)
            self._hold({EVERYTHING}, now + wait * random.uniform(1.0, 1.2))
        elif self._strikes > 1:  # it was waited for, and that was not enough
            self._hold(resources, now + min(2.0**self._strikes, SECONDARY_MAX_S))
        return True

    def spent(self, resource: str, reset_at: float) -> None:
        """The budget of `resource` is used up until `reset_at` by the server's clock."""
        self._hold({resource}, reset_at - self._ahead + MARGIN_S)

    def pause(self, resource: str, seconds: float) -> None:
        """Leave the host alone for a while, of our own accord."""
        self._hold({resource}, self._clock() + seconds)

    def _hold(self, resources: Iterable[str], until: float) -> None:
        until = min(until, self._clock() + LONGEST_S)
        for resource in resources:
            self._until[resource] = max(self._until.get(resource, 0.0), until)

    def _read_clock(self, headers: Mapping[str, str], now: float) -> None:
        """How far the server's clock is ahead; its Date is cut to seconds, so waiting by it is never too short."""
        if (told := clock(headers)) is not None:
            self._ahead = told - now
