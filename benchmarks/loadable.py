# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of a folder this Blender reads by the fast way, so that a benchmark is not ended by one that kills it."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def load(path: str) -> None:
    """Loading alone, by the fast way. A function, so that nothing of the data outlives it."""
    import bpy

    unwanted = importlib.import_module("voxel_trainer_addon.worker.inside.read").NOT_WANTED
    data: Any
    with bpy.data.temp_data() as data, data.libraries.load(path, link=True) as (there, wanted):
        for kind in dir(there):
            names = getattr(there, kind)
            if kind not in unwanted and isinstance(names, list):
                setattr(wanted, kind, names)


def loadable(files: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The files that load, in order, and why the others do not. Each death of a child costs the file it was at."""
    kept, left, lost = list[str](), list(files), dict[str, str]()
    while left:
        argv = [sys.executable, __file__]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        child = subprocess.Popen(argv, text=True, **pipes)
        out, _ = child.communicate(json.dumps(left))
        told = [json.loads(line) for line in out.splitlines()]
        lost |= {path: reason for path, reason in told if reason}
        kept += [path for path, reason in told if not reason]
        left = left[len(told) :]
        if left and child.returncode:
            lost[left[0]] = f"ended with {child.returncode}"
            left = left[1:]
    return kept, lost


def main() -> None:
    """Child: a line [path, reason or ""] for each file of the list on standard input."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # Blender prints as it loads
    sys.path.insert(0, str(ROOT))
    importlib.import_module("voxel_trainer_addon.worker.inside").empty()
    for path in json.load(sys.stdin):
        reason = ""
        try:
            load(path)
        except (OSError, RuntimeError, ValueError) as error:
            reason = str(error)[:200]
        print(json.dumps([path, reason]), file=out, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
