# SPDX-License-Identifier: GPL-3.0-or-later
"""A canary beside the live model: which requests it answers, and what its answers show, looked at after each.

Requests are drawn for it one by one, by hash. An e-process weighs each outcome by how likely it is if the canary's rate
differs, over how likely it is if both have one rate; were they the same, it would reach 1 / alpha with a probability of
at most alpha, however often one looks (Ville's inequality). That holds because the draw knows nothing of the outcome,
so a canary is never drawn by session or by person.
"""

from __future__ import annotations

import bisect
import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import UserError
from ..paths import DataFolder
from . import pointer, promotion
from . import requests as watch
from .pointer import Canary
from .requests import Request

UNDONE_S = 120.0
"""An answer undone so soon after Apply was not wanted."""
SLOW = 2.0
"""Slower than so many times the live model's median is slow."""
SLOW_FROM = 20
"""So many answers of the live model must be known before any is called slow."""
GUARDRAILS = {
    "runs": (0.015, "ran"),
    "safe": (0.005, "passed the allow-list"),
    "quick": (0.005, "came in time"),
    "stayed": (0.005, "were not undone within two minutes"),
}
"""What may not get worse: how often a canary that is no worse is rolled back for it at most, and the words for it. The
four together stay within 3 %."""
GAINS = {"runs": (0.025, "ran"), "kept": (0.025, "were kept")}
DEGREES = (0.15, 0.35, 0.55, 0.8, 0.98)
"""How far the canary's rate may lie from the live one's towards never (a guardrail) or always (a gain), as shares of
the way; each is weighed alike."""
LEAST = 0.02
FEW = 5
"""Of fewer answers of the canary nothing is said."""


def drawn(canary: Canary, request_id: str) -> bool:
    """Whether the canary answers this request."""
    number = int.from_bytes(hashlib.sha256(f"{canary.salt}:{request_id}".encode()).digest()[:8], "big")
    return number < canary.share * 2**64


@dataclass(frozen=True)
class Decision:
    """What a canary's answers show. `result` is `worse` (it is to be rolled back), `better` or `not shown`, by the
    `measure` that says so; `requests` and `of_live` are answers of the canary and of the live model."""

    result: str
    measure: str
    e_value: float
    requests: int
    of_live: int
    words: str


class Evidence:
    """The e-process of one measure. `towards` gives the canary's rates that are looked for, from the live one's."""

    def __init__(self, share: float, towards: Callable[[float, float], float]) -> None:
        self.share, self.towards = share, towards
        self.good = {True: 0, False: 0}
        self.count = {True: 0, False: 0}
        self._logs = [0.0] * len(DEGREES)

    def hear(self, of_canary: bool, good: bool) -> None:
        """Weigh one outcome, by what was known of the live model before."""
        live = _inside((self.good[False] + 1) / (self.count[False] + 2))
        for at, degree in enumerate(DEGREES):
            other = _inside(self.towards(live, degree))
            alike = (1 - self.share) * live + self.share * other
            rate = other if of_canary else live
            self._logs[at] += math.log(rate / alike) if good else math.log((1 - rate) / (1 - alike))
        self.count[of_canary] += 1
        self.good[of_canary] += good

    @property
    def e_value(self) -> float:
        if self.count[True] < FEW:
            return 1.0
        most = max(self._logs)
        return math.exp(min(700.0, most)) * sum(math.exp(value - most) for value in self._logs) / len(self._logs)

    def words(self, what: str) -> str:
        return (
            f"{self.good[True]} of {self.count[True]} answers {what}, of the live model's "
            f"{self.good[False]} of {self.count[False]}"
        )


def _inside(rate: float) -> float:
    return min(1 - LEAST, max(LEAST, rate))


class Watch:
    """What is known of one canary, request by request. What was decided once stays so."""

    def __init__(self, canary: Canary, live: str) -> None:
        self.canary, self.live = canary, live
        self.decision = Decision("not shown", "", 1.0, 0, 0, f"Nothing is known of the canary {canary.model} yet.")
        self._worse = {name: Evidence(canary.share, lambda live, degree: live * (1 - degree)) for name in GUARDRAILS}
        self._better = {name: Evidence(canary.share, lambda live, degree: live + (1 - live) * degree) for name in GAINS}
        self._times: list[float] = []

    def hear(self, request: Request) -> Decision:
        """Weigh one request; those that were not drawn for this canary say nothing."""
        if request.canary != self.canary.salt or request.model not in (self.live, self.canary.model):
            return self.decision
        of_canary = request.model == self.canary.model
        outcomes = self._outcomes(request)
        for evidences in (self._worse, self._better):
            for name, evidence in evidences.items():
                if outcomes[name] is not None:
                    evidence.hear(of_canary, bool(outcomes[name]))
        if not of_canary and request.whole_s is not None:
            bisect.insort(self._times, request.whole_s)
        if self.decision.result != "worse":
            self.decision = self._decided()
        return self.decision

    def _outcomes(self, request: Request) -> dict[str, bool | None]:
        """Measure → whether it went well; None where that cannot be told."""
        median = self._times[len(self._times) // 2] if len(self._times) >= SLOW_FROM else None
        quick = None if median is None or request.whole_s is None else request.whole_s <= SLOW * median
        stayed = request.undone_s is None or request.undone_s > UNDONE_S
        return {"runs": request.runs, "safe": request.safe, "quick": quick, "stayed": stayed, "kept": request.kept}

    def _decided(self) -> Decision:
        for name, evidence in self._worse.items():
            alpha, what = GUARDRAILS[name]
            if evidence.e_value >= 1 / alpha:
                return self._told("worse", name, evidence, f"{self.canary.model} got worse: {evidence.words(what)}.")
        if self.decision.result == "better":
            return self.decision
        for name, evidence in self._better.items():
            alpha, what = GAINS[name]
            if evidence.e_value >= 1 / alpha:
                found = f"{self.canary.model} is better than {self.live}: {evidence.words(what)}."
                return self._told(
                    "better", name, evidence, f"{found} `deploy promote {self.canary.model}` makes it live."
                )
        evidence = self._worse["runs"]
        return self._told("not shown", "", evidence, f"Nothing is shown yet: {evidence.words('ran')}.")

    def _told(self, result: str, measure: str, evidence: Evidence, words: str) -> Decision:
        count = self._worse["runs"].count
        return Decision(result, measure, evidence.e_value, count[True], count[False], words)


def judge(requests: Sequence[Request], canary: Canary, live: str) -> Decision:
    """What all requests show of a canary."""
    seen = Watch(canary, live)
    for request in requests:
        seen.hear(request)
    return seen.decision


def look(folder: DataFolder) -> Decision | None:
    """Judge the canary that there is, and roll it back at once where a guardrail says so; None without a canary.
    Raises UserError where it is worse and could not be taken back."""
    stands = pointer.read(folder).pointer
    if stands.canary is None:
        return None
    decision = judge(watch.watched(folder).requests, stands.canary, stands.live)
    if decision.result == "worse":
        try:
            promotion.withdraw(folder, stands, decision.words, by="guardrail")
        except UserError:
            after = pointer.read(folder).pointer
            if after.canary == stands.canary:
                raise
    return decision
