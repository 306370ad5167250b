# SPDX-License-Identifier: GPL-3.0-or-later
"""Voxel Trainer without windows.

`blender -b --python scripts/run_headless.py -- run …`, or `python scripts/run_headless.py run …` with the bpy module.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
NAME = "voxel_trainer_headless"


def facts() -> dict[str, Any] | None:
    """What this process's Blender says of itself, or None in a Python without bpy."""
    try:
        import bpy
    except ImportError:
        return None
    assets = bpy.utils.system_resource("DATAFILES", path="assets")  # type: ignore[attr-defined]
    return {
        "program": bpy.app.binary_path or sys.executable,
        "is_module": not bpy.app.binary_path,
        "version": list(bpy.app.version),
        "assets": [assets] if assets else [],
        "online": bool(bpy.app.online_access) or not bpy.app.binary_path,  # the module has no preferences to ask
    }


def words() -> list[str]:
    """The words meant for us: those behind `--`, or all where Python itself started this script."""
    if "--" in sys.argv:
        return sys.argv[sys.argv.index("--") + 1 :]
    return sys.argv[1:] if Path(sys.argv[0]).resolve() == HERE else []


def command() -> Any:
    """The package's `cli.command`, loaded by its place: around `scripts/` in an extension, beside it in a checkout."""
    package = HERE.parent.parent
    if not (package / "cli").is_dir():
        package /= "voxel_trainer_addon"
    spec = importlib.util.spec_from_file_location(
        NAME, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    assert spec and spec.loader, f"{package} holds no package"
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module
    spec.loader.exec_module(module)
    return importlib.import_module(f"{NAME}.cli.command")


if __name__ == "__main__":
    if "--" in sys.argv:
        os.environ.setdefault("VOXEL_TRAINER_COMMAND", "blender -b --python scripts/run_headless.py --")
    status = command().main(words(), facts, HERE)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # Blender swallows exceptions and its own exit can crash
