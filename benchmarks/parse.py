# SPDX-License-Identifier: GPL-3.0-or-later
"""What a record costs over the bare loading of its file: ratios, file by file, interleaved in one process.

    python benchmarks/parse.py FOLDER [--files N] [--repeats N]      (a Python that has bpy)

Prints one JSON object. `ratio` is (load + read + write the record) / (load alone), both by the fast way, summed over
the files, `cpu_ratio` the same in processor time (steadier on a busy machine); `spread` are the ratios of the repeats.
`look_ms` is the mean of the look without Blender.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from loadable import load, loadable

ROOT = Path(__file__).resolve().parent.parent


def timed(call: Callable[[], None]) -> tuple[float, float]:
    """Seconds by the clock and seconds of processor."""
    clock, processor = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - clock, time.process_time() - processor


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=0, help="so many files at most, evenly picked by size (0: all)")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # Blender prints as it loads
    import bpy

    inside = importlib.import_module("voxel_trainer_addon.worker.inside")
    read = importlib.import_module("voxel_trainer_addon.worker.inside.read")
    header = importlib.import_module("voxel_trainer_addon.data_collection.header")
    files, look_s = [], 0.0
    for path in sorted(options.folder.rglob("*.blend"), key=lambda path: path.stat().st_size):
        began = time.perf_counter()
        seen = header.look(path, bpy.app.version)
        look_s += time.perf_counter() - began
        if isinstance(seen, header.Look):
            files.append(str(path))
    looked = len(files)
    if options.files:
        files = files[:: max(1, len(files) // options.files)]
    files, lost = loadable(files)
    inside.empty()
    rounds, refused = [], 0
    with tempfile.TemporaryDirectory() as scratch:

        def whole(path: str) -> None:
            read.run({"path": path, "sha256": "0" * 64, "beside": True}, Path(scratch))

        for repeat in range(options.repeats + 1):
            sums = [[0.0, 0.0], [0.0, 0.0]]
            for path in list(files):
                try:
                    steps = [lambda path=path: load(path), lambda path=path: whole(path)]
                    spent = [(0.0, 0.0), (0.0, 0.0)]
                    for which in (0, 1) if repeat % 2 else (1, 0):
                        spent[which] = timed(steps[which])
                except (inside.Refused, OSError, ValueError):
                    files.remove(path)
                    refused += 1
                    continue
                sums = [[s + t for s, t in zip(*pair, strict=True)] for pair in zip(sums, spent, strict=True)]
            if repeat:  # the first round warms the caches
                rounds.append(sums)
    ratios = [whole[0] / floor[0] for floor, whole in rounds]
    cpu = [whole[1] / floor[1] for floor, whole in rounds]
    result = {
        "benchmark": "parse",
        "blender": ".".join(map(str, bpy.app.version)),
        "files": len(files),
        "refused": refused,
        "not_loaded": {Path(path).name: reason for path, reason in lost.items()},
        "ratio": round(statistics.median(ratios), 3),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "cpu_ratio": round(statistics.median(cpu), 3),
        "floor_ms": round(1000 * statistics.median(floor[0] for floor, _ in rounds) / len(files), 2),
        "whole_ms": round(1000 * statistics.median(whole[0] for _, whole in rounds) / len(files), 2),
        "look_ms": round(1000 * look_s / max(1, looked), 2),
        "machine": {"system": platform.platform(), "cpus": os.cpu_count(), "python": platform.python_version()},
    }
    print(json.dumps(result, indent=2), file=out, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
