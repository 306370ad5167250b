# SPDX-License-Identifier: GPL-3.0-or-later
"""What hostile .blend files do when they are opened: in plain Blender, and in our worker. A table in Markdown.

    python benchmarks/traps.py      (a Python that has bpy; Linux)

Plain: `open_mainfile(load_ui=False)` in a process of its own, with automatic scripts on (to see that the trap is one)
and off. Ours: the stage's own pool, by the fast way and by the other one.
"""

from __future__ import annotations

import importlib
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.worker import traps  # noqa: E402
from voxel_trainer_addon.worker.pool import Pool  # noqa: E402
from voxel_trainer_addon.worker.protocol import Answer, Host, Request  # noqa: E402


def made(folder: Path) -> None:
    """The traps, made in a process of their own."""
    maker = [sys.executable, "-I", traps.__file__, "make", folder]
    subprocess.run(maker, check=True, capture_output=True, timeout=120)


def reading(pool: Pool, folder: Path) -> Callable[[str, str], tuple[traps.Seen, Answer]]:
    """A way to read one trap in a worker, watched."""

    def read(name: str, way: str) -> tuple[traps.Seen, Answer]:
        path = folder / "files" / f"{name}.blend"
        body = {"path": str(path), "sha256": "0" * 64, "way": way, "blocks": 1}
        with traps.watched(folder, name) as seen:
            (answer,) = pool.run([Request("read", body, name, "0" * 64, traps.LIMIT_S)], lambda: True)
        if not answer.ok:
            seen.ended = f"set aside: {answer.sentence}"
        return seen, answer

    return read


def told(seen: traps.Seen) -> str:
    return f"{seen.words()}, {seen.seconds:.1f} s"


def main() -> None:
    bpy: Any = importlib.import_module("bpy")
    host = Host(sys.executable, True, tuple(bpy.app.version))
    with tempfile.TemporaryDirectory(prefix="voxel-traps-") as place:
        folder = Path(place)
        made(folder)
        given: dict[str, Any] = {"memory_mb": 4000, "scratch": folder / "scratch", "readable": [folder / "files"]}
        with Pool(host, workers=1, tries_max=1, **given) as pool:
            read = reading(pool, folder)
            read(traps.NOT_UTF_8, "fast")
            kernel = platform.release().split("-")[0]
            system = f"{platform.system()} {kernel}, {platform.machine()}, {time.strftime('%Y-%m-%d')}"
            print(f"Blender {host.name}, {system}; locked: {', '.join(sorted(pool.locked or ()))}.\n")
            print("| trap | plain, scripts on | plain, scripts off | our worker, fast way | our worker, other way |")
            print("|---|---|---|---|---|")
            for name in (*traps.NAMES, traps.NOT_UTF_8):
                row = [told(traps.plain(sys.executable, folder, name, scripts)) for scripts in (True, False)]
                for way in ("fast", "open"):
                    read(traps.NOT_UTF_8, "fast")  # so that no start of a worker is counted
                    row.append(told(read(name, way)[0]))
                print(f"| {name.replace('_', ' ')} | {' | '.join(row)} |", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
