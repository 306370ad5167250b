# SPDX-License-Identifier: GPL-3.0-or-later
"""Start the headless command so that it outlives whoever started it."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Program:
    """What runs the headless script: a Blender binary, or the Python whose `bpy` is a module (`is_module`).

    `online` hands on the person's *Allow Online Access*: factory settings would forget it.
    """

    binary: str
    is_module: bool = False
    online: bool = False

    def command(self, script: Path, words: Sequence[str]) -> list[str]:
        """The command line: `script` with `words` as its arguments."""
        if self.is_module:
            return [self.binary, "-I", str(script), *words]
        net = ["--online-mode"] if self.online else []
        # --python-exit-code counts only for what stands after it
        quiet = ["-b", "--factory-startup", *net, "--python-exit-code", "70"]
        return [self.binary, *quiet, "--python", str(script), "--", *words]


def new_id() -> str:
    """A run's id, the name of its folder: sortable by time, as those of the headless command are."""
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime()) + "-" + secrets.token_hex(2)


def detached(command: Sequence[str], cwd: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Start `command` as `apart` does; its output goes to `log.txt` in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "log.txt", "ab") as log:
        return apart(command, cwd, log, log)


def apart(command: Sequence[str], cwd: Path, out: IO[bytes], err: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, with the environment as it is and nothing of ours inherited.

    Wheels are found through HOME and `BLENDER_USER_*`, so these stay.
    """
    if sys.platform == "win32":
        flags, session = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS, False
    else:
        flags, session = 0, True
    return subprocess.Popen(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        start_new_session=session,
        creationflags=flags,
    )
