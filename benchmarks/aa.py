# SPDX-License-Identifier: GPL-3.0-or-later
"""A model against itself: how often is a winner called where there is none? In each split two of the samples that a
prompt has (`evaluate --samples N`) are dealt to two sides, which are compared as `evaluate compare` does two models.

    python benchmarks/aa.py DATA MODEL [--who base] [--splits 100] [--out FILE.json]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from voxel_trainer_addon.evaluation.comparing import Run, compare
from voxel_trainer_addon.evaluation.pairs import Evaluated, evaluated
from voxel_trainer_addon.paths import DataFolder


def dealt(done: Evaluated, who: str, rng: random.Random) -> tuple[Run, Run]:
    """Two evaluations of one contestant, each with another of its samples for every prompt that has some."""
    sides: tuple[list[Any], list[Any]] = ([], [])
    for line in done.lines:
        if who in line.get("samples", {}):
            for side, answer in zip(sides, rng.sample(line["samples"][who]["answers"], 2), strict=True):
                side.append({**line, "losses": {}, "answers": {who: answer}})
    body = {**done.body, "subject": who}
    return Run(body, sides[0]), Run({**body, "id": f"{body['id']} again"}, sides[1])


def splits(done: Evaluated, who: str, count: int) -> dict[str, Any]:
    """Shares of splits in which a winner was called: by the deciding metric, and by any."""
    rng, called = random.Random(7), Counter[str]()
    deciding = done.body["verdict"]["metric"]
    for number in range(count):
        told = compare(*dealt(done, who, rng))
        winners = {each["metric"] for each in told["comparisons"] if each["verdict"] != "not shown"}
        called.update({*winners, *(("any",) if winners else ())})
        print(f"{number + 1} of {count}: {', '.join(sorted(winners)) or 'no winner'}", file=sys.stderr, flush=True)
    samples = done.body["samples"]
    return {
        **{key: samples[key] for key in ("n", "temperature", "seed", "prompts", "groups")},
        "model": done.body["id"],
        "who": who,
        "splits": count,
        "deciding": deciding,
        "called": {name: called[name] / count for name in (deciding, "any", *sorted(set(called) - {deciding, "any"}))},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("model")
    parser.add_argument("--who", default="")
    parser.add_argument("--splits", type=int, default=100)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    done = evaluated(DataFolder(options.data.resolve()), options.model)
    if "samples" not in done.body:
        sys.exit(f"{options.model} was evaluated without --samples.")
    found = splits(done, options.who or done.subject, options.splits)
    print(json.dumps(found))
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
