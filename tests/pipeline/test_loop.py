# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop closed by one command, small: from a request to the next model, and back to the one before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from build_tools import environments
from voxel_trainer_addon.deployment import pointer
from voxel_trainer_addon.paths import DataFolder

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_the_loop_is_closed(training_python: Path, corpus: Path, root: Path, tmp_path: Path) -> None:
    base, folder = tmp_path / "tiny", tmp_path / "loop"
    tiny = root / "tests" / "providers" / "tiny_model.py"
    subprocess.run([training_python, "-I", tiny, base, "good"], check=True, capture_output=True)
    files = ["--source", f"folder:{corpus}", "--licences", corpus / "MANIFEST.json"]
    whose = ["--artist", "KhronosGroup__glTF-Blender-Exporter/*", "--only", "saturday06__VRM-Addon-for-Blender/*"]
    blender = ["--blender", environments.made("bpy-5_2", "3.13")]
    argv: list[Any] = [sys.executable, root / "benchmarks" / "loop.py", folder, "--small", *blender, *files, *whose]
    told = subprocess.run([*argv, "--base", base, "--train-env", training_python], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr[-3000:]
    assert "edited and kept" in told.stdout and "val and test as they were" in told.stdout, told.stdout
    assert "rows of feedback: none" not in told.stdout, told.stdout
    assert "4 of 4 of its answers are those of before, bit for bit" in told.stdout, told.stdout
    data = DataFolder(folder / "model")
    assert [entry["done"] for entry in pointer.history(data)] == ["promoted", "promoted", "rolled back to"]
    assert pointer.read(data).pointer.live == "loop/v1"
