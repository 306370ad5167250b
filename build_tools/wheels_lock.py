# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the lock file of the zips' wheels: `python -m build_tools.wheels_lock`.

uv resolves once for all systems and Pythons; pip then says which wheel each of them takes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from voxel_trainer_addon import words
from voxel_trainer_addon.files import sha256_of, write_text

from .environments import made, requirements, say
from .training_lock import FIRST_PYTHON, resolved
from .wheels import LOCK, PLATFORMS, PYTHONS, download, fitting, locked

BROUGHT = ("urllib3==1.26.8", "urllib3==2.4.0")
"""What each Blender brings and our packages take, as 4.2 has it and as 5.0 and newer do (Blender's versions.cmake). The
zips leave it out: Blender looks into the wheels' folder first, and 4.2's requests does not know urllib3 2."""


def main() -> int:
    python = made("lock", FIRST_PYTHON)
    with tempfile.TemporaryDirectory(prefix="voxel-lock-") as scratch:
        folder = Path(scratch)
        uv, pins = python.with_name("uv"), requirements("wheels")
        old, new = (resolved(uv, folder, "wheels", [*pins, brought], "") for brought in BROUGHT)
        blocks = {pin: lines for pin, lines in old.items() if pin not in BROUGHT}
        if blocks.keys() != new.keys() - set(BROUGHT):
            sys.exit("No one set of packages fits what the oldest and the newest Blender bring.")
        pip = [str(python), "-m", "pip"]
        places = [
            download(pip, list(blocks.values()), name, version, folder) for name in PLATFORMS for version in PYTHONS
        ]
        lines = [
            f'"{wheel.name}" = {{ sha256 = "{sha256_of(wheel)}", bytes = {wheel.stat().st_size} }}\n'
            for wheel in sorted({wheel for found in places for wheel in found})
        ]
    write_text(LOCK, "# Written by `python -m build_tools.wheels_lock`.\n" + "".join(lines))
    lock = locked()
    for platform in PLATFORMS:
        names = fitting(platform)
        size = words.size(sum(lock[name]["bytes"] for name in names))
        say(f"{platform}: {words.counted(len(names), 'wheel')}, {size}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
