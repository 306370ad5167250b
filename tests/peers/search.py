# SPDX-License-Identifier: GPL-3.0-or-later
"""GitHub's language of repository searches: words and qualifiers, what they match, and in which order.

What this test GitHub does not know is refused: the real one would take it for a word and find nothing.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.peers.universe import Repository, Universe

CAP = 1000
VISIBLE = ("", "disabled")
LONGEST = 256
OPERATORS = 5
TOKEN = re.compile(r'(-?)(?:([a-z]+):)?("[^"]*"|\S+)', re.IGNORECASE)
NUMBER = re.compile(r"(>=|<=|>|<)?(\d+|\*)(?:\.\.(\d+|\*))?")
Test = Callable[[Repository], bool]


class Refused(Exception):
    """The search is not one that GitHub answers."""


@dataclass(frozen=True)
class Found:
    """All that matches, whatever their number; only the first `CAP` may be paged through."""

    repositories: tuple[Repository, ...]

    @property
    def count(self) -> int:
        return len(self.repositories)

    @property
    def shown(self) -> tuple[Repository, ...]:
        return self.repositories[:CAP]


class Searches:
    """Searches over one universe, remembered until it changes."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self._remembered = functools.lru_cache(64)(self._found)

    def find(self, query: str, sort: str = "") -> Found:
        """Raises Refused."""
        return self._remembered(query, sort, self.universe.version)

    def _found(self, query: str, sort: str, _version: int) -> Found:
        tests, order = parsed(query)
        matching = [r for r in self.universe.repositories if r.state in VISIBLE and all(test(r) for test in tests)]
        return Found(tuple(sorted(matching, key=_order(sort or order))))


def _order(sort: str) -> Callable[[Repository], tuple[float, int]]:
    field, _, direction = sort.partition("-")
    sign = 1 if direction == "asc" else -1
    keys: dict[str, Callable[[Repository], float]] = {
        "": lambda r: r.stars,
        "stars": lambda r: r.stars,
        "forks": lambda r: r.forks,
        "updated": lambda r: r.pushed.timestamp(),
        "created": lambda r: r.created.timestamp(),
    }
    if field not in keys:
        raise Refused(f"Sort order not known: {sort}")
    return lambda r: (sign * keys[field](r), r.number)


def parsed(query: str) -> tuple[list[Test], str]:
    """What a repository must pass, and the order asked for. Raises Refused."""
    words = re.findall(r"\b(?:AND|OR|NOT)\b", query)
    free = " ".join(text for _, name, text in TOKEN.findall(query) if not name)
    if len(free) > LONGEST:
        raise Refused("The search is longer than 256 characters.")
    if len(words) > OPERATORS:
        raise Refused("More than five AND / OR / NOT operators were used.")
    tests: list[Test] = []
    either: dict[str, list[Test]] = {}
    groups: list[list[Test]] = [[]]
    sort, negate = "", False
    qualified: dict[str, str] = {}
    for minus, name, text in TOKEN.findall(query):
        text, name = text.strip('"'), name.lower()
        if not name and text in ("AND", "OR", "NOT"):
            negate = text == "NOT"
            if text == "OR":
                groups.append([])
            continue
        wrong, negate = bool(minus) != negate, False
        qualified[name] = text
        if name == "sort":
            sort = text
        elif name == "in":
            if set(text.split(",")) - {"name", "description", "topics", "readme"}:
                raise Refused(f"in:{text} is not known")
        elif not name:
            groups[-1].append(_not(_word(text), wrong))
        elif name in ("license", "language", "user", "org", "repo") and not wrong:
            either.setdefault("owner" if name in ("user", "org") else name, []).append(_qualifier(name, text))
        else:
            tests.append(_not(_qualifier(name, text), wrong))
    tests += [_any(choices) for choices in either.values()]
    if any(groups):
        tests.append(_any([_all(group) for group in groups]))
    if qualified.get("fork") not in ("true", "only"):
        tests.append(lambda r: not r.parent)
    return tests, sort


def _not(test: Test, wrong: bool) -> Test:
    return (lambda r: not test(r)) if wrong else test


def _any(tests: list[Test]) -> Test:
    return lambda r: any(test(r) for test in tests)


def _all(tests: list[Test]) -> Test:
    return lambda r: all(test(r) for test in tests)


def _word(text: str) -> Test:
    lower = text.lower()
    return lambda r: lower in f"{r.owner}/{r.name} {r.description or ''} {' '.join(r.topics)}".lower()


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise Refused(f"{text} is neither true nor false")
    return text == "true"


def _fork(text: str) -> Test:
    if text == "only":
        return lambda r: bool(r.parent)
    return lambda r: True if _truth(text) else not r.parent


def _is(text: str) -> Test:
    if text not in ("public", "private"):
        raise Refused(f"is:{text} is not known")
    return lambda r: (text == "public") == (r.state != "private")


def _qualifier(name: str, text: str) -> Test:
    lower = text.lower()
    flags: dict[str, Callable[[Repository], bool]] = {
        "archived": lambda r: r.archived,
        "template": lambda r: r.template,
        "mirror": lambda r: r.mirror,
    }
    numbers: dict[str, Callable[[Repository], int]] = {
        "stars": lambda r: r.stars,
        "forks": lambda r: r.forks,
        "size": lambda r: r.kilobytes,
        "topics": lambda r: len(r.topics),
    }
    texts: dict[str, Callable[[Repository], bool]] = {
        "license": lambda r: r.licence == lower,
        "topic": lambda r: lower in r.topics,
        "language": lambda r: (r.language or "").lower() == lower,
        "user": lambda r: r.owner.lower() == lower,
        "org": lambda r: r.owner.lower() == lower and r.owner_type == "Organization",
        "repo": lambda r: r.full_name.lower() == lower,
    }
    if name in flags:
        wanted = _truth(text)
        return lambda r: flags[name](r) == wanted
    if name in numbers:
        low, high = _numbers(text)
        return lambda r: low <= numbers[name](r) <= high
    if name == "created":
        since, until = _dates(text)
        return lambda r: since <= r.created <= until
    if name == "pushed":
        since, until = _dates(text)
        return lambda r: since <= r.pushed <= until
    if name in ("fork", "is"):
        return {"fork": _fork, "is": _is}[name](text)
    if name not in texts:
        raise Refused(f"{name}: is no qualifier of repository searches")
    return texts[name]


def _numbers(text: str) -> tuple[float, float]:
    found = NUMBER.fullmatch(text)
    if not found:
        raise Refused(f"{text} is no number or range of numbers")
    sign, first, last = found.groups()
    low = 0.0 if first == "*" else float(first)
    if last:
        return low, float("inf") if last == "*" else float(last)
    return {">=": (low, float("inf")), ">": (low + 1, float("inf")), "<=": (0, low), "<": (0, low - 1)}.get(
        sign or "", (low, low)
    )


SECOND = timedelta(seconds=1)
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def _dates(text: str) -> tuple[datetime, datetime]:
    """The first and the last second that a range of dates or times covers."""
    sign = next((sign for sign in (">=", "<=", ">", "<") if text.startswith(sign)), "")
    low, _, high = text[len(sign) :].partition("..")
    if high:
        return FIRST if low == "*" else _moment(low)[0], LAST if high == "*" else _moment(high)[1]
    first, last = _moment(low)
    return {
        ">=": (first, LAST),
        ">": (last + SECOND, LAST),
        "<=": (FIRST, last),
        "<": (FIRST, first - SECOND),
    }.get(sign, (first, last))


def _moment(text: str) -> tuple[datetime, datetime]:
    """The first and last second of a day, or a moment twice."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text} is no date") from None
    if len(text) == 10:
        day = moment.replace(tzinfo=UTC)
        return day, day + timedelta(days=1) - SECOND
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment, moment
