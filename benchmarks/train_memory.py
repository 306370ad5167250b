# SPDX-License-Identifier: GPL-3.0-or-later
"""Peak memory of training: `<training environment>/bin/python benchmarks/train_memory.py MODEL [--method lora full]`.

The trainer itself, as the stage starts it, for two steps of two rows of nearly 512 tokens each: the second holds all
that there is. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from train import machine, toy

from voxel_trainer_addon.providers.local import child

BARS_MB = {"lora": 4000, "full": 5500}
STEPS = 2


def measured(model: str, method: str, nodes: int) -> dict[str, Any]:
    rows = [toy(number, nodes) for number in range(8)]
    with tempfile.TemporaryDirectory() as out:
        body = {
            "model": model,
            "method": method,
            "rows": rows,
            "held_out": rows[:2],
            "rows_limit": 0,
            "held_out_limit": 2,
            "tokens": 512,
            "steps": STEPS,
            "seed": 1,
            "threads": 2,
            "batch_tokens": 1024,
            "checkpoint_s": 1e9,
            "keep": 1,
            "out": out,
        }
        ended = child.run(Path(sys.executable), "train", body, lambda line: None, lambda: True)
    if not ended.ok:
        raise SystemExit(f"{method}: {ended.sentence}")
    facts = ended.body
    return {
        "peak_mb": facts["peak_mb"],
        "bar_mb": BARS_MB[method],
        "dtype": facts["dtype"],
        "tokens_a_row": facts["n_tokens"] / facts["n_rows"],
        "tokens_a_step": facts["tokens_seen"] / facts["steps"],
    }


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("model", help="a model's folder")
    words.add_argument("--method", nargs="+", choices=list(BARS_MB), default=list(BARS_MB))
    words.add_argument("--nodes", type=int, default=10, help="of a row's answer, which makes its length")
    asked = words.parse_args()
    found = {method: measured(asked.model, method, asked.nodes) for method in asked.method}
    print(json.dumps({**found, "machine": machine()}, indent=2))


if __name__ == "__main__":
    main()
