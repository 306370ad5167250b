# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Blender opens the files: the one that runs this command, or the one that was named."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..worker.protocol import Host

MARK = "voxel-facts "
ASK_S = 120.0


def as_host(facts: dict[str, Any]) -> Host:
    """Facts from JSON, as `scripts/run_headless.py` gathers them."""
    major, minor, patch = facts["version"]
    return Host(facts["program"], facts["is_module"], (major, minor, patch), tuple(facts["assets"]), facts["online"])


def find(named: str, facts: Callable[[], dict[str, Any] | None], script: Path) -> Host | None:
    """The Blender to use, or None where this Python has no bpy and none was named. Raises UserError for a bad name."""
    if named:
        return ask(named, script)
    here = facts()
    return as_host(here) if here else None


def ask(program: str, script: Path) -> Host:
    """Start the named Blender, or Python with bpy, once and let it tell of itself."""
    path = shutil.which(os.path.expanduser(program))
    if not path:
        raise UserError(f"{program} is no program that can be run. Name Blender's with --blender PATH.")
    if Path(path).name.startswith("python"):
        words = [path, str(script), "facts"]
    else:
        words = [path, "-b", "--factory-startup", "--python-exit-code", "70", "--python", str(script), "--", "facts"]
    try:
        told = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=ASK_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"{program} could not be started: {error}") from error
    for line in told.stdout.splitlines():
        if line.startswith(MARK):
            return as_host(json.loads(line.removeprefix(MARK)))
    raise UserError(f"{program} did not answer as Blender, or as a Python with the bpy module, does.")
