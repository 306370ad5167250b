# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel's tests share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from build_tools import archive

HERE = Path(__file__).parent
FILE, TREE = "black-h0bB1T__material_node_wizard/nodes.blend", "NW_Leak"


@pytest.fixture(scope="session")
def archived(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension as a zip."""
    target = tmp_path_factory.mktemp("zip") / "voxel_trainer.zip"
    archive.write(root, target)
    return target


@pytest.fixture(scope="session")
def archived_with_hosts(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip of this platform, which brings the packages that talk to hosts."""
    target = tmp_path_factory.mktemp("zip") / "voxel_trainer-linux_x64.zip"
    archive.write(root, target, "linux-x64")
    return target


@pytest.fixture
def window(blender_tool: Path, archived: Path, corpus: Path, tmp_path: Path) -> Any:
    """Run a window script in a version; what it found. Pictures lie in the folder `out` of the test."""

    def run(version: str, script: str, limit_s: int = 400, **more: str) -> dict[str, Any]:
        out = tmp_path / f"out-{version}-{script}"
        told = {
            "DATA": tmp_path / f"data {version}",
            "FILE": corpus / FILE,
            "TREE": TREE,
            "CORPUS": corpus,
            "WALK": tmp_path / "walk",
            **more,
        }
        where = ["--install", archived, "--script", HERE / f"{script}.py", "--out", out, "--limit", str(limit_s)]
        environment = {**os.environ, **{f"VOXEL_TEST_{key}": str(value) for key, value in told.items()}}
        command = [sys.executable, blender_tool, "gui", version, *map(str, where)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert (out / "result.json").is_file(), done.stdout + done.stderr
        found: dict[str, Any] = json.loads((out / "result.json").read_text(encoding="utf-8"))
        log = (out / "blender.log").read_text(encoding="utf-8", errors="replace")
        assert found["ok"], f"{found['error']}\n{log[-3000:]}"
        assert "Python script error" not in log and "Traceback" not in log, log[-3000:]
        return found

    return run
