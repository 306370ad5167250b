# SPDX-License-Identifier: GPL-3.0-or-later
"""From verdicts on pairs to figures: who is preferred, how far a judge hangs on the order, how far it agrees with a
person. They lie in `judges.json` beside the evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..files import read_json, write_json
from ..intervals import wilson
from ..words import counted
from .pairs import Evaluated, Pair
from .statistics import GROUPS_MIN, judge, paired

FILE = "judges.json"
SCHEMA = 1
PERSON = "person"
RESULTS = ("win", "tie", "loss")
"""Of the subject."""
SHARES = {"win": 1.0, "tie": 0.5, "loss": 0.0}
AGREED_FROM = 30
"""Fewer verdicts of a person say little of a judge."""


@dataclass(frozen=True)
class Verdict:
    """What was said of a pair: `result` is win, tie or loss of the subject. `orders` are the results with the subject
    shown first and second, empty where the pair was shown once or not at all; `why` are reasons, in the judge's
    words."""

    id: str
    group: str
    result: str
    orders: tuple[str, ...] = ()
    why: tuple[str, ...] = ()


def settled(pair: Pair, orders: tuple[str, str], why: tuple[str, str]) -> Verdict:
    """A verdict counts where both orders agree; else it is a tie."""
    return Verdict(pair.id, pair.group, orders[0] if orders[0] == orders[1] else "tie", orders, why)


def judgement(found: Evaluated, against: str, by: str, verdicts: Sequence[Verdict], seed: int = 0) -> dict[str, Any]:
    """An entry of `judges.json` (see docs/evaluate.md). Raises ValueError without verdicts."""
    counts = Counter(verdict.result for verdict in verdicts)
    wins = [SHARES[verdict.result] for verdict in verdicts]
    groups = [verdict.group for verdict in verdicts]
    labels = found.labels
    losses = [1 - share for share in wins]
    (compared,) = judge(
        [paired("judged", "preferred", labels[against], wins, losses, groups, binary=True, seed=seed)], "judged"
    )
    pair = compared.pair
    return {
        "by": by,
        "subject": found.subject,
        "against": against,
        "evaluated_at": str(found.body["finished_at"]),
        "pairs": pair.prompts,
        "groups": pair.groups,
        **{f"{result}s" if result != "loss" else "losses": counts[result] for result in RESULTS},
        "share": pair.tuned,
        "difference": asdict(pair.difference),
        "p": compared.p,
        "verdict": compared.verdict,
        "settles_at": compared.settles_at,
        "order": _order(verdicts),
        "words": _words(by, labels[found.subject], labels[against], counts, compared.verdict, pair.groups, compared.p),
        "verdicts": [asdict(verdict) for verdict in verdicts],
    }


def _order(verdicts: Sequence[Verdict]) -> dict[str, Any] | None:
    """How far verdicts hang on the order: the share that differs between the two, and how many named whatever stood
    first, or second, both times; None where nobody was asked twice."""
    twice = [verdict.orders for verdict in verdicts if verdict.orders]
    if not twice:
        return None
    return {
        "pairs": len(twice),
        "differs": asdict(wilson(sum(one != other for one, other in twice), len(twice))),
        "first": twice.count(("win", "loss")),
        "second": twice.count(("loss", "win")),
    }


def order_words(entry: Mapping[str, Any]) -> str:
    """How far a judge hangs on the order, for people; empty where pairs were shown once."""
    order = entry["order"]
    if not order:
        return ""
    return (
        f"Of {counted(order['pairs'], 'pair')} shown in both orders {order['differs']['value']:.0%} were judged "
        f"otherwise the second time, and count as ties: {order['first']} went to whichever stood first, "
        f"{order['second']} to the second."
    )


def _words(by: str, subject: str, other: str, counts: Mapping[str, int], verdict: str, groups: int, p: float) -> str:
    who = "A person" if by == PERSON else by
    pairs = counted(sum(counts.values()), "pair")
    facts = f"{who} preferred {subject} in {counts['win']} of {pairs}, {other} in {counts['loss']}, "
    facts += f"neither in {counts['tie']}"
    if verdict != "not shown":
        return f"{facts}: {verdict} than {other} (p {'below 0.001' if p < 0.001 else f'{p:.3f}'})."
    few = f": too few independent groups, {groups} where {GROUPS_MIN} are needed" if groups < GROUPS_MIN else ""
    return f"{facts}. Not shown to be better or worse than {other}{few}."


def agreement(judge: Mapping[str, Any], person: Mapping[str, Any]) -> dict[str, Any] | None:
    """How far a judge says what a person says of the same pairs; None where no pair was seen by both."""
    told = {one["id"]: one["result"] for one in person["verdicts"]}
    both = [(one["result"], told[one["id"]]) for one in judge["verdicts"] if one["id"] in told]
    if not both:
        return None
    kappa, agreed = cohen(both), wilson(sum(one == other for one, other in both), len(both))
    words = f"{judge['by']} agrees with the person on {agreed.value:.0%} of {counted(len(both), 'pair')}"
    words += f" (95 %: {agreed.low:.0%} to {agreed.high:.0%})"
    words += ", Cohen's kappa cannot be told: both gave one verdict alone" if kappa is None else f", kappa {kappa:.2f}"
    words += f". {AGREED_FROM} are needed to say much." if len(both) < AGREED_FROM else "."
    return {
        "by": judge["by"],
        "against": judge["against"],
        "pairs": len(both),
        "agreed": asdict(agreed),
        "kappa": kappa,
        "words": words,
    }


def cohen(both: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa of two judges' verdicts on the same things; None where chance alone would agree always. Raises
    ZeroDivisionError without any."""
    one, other = (Counter(side) for side in zip(*both, strict=True))
    chance = sum(one[result] * other[result] for result in one) / len(both) ** 2
    return None if chance == 1 else (sum(a == b for a, b in both) / len(both) - chance) / (1 - chance)


def kept(folder: Path, evaluated_at: str) -> dict[str, Any]:
    """`judges.json` in the folder of an evaluation, without what was said of an earlier one."""
    found = read_json(folder / FILE, {})
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        return _whole([])
    return _whole([one for one in found["judgements"] if one["evaluated_at"] == evaluated_at])


def save(folder: Path, new: Mapping[str, Any]) -> dict[str, Any]:
    """Put a judgement into `judges.json`, in the place of an earlier one by the same judge against the same opponent;
    all that stands there."""
    before = kept(folder, new["evaluated_at"])["judgements"]
    found = _whole([*(one for one in before if (one["by"], one["against"]) != (new["by"], new["against"])), dict(new)])
    write_json(folder / FILE, found)
    return found


def _whole(judgements: list[dict[str, Any]]) -> dict[str, Any]:
    persons = {one["against"]: one for one in judgements if one["by"] == PERSON}
    agreed = [
        agreement(one, persons[one["against"]])
        for one in judgements
        if one["by"] != PERSON and one["against"] in persons
    ]
    return {"schema": SCHEMA, "judgements": judgements, "agreement": [one for one in agreed if one]}
