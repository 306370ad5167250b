# SPDX-License-Identifier: GPL-3.0-or-later
"""The training environment itself, out of a folder of wheels, without an index: told, made, found again, removed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from voxel_trainer_addon import pythons
from voxel_trainer_addon.errors import Exit
from voxel_trainer_addon.providers.local import builds, environment

pytestmark = [pytest.mark.plain, pytest.mark.slow]
COMMAND = [sys.executable, str(Path(__file__).parents[2] / "scripts" / "run_headless.py"), "train", "--setup"]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that the processor's environment is made of, as pip downloads it with the settings of this machine."""
    python = pythons.find("3.11")
    if python is None or sys.platform != "linux":
        pytest.skip("the hash of PyTorch's build is known for Python 3.11 on Linux")
    folder = tmp_path_factory.mktemp("wheels")
    for path in (builds.PACKAGES, builds.CPU_TORCH):
        words = ["download", "-q", "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", str(path)]
        subprocess.run([str(python), "-m", "pip", *words, "-d", str(folder)], check=True)
    return folder


def states(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in folder.rglob("*")}


def test_from_a_wheel_folder_without_an_index(wheels: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (cache / "other").mkdir(parents=True)
    around = {**os.environ, "VOXEL_TRAINER_CACHE": str(cache), "http_proxy": "http://127.0.0.1:9"}

    def setup(*words: str) -> tuple[int, float]:
        began = time.monotonic()
        done = subprocess.run([*COMMAND, "--wheels", str(wheels), *words], env=around, capture_output=True, text=True)
        return done.returncode, time.monotonic() - began

    # the embedded model's package is not in the folder, which is told when all else is made
    status, took = setup()
    assert status == Exit.SET_ASIDE and took < 300
    (made,) = (cache / "environments").iterdir()
    disk = environment.bytes_in(made)
    assert abs(disk - builds.CPU.disk_mb * 1e6) < 0.1 * disk
    download = sum(path.stat().st_size for path in wheels.iterdir())
    assert abs(download - builds.CPU.download_mb * 1e6) < 0.1 * download

    before = states(cache)
    _, took = setup("--dry-run")
    assert took < 5 and states(cache) == before
    assert setup("--remove")[0] == Exit.DONE and states(cache).keys() == {str(cache / "other")}
