# SPDX-License-Identifier: GPL-3.0-or-later
"""What a source on the network is handed: client, threads, catalog, and a way to wait that can be cancelled."""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future, wait
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ..catalog import Catalog
from ..http import Client
from ..paths import DataFolder
from ..stage import Hooks, Options
from ..tokens import Tokens
from .github.limits import Limits

T = TypeVar("T")
TICK_S = 0.1
PATIENCE_S = 90.0
"""A wait up to so long is no reason to turn to other work."""


class LimitReached(Exception):
    """A host wants to be left alone until `until` (seconds since 1970), and there may be other work until then."""

    def __init__(self, until: float, words: str) -> None:
        super().__init__(words)
        self.until = until


class Crew:
    """Threads that wait for the network. They end with the process: a stuck connection keeps nobody."""

    def __init__(self, count: int) -> None:
        self._waiting: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._count = count
        for _ in range(count):
            threading.Thread(target=self._work, daemon=True).start()

    def submit(self, job: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        self._waiting.put((future, job))
        return future

    def close(self) -> None:
        """Let the threads end when they are idle."""
        for _ in range(self._count):
            self._waiting.put(None)

    def _work(self) -> None:
        while found := self._waiting.get():
            future, job = found
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(job())
            except BaseException as error:
                future.set_exception(error)


class Reach:
    """One harvest's way to the network. `held_until` is the time of a host's that is being waited for, or that a cancel
    cut short; `relisted` are the repositories that were listed anew while files were fetched."""

    def __init__(
        self, folder: DataFolder, catalog: Catalog, options: Options, hooks: Hooks, client: Client, tokens: Tokens
    ) -> None:
        self.folder, self.catalog, self.options, self.client, self.tokens = folder, catalog, options, client, tokens
        self.hooks = hooks
        self.crew = Crew(options.downloads + 1)
        self.done = self.total = 0
        self.held_until = 0.0
        self.before_wait: Callable[[], None] = lambda: None
        self.relisted: set[str] = set()
        self._told: set[str] = set()
        self._limits: defaultdict[str, Limits] = defaultdict(Limits)

    def close(self) -> None:
        self.client.close()
        self.crew.close()

    def tick(self) -> None:
        """Called a few times a second by whoever waits. Returns when the run is not paused. Raises Cancelled."""
        self.hooks.wait_while_paused()

    def call(self, job: Callable[[], T]) -> T:
        """The result of `job`, which runs in a thread so that a cancel is heard meanwhile."""
        future = self.crew.submit(job)
        while not future.done():
            self.tick()
            wait([future], TICK_S)
        return future.result()

    def limits(self, address: str) -> Limits:
        """What the host of an address wants to be waited for, whoever of us asks it."""
        return self._limits[urlsplit(address).netloc]

    def step(self, item: str) -> None:
        """One file more is done with."""
        self.done += 1
        self.total = max(self.total, self.done)
        self.hooks.progress(self.done, self.total, item)

    def note(self, words: str) -> None:
        """Tell the person one sentence, once."""
        if words not in self._told:
            self._told.add(words)
            self.hooks.note(words)

    def pause(self, seconds: float) -> None:
        """Wait a little before trying again."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.tick()
            time.sleep(min(left, TICK_S))

    def wait_until(self, until: float, words: str, patience: float | None = None) -> None:
        """Wait for a time that a host has set, and say so. Raises LimitReached where that is longer than `patience`
        (seconds; PATIENCE_S)."""
        left = until - time.time()
        if left <= 0:
            return
        when = clock(until)
        if left > (PATIENCE_S if patience is None else patience):
            raise LimitReached(until, f"{words} until {when}.")
        self.held_until = until
        self.before_wait()
        self.hooks.waiting(until, f"{words}; going on at {when}")
        try:
            while (left := until - time.time()) > 0:
                self.tick()
                time.sleep(min(left, TICK_S))
            self.held_until = 0.0
        finally:
            self.hooks.waiting(0.0, "")


def clock(when: float) -> str:
    """A time (seconds since 1970) as people read it."""
    return datetime.fromtimestamp(when, UTC).strftime("%H:%M:%S UTC")
