# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a model in use do as well as it did, and is it asked for what it was? Alarms with a cause and a button.

The run rate is watched by a cumulative sum (Page's CUSUM) of how much likelier each outcome is at `FALL` below the rate
of before; what is asked for by the population stability index between the first requests and the latest.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from .requests import Request

FALL = 0.2
"""The fall of the run rate that is looked for."""
LIMIT = 7.5
"""Sum of log likelihood ratios that sets off the alarm; found by simulation (docs/evidence/deploy.md)."""
LEARN, SURE, LAG = 200, 500, 150
"""The rate of before is that of all requests but the last `LAG`, once there are `LEARN`. What was learnt from fewer
than `SURE` is not quite believed: the limit is higher by up to `DOUBT` of itself."""
DOUBT = 0.6
LEAST = 0.02
NEWCOMER = 0.5
"""What makes up so much of the fallen part, and a tenth of that before, is told as the cause."""

FIRST, LATEST = 300, 100
"""Requests whose prompts are compared."""
SHIFTED = 0.25
"""Population stability index from which a shift is called large, by custom."""
Z_CHANCE = 3.5
"""The index must also be above what chance gives in all but about 1 of 4,000 looks."""
COMMON = 15
"""So many values are told apart; the rest are one."""

RETRAIN, ROLL_BACK, EVALUATE = "Retrain", "Roll Back", "Evaluate"


@dataclass(frozen=True)
class Alarm:
    """What has changed, in words for a person, and the button that helps. `since` is the index of the request from
    which on, as far as that can be told."""

    what: str
    words: str
    button: str
    since: int


@dataclass(frozen=True)
class Fall:
    """The run rate fell: seen at outcome `at`, probably since `since`, from the rate `before`."""

    at: int
    since: int
    before: float


def fallen(outcomes: Sequence[bool], before: float | None = None) -> Fall | None:
    """The first fall of a rate. `before` is the rate that it had; None: it is learnt from the outcomes themselves."""
    start = 0 if before is not None else LEARN
    total, since, seen = 0.0, start, [0]
    for ran in outcomes:
        seen.append(seen[-1] + ran)
    for at in range(start, len(outcomes)):
        upto = max(LEARN, at - LAG)
        usual = before if before is not None else seen[upto] / upto
        doubt = 0.0 if before is not None else DOUBT * max(0.0, 1 - upto / SURE)
        usual = min(1 - LEAST, max(2 * LEAST, usual))
        lower = max(LEAST, usual - FALL)
        total += math.log(lower / usual) if outcomes[at] else math.log((1 - lower) / (1 - usual))
        if total <= 0:
            total, since = 0.0, at + 1
        elif total >= LIMIT * (1 + doubt):
            return Fall(at, since, usual)
    return None


def stability(before: Counter[Hashable], after: Counter[Hashable]) -> tuple[float, float]:
    """Population stability index between two counts of values, and what chance alone seldom exceeds (the index of two
    samples of one kind is distributed about as chi squared times the sum of both counts' inverses)."""
    common = [value for value, _ in (before + after).most_common(COMMON)]
    rest = [sum(counts.values()) - sum(counts[value] for value in common) for counts in (before, after)]
    pairs = [(before[value], after[value]) for value in common] + ([(rest[0], rest[1])] if any(rest) else [])
    n, m = before.total(), after.total()
    shares = [((a + 0.5) / (n + 0.5 * len(pairs)), (b + 0.5) / (m + 0.5 * len(pairs))) for a, b in pairs]
    index = sum((b - a) * math.log(b / a) for a, b in shares)
    return index, _chi_squared(len(pairs) - 1) * (1 / n + 1 / m)


def _chi_squared(degrees: int) -> float:
    """The quantile that goes with `Z_CHANCE` (Wilson and Hilferty's approximation)."""
    if not degrees:
        return 0.0
    return float(degrees * (1 - 2 / (9 * degrees) + Z_CHANCE * math.sqrt(2 / (9 * degrees))) ** 3)


def alarms(requests: Sequence[Request], live: str, back_to: str = "") -> list[Alarm]:
    """What has changed for the model `live`, of all requests in their order; `back_to` is the model that a rollback
    would bring."""
    own = [request for request in requests if request.model == live]
    found = [_run_rate(own, live, back_to)] if own else []
    return [alarm for alarm in (*found, *_prompts(requests)) if alarm]


def _run_rate(own: Sequence[Request], live: str, back_to: str) -> Alarm | None:
    fall = fallen([request.runs for request in own])
    if fall is None:
        return None
    before, after = own[: fall.since], own[fall.since :]
    ran = sum(request.runs for request in after)
    words = f"{live}: {ran} of the last {len(after)} answers ran, before {fall.before:.0%} did."
    if blender := _newcomer(before, after, lambda request: request.blender):
        return Alarm(
            "run rate",
            f"{words} Most of them were asked for in Blender {blender}, which it had seldom answered before. Train it "
            "on data of that version.",
            RETRAIN,
            fall.since,
        )
    if kind := _newcomer(before, after, lambda request: request.kind):
        return Alarm(
            "run rate",
            f"{words} Most of them were for {kind}, which it had seldom been asked for. Train it on more of that kind.",
            RETRAIN,
            fall.since,
        )
    why = f"{words} Neither another Blender nor other kinds of requests explain it."
    if back_to:
        return Alarm("run rate", f"{why} {back_to}, which was live before, can take over.", ROLL_BACK, fall.since)
    return Alarm("run rate", f"{why} Evaluate it again: it may be the server or its settings.", EVALUATE, fall.since)


def _newcomer(before: Sequence[Request], after: Sequence[Request], of: Callable[[Request], str]) -> str:
    """The value that most requests after have and few before had, or ''."""
    value, count = Counter(map(of, after)).most_common(1)[0]
    share = count / len(after)
    earlier = sum(of(request) == value for request in before) / max(1, len(before))
    return value if value and share >= NEWCOMER and earlier <= share / 10 else ""


def _prompts(requests: Sequence[Request]) -> Iterable[Alarm]:
    """How what is asked for has shifted, between the first requests and the latest."""
    if len(requests) < FIRST + LATEST:
        return
    since = len(requests) - LATEST
    first, latest = requests[:FIRST], requests[since:]
    lengths = sorted(request.prompt_tokens for request in first)
    edges = sorted({lengths[len(lengths) * part // 5] for part in range(1, 5)})
    measures: tuple[tuple[str, Callable[[Request], Iterable[Hashable]]], ...] = (
        ("prompt length", lambda request: [sum(request.prompt_tokens > edge for edge in edges)]),
        ("kinds", lambda request: [request.kind]),
        ("nodes", lambda request: request.nodes),
    )
    for what, of in measures:
        before = Counter(value for request in first for value in of(request))
        after = Counter(value for request in latest for value in of(request))
        if before and after:
            index, chance = stability(before, after)
            if index >= max(SHIFTED, chance):
                yield Alarm(what, _shifted(what, before, after, first, latest), RETRAIN, since)


def _shifted(
    what: str, before: Counter[Hashable], after: Counter[Hashable], first: Sequence[Request], latest: Sequence[Request]
) -> str:
    if what == "prompt length":
        usual, now = (sorted(request.prompt_tokens for request in part)[len(part) // 2] for part in (first, latest))
        change = f"are {'longer' if now > usual else 'shorter'}: {now} tokens in the middle, at first {usual}"
        return f"The last {LATEST} prompts {change}. The model learnt from others: build a dataset with such prompts."
    n, m = before.total(), after.total()
    most = max(after, key=lambda value: after[value] / m - before[value] / n)
    shares = f"{after[most] / m:.0%} of what the last {LATEST} requests ask for, at first {before[most] / n:.0%}"
    return f"{most} is {shares}. Train on data that has more of it."
