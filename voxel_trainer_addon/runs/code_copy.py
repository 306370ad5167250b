# SPDX-License-Identifier: GPL-3.0-or-later
"""A run works from its own copy of the package: disabling or updating the extension deletes the installed one."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from pathlib import Path

from .. import __version__
from ..locks import probe
from ..paths import DataFolder

PACKAGE = Path(__file__).resolve().parent.parent
SCRIPT = Path("scripts", "run_headless.py")
LEFT_OUT = ("__pycache__", "wheels", "scripts")
OLD_S = 86400.0


def script(package: Path = PACKAGE) -> Path:
    """The headless script that belongs to `package`: inside it in an installed extension, beside it in a checkout."""
    inside = package / SCRIPT
    return inside if inside.is_file() else package.parent / SCRIPT


def contents(package: Path) -> dict[str, Path]:
    """Name in the copy → file: the package at the top, as in the zip, and its headless script. Sorted by name."""
    found = {SCRIPT.as_posix(): script(package)}
    for folder, names, files in os.walk(package):
        names[:] = [name for name in names if name not in LEFT_OUT and not name.startswith(".")]
        for name in files:
            path = Path(folder, name)
            found[path.relative_to(package).as_posix()] = path
    return dict(sorted(found.items()))


def ensure(data: DataFolder, package: Path = PACKAGE) -> Path:
    """The copy of `package` in the data folder, made where it is missing. Returns the path of its headless script.

    A copy is named by what is in it, and comes into being by one rename.
    """
    inside = {name: path.read_bytes() for name, path in contents(package).items()}
    named = hashlib.sha256()
    for name, content in inside.items():
        named.update(f"{name}\0{len(content)}\0".encode() + content)
    home = data.root / ".code"
    copy = home / f"{__version__}-{named.hexdigest()[:12]}"
    if not copy.is_dir():
        part = home / f".part-{os.getpid()}"
        for name, content in inside.items():
            path = part / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        try:
            part.rename(copy)
        except OSError:  # another Blender made it meanwhile
            shutil.rmtree(part, ignore_errors=True)
            if not copy.is_dir():
                raise
    _tidy(data, copy)
    return copy / SCRIPT


def _tidy(data: DataFolder, keep: Path) -> None:
    """Remove other copies, a day old or more, where no run is at work and nobody is served."""
    if probe(data.lock) or any(map(probe, data.serve_lock("").parent.glob("*.lock"))):
        return
    for copy in keep.parent.iterdir():
        if copy != keep and time.time() - copy.stat().st_mtime > OLD_S:
            shutil.rmtree(copy, ignore_errors=True)
