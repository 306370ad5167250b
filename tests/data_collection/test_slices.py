# SPDX-License-Identifier: GPL-3.0-or-later
"""A search in slices: together they show everything once, and none has more than GitHub shows."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxel_trainer_addon.data_collection.github import slices
from voxel_trainer_addon.errors import UserError

pytestmark = pytest.mark.plain
NOW = datetime(2026, 11, 1, tzinfo=UTC)
START = int(slices.FIRST.timestamp())
SECONDS = int(NOW.timestamp()) - START


@st.composite
def creations(draw: st.DrawFn) -> list[int]:
    """When repositories were made: spread, in heaps, and many in one second."""
    times: list[int] = []
    for _ in range(draw(st.integers(1, 6))):
        at, spread = draw(st.integers(0, SECONDS)), draw(st.sampled_from([0, 1, 50, 86_400, SECONDS]))
        number, step = draw(st.integers(1, 1500)), draw(st.integers(1, 10_007))
        times += [min(SECONDS, at + index * step % (spread + 1)) for index in range(number)]
    return sorted(START + second for second in times)


def span(query: str) -> tuple[int, int]:
    low, high = re.findall(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", query)
    return tuple(int(datetime.fromisoformat(t.replace("Z", "+00:00")).timestamp()) for t in (low, high))  # type: ignore[return-value]


@given(creations())
@settings(max_examples=60, deadline=None)
def test_slices_cover_all_and_overlap_nowhere(times: list[int]) -> None:
    asked = 0

    def counts(texts: list[str]) -> list[int]:
        nonlocal asked
        asked += 1
        assert len(texts) <= slices.AT_ONCE and all(len(text) <= slices.TEXT_MOST for text in texts)
        return [bisect_right(times, high) - bisect_left(times, low) for low, high in map(span, texts)]

    found = slices.cut("topic:blender", len(times), counts, NOW)
    spans = sorted(span(part.query) for part in found)
    assert all(end < start for (_, end), (start, _) in pairwise(spans))
    assert sum(part.count for part in found) == len(times)
    for part in found:
        low, high = span(part.query)
        assert part.count == bisect_right(times, high) - bisect_left(times, low) > 0
        assert part.count <= slices.MOST or low == high, "one second cannot be cut"
        assert slices.belongs(part.query, "topic:blender")
    assert asked <= 10 + len(times) // 50


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("x created:2020-01-01..2020-12-31", "2020-01-01T00:00:00Z", "2020-12-31T23:59:59Z"),
        ("x created:>=2020-01-01", "2020-01-01T00:00:00Z", "2026-11-01T00:00:00Z"),
        ("created:<2020-01-01 x", "2008-01-01T00:00:00Z", "2020-01-01T23:59:59Z"),
        ("x created:2020-02-02", "2020-02-02T00:00:00Z", "2020-02-02T23:59:59Z"),
        ("x created:*..2020-02-02", "2008-01-01T00:00:00Z", "2020-02-02T23:59:59Z"),
    ],
)
def test_a_search_keeps_its_own_dates(text: str, first: str, last: str) -> None:
    def counts(texts: list[str]) -> list[int]:
        assert all(query.startswith("x created:") and query.count("created:") == 1 for query in texts)
        return [100] * len(texts)

    found = slices.cut(text, 1100, counts, NOW)
    assert found[0].query.startswith(f"x created:{first}..") and found[-1].query.endswith(f"..{last}")
    assert slices.belongs(found[0].query, text) and not slices.belongs(found[0].query, text.replace("x", "y"))


@pytest.mark.parametrize("text", ["", "  ", "a" * 230, "a AND b OR c AND d NOT e OR f AND g"])
def test_what_github_would_refuse_is_told_before(text: str) -> None:
    with pytest.raises(UserError):
        slices.checked(text)
