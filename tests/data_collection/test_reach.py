# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for hosts: how long, in which order, and that a cancel is heard."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from tests.data_collection.github_runs import Hooks
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.data_collection.reach import LimitReached, Reach
from voxel_trainer_addon.data_collection.turns import RAW, Turn, Turns
from voxel_trainer_addon.errors import Cancelled
from voxel_trainer_addon.http import Client
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.stage import Options
from voxel_trainer_addon.tokens import Tokens

pytestmark = pytest.mark.plain


def cancel(hooks: Hooks) -> None:
    raise Cancelled


@pytest.fixture
def reach(data: DataFolder) -> Iterator[Reach]:
    with Catalog(data.catalog) as catalog:
        reach = Reach(data, catalog, Options(), Hooks(data, catalog), Client(True), Tokens({}))
        yield reach
        reach.close()


def hooks(reach: Reach) -> Hooks:
    assert isinstance(reach.hooks, Hooks)
    return reach.hooks


def test_a_long_wait_is_a_reason_to_do_something_else(reach: Reach) -> None:
    with pytest.raises(LimitReached, match=r"until \d\d:\d\d:\d\d UTC") as limit:
        reach.wait_until(time.time() + 100, "Wait")
    assert limit.value.until > time.time() + 90 and not hooks(reach).waits
    reach.wait_until(time.time() - 5, "Wait")
    begun, told = time.monotonic(), list[float]()
    reach.before_wait = lambda: told.append(reach.held_until)
    reach.wait_until(time.time() + 0.3, "Wait")
    assert 0.25 < time.monotonic() - begun < 20 and len(hooks(reach).waits) == 1
    assert told and not reach.held_until


def test_a_cancel_is_heard_in_a_wait_in_a_pause_and_while_a_host_is_silent(reach: Reach) -> None:
    hooks(reach).at = cancel
    release = threading.Event()
    for wait in (
        lambda: reach.wait_until(time.time() + 60, "Wait"),
        lambda: reach.pause(60),
        lambda: reach.call(release.wait),
    ):
        begun = time.monotonic()
        with pytest.raises(Cancelled):
            wait()
        assert time.monotonic() - begun < 20, "the waits are of a minute"
    release.set()
    assert reach.held_until > time.time() + 50, "so that the next run knows it"


def test_what_a_job_raises_comes_out(reach: Reach) -> None:
    assert reach.call(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        reach.call(lambda: 1 // 0)
    assert reach.call(lambda: 6) == 6, "the thread lives on"


def test_turns_pass_over_a_host_that_wants_a_pause(reach: Reach) -> None:
    turns = Turns[str](reach)
    for name, host in (("a", "one"), ("b", "two"), ("c", "one")):
        turns.put(Turn(name, f"https://{host}/{name}"))
    reach.limits("https://one/").pause(RAW, 0.3)
    first = turns.take()
    assert first and first.item == "b" and turns.take() is None and len(turns) == 2
    turns.rest()
    taken = [turns.take(), turns.take()]
    assert [turn and turn.item for turn in taken] == ["a", "c"] and not turns
    assert taken[0]
    turns.put(taken[0], pause=0.2)
    assert turns.take() is None
    begun = time.monotonic()
    while not (again := turns.take()):
        turns.rest()
    assert time.monotonic() - begun > 0.1 and again.tries == 2
    reach.limits("https://one/").pause(RAW, 1000)
    turns.put(again)
    with pytest.raises(LimitReached):
        turns.rest()
