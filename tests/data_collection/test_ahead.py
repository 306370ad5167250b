# SPDX-License-Identifier: GPL-3.0-or-later
"""Work done ahead: in order, never further than allowed, faults where they belong, and no thread left behind."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import pytest

from voxel_trainer_addon.data_collection.ahead import ahead

pytestmark = pytest.mark.plain
MOST = 4


def slowest_first(number: int) -> int:
    time.sleep(0.02 / (number + 1))
    return number * number


def test_order_is_kept() -> None:
    assert list(ahead(slowest_first, range(20), MOST)) == [(number, number * number) for number in range(20)]
    assert list(ahead(slowest_first, (), MOST)) == []


def test_another_thread_makes_so_many_ahead_and_no_more() -> None:
    made: list[int] = []
    threads, done = set[threading.Thread](), threading.Event()

    def make(number: int) -> None:
        threads.add(threading.current_thread())
        made.append(number)
        if number == MOST:
            done.set()

    with closing(ahead(make, iter(range(100)), MOST)) as looks:
        next(looks)
        assert done.wait(5)
        time.sleep(0.05)
        assert made == list(range(MOST + 1))
    assert len(threads) == 1 and threading.main_thread() not in threads


def test_a_fault_reaches_who_asks_at_its_turn() -> None:
    def make(number: int) -> float:
        return 1 / (3 - number)

    before = threading.active_count()
    found = []
    with pytest.raises(ZeroDivisionError):
        for number, _ in ahead(make, range(20), MOST):
            found.append(number)
    assert found == [0, 1, 2] and threading.active_count() <= before


def test_closing_ends_the_thread_after_the_item_that_it_is_at() -> None:
    before, made = threading.active_count(), list[int]()

    def make(number: int) -> None:
        time.sleep(0.05)
        made.append(number)

    looks = ahead(make, range(1000), 100)
    with closing(looks):
        next(looks)
    assert len(made) <= 2 and threading.active_count() <= before
