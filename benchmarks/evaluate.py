# SPDX-License-Identifier: GPL-3.0-or-later
"""Running and judging a dataset's own answers: how many the allow-list refuses, how many run, what a second try costs.

    python benchmarks/evaluate.py DATASET_FOLDER --blender PATH [--rows N] [--workers N]

PATH is a Blender, or a Python that has bpy. Prints one JSON object: `refused` and `failed` should be empty, since each
answer was proven; `second_try` is (statement by statement) / (whole), in seconds over the same answers; `judge_ms` is
the mean of the allow-list alone.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--blender", required=True)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from voxel_trainer_addon.bpy_code.allowed import unsafe
    from voxel_trainer_addon.cli.host import ask
    from voxel_trainer_addon.files import read_jsonl
    from voxel_trainer_addon.worker.pool import Pool
    from voxel_trainer_addon.worker.protocol import Request

    rows = [row for split in ("test", "val", "train") for row in read_jsonl(options.dataset / f"{split}.jsonl")]
    scripts = [row["completion"] for row in rows][: options.rows]
    began = time.perf_counter()
    refused = [code for code in scripts if unsafe(code)]
    judged = time.perf_counter() - began
    host = ask(options.blender, ROOT / "scripts" / "run_headless.py")
    seconds: dict[bool, float] = {}
    failed: set[str] = set()
    with (
        tempfile.TemporaryDirectory() as scratch,
        Pool(host, workers=options.workers, memory_mb=2000, scratch=Path(scratch)) as pool,
    ):
        list(pool.run([Request("run_answer", {"code": "import bpy\n"}, "warm up")], lambda: True))
        for drop in (False, True):
            requests = (
                Request("run_answer", {"code": code, "drop_failing": drop}, str(number))
                for number, code in enumerate(scripts)
            )
            began = time.perf_counter()
            for answer in pool.run(requests, lambda: True):
                if not answer.ok or not answer.body["ran"]:
                    failed.add(f"{answer.sentence or answer.body.get('error')}")
            seconds[drop] = time.perf_counter() - began
    found = {
        "answers": len(scripts),
        "refused": len(refused),
        "failed": sorted(failed),
        "answers_s": round(len(scripts) / seconds[False], 1),
        "second_try": round(seconds[True] / seconds[False], 2),
        "judge_ms": round(1000 * judged / max(1, len(scripts)), 2),
        "blender": host.name,
        "machine": {"system": platform.platform(), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)},
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
