# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip in the bpy module: installed, switched off and on again, nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from build_tools import archive

pytestmark = pytest.mark.bpy

FIELDS = ("folder", "licence", "data", "preset", "name", "model", "bundled")
FILTERS = ("searches", "search_at", "stars", "file_mb", "share_alike", "copyleft", "archived")


@pytest.fixture(scope="module")
def steps(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What `install_cycle.py` saw, in a process and settings of its own."""
    scratch = tmp_path_factory.mktemp("install")
    archive.write(root, scratch / "voxel_trainer.zip")
    env = {
        **os.environ,
        "PYTHONPATH": "",
        "HOME": str(scratch / "home"),
        "BLENDER_USER_RESOURCES": str(scratch / "user"),
    }
    (scratch / "home").mkdir()
    script = Path(__file__).with_name("install_cycle.py")
    # bpy comes first: it is what makes Blender's own `addon_utils` importable
    words = ["-c", f"import bpy, runpy; runpy.run_path({str(script)!r}, run_name='__main__')"]
    command = [sys.executable, *words, str(scratch / "voxel_trainer.zip")]
    done = subprocess.run(command, env=env, cwd=scratch, capture_output=True, text=True, timeout=300)
    found = [line.removeprefix("RESULT ") for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert found, done.stdout + done.stderr
    assert "Error" not in done.stderr and "Traceback" not in done.stderr, done.stderr
    value: list[dict[str, Any]] = json.loads(found[0])
    return value


def test_it_works_each_time_it_is_switched_on(steps: list[dict[str, Any]]) -> None:
    on = [step for step in steps if "tooltip" in step]
    assert len(on) == 3
    for step in on:
        assert step["timer"] and step["listed"] and step["interval"] == 1.0
        assert "run_headless.py run --data" in step["tooltip"]
        assert not step["tooltip"].endswith(".")
        assert "poll() failed" in step["refused"]
        assert step["searches"] == [["https://example.org/rocks.git", "rocks"], [False, True]]


def test_switched_off_it_leaves_nothing_behind(steps: list[dict[str, Any]]) -> None:
    off = [step for step in steps if "left" in step]
    assert off == [{"left": {}, "timer": False}] * 2


def test_labels_and_tooltips_follow_blenders_rules(root: Path) -> None:
    import bpy

    import voxel_trainer_addon

    voxel_trainer_addon.register()
    try:
        names = [name for name in dir(bpy.types) if name.startswith("VOXEL_")]
        assert len(names) == 67
        for name in names:
            cls = getattr(bpy.types, name)
            texts = [
                cls.bl_rna.description,
                *(p.description for p in cls.bl_rna.properties if p.identifier not in cls.bl_rna.base.properties),
            ]
            assert not [text for text in texts if text.endswith(".")]
            assert cls.bl_rna.name.istitle() or cls.bl_rna.name in ("", name) or "&" in cls.bl_rna.name, cls.bl_rna.name
        for item in (*FIELDS, *FILTERS):
            assert bpy.types.WindowManager.bl_rna.properties["voxel"].fixed_type.properties[item].description
    finally:
        voxel_trainer_addon.unregister()
    assert not [name for name in dir(bpy.types) if name.startswith("VOXEL_")]


def test_a_system_without_a_clipboard_is_told() -> None:
    from voxel_trainer_addon.panel import clipboard
    from voxel_trainer_addon.panel.blender import DESK

    class Manager:
        """Takes a text and forgets it, as Blender does where the system has no clipboard."""

        clipboard = property(lambda self: "", lambda self, text: None)

    clipboard.to_clipboard(Manager(), "import bpy", "Copied.")
    assert DESK.view.note == ("ERROR", "This system gave Blender no clipboard. Save as Script works without one.")
    DESK.forget()
