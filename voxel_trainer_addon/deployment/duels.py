# SPDX-License-Identifier: GPL-3.0-or-later
"""Duels: two blind answers to one request, the choice kept, and what all choices show, however often one looks.

The test is an e-value: how many times likelier the decided duels are when one model wins with a rate of its own (mixed
over Beta(2, 2)) than when both win alike. Were they alike it would reach `SETTLED` in at most 1 of `SETTLED` series,
looked at after every duel (Ville's inequality).
"""

from __future__ import annotations

import math
import random
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from ..errors import UserError
from ..files import now
from ..paths import DataFolder
from ..words import counted
from . import logs, registry

SETTLED = 20.0
PRIOR = 2.0
ALIKE, BOTH_BAD = "both alike", "both bad"
CHOICES = ("A", "B", ALIKE, BOTH_BAD)
FEW = 10
"""Fewer decided duels say nothing of how many more it takes."""
FAR = 1_000


@dataclass(frozen=True)
class Duel:
    """A request that two models answered: `a` and `b` as they stood on the screen, and which was chosen."""

    id: str
    a: str
    b: str
    chosen: str
    at: str = ""


def rivals(folder: DataFolder, other: str = "") -> tuple[str, str]:
    """Whom a duel is between: the live model, and `other` as a person named it, or else the canary, or else the
    candidate that was made last. Raises UserError where there are no two."""
    known = registry.models(folder)
    live = next((model.id for model in known if model.state == "live"), "")
    if not live:
        raise UserError("No model is live, so there is none to duel with. `deploy MODEL` makes one live.")
    for state in ("canary", "candidate"):
        other = other or next((model.id for model in known if model.state == state), "")
    if not other:
        raise UserError(f"There is no other model for a duel with {live}: `train` makes one.")
    against = registry.named(folder, other).id
    if against == live:
        raise UserError(f"{live} is live; name another for a duel with it.")
    return live, against


def drawn(first: str, second: str, rng: random.Random | None = None) -> tuple[str, str]:
    """Two models in the order in which their answers are shown, that nobody can foresee."""
    a, b = (rng or secrets.SystemRandom()).sample([first, second], 2)
    return a, b


def keep(folder: DataFolder, duel: Duel) -> None:
    """Add a duel to the log. Raises OSError."""
    if duel.chosen not in CHOICES:
        raise ValueError(f"{duel.chosen!r} is none of {CHOICES}")
    logs.append(folder.watched / "duels.jsonl", {**asdict(duel), "at": duel.at or now()})


def kept(folder: DataFolder) -> list[Duel]:
    """Every duel that can be read, oldest first; of one that was told twice the first choice."""
    found: dict[str, Duel] = {}
    for line in logs.read(folder.watched / "duels.jsonl").values:
        if line.get("chosen") in CHOICES and all(isinstance(line.get(key), str) for key in ("id", "a", "b", "at")):
            found.setdefault(line["id"], Duel(line["id"], line["a"], line["b"], line["chosen"], line["at"]))
    return list(found.values())


@dataclass(frozen=True)
class Verdict:
    """What duels show. `winner` is '' while undecided; `e_value` is where it stands, or stood when it was settled;
    `more` are about so many duels until it is settled at this rate, None where that is far or cannot be told."""

    wins: dict[str, int]
    alike: int
    both_bad: int
    winner: str
    e_value: float
    more: int | None
    words: str


def e_value(wins: int, decided: int) -> float:
    """How much `wins` of `decided` duels speak against both sides being alike; 1 says nothing."""
    mixed = math.lgamma(PRIOR + wins) + math.lgamma(PRIOR + decided - wins) - math.lgamma(2 * PRIOR + decided)
    return math.exp(mixed - 2 * math.lgamma(PRIOR) + math.lgamma(2 * PRIOR) + decided * math.log(2))


def judge(duels: Iterable[Duel], first: str, second: str) -> Verdict:
    """What the duels of two models show, in the order in which they were fought. What is settled once stays so."""
    wins, undecided, winner, stands = {first: 0, second: 0}, {ALIKE: 0, BOTH_BAD: 0}, "", 1.0
    for duel in duels:
        if {duel.a, duel.b} != {first, second}:
            continue
        if duel.chosen in undecided:
            undecided[duel.chosen] += 1
            continue
        wins[duel.a if duel.chosen == "A" else duel.b] += 1
        if not winner:
            stands = e_value(wins[first], sum(wins.values()))
            winner = max(wins, key=lambda model: wins[model]) if stands >= SETTLED else ""
    more = None if winner else _more(max(wins.values()), sum(wins.values()), sum(undecided.values()))
    words = _words(wins, undecided, winner, more)
    return Verdict(wins, undecided[ALIKE], undecided[BOTH_BAD], winner, stands, more, words)


def all_pairs(duels: Sequence[Duel], live: str) -> list[Verdict]:
    """The verdict on every two models that fought, those of the live model first, and the live one last in each."""

    def pair(duel: Duel) -> tuple[str, str]:
        first, second = sorted((duel.a, duel.b), key=lambda model: (model == live, model))
        return first, second

    fought = {pair(duel) for duel in duels if duel.a != duel.b}
    return [judge(duels, *each) for each in sorted(fought, key=lambda each: (each[1] != live, each))]


def _more(most: int, decided: int, undecided: int) -> int | None:
    """Duels until such a rate of wins would be settled, those that decide nothing counted in; two digits, rounded
    up."""
    if decided < FEW:
        return None
    for count in range(decided + 1, decided + FAR + 1):
        if e_value(round(count * most / decided), count) >= SETTLED:
            needed = math.ceil((count - decided) * (decided + undecided) / decided)
            step = 10 ** max(0, len(str(needed)) - 2)
            return -(-needed // step) * step if needed <= FAR else None
    return None


def _words(wins: dict[str, int], undecided: dict[str, int], winner: str, more: int | None) -> str:
    decided, others = sum(wins.values()), sum(undecided.values())
    if winner:
        other = next(model for model in wins if model != winner)
        rest = "".join(f" In {count} more both were {said[5:]}." for said, count in undecided.items() if count)
        return f"{winner} is preferred to {other}: in {wins[winner]} of {decided} duels.{rest}"
    rest = "".join(f", {count} of them with {said}" for said, count in undecided.items() if count)
    duels = f"{counted(decided + others, 'duel')}{rest}"
    if decided < FEW:
        return f"Undecided after {duels}: too few to say how many it takes."
    return f"Undecided after {duels}; at this rate {f'{more:,}' if more else f'over {FAR:,}'} more."
