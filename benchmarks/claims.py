# SPDX-License-Identifier: GPL-3.0-or-later
"""Does the verdict keep its promise? Simulated comparisons with the group sizes of a real test: how often a winner is
called where there is none, and how often an injected gain is found, beside what the plan said.

    python benchmarks/claims.py TEST.jsonl [TEST.jsonl …] [--by family|group] [--runs 1000] [--out FILE.json]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from voxel_trainer_addon.evaluation import planning, statistics

DRAWS = 1_000
PILOT = [5] * 20_000
"""Group sizes of the large pilot that tells the plan how differences are spread."""


def simulated(
    sizes: Sequence[int], rng: random.Random, *, base: float, gain: float, within: float, agreement: float
) -> tuple[list[float], list[float], list[str]]:
    """Passes of the base and of a model that passes `gain` more, and their groups. Rows of a group share how hard they
    are (intra-group correlation `within`); `agreement` is the share of prompts where the two have the same luck."""
    weight = 1 / within - 1 if within else 0.0
    first: list[float] = []
    second: list[float] = []
    groups: list[str] = []
    for number, size in enumerate(sizes):
        rate = rng.betavariate(base * weight, (1 - base) * weight) if within else base
        for _ in range(size):
            luck = rng.random()
            first.append(float(luck < rate))
            luck = luck if rng.random() < agreement else rng.random()
            second.append(float(luck < min(1.0, rate * (1 + gain))))
            groups.append(str(number))
    return first, second, groups


def called(sizes: Sequence[int], rng: random.Random, seed: int, **model: float) -> str:
    first, second, groups = simulated(sizes, rng, **model)
    pair = statistics.paired("m", "m", "the base", second, first, groups, binary=True, seed=seed, draws=DRAWS)
    return statistics.judge([pair], "m")[0].verdict


def compare(sizes: Sequence[int], runs: int, seed: int, **model: float) -> dict[str, Any]:
    """Shares of verdicts, and what the plan says from the spread of a large pilot of the same kind."""
    rng = random.Random(seed)
    verdicts = Counter(called(sizes, rng, number, **model) for number in range(runs))
    first, second, groups = simulated(PILOT, rng, **model)
    deltas = [b - a for a, b in zip(first, second, strict=True)]
    spread = planning.measured(deltas, groups)
    planned = planning.power(sizes, sum(deltas) / len(deltas), spread) if model["gain"] else None
    return {
        "prompts": sum(sizes),
        "groups": len(sizes),
        **model,
        "better": verdicts["better"] / runs,
        "worse": verdicts["worse"] / runs,
        "planned": planned,
        "spread": [round(spread.deviation, 3), round(spread.within, 3)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tests", nargs="+", type=Path)
    parser.add_argument("--by", choices=("family", "group"), default="family")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows = []
    for place in options.tests:
        lines = place.read_text(encoding="utf-8").splitlines()
        sizes = sorted(Counter(json.loads(line)[options.by] for line in lines).values(), reverse=True)
        for within, base, gain in ((0.2, 0.3, 0.0), (0.2, 0.3, 0.3), (0.5, 0.2, 0.3)):
            row = compare(sizes, options.runs, 7, base=base, gain=gain, within=within, agreement=0.3)
            rows.append({"test": place.parent.name, "by": options.by, **row})
            print(json.dumps(rows[-1]), flush=True)
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
