# SPDX-License-Identifier: GPL-3.0-or-later
"""One holder at a time, freed by death, told by name."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from voxel_trainer_addon import locks

pytestmark = pytest.mark.plain

ROOT = Path(locks.__file__).parent.parent
HOLD = """
import sys, time
from pathlib import Path
from voxel_trainer_addon.locks import FolderLock
lock = FolderLock(Path(sys.argv[1]), "run 7")
print(lock.acquire(0), flush=True)
time.sleep(60)
"""
PROBE = """
import sys
from pathlib import Path
from voxel_trainer_addon.locks import probe
while True:
    probe(Path(sys.argv[1]))
"""


def holding(path: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock at `path`, or has failed to take it."""
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    assert child.stdout.readline().strip() == "True"
    return child


def test_a_second_holder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "data" / ".lock"
    assert not locks.probe(path)
    with locks.FolderLock(path, "run 7 in Blender 5.2.3") as first:
        assert first.acquire()
        assert locks.probe(path)
        assert not locks.FolderLock(path, "run 8").acquire(wait_s=0.1)
        assert locks.holder(path) == "run 7 in Blender 5.2.3"
    assert not locks.probe(path)
    assert locks.holder(path) == ""
    second = locks.FolderLock(path, "run 8")
    assert second.acquire(0)
    assert locks.holder(path) == "run 8"
    second.release()
    second.release()


def test_kill_frees_the_lock_at_once(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    child = holding(path)
    assert locks.probe(path) and locks.holder(path) == "run 7"
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert not locks.probe(path)
    assert locks.FolderLock(path).acquire(0)


def test_a_lock_given_back_while_waiting_is_taken(tmp_path: Path) -> None:
    held, waiting = locks.FolderLock(tmp_path / ".lock"), locks.FolderLock(tmp_path / ".lock")
    assert held.acquire()
    threading.Timer(0.2, held.release).start()
    assert waiting.acquire(5.0)
    waiting.release()


def test_probes_do_not_make_a_start_fail(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    path.touch()
    child = subprocess.Popen([sys.executable, "-c", PROBE, str(path)], cwd=ROOT)
    try:
        time.sleep(0.3)
        for _ in range(10):
            lock = locks.FolderLock(path)
            assert lock.acquire()
            lock.release()
    finally:
        child.kill()
        child.wait()
