# SPDX-License-Identifier: GPL-3.0-or-later
"""A training that is killed and goes on, against one that nothing happens to, by the same plan.

    python benchmarks/resume.py ENVIRONMENT MODEL ROWS.jsonl [--method full|lora] [--steps N] [--numbers bfloat16]

ENVIRONMENT is the training environment's Python, ROWS a dataset's rows. The second run is killed (SIGKILL) in a step
drawn by `--seed` after its first checkpoint. Prints JSON: SHA-256 of both runs' weights, last losses, seconds, tokens a
second, peak memory, and the machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from voxel_trainer_addon import prompts
from voxel_trainer_addon.files import read_jsonl
from voxel_trainer_addon.providers.local import child
from voxel_trainer_addon.stage import EVALUATED

CHECKPOINT_S = 5.0
"""Seconds between checkpoints: much shorter than usual, so that the kill falls into any place between them."""


class Killed(Exception):
    """Raised to have the program killed."""


def chat(row: dict[str, Any]) -> dict[str, Any]:
    return {"id": row["id"], "messages": prompts.messages(row), "completion": prompts.answer_of(row)}


def weights(folder: Path) -> str:
    """SHA-256 over the names and contents of a folder's weights."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*.safetensors")):
        found.update(path.name.encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def trained(python: Path, body: dict[str, Any], on_line: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    ended = child.run(python, "train", body, on_line, lambda: True)
    if not ended.ok:
        raise SystemExit(f"{ended.sentence} {ended.detail}")
    out = Path(body["out"])
    wanted = ("steps", "seconds", "all_seconds", "tokens_s", "answer_tokens_s", "peak_mb", "method", "dtype")
    facts = {key: ended.body[key] for key in wanted if key in ended.body}
    held_out = [point["loss"] for point in ended.body["held_out"]]
    losses = ended.body["losses"]
    return {**facts, "sha256": weights(out / ended.body["folder"]), "held_out": held_out, "losses": losses}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("environment", type=Path)
    words.add_argument("model", type=Path)
    words.add_argument("rows", type=Path)
    words.add_argument("--method", choices=("full", "lora"), default="full")
    words.add_argument("--numbers", choices=("float32", "bfloat16"), default="float32")
    words.add_argument("--steps", type=int, default=16)
    words.add_argument("--tokens", type=int, default=512)
    words.add_argument("--seed", type=int, default=0)
    asked = words.parse_args()
    rows = [chat(row) for row in read_jsonl(asked.rows) if row["kind"] in EVALUATED]
    random.Random(asked.seed).shuffle(rows)
    kill_at = random.Random(asked.seed).randrange(asked.steps // 3, asked.steps - 1)
    with tempfile.TemporaryDirectory() as scratch:
        body: dict[str, Any] = {
            **{"model": str(asked.model), "method": asked.method, "rows": rows[16:], "held_out": rows[:16]},
            **{"rows_limit": 60, "held_out_limit": 8, "tokens": asked.tokens, "seed": asked.seed},
            **{"steps": asked.steps, "seconds": 1e9, "numbers": asked.numbers, "save": "last", "keep": 0},
            **{"threads": os.cpu_count(), "batch_tokens": 1024, "checkpoint_s": CHECKPOINT_S},
        }
        unbroken = trained(asked.environment, {**body, "out": f"{scratch}/unbroken"}, lambda line: None)
        kept: list[int] = []

        def kill(line: dict[str, Any]) -> None:
            if line["kind"] == "checkpoint":
                kept.append(line["step"])
            if kept and line["kind"] == "loss" and line["loss"] is not None and line["step"] >= kill_at:
                raise Killed(line["step"])

        broken = {**body, "out": f"{scratch}/broken"}
        try:
            trained(asked.environment, broken, kill)
            raise SystemExit("It came to its end before it could be killed: take more steps.")
        except Killed as killed:
            at = killed.args[0]
        resumed = trained(asked.environment, broken, lambda line: None)
    steps = {"killed_at_step": at, "went_on_from_step": kept[-1], "passes": "by the plan"}
    last = abs(resumed["losses"][-1] / unbroken["losses"][-1] - 1)
    result = {
        "equal": unbroken["sha256"] == resumed["sha256"],
        "last_loss_differs_by": round(last, 5),
        **steps,
        "unbroken": unbroken,
        "resumed": resumed,
        "machine": {"cores": os.cpu_count(), "load": os.getloadavg(), "python": platform.python_version()},
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
