# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the tests on models in use keep their promises? Simulated duels, canaries and drifts: false alarms where there is
nothing to find, and how soon what is there is found.

    python benchmarks/ab.py [--runs 400] [--only duels|canary|drift|prompts] [--out FILE.md]
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from voxel_trainer_addon.deployment import canary, drift, duels
from voxel_trainer_addon.deployment.pointer import Canary
from voxel_trainer_addon.deployment.requests import Request

QUIET = 900
KINDS = ("material", "node group", "modifier", "compositor")
NODES = tuple(f"ShaderNode{number}" for number in range(30))


# duels


def settled_at(rng: random.Random, rate: float, most: int) -> int:
    """The duel at which a series is settled, looked at after each; 0 where it is not."""
    wins = 0
    for count in range(1, most + 1):
        wins += rng.random() < rate
        if duels.e_value(wins, count) >= duels.SETTLED:
            return count
    return 0


def peeked(rng: random.Random, most: int, every: int) -> bool:
    """Whether somebody who looks at a 5 % test of a fixed sample now and then is fooled by two equal models."""
    wins = 0
    for count in range(1, most + 1):
        wins += rng.random() < 0.5
        if count % every == 0 and abs(wins - count / 2) > 1.96 * math.sqrt(count) / 2:
            return True
    return False


def duel_tables(rng: random.Random, runs: int) -> Iterator[str]:
    false = sum(settled_at(rng, 0.5, 1000) > 0 for _ in range(runs)) / runs
    yield "| two equal models | called a winner |\n|---|---|"
    yield f"| e-value, looked at after each of 1,000 duels | {false:.1%} |"
    for every in (1, 10):
        fooled = sum(peeked(rng, 400, every) for _ in range(runs)) / runs
        yield f"| p < 0.05 of a fixed sample, looked at every {every} of 400 | {fooled:.1%} |"
    yield "\n| win rate | settled by 100 duels | by 300 | by 1,000 | median duels |\n|---|---|---|---|---|"
    for rate in (0.55, 0.6, 0.65, 0.7, 0.8):
        ends = [settled_at(rng, rate, 1000) for _ in range(runs)]
        by = [sum(0 < end <= most for end in ends) / runs for most in (100, 300, 1000)]
        median = statistics.median(end or 10_000 for end in ends)
        shown = f"{median:.0f}" if median <= 1000 else "over 1,000"
        yield f"| {rate:.0%} | {by[0]:.1%} | {by[1]:.1%} | {by[2]:.1%} | {shown} |"


# canaries


def answer(rng: random.Random, model: str, salt: str, runs: float) -> Request:
    """One request of a model whose answers run at a rate, with habits that are the same for all."""
    ran = rng.random() < runs
    applied = ran and rng.random() < 0.6
    undone = applied and rng.random() < 0.1
    return Request(
        id="",
        model=model,
        blender="5.2.3",
        canary=salt,
        safe=ran or rng.random() < 0.9,
        runs=ran,
        whole_s=rng.lognormvariate(2.5, 0.5),
        applied=applied,
        kept=applied and not undone,
        undone_s=60.0 if undone else None,
    )


def rolled_back(
    rng: random.Random,
    share: float,
    live: float,
    other: float,
    most: int,
    spoil: Callable[[random.Random, Request], Request] | None = None,
) -> int:
    """The canary's request after which it is rolled back; 0 where it is not within `most` of its requests."""
    about = Canary("voxel/v2", share, "salt")
    watch = canary.Watch(about, "voxel/v1")
    asked = 0
    while asked < most:
        of_canary = rng.random() < share
        asked += of_canary
        request = answer(rng, "voxel/v2" if of_canary else "voxel/v1", "salt", other if of_canary else live)
        if of_canary and spoil:
            request = spoil(rng, request)
        if watch.hear(request).result == "worse":
            return asked
    return 0


def slowed(rng: random.Random, request: Request) -> Request:
    return replace(request, whole_s=3 * (request.whole_s or 0))


def undone(rng: random.Random, request: Request) -> Request:
    return replace(request, undone_s=30.0) if request.applied and rng.random() < 0.6 else request


def refused(rng: random.Random, request: Request) -> Request:
    return replace(request, safe=rng.random() < 0.6)


def canary_tables(rng: random.Random, runs: int) -> Iterator[str]:
    yield "| share | live runs | all fail: within 30 | 40 points worse: within 50 | equal: within 300 |"
    yield "|---|---|---|---|---|"
    for share in (0.05, 0.1, 0.25, 0.5):
        for live in (0.5, 0.7):
            fail = sum(rolled_back(rng, share, live, 0.0, 30) > 0 for _ in range(runs)) / runs
            worse = sum(rolled_back(rng, share, live, live - 0.4, 50) > 0 for _ in range(runs)) / runs
            equal = sum(rolled_back(rng, share, live, live, 300) > 0 for _ in range(runs)) / runs
            yield f"| {share:.0%} | {live:.0%} | {fail:.1%} | {worse:.1%} | {equal:.1%} |"
    yield "\n| a canary of 10 %, else equal (live runs 50 %) | within 50 | within 150 | median |\n|---|---|---|---|"
    for words, spoil in (
        ("three times as slow", slowed),
        ("70 % of what is applied undone within two minutes, live 10 %", undone),
        ("40 % refused, live 5 %", refused),
    ):
        ends = [rolled_back(rng, 0.1, 0.5, 0.5, 150, spoil) for _ in range(runs // 4)]
        by = [sum(0 < end <= most for end in ends) / len(ends) for most in (50, 150)]
        median = statistics.median(end or 10_000 for end in ends)
        yield f"| {words} | {by[0]:.1%} | {by[1]:.1%} | {f'{median:.0f}' if median <= 150 else 'over 150'} |"


# drift


def fell(rng: random.Random, base: float, after: float, count: int, learnt: int) -> bool:
    """Whether an alarm comes within `count` requests at the rate `after`; the rate before is known, or was learnt from
    `learnt` requests."""
    early = [rng.random() < base for _ in range(learnt)]
    late = [rng.random() < max(0.0, after) for _ in range(count)]
    fall = drift.fallen([*early, *late], None if learnt else base)
    return fall is not None and fall.at >= learnt


def drift_tables(rng: random.Random, runs: int) -> Iterator[str]:
    yield f"| rate before | | quiet for {QUIET} requests | down 40 points: seen within 50 | 20 points: within 150 |"
    yield "|---|---|---|---|---|"
    long = drift.SURE + drift.LAG
    for words, first, then in (("known", 0, 0), (f"learnt; falls after {long} requests", drift.LEARN, long)):
        for base in (0.3, 0.5, 0.7):
            quiet = sum(not fell(rng, base, base, QUIET, first) for _ in range(runs)) / runs
            deep = sum(fell(rng, base, base - 0.4, 50, then) for _ in range(runs)) / runs
            slight = sum(fell(rng, base, base - 0.2, 150, then) for _ in range(runs)) / runs
            yield f"| {base:.0%} | {words} | {quiet:.1%} | {deep:.1%} | {slight:.1%} |"


def prompt(rng: random.Random, length: float, kinds: tuple[float, ...], nodes: int) -> Request:
    """A request whose nodes are drawn by Zipf's law from the `nodes`-th on."""
    named = rng.choices(range(len(NODES)), [1 / (rank + 1) for rank in range(len(NODES))], k=rng.randint(1, 4))
    return Request(
        id="",
        model="voxel/v1",
        blender="5.2.3",
        kind=rng.choices(KINDS, kinds)[0],
        nodes=tuple(NODES[(number + nodes) % len(NODES)] for number in named),
        prompt_tokens=round(length * rng.lognormvariate(0, 0.6)),
        runs=rng.random() < 0.5,
    )


def shifts(
    rng: random.Random, usual: tuple[float, tuple[float, ...], int], to: tuple[float, tuple[float, ...], int]
) -> set[str]:
    """What is told of prompts in 900 requests after the first, looked at every 20."""
    requests = [prompt(rng, *usual) for _ in range(drift.FIRST)]
    told: set[str] = set()
    for _ in range(QUIET // 20):
        requests += [prompt(rng, *to) for _ in range(20)]
        told |= {alarm.what for alarm in drift.alarms(requests, "")}
    return told


def prompt_tables(rng: random.Random, runs: int) -> Iterator[str]:
    usual = (20.0, (5.0, 3.0, 1.0, 1.0), 0)
    yield "| prompts | told of length | of kinds | of nodes |\n|---|---|---|---|"
    for words, to in (
        ("as before", usual),
        ("twice as long", (40.0, usual[1], 0)),
        ("other kinds", (20.0, (1.0, 3.0, 5.0, 1.0), 0)),
        ("other nodes", (20.0, usual[1], 10)),
    ):
        told = [shifts(rng, usual, to) for _ in range(max(20, runs // 8))]
        by = [sum(what in one for one in told) / len(told) for what in ("prompt length", "kinds", "nodes")]
        yield f"| {words} | " + " | ".join(f"{share:.0%}" for share in by) + " |"


TABLES = {"duels": duel_tables, "canary": canary_tables, "drift": drift_tables, "prompts": prompt_tables}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--only", choices=tuple(TABLES))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    lines = []
    for name, table in TABLES.items():
        if options.only in (None, name):
            lines.append(f"\n## {name.capitalize()}\n")
            print(lines[-1], flush=True)
            for line in table(random.Random(options.seed), options.runs):
                lines.append(line)
                print(line, flush=True)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
