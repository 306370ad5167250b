# SPDX-License-Identifier: GPL-3.0-or-later
"""A search cut into slices of time that GitHub shows to the end: it shows no more than 1,000 results of any.

Slices go by `created:`, which never changes, unlike stars and pushes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from ...catalog import Slice
from ...errors import UserError

MOST = 1000
ROOM = 980
"""A slice is filled so far: results move while pages are turned."""
GRAIN = 330
"""About so many repositories are counted at a time: finer costs more requests, coarser fills the last pages less."""
FULL_PAGE = 100
AT_ONCE = 20
"""So many counts are asked for in one request; each is a search, and a request may take 10 s."""
FIRST = datetime(2008, 1, 1, tzinfo=UTC)
"""GitHub's beginning."""
TEXT_MOST, OPERATORS_MOST = 256, 5
ROOM_FOR_DATES = len(" created:2008-01-01T00:00:00Z..2008-01-01T00:00:00Z")
CREATED = re.compile(r"(?:^|\s)created:(\S+)")

Counts = Callable[[list[str]], list[int]]


@dataclass(frozen=True)
class Span:
    """Seconds since 1970, both included, and the repositories that were created in them."""

    start: int
    end: int
    count: int


def checked(text: str) -> str:
    """The words of a search, fit for GitHub with dates added. Raises UserError."""
    text = " ".join(text.split())
    if not text:
        raise UserError('A search on GitHub needs words: github:"topic:blender materials".')
    if len(text) > TEXT_MOST - ROOM_FOR_DATES:
        raise UserError(
            f"A search on GitHub has at most {TEXT_MOST - ROOM_FOR_DATES} characters; this has {len(text)}."
        )
    if len(re.findall(r"\b(?:AND|OR|NOT)\b", text)) > OPERATORS_MOST:
        raise UserError(f"A search on GitHub has at most {OPERATORS_MOST} of AND, OR and NOT.")
    return text


def belongs(part: str, text: str) -> bool:
    """Whether the query of a slice is one of the search `text`."""
    return CREATED.sub(" ", part).split() == CREATED.sub(" ", text).split()


def cut(text: str, total: int, counts: Counts, now: datetime) -> list[Slice]:
    """Slices of at most 1,000 repositories each that cover the search `text`, which has `total`."""
    words, start, end = _range(text, now)
    spans = [Span(start, end, total)]
    while large := [span for span in spans if span.count > ROOM and span.end > span.start]:
        parts = _halved(large)
        found = counts([_with(words, part) for part in parts])
        counted = [Span(part.start, part.end, count) for part, count in zip(parts, found, strict=True)]
        cut_now = {span.start for span in large if any(part.start == span.start for part in parts)}
        spans = [span for span in spans if span.start not in cut_now or span.count <= ROOM]
        spans = sorted([*spans, *counted], key=lambda span: span.start)
    return [Slice(_with(words, span), span.count) for span in _joined(spans) if span.count]


def _halved(large: Sequence[Span]) -> list[Span]:
    """Parts of the spans that are too large, the largest first, as many as fit into one request."""
    parts: list[Span] = []
    for span in sorted(large, key=lambda span: -span.count):
        wanted = min(math.ceil(span.count / (GRAIN)), span.end - span.start + 1, AT_ONCE - len(parts))
        if wanted < 2:
            break
        step = (span.end - span.start + 1) / wanted
        edges = [span.start + round(step * index) for index in range(wanted)] + [span.end + 1]
        parts += [Span(low, high - 1, 0) for low, high in pairwise(edges)]
    return parts


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Neighbours put together so that the fewest pages of 100 are turned."""
    best: list[tuple[int, int]] = [(0, 0)]  # pages for the first n spans, and where the last slice begins
    for end in range(1, len(spans) + 1):
        total, options = 0, list[tuple[int, int]]()
        for start in range(end - 1, -1, -1):
            total += spans[start].count
            if total > ROOM and start < end - 1:
                break
            options.append((best[start][0] + math.ceil(total / FULL_PAGE), start))
        best.append(min(options))
    joined, end = list[Span](), len(spans)
    while end:
        start = best[end][1]
        joined.append(Span(spans[start].start, spans[end - 1].end, sum(span.count for span in spans[start:end])))
        end = start
    return joined[::-1]


def _with(words: str, span: Span) -> str:
    return f"{words} created:{_stamp(span.start)}..{_stamp(span.end)}"


def _stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _range(text: str, now: datetime) -> tuple[str, int, int]:
    """The search without its own `created:`, and the seconds that this leaves to cut."""
    start, end = int(FIRST.timestamp()), int(now.timestamp())
    for told in CREATED.findall(text):
        low, dots, high = told.partition("..")
        if dots:
            start, end = max(start, _seconds(low, start)), min(end, _seconds(high, end, last=True))
        elif told.startswith(">"):
            start = max(start, _seconds(told.lstrip(">="), start))
        elif told.startswith("<"):
            end = min(end, _seconds(told.lstrip("<="), end, last=True))
        else:
            start, end = _seconds(told, start), _seconds(told, end, last=True)
    return " ".join(CREATED.sub(" ", text).split()), start, end


def _seconds(text: str, default: int, *, last: bool = False) -> int:
    """A date or time of a search; of a whole day the first or the `last` second."""
    try:
        when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return default
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return int(when.timestamp()) + (86399 if last and len(text) == 10 else 0)
