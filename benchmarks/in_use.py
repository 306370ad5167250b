# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated requests, duels and a canary in an empty data folder, to look at what `deploy watch` makes of them.

    python benchmarks/in_use.py FOLDER [--requests 900] [--seed 17]
    python scripts/run_headless.py deploy watch --data FOLDER

Six weeks: voxel/v2 answers, after a third voxel/v3, after two thirds with voxel/v4 as its canary. At last most
artists ask from a new Blender, in which all but the newest model do badly.
"""

from __future__ import annotations

import argparse
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from voxel_trainer_addon.deployment import canary, duels, pointer, requests
from voxel_trainer_addon.deployment.duels import Duel
from voxel_trainer_addon.deployment.pointer import Canary, Pointer
from voxel_trainer_addon.deployment.requests import Request
from voxel_trainer_addon.paths import DataFolder

BEGAN, DAYS = datetime(2026, 10, 12, 9, tzinfo=UTC), 42
RUNS = {"voxel/v2": 0.5, "voxel/v3": 0.68, "voxel/v4": 0.74}
OLD, NEW = "4.5.12", "5.2.3"
LOSS = 0.35
"""By so much fewer answers of all but the newest model run in the new Blender."""
SHARE = 0.25


def request(rng: random.Random, number: int, model: str, blender: str, salt: str, at: str) -> Request:
    """An answer, and what became of it."""
    rate = RUNS[model] - (LOSS if blender == NEW and model != "voxel/v4" else 0.0)
    finished = rng.random() < 0.95
    safe = finished and rng.random() < 0.97
    runs = safe and rng.random() < rate / 0.92
    applied = runs and rng.random() < 0.62
    undone = applied and rng.random() < 0.12
    first_s = rng.lognormvariate(-0.4, 0.5)
    return Request(
        id=f"{number:016x}",
        model=model,
        blender=blender,
        at=at,
        canary=salt,
        kind=rng.choices(("material", "geometry", "compositor"), (6, 3, 1))[0],
        prompt_tokens=round(220 * rng.lognormvariate(0, 0.3)),
        tokens=round(110 * rng.lognormvariate(0, 0.4)),
        first_s=first_s,
        whole_s=first_s + rng.lognormvariate(2.0, 0.4),
        finished=finished,
        parses=safe or (finished and rng.random() < 0.5),
        safe=safe,
        runs=runs,
        repairs=rng.choice((0, 0, 0, 1, 2)) if runs else 3,
        shown=runs,
        applied=applied,
        kept=applied and not undone,
        edited=applied and not undone and rng.random() < 0.3,
        undone_s=rng.uniform(5, 300) if undone else None,
        reason=rng.choice(requests.REASONS) if runs and not applied and rng.random() < 0.4 else "",
    )


def lay(folder: DataFolder, count: int, rng: random.Random) -> None:
    stands, salt = Pointer(), ""
    moves = {
        0: ("promoted", "voxel/v2", Pointer(live="voxel/v2")),
        count // 3: ("promoted", "voxel/v3", Pointer(live="voxel/v3", before=("voxel/v2",))),
        2 * count // 3: (
            "made canary",
            "voxel/v4",
            Pointer(live="voxel/v3", before=("voxel/v2",), canary=Canary("voxel/v4", SHARE, "simulated")),
        ),
    }
    for number in range(count):
        if number in moves:
            done, model, to = moves[number]
            stands = pointer.move(folder, stands, to, done=done, model=model, why="simulated", by="person")
            salt = stands.canary.salt if stands.canary else ""
        id = f"{number:016x}"
        of_canary = stands.canary and canary.drawn(stands.canary, id)
        model = stands.canary.model if stands.canary and of_canary else stands.live
        blender = NEW if rng.random() < (0.85 if number > 0.82 * count else 0.04) else OLD
        at = (BEGAN + timedelta(days=DAYS * number / count)).strftime("%Y-%m-%dT%H:%M:%SZ")
        requests.answered(folder, request(rng, number, model, blender, salt, at))
        if stands.canary and number % 5 == 0:
            a, b = duels.drawn("voxel/v3", "voxel/v4", rng)
            better = "A" if (a == "voxel/v4") == (rng.random() < 0.66) else "B"
            (chosen,) = rng.choices((duels.BOTH_BAD, duels.ALIKE, better), (0.15, 0.1, 0.75))
            duels.keep(folder, Duel(id, a, b, chosen, at))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--requests", type=int, default=900)
    parser.add_argument("--seed", type=int, default=17)
    options = parser.parse_args()
    folder = DataFolder(options.folder.resolve())
    if folder.watched.exists() or folder.live.exists():
        sys.exit(f"{folder.root} has requests of its own. Name an empty folder.")
    lay(folder, options.requests, random.Random(options.seed))


if __name__ == "__main__":
    main()
