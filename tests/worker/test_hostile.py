# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile answers in a real worker, with the allow-list, past it, and past the audit hook too: nothing outside the
scratch folder changes, and the next answer is what it would have been."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.blenders import NEWEST, OLDEST, slow_but_in
from voxel_trainer_addon.bpy_code import allowed
from voxel_trainer_addon.worker.pool import Pool
from voxel_trainer_addon.worker.process import PROGRAM
from voxel_trainer_addon.worker.protocol import Answer, Host, Request

pytestmark = [pytest.mark.bpy, pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")]

HERE = Path(__file__).parent
PROGRAMS = {"listed": PROGRAM, "past the list": HERE / "unguarded.py", "past the hook": HERE / "unhooked.py"}
WHERE = {"listed": (NEWEST,), "past the list": (OLDEST, NEWEST), "past the hook": (NEWEST,)}
PARTS = re.split(r"^== (\w+)\n", (HERE / "hostile.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)
ANSWERS = dict(zip(PARTS[1::2], PARTS[2::2], strict=True))
"""Hostile answers by name. HOME is a folder that they must not change, PORT one that listens, PID a process."""
NO_END = ("loops", "swallows_everything", "grows", "prints", "prints_past_python", "fills_the_disk")
GOOD = """import bpy, math, random
tree = bpy.data.node_groups.new("Next", "ShaderNodeTree")
node = tree.nodes.new("ShaderNodeMath")
node.inputs[0].default_value = len([1]) + math.sin(1) + random.random()
node.label = ",".join(sorted(g.name for g in bpy.data.node_groups))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("home")
    (place / "precious").write_text("secret")
    return place


@pytest.fixture(scope="module", params=[pytest.param(way, marks=slow_but_in(*WHERE[way])) for way in PROGRAMS])
def pool(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    import bpy

    host = Host(sys.executable, True, (bpy.app.version[0], bpy.app.version[1], bpy.app.version[2]))
    scratch, program = tmp_path_factory.mktemp("scratch"), PROGRAMS[request.param]
    with Pool(host, workers=1, memory_mb=2000, scratch=scratch, program=program, tries_max=1) as made:
        yield made


def run(pool: Pool, code: str, limit_s: float = 60) -> Answer:
    (answer,) = pool.run([Request("run_answer", {"code": code}, "it", limit_s=limit_s)], lambda: True)
    return answer


def next_answer(pool: Pool) -> Any:
    answer = run(pool, GOOD)
    assert answer.ok, (answer.sentence, answer.detail)
    return answer.body


def listing(place: Path) -> list[tuple[Any, ...]]:
    """Everything in a folder, with what a change would change."""
    of = [(path, path.lstat()) for path in sorted(place.rglob("*"))]
    return [(str(path), s.st_mode, s.st_size, s.st_mtime_ns, s.st_uid) for path, s in of]


@pytest.mark.parametrize("name", ANSWERS)
def test_a_hostile_answer_is_refused_or_contained(pool: Pool, home: Path, name: str) -> None:
    fresh = next_answer(pool)
    person = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with socket.create_server(("127.0.0.1", 0)) as server, person:
        server.setblocking(False)
        code = ANSWERS[name]
        for word, value in {"HOME": home, "PORT": server.getsockname()[1], "PID": person.pid}.items():
            code = code.replace(word, str(value))
        before = listing(home), sorted(os.listdir(Path.home()))
        answer = run(pool, code, 4 if name in NO_END else 60)
        assert (listing(home), sorted(os.listdir(Path.home()))) == before
        with pytest.raises(BlockingIOError):
            server.accept()
        assert person.poll() is None
        person.kill()
    if pool._program == PROGRAM and allowed.unsafe(code):
        assert answer.code == "unsafe" and "not run" in answer.sentence
    print(f"| {name} | {pool._program.stem} | {answer.code or answer.body['error'] or 'ran'} | {answer.detail[:120]!r}")
    assert "secret" not in str(answer.body)
    assert next_answer(pool) == fresh


def test_the_list_refuses_all_but_those_that_only_take_time_and_memory() -> None:
    assert {name for name, code in ANSWERS.items() if not allowed.unsafe(code)} <= {*NO_END}
