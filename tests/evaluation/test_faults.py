# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a model says, each prompt has an outcome: none is lost, none stops the run."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from voxel_trainer_addon import prompts
from voxel_trainer_addon.errors import UserError
from voxel_trainer_addon.evaluation import separate
from voxel_trainer_addon.evaluation.execution import execute
from voxel_trainer_addon.evaluation.quality_metrics import Ran
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.stage import Work
from voxel_trainer_addon.worker.protocol import Answer, Host, Request

pytestmark = pytest.mark.plain

CODE = "import bpy\nbpy.data.materials.new('M')\n"
SAID = {
    "a model that loops": ("import bpy\n" + "x = 1\n" * 30_000, True),
    "prose": ("I am sorry, I cannot make a material.", False),
    "nothing": ("", False),
    "an empty block": ("```python\n```", False),
    "two blocks": (f"First:\n```python\nimport bpy\n```\nBetter:\n```python\n{CODE}```\n", True),
    "Windows line ends": (f"Here:\r\n```python\r\n{CODE}```\r\n".replace("\n", "\r\n").replace("\r\r", "\r"), True),
    "100,000 tokens": (f"```python\n{CODE}" + "node_1.location = (1, 2)\n" * 10_000, True),
    "one line without end": ("```python\nx = '" + "a" * 1_000_000, False),
    "nesting without end": ("```python\n" + "(" * 100_000, False),
    "null bytes": ("```python\nimport bpy\0\n```", False),
}
"""What a model says, and whether that is Python."""


class Machine:
    """Stands at the border to the workers: notes what would be run, and answers that it ran."""

    host = Host("python", True, (5, 2, 3))

    def __init__(self, root: Path) -> None:
        self.folder = DataFolder(root)
        self.run: list[str] = []

    def answers(self, requests: Iterable[Request]) -> Iterator[Answer]:
        for request in requests:
            self.run.append(str(request.body["code"]))
            failed = bool(request.body["drop_failing"])
            yield Answer(request, True, {"ran": not failed, "error": "", "line": 0, "dropped": 0, "graphs": {}})

    def progress(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize("name", SAID)
def test_each_answer_comes_out_in_a_second_or_two(name: str, tmp_path: Path) -> None:
    text, python = SAID[name]
    machine, began = Machine(tmp_path), time.monotonic()
    code = prompts.code_of(text)
    found = execute(cast(Work, machine), [code, CODE])
    assert time.monotonic() - began < 20
    assert found[CODE].ran
    assert found.get(code, Ran()).ran == python
    assert "\r" not in code


def test_of_two_blocks_the_longer_is_taken() -> None:
    assert prompts.code_of(SAID["two blocks"][0]) == CODE


def test_line_ends_make_no_difference() -> None:
    assert prompts.code_of(SAID["Windows line ends"][0]) == CODE


def test_what_is_not_safe_reaches_no_worker(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    execute(cast(Work, machine), ["import os\nos.fork()\n", CODE])
    assert machine.run == [CODE]


def test_a_script_is_run_once_in_a_blender(tmp_path: Path) -> None:
    machine, again = Machine(tmp_path), Machine(tmp_path)
    broken = CODE + "(\n"
    first = execute(cast(Work, machine), [CODE, broken])
    assert execute(cast(Work, again), [CODE, broken]) == first and machine.run and not again.run
    again.host = Host("python", True, (4, 2, 23))
    assert execute(cast(Work, again), [CODE]) and again.run == [CODE]


def test_a_worker_that_was_killed_says_nothing_of_a_script(tmp_path: Path) -> None:
    class Killed(Machine):
        def answers(self, requests: Iterable[Request]) -> Iterator[Answer]:
            for request in requests:
                self.run.append(str(request.body["code"]))
                yield Answer(request, False, {}, "crashed", "It crashed.")

    machine, again = Killed(tmp_path), Machine(tmp_path)
    assert execute(cast(Work, machine), [CODE])[CODE].error == "It crashed."
    assert execute(cast(Work, again), [CODE])[CODE].ran and again.run == [CODE]


def test_train_and_test_that_share_a_group_are_refused() -> None:
    train, test = [{"group": "a"}, {"group": "b"}], [{"group": "b"}, {"group": "c"}]
    with pytest.raises(UserError, match=r"share 1 group \(b\)"):
        separate.refuse_shared(train, test)
    separate.refuse_shared(train, test[1:])


def test_a_reference_that_no_longer_proves_is_told_with_its_reason() -> None:
    row = {"key": "materials/M", "proof": {"blender": "4.2.23"}}
    told = separate.stale(row, Ran(error="KeyError: 'Specular'"), "5.2.3")
    assert "KeyError: 'Specular'" in told and "proven in Blender 4.2.23 and run in 5.2.3" in told
    assert "makes no materials/M" in separate.stale(row, Ran(True, "", 0, {}), "5.2.3")
    assert separate.stale({"proof": {"blender": "5.2.3"}}, Ran(True, "", 0, {}), "5.2.3") == ""
