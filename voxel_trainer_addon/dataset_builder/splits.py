# SPDX-License-Identifier: GPL-3.0-or-later
"""Train, val and test by connected groups, so that nothing stands on both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping

from ..files import digest

HELD_OUT = 0.1
"""Share of the rows that val, and that test, is filled up to."""
FEW_GROUPS = 10
TELLING_NODES = 10
"""Equal trees of so many nodes tie their groups together. Smaller ones would tie nearly everything; they are left out
of val and test instead where train has them too."""

NEAR_GROUPS = 20
"""Groups that the near test has at least, or it is not made: fewer prove nothing."""


class Groups:
    """Atoms (files, or trees of a file) and which of them belong together. One that is joined with none takes no
    memory."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def join(self, *atoms: str) -> None:
        """Put atoms into one group."""
        roots = sorted({self.of(atom) for atom in atoms})
        for root in roots[1:]:
            self._above[root] = roots[0]

    def of(self, atom: str) -> str:
        """The group of an atom: the least of its atoms in alphabetical order."""
        path = []
        while (above := self._above.get(atom, atom)) != atom:
            path.append(atom)
            atom = above
        for passed in path:
            self._above[passed] = atom
        return atom


def enough(weights: Mapping[str, int], seed: int, share: float = 0.5) -> bool:
    """Whether a source can be split by its files, given how many trees only each of its groups of files has: there are
    `FEW_GROUPS` of them or more, and val and test would each get this share of what they are filled up to, or more.
    Otherwise it is split by trees that share groups."""
    filled: Counter[str] = Counter()
    for group, side in allotted(weights, seed).items():
        filled[side] += weights[group]
    least = sum(weights.values()) * HELD_OUT * share
    return len(weights) >= FEW_GROUPS and filled["val"] >= least and filled["test"] >= least


def allotted(weights: Mapping[str, int], seed: int, held: Container[str] = (), frozen: bool = False) -> dict[str, str]:
    """Group → split. Groups that are `held` are test's. Of the others the largest is train's; of the rest, in an order
    drawn by `seed`, val and test take what fits into a tenth of all rows each. A side that stays below half of that
    takes the smallest that is left, of a fifth of all rows at most, or of any size where it has nothing. A `frozen`
    test takes none of them."""
    free = [group for group in weights if group not in held]
    split = {group: "test" for group in weights if group in held} | {group: "train" for group in free}
    if not free:
        return split
    largest = min(free, key=lambda group: (-weights[group], group))
    others = sorted((group for group in free if group != largest), key=lambda group: digest([seed, group]))
    most = sum(weights[group] for group in free) * HELD_OUT
    open_sides = ("val",) if frozen else ("test", "val")
    filled: Counter[str] = Counter()
    for group in others:
        wants = min(open_sides, key=lambda side: (filled[side], side))
        if filled[wants] + weights[group] <= most:
            split[group] = wants
            filled[wants] += weights[group]
    for side in open_sides:
        left = [group for group in others if split[group] == "train"]
        fit = [group for group in left if weights[group] <= 2 * most]
        if (fit and filled[side] < most / 2) or (left and not filled[side]):
            taken = min(fit or left, key=lambda group: (weights[group], group))
            split[taken] = side
            filled[side] += weights[taken]
    return split


def near_test(weights: Mapping[str, int], seed: int) -> frozenset[str]:
    """Groups of train's trees for the near test: in an order drawn by `seed` what fits into a tenth of the rows, none
    of more than a `NEAR_GROUPS`th of that; nothing where that gives fewer than `NEAR_GROUPS`."""
    most = sum(weights.values()) * HELD_OUT
    taken: list[str] = []
    filled = 0
    for group in sorted(weights, key=lambda group: digest([seed, "near", group])):
        if weights[group] <= max(1.0, most / NEAR_GROUPS) and filled + weights[group] <= most:
            taken.append(group)
            filled += weights[group]
    return frozenset(taken if len(taken) >= NEAR_GROUPS else ())
