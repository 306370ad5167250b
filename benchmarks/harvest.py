# SPDX-License-Identifier: GPL-3.0-or-later
"""What harvest costs over its floor: `python benchmarks/harvest.py [--files N] [--kilobytes K]`.

Makes N different files of K kB, then measures the floor (walk the folder, hash every file), a first harvest, and
a second one over the unchanged folder against its own floor (walk and look). Prints ratios and memory as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from voxel_trainer_addon.errors import Exit
from voxel_trainer_addon.files import sha256_of
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.pipeline.run import Run
from voxel_trainer_addon.stage import Options


def seconds(work: Callable[[], object]) -> float:
    since = time.perf_counter()
    work()
    return time.perf_counter() - since


def walked(root: Path) -> list[Path]:
    return [Path(folder, name) for folder, _, names in os.walk(root) for name in names if os.stat(Path(folder, name))]


def harvest(root: Path, data: DataFolder) -> None:
    status = Run(data, Options(source=(f"folder:{root}",)), None, ("harvest",)).go()
    assert status == Exit.DONE, status


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--kilobytes", type=int, default=100)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        root, data = Path(place) / "files", DataFolder(Path(place) / "training_data")
        for number in range(asked.files):
            path = root / f"{number % 100:02}" / f"{number}.blend"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(number.to_bytes(8, "big") * (asked.kilobytes * 128))
        before = peak_mb()
        floor = seconds(lambda: [sha256_of(path) for path in walked(root)])
        first = seconds(lambda: harvest(root, data))
        look = seconds(lambda: walked(root))
        second = seconds(lambda: harvest(root, data))
        told = {
            "files": asked.files,
            "kilobytes": asked.kilobytes,
            "floor_s": round(floor, 2),
            "first_over_floor": round(first / floor, 2),
            "look_s": round(look, 2),
            "second_s": round(second, 2),
            "peak_growth_mb": round(peak_mb() - before, 1),
            "load": os.getloadavg()[0],
            "machine": f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores",
        }
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
