# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports what talks to hosts inside Blender: in a window, and as the command that the panel starts there."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

SAYS = "IMPORTED "


def imported(package: str) -> dict[str, list[Any]]:
    """Package → its version, file and seconds; `urllib3` is Blender's own, which stays in use."""
    packages: ModuleType = import_module(f"{package}.packages")
    found: dict[str, list[Any]] = {}
    for name in (*packages.WANTED, "urllib3"):
        begun = time.monotonic()
        module = packages.wanted(name) if name in packages.WANTED else import_module("requests").urllib3
        found[name] = [module.__version__, module.__file__, round(time.monotonic() - begun, 2)]
    return found


def by_the_headless_command(package: str, data: str) -> dict[str, list[Any]]:
    """The same in a process that is started as the panel starts the headless command, from its copy of the package."""
    runs, paths = import_module(f"{package}.runs.code_copy"), import_module(f"{package}.paths")
    program = import_module(f"{package}.panel.blender").program()
    command = program.command(Path(__file__), [str(runs.ensure(paths.DataFolder(Path(data))))])
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    said = [line.removeprefix(SAYS) for line in done.stdout.splitlines() if line.startswith(SAYS)]
    assert said, done.stdout + done.stderr
    found: dict[str, list[Any]] = json.loads(said[0])
    return found


if __name__ == "__main__":
    script = runpy.run_path(sys.argv[-1])
    script["command"]()
    print(SAYS + json.dumps(imported(script["NAME"])), flush=True)
