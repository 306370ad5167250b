# SPDX-License-Identifier: GPL-3.0-or-later
"""Until when a host is left alone, by what its answers say."""

from __future__ import annotations

import math
from email.utils import formatdate
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxel_trainer_addon.data_collection.github.limits import LONGEST_S, SECONDARY_MAX_S, Limits

pytestmark = pytest.mark.plain
NOW = 1_800_000_000.0
TEXTS = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["", "soon", "-1", "1e999", "Thu, 32 Foo 9999", formatdate(0), formatdate(4e9), "٣"]),
)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def refused(limits: Limits, **headers: str) -> bool:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return limits.read(429, {"date": formatdate(NOW, usegmt=True), **named}, "core")


@pytest.mark.parametrize("skew", [-600, 0, 600])
def test_a_reset_is_meant_by_the_servers_clock(skew: float, clock: Clock) -> None:
    limits = Limits(clock)
    spent = {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(int(NOW) + skew + 100)}
    assert refused(limits, **spent, date=formatdate(NOW + skew, usegmt=True))
    assert NOW + 100 <= limits.until("core") < NOW + 102
    assert limits.until("graphql") < NOW, "another resource is free"


@pytest.mark.parametrize("after", ["20", formatdate(NOW + 20, usegmt=True)])
def test_retry_after_is_seconds_or_a_date_and_holds_for_all(after: str, clock: Clock) -> None:
    limits = Limits(clock)
    assert refused(limits, retry_after=after)
    assert NOW + 20 <= limits.until("core") == limits.until("graphql") < NOW + 22


def test_without_a_time_a_minute_then_longer_and_longer(clock: Clock) -> None:
    limits, waits = Limits(clock), []
    for _ in range(9):
        assert limits.read(403, {}, "core", "You have exceeded a secondary rate limit.")
        waits.append(limits.until("graphql") - clock.now)
        clock.now = limits.until("graphql") + 1
    assert 60 <= waits[0] <= 72 and all(b >= a for a, b in pairwise(waits[:5]))
    assert waits[-1] <= SECONDARY_MAX_S * 1.2
    assert not limits.read(200, {}, "core")
    assert limits.read(403, {}, "core", "secondary rate limit") and limits.until("core") - clock.now <= 72


def test_refusals_that_were_on_their_way_count_once(clock: Clock) -> None:
    limits = Limits(clock)
    for _ in range(4):
        assert refused(limits, retry_after="5")
    assert limits.until("core") - NOW < 7


def test_a_time_gone_by_is_no_permission_to_ask_without_end(clock: Clock) -> None:
    limits = Limits(clock)
    assert refused(limits, x_ratelimit_remaining="0", x_ratelimit_reset="1000", x_ratelimit_resource="other")
    assert limits.until("core") >= NOW + 60


def test_what_is_no_limit_is_none(clock: Clock) -> None:
    limits = Limits(clock)
    assert not limits.read(403, {}, "core", "Resource not accessible by personal access token")
    assert not limits.read(404, {"retry-after": "5"}, "core")
    assert limits.until("core") < NOW
    assert not limits.read(503, {"retry-after": "5"}, "core") and limits.until("core") >= NOW + 5, "a fault with a time"
    limits = Limits(clock)
    assert not limits.read(200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW + 50)}, "core")
    assert limits.until("core") > NOW + 50, "the last one that was allowed says when the next is"


@given(st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-reset", "date"]), TEXTS))
def test_nonsense_holds_for_a_while_and_never_for_ever(headers: dict[str, str]) -> None:
    limits = Limits(lambda: NOW)
    assert limits.read(429, {"x-ratelimit-remaining": "0", **headers}, "core")
    assert NOW < limits.until("core") <= NOW + LONGEST_S and math.isfinite(limits.until("core"))
