# SPDX-License-Identifier: GPL-3.0-or-later
"""Work done ahead by one thread, so that what asks for it does not wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def ahead(make: Callable[[Item], Made], items: Iterable[Item], most: int) -> Generator[tuple[Item, Made], None, None]:
    """Each item with what `make` makes of it, in order; what `make` raises comes at its item's turn.

    A thread makes at most `most` items ahead of the last that was asked for; `items` is iterated by who asks. Closing
    the iterator ends the thread, which first finishes the item that it is at.
    """
    thread, waiting = ThreadPoolExecutor(1), deque[tuple[Item, "Future[Made]"]]()
    try:
        for item in items:
            waiting.append((item, thread.submit(make, item)))
            if len(waiting) > most:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)
    finally:
        thread.shutdown(cancel_futures=True)


def _first(waiting: deque[tuple[Item, Future[Made]]]) -> tuple[Item, Made]:
    item, made = waiting.popleft()
    return item, made.result()
