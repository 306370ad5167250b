# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of pipeline and workers, then resume: the same catalog, records and rows as without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.bpy


def test_killed_and_resumed_equals_undisturbed(corpus: Path) -> None:
    words = [sys.executable, str(Path(__file__).with_name("kills.py")), str(corpus), "--limit", "12", "--seed", "3"]
    told = subprocess.run(words, capture_output=True, text=True, timeout=900, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "killed" in told.stdout and told.stdout.rstrip().endswith("the same")
