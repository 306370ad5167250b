# SPDX-License-Identifier: GPL-3.0-or-later
"""How near the stage parse comes to bare loops: `python benchmarks/engine.py FOLDER [--rounds N]` (a Python with bpy).

In each round, over the same files and one after the other: two independent processes that load, read and write half of
the files each; the stage with two workers; the stage with one; and (once, over a few files) a process for each file.
Starting and ending are left out everywhere: time counts from when the first process is ready to the last record.
`--queue N` measures the parent's memory instead, with N queued files, which a stand-in for Blender answers at once.
`--worker N` measures what the memory of one worker comes to after N files. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from loadable import loadable

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from voxel_trainer_addon.catalog import Catalog, Origin
from voxel_trainer_addon.errors import Exit
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.pipeline import run as pipeline
from voxel_trainer_addon.stage import Options
from voxel_trainer_addon.worker.pool import Pool
from voxel_trainer_addon.worker.protocol import Answer, Host, Request
from voxel_trainer_addon.worker.record import SCHEMA

ROOT = Path(__file__).resolve().parent.parent
FAKE = ROOT / "tests" / "worker" / "fake_worker.py"
LINKS = 30_000
"""Hard links of one file: ext4 takes 65,000."""
ALONE = 8
"""Files that are read by a process each."""


def loop(files: list[str]) -> None:
    """Child: load, read and write each file. Says `ready` first and waits for a line; then says how long it took."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    inside = importlib.import_module("voxel_trainer_addon.worker.inside")
    read = importlib.import_module("voxel_trainer_addon.worker.inside.read")
    inside.empty()
    print("ready", file=out, flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        for path in files:
            try:
                read.run({"path": path, "sha256": "0" * 64, "beside": True}, Path(scratch))
            except (inside.Refused, OSError, ValueError):
                continue
    print(time.perf_counter() - began, file=out, flush=True)
    os._exit(0)


def loops(parts: list[list[str]]) -> float:
    """Seconds that the slowest of some loops takes, all begun together."""
    children = []
    with tempfile.TemporaryDirectory() as place:
        for number, part in enumerate(parts):
            listed = Path(place, f"{number}.json")
            listed.write_text(json.dumps(part))
            argv = [sys.executable, __file__, str(listed), "--loop"]
            pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            children.append(subprocess.Popen(argv, text=True, **pipes))
        for child in children:
            assert child.stdout.readline() == "ready\n"
        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
        seconds = [float(child.stdout.readline()) for child in children]
        for child in children:
            child.communicate()
    return max(seconds)


class Timed(Pool):
    """A pool that remembers when its first worker was ready, and when its last answer was taken in."""

    ready = taken = 0.0

    def run(self, *args: Any, **kwargs: Any) -> Iterator[Answer]:
        for answer in super().run(*args, **kwargs):
            yield answer
            Timed.taken = time.perf_counter()

    def _greet(self, worker: Any, frame: Any) -> None:
        super()._greet(worker, frame)
        Timed.ready = Timed.ready or time.perf_counter()


def stage(files: list[str], folder: Path, host: Host, workers: int) -> float:
    """Seconds that the stage parse takes from its first ready worker to its last record."""
    data = DataFolder(folder / f"data{workers}")
    shutil.rmtree(data.root, ignore_errors=True)
    options = Options(source=(f"folder:{folder / 'files'}",), workers=workers)
    assert pipeline.Run(data, options, host, ("harvest",)).go() in (Exit.DONE, Exit.SET_ASIDE)
    pipeline.Pool, Timed.ready = Timed, 0.0  # type: ignore[misc]
    status = pipeline.Run(data, options, host, ("parse",)).go()
    assert status in (Exit.DONE, Exit.SET_ASIDE), status
    return Timed.taken - Timed.ready


def compared(options: argparse.Namespace) -> dict[str, Any]:
    import bpy

    host = Host(sys.executable, True, tuple(bpy.app.version))
    found, lost = loadable(sorted(map(str, options.folder.rglob("*.blend")), key=lambda path: -os.stat(path).st_size))
    rounds: dict[str, list[float]] = {"two_loops": [], "stage_2": [], "stage_1": []}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "files").mkdir()
        for number, path in enumerate(found):
            shutil.copy(path, folder / "files" / f"{number:04}.blend")
        files = sorted(map(str, (folder / "files").iterdir()))
        for _ in range(options.rounds + 1):
            rounds["two_loops"].append(loops([files[::2], files[1::2]]))
            rounds["stage_2"].append(stage(files, folder, host, 2))
            rounds["stage_1"].append(stage(files, folder, host, 1))
        began = time.perf_counter()
        picked = files[:: max(1, len(files) // ALONE)][:ALONE]
        for path in picked:
            loops([[path]])
        alone = (time.perf_counter() - began) / len(picked)
    medians = {name: statistics.median(seconds[1:]) for name, seconds in rounds.items()}  # the first warms the caches
    return {
        "benchmark": "engine",
        "blender": host.name,
        "files": len(files),
        "not_loaded": len(lost),
        "seconds": {name: round(value, 2) for name, value in medians.items()},
        "two_workers_over_two_loops": round(medians["two_loops"] / medians["stage_2"], 3),
        "two_workers_over_one": round(medians["stage_1"] / medians["stage_2"], 2),
        "process_per_file_over_one_worker": round(alone * len(files) / medians["stage_1"], 1),
    }


class Heard:
    """How many files were done, and the parent's memory in MB, once a second."""

    def __init__(self) -> None:
        self.done, self.curve = 0, list[tuple[int, int]]()

    def __call__(self, line: dict[str, Any]) -> None:
        if line["kind"] == "progress":
            self.done = line["done"]
        elif line["kind"] == "beat":
            self.curve.append((self.done, round(pipeline.own_rss_mb())))


def queued(small: Path, count: int) -> dict[str, Any]:
    """The parent's memory while it hands hard links of `small` to stand-ins for Blender, which answer at once."""
    with tempfile.TemporaryDirectory() as place:
        folder, source = Path(place), "folder:many#000000"
        (folder / "files").mkdir()
        first = folder / "files" / "0.blend"
        shutil.copy(small, first)
        seen = first.stat()
        data = DataFolder(folder / "data")
        with Catalog(data.catalog) as catalog:
            catalog.add_source(source, "folder", folder / "files")
            for start in range(0, count, 1000):
                numbers = range(start, min(start + 1000, count))
                for number in numbers:
                    if number % LINKS:
                        os.link(
                            folder / "files" / f"{number - number % LINKS}.blend", folder / "files" / f"{number}.blend"
                        )
                    elif number:
                        shutil.copy2(first, folder / "files" / f"{number}.blend")
                size, changed = seen.st_size, seen.st_mtime_ns
                catalog.add_origins(
                    Origin(source, f"{number}.blend", f"{number:064x}", size, changed, "own", {}) for number in numbers
                )
        program = folder / "program.py"
        program.write_text(FAKE.read_text(encoding="utf-8").replace('answer["body"]["seen"] = body', ANSWER))
        pipeline.Pool = partial(Pool, program=program)  # type: ignore[assignment, misc]
        heard, before = Heard(), pipeline.own_rss_mb()
        host = Host(sys.executable, True, (5, 2, 3))
        status = pipeline.Run(data, Options(workers=2), host, ("parse",), [heard]).go()
        assert status == Exit.DONE, status
    return {"benchmark": "engine, queue", "files": count, "start_mb": round(before), "curve": heard.curve}


def worn(files: list[str], host: Host, count: int) -> dict[str, Any]:
    """What a worker's memory comes to after so many files, the same ones over and over, in MB."""
    seen: list[tuple[int, int]] = []
    with tempfile.TemporaryDirectory() as place:
        scratch = Path(place)
        pool = Pool(host, workers=1, memory_mb=4000, scratch=scratch, readable=sorted({Path(f).parent for f in files}))

        def requests() -> Iterator[Request]:
            for number in range(count):
                path = files[number % len(files)]
                yield Request("read", {"path": path, "sha256": f"{number:064x}", "way": "fast"}, path, f"{number:064x}")

        with contextlib.closing(pool):
            for done, answer in enumerate(pool.run(requests(), lambda: True), 1):
                if answer.ok:
                    Path(str(answer.body["record"])).unlink()
                if done % 100 == 0:
                    seen.append((done, max((worker.rss_mb() for worker in pool._all()), default=0)))
    first, most = seen[0][1], max(mb for _, mb in seen)
    return {
        "benchmark": "engine, worker",
        "files": count,
        "after_100_mb": first,
        "most_mb": most,
        "most_over_first": round(most / first, 2),
        "curve": seen,
    }


ANSWER = f"""place = start["scratch"] + "/" + body["sha256"] + ".json"
    with open(place, "w") as out:
        json.dump({{"schema": "{SCHEMA}", "sha256": body["sha256"]}}, out)
    answer["body"] |= {{"record": place, "state": "read", "counts": {{}}, "beside": []}}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queue", type=int, default=0, metavar="N")
    parser.add_argument("--worker", type=int, default=0, metavar="N")
    parser.add_argument("--loop", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.loop:
        loop(json.loads(options.folder.read_text()))
    smallest = min(
        options.folder.rglob("*.blend"), key=lambda path: (path.stat().st_size < 10_000, path.stat().st_size)
    )
    if options.worker:
        bpy = importlib.import_module("bpy")
        files, _ = loadable(sorted(map(str, options.folder.rglob("*.blend"))))
        told = worn(files, Host(sys.executable, True, tuple(bpy.app.version)), options.worker)
    else:
        told = queued(smallest, options.queue) if options.queue else compared(options)
    told["load"] = round(os.getloadavg()[0], 1)
    told["machine"] = {"system": platform.platform(), "cpus": os.cpu_count(), "python": platform.python_version()}
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
