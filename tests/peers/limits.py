# SPDX-License-Identifier: GPL-3.0-or-later
"""Budgets of requests and points, the server's clock, and the times before which it told somebody not to come back."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field

BUDGETS = {
    "core": (5000, 3600),
    "graphql": (5000, 3600),
    "search": (30, 60),
    "code_search": (10, 60),
}
"""Resource → points for one account, and the seconds for which they are meant (GitHub's documentation, 2026)."""
ANONYMOUS = {"core": (60, 3600), "graphql": (0, 3600), "search": (10, 60), "code_search": (0, 60)}
PER_MINUTE = {"core": 900, "search": 900, "code_search": 900, "graphql": 2000}
"""Resource → points a minute before the secondary limit; it is watched where `Limits.secondary` is set."""
EVERYTHING = "*"
ON_ITS_WAY_S = 0.1
"""Other hosts than the API are asked for many things at once: what comes so soon after was sent before it was known."""


@dataclass
class Window:
    """A budget that is being used up until `reset`, in the server's epoch seconds."""

    limit: int
    reset: int
    used: int = 0

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)


@dataclass
class Limits:
    """What each account has left, and when each may come back. `skew` is how far the server's clock is ahead, in s."""

    skew: float = 0
    secondary: bool = False
    budgets: dict[str, tuple[int, int]] = field(default_factory=lambda: dict(BUDGETS))
    anonymous: dict[str, tuple[int, int]] = field(default_factory=lambda: dict(ANONYMOUS))

    def __post_init__(self) -> None:
        self._windows: dict[tuple[str, str], Window] = {}
        self._until: dict[tuple[str, str], float] = {}
        self._told: dict[str, float] = {}
        self._recent: dict[tuple[str, str], list[float]] = {}
        self._lock = threading.Lock()

    def now(self) -> float:
        """The server's clock."""
        return time.time() + self.skew

    def window(self, account: str, resource: str) -> Window:
        with self._lock:
            limit, seconds = (self.budgets if account else self.anonymous)[resource]
            window = self._windows.get((account, resource))
            if window is None or self.now() >= window.reset:
                window = self._windows[account, resource] = Window(limit, math.ceil(self.now()) + seconds)
            return window

    def renew(self) -> None:
        """Forget what was used and announced: the budgets are other ones now."""
        with self._lock:
            self._windows.clear()
            self._until.clear()

    def spend(self, account: str, resource: str, cost: int) -> bool:
        """Take the cost from the budget; False where it is used up, and then nothing is taken."""
        window = self.window(account, resource)
        with self._lock:
            if cost and window.remaining <= 0:
                return False
            window.used += cost
        if window.remaining == 0:
            self.announce(account, resource, window.reset)
        return True

    def empty(self, account: str, resource: str, seconds: int) -> Window:
        """Let a budget be used up, and come back in so many seconds."""
        window = self.window(account, resource)
        with self._lock:
            window.used, window.reset = window.limit, math.ceil(self.now()) + seconds
        self.announce(account, resource, window.reset)
        return window

    def announce(self, account: str, resource: str, until: float) -> None:
        """Remember that the account was told not to ask for this resource (or for `EVERYTHING`) before that time."""
        at = time.monotonic() + until - self.now()
        with self._lock:
            self._told[account] = time.monotonic()
            self._until[account, resource] = max(at, self._until.get((account, resource), 0.0))

    def early(self, account: str, resource: str, free: bool) -> float:
        """By how many seconds a request comes too early. `free` requests do not touch the primary limit."""
        with self._lock:
            until = self._until.get((account, EVERYTHING), 0.0)
            if not free:
                until = max(until, self._until.get((account, resource), 0.0))
            now = time.monotonic()
            if account.endswith("/") and now - self._told.get(account, 0.0) < ON_ITS_WAY_S:
                return 0.0
            return max(0.0, until - now)

    def crowded(self, account: str, resource: str, points: int) -> bool:
        """Whether the last minute brought more points than the secondary limit allows."""
        if not self.secondary or resource not in PER_MINUTE:
            return False
        with self._lock:
            now = time.monotonic()
            recent = self._recent.setdefault((account, resource), [])
            recent[:] = [at for at in recent if at > now - 60] + [now] * points
            return len(recent) > PER_MINUTE[resource]

    def headers(self, account: str, resource: str) -> dict[str, str]:
        window = self.window(account, resource)
        return {
            "x-ratelimit-limit": str(window.limit),
            "x-ratelimit-remaining": str(window.remaining),
            "x-ratelimit-used": str(window.used),
            "x-ratelimit-reset": str(window.reset),
            "x-ratelimit-resource": resource,
        }
