# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker that is killed in the middle of an answer: the answer is run again, the others have theirs."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.bpy, pytest.mark.skipif(os.name != "posix", reason="signals")]

import bpy  # noqa: E402

from voxel_trainer_addon.worker.pool import Pool  # noqa: E402
from voxel_trainer_addon.worker.protocol import Host, Request  # noqa: E402

SLOW = (
    "import bpy\nx = 0\nfor i in range(10_000_000):\n    x += 1\nbpy.data.node_groups.new(f'n{}', 'ShaderNodeTree')\n"
)


def test_every_answer_has_its_outcome_when_a_worker_is_killed(tmp_path: Path) -> None:
    host = Host(sys.executable, True, (bpy.app.version[0], bpy.app.version[1], bpy.app.version[2]))
    asked = [Request("run_answer", {"code": SLOW.replace("{}", str(i))}, str(i), limit_s=60) for i in range(3)]
    killed: list[int] = []
    with Pool(host, workers=1, memory_mb=2000, scratch=tmp_path) as pool:

        def tick() -> bool:
            for worker, unit in pool._busy.items():
                if not killed and time.monotonic() - unit.since > 0.2:
                    killed.append(worker.pid)
                    os.kill(worker.pid, signal.SIGKILL)
            return True

        answers = {answer.request.item: answer for answer in pool.run(asked, tick)}
    assert killed
    assert sorted(answers) == ["0", "1", "2"]
    assert all(answer.ok and answer.body["ran"] for answer in answers.values())
    assert sorted(answer.tries for answer in answers.values()) == [1, 1, 2]
