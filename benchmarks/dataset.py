# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the stage dataset takes and what it yields: `python benchmarks/dataset.py [--bpy PYTHON] FOLDER…`.

Every .blend below the folders is read and its trees are proven with the bpy module of PYTHON (default: this one); the
figures are printed as JSON, seconds by step, proofs a second, and the dataset's own facts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from bare import Bare

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from voxel_trainer_addon.catalog import Catalog, Origin
from voxel_trainer_addon.dataset_builder import dataset
from voxel_trainer_addon.errors import SetAside
from voxel_trainer_addon.files import sha256_of
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.stage import Options
from voxel_trainer_addon.worker.pool import Pool
from voxel_trainer_addon.worker.protocol import Answer, Host, Request

ASK = """
import bpy, json
print(json.dumps([list(bpy.app.version), bpy.utils.system_resource("DATAFILES", path="assets")]))
"""


class Bench(Bare):
    """A run without the pipeline: what the stage is handed, and nothing more."""

    def __init__(self, folder: DataFolder, host: Host, options: Options, readable: list[Path]) -> None:
        self.folder, self.host, self.options, self.run_id = folder, host, options, "benchmark"
        self.catalog = Catalog(folder.catalog)
        self.pool = Pool(host, workers=os.cpu_count() or 1, memory_mb=4000, scratch=folder.scratch, readable=readable)

    def answers(self, requests: Iterable[Request], *, readable: Iterable[Path] = ()) -> Iterator[Answer]:
        return self.pool.run(requests, self.tick)

    def set_aside(self, aside: SetAside) -> None:
        self.catalog.add_aside(aside)


def read(bench: Bench, folders: list[Path]) -> None:
    """Read every .blend of the folders into a record; files that fail are named."""
    requests = []
    for folder in folders:
        for path in sorted(folder.rglob("*.blend")):
            sha256, size = sha256_of(path), path.stat().st_size
            origin = Origin(f"folder:{folder.name}", str(path.relative_to(folder)), sha256, size, 0, "own", {})
            bench.catalog.add_source(origin.source, "folder", folder)
            bench.catalog.add_origins([origin])
            body = {"path": str(path), "sha256": sha256, "way": "fast"}
            requests.append(Request("read", body, path.name, sha256, retry={**body, "way": "open"}))
    for answer in bench.answers(requests):
        if answer.ok:
            place = f"parsed_data/{answer.request.sha256}.json"
            bench.folder.parsed.mkdir(parents=True, exist_ok=True)
            os.replace(answer.body["record"], bench.folder.root / place)
            bench.catalog.add_record(answer.request.sha256, bench.host.name, 1, "read", place, {})
        else:
            print(f"{answer.request.item}: {answer.sentence}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="default: Blender's bundled assets")
    parser.add_argument("--bpy", default=sys.executable, metavar="PYTHON", help="a Python with the bpy module")
    parser.add_argument("--keep", type=Path, help="data folder to keep; default: a temporary one")
    given = parser.parse_args()
    version, assets = json.loads(subprocess.run([given.bpy, "-c", ASK], capture_output=True, check=True).stdout)
    host = Host(given.bpy, True, tuple(version), (assets,))
    folders = given.folders or [Path(assets)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = DataFolder(given.keep or Path(temporary))
        bench = Bench(folder, host, Options(name="benchmark"), [*folders, folder.root])
        try:
            start = time.perf_counter()
            read(bench, folders)
            parsed = time.perf_counter()
            outcome = dataset.run(bench)
            built = time.perf_counter()
            again = dataset.run(bench)
            end = time.perf_counter()
        finally:
            bench.pool.close()
        assert again == outcome, "a second build from the same records differs"
        known = json.loads((folder.dataset("benchmark") / "dataset.json").read_text(encoding="utf-8"))
    tried = known["funnel"].get("trees tried", 0) + known["funnel"].get("pieces", 0)
    result = {
        "machine": {"processor": platform.processor(), "cores": os.cpu_count(), "python": platform.python_version()},
        "load_1min": os.getloadavg()[0],
        "seconds": {
            "read": round(parsed - start, 1),
            "build": round(built - parsed, 1),
            "build again": round(end - built, 1),
        },
        "proofs_a_second": round(tried / (built - parsed), 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000,
        "words": outcome.words,
        "dataset": known,
    }
    print(json.dumps(result, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
