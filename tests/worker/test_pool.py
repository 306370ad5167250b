# SPDX-License-Identifier: GPL-3.0-or-later
"""The pool loses nothing: real processes that crash, hang, lie, flood and never start, without Blender."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from voxel_trainer_addon.errors import Cancelled, Unavailable
from voxel_trainer_addon.worker import process
from voxel_trainer_addon.worker.pool import Pool
from voxel_trainer_addon.worker.protocol import Answer, Host, Request

pytestmark = [pytest.mark.plain, pytest.mark.skipif(os.name != "posix", reason="the fake worker dies of signals")]

HOST = Host(sys.executable, True, (5, 2, 3))
FAKE = Path(__file__).parent / "fake_worker.py"
Make = Callable[..., Pool]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Pool] = []

    def pool(**given: Any) -> Pool:
        options = {"workers": 2, "memory_mb": 200, "scratch": tmp_path / "scratch", "program": FAKE, **given}
        made.append(Pool(HOST, **options))
        return made[-1]

    yield pool
    for each in made:
        each.close()
        assert each.alive() == 0
    assert not (tmp_path / "scratch" / "workers").exists()


def ask(index: int, limit_s: float = 20.0, retry: dict[str, Any] | None = None, **body: Any) -> Request:
    return Request("read", body, f"file {index}", f"hash {index}", limit_s, retry)


def go() -> bool:
    return True


def run(pool: Pool, *requests: Request) -> list[Answer]:
    return list(pool.run(requests, go))


def test_every_request_is_answered_once(make: Make) -> None:
    answers = run(make(), *(ask(n, number=n) for n in range(50)))
    assert sorted(answer.body["seen"]["number"] for answer in answers) == list(range(50))
    assert len({answer.body["pid"] for answer in answers}) in (1, 2)


def test_a_worker_says_what_it_gave_up(make: Make) -> None:
    pool = make()
    assert pool.locked is None and len(run(pool, ask(1))) == 1 and pool.locked == frozenset()


def test_requests_are_taken_lazily(make: Make) -> None:
    taken = 0

    def endless() -> Iterator[Request]:
        nonlocal taken
        while True:
            taken += 1
            yield ask(taken)

    answers = make().run(endless(), go)
    for _ in range(20):
        next(answers)
    assert taken <= 20 + 2 * 2 + 1


def test_a_crash_costs_one_retry_then_the_reason(make: Make) -> None:
    answers = {a.request.item: a for a in run(make(), ask(1, do="crash"), *(ask(n) for n in range(2, 10)))}
    assert len(answers) == 9 and all(answers[f"file {n}"].ok for n in range(2, 10))
    lost = answers["file 1"]
    assert (lost.ok, lost.code, lost.tries) == (False, "crashed", 2)
    assert lost.sentence == "Blender 5.2.3 crashed (SIGSEGV) while reading it"
    assert "about to crash" in lost.detail


def test_the_retry_has_another_body_and_a_fresh_worker(make: Make, tmp_path: Path) -> None:
    first, retried = run(make(workers=1), ask(1), ask(2, do="crash", retry={"way": "open"}))
    assert first.ok and retried.ok and retried.tries == 2
    assert retried.body["seen"] == {"way": "open"} and retried.body["pid"] != first.body["pid"]


def test_a_refusal_is_retried_only_where_there_is_another_way(make: Make) -> None:
    plain, other = sorted(
        run(make(), ask(1, do="refuse"), ask(2, do="refuse", retry={"way": "open"})), key=lambda a: a.request.item
    )
    assert (plain.ok, plain.code, plain.sentence, plain.tries) == (False, "no", "It is refused", 1)
    assert other.ok and other.tries == 2


def test_a_worker_killed_in_mid_run_loses_nothing(make: Make) -> None:
    pool, seen = make(), []
    for answer in pool.run((ask(n) for n in range(40)), go):
        seen.append(answer)
        if len(seen) in (5, 15):
            os.kill(answer.body["pid"], signal.SIGKILL)
    assert len(seen) == 40 and all(answer.ok for answer in seen)
    assert len({answer.body["pid"] for answer in seen}) >= 3


def test_a_worker_killed_over_its_unit_is_replaced(make: Make, tmp_path: Path) -> None:
    pool = make(workers=1)
    killed = False

    def tick() -> bool:
        nonlocal killed
        if (tmp_path / "begun").exists() and not killed:
            killed = True
            for worker in pool._busy:
                os.kill(worker.pid, signal.SIGKILL)
        return True

    (answer,) = pool.run([ask(1, do="hang", once=str(tmp_path / "begun"))], tick)
    assert killed and answer.ok and answer.tries == 2


@pytest.mark.parametrize(
    ("do", "code", "words"), [("SIGKILL", "memory", "was killed by the system"), ("SIGXCPU", "time", "processor time")]
)
def test_what_the_system_ended_has_its_own_reason(make: Make, do: str, code: str, words: str) -> None:
    (answer,) = run(make(workers=1), ask(1, do=do))
    assert (answer.ok, answer.code, answer.tries) == (False, code, 2) and words in answer.sentence


def test_what_somebody_waits_for_is_tried_once(make: Make) -> None:
    (answer,) = run(make(workers=1), replace(ask(1, do="SIGKILL"), once=True))
    assert (answer.ok, answer.code, answer.tries) == (False, "memory", 1)


def test_what_hangs_is_killed_at_its_limit(make: Make) -> None:
    began = time.monotonic()
    (answer,) = run(make(workers=1), ask(1, limit_s=0.5, do="hang"))
    assert (answer.ok, answer.code) == (False, "time")
    assert answer.sentence == "Blender 5.2.3 took longer than 0.5 s while reading it"
    assert time.monotonic() - began < 10


def test_memory_is_limited(make: Make) -> None:
    (answer,) = run(make(workers=1), ask(1, do="eat"))
    assert (answer.ok, answer.code) == (False, "memory")
    assert answer.sentence == "Blender 5.2.3 took more than 200 MB of memory while reading it"


@pytest.mark.parametrize("do", ["lie", "flood", "half", "deep"])
def test_nonsense_is_no_answer(make: Make, do: str) -> None:
    answers = {a.request.item: a for a in run(make(), ask(1, do=do), ask(2), ask(3))}
    assert answers["file 2"].ok and answers["file 3"].ok and not answers["file 1"].ok


def test_a_log_does_not_grow_without_end(make: Make, tmp_path: Path) -> None:
    (answer,) = run(make(workers=1), ask(1, do="print"))
    assert answer.ok
    assert sum(log.stat().st_size for log in (tmp_path / "scratch").rglob("log.txt")) < 8 << 20


def test_workers_are_replaced_after_their_units_and_when_worn(make: Make) -> None:
    answers = run(make(workers=1, units_max=2), *(ask(n) for n in range(5)))
    assert len({answer.body["pid"] for answer in answers}) == 3
    answers = run(make(workers=1), ask(1, do="wear"), ask(2))
    assert len({answer.body["pid"] for answer in answers}) == 2


def test_workers_that_never_start_end_the_run_with_the_reason(make: Make, tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import sys\nsys.exit('libGL.so.1 is missing')\n")
    with pytest.raises(Unavailable, match=r"could not be started.*exit 1.*libGL\.so\.1 is missing"):
        run(make(program=broken), *(ask(n) for n in range(5)))


def test_workers_that_are_never_ready_end_the_run(make: Make, tmp_path: Path) -> None:
    silent = tmp_path / "silent.py"
    silent.write_text("import time\ntime.sleep(600)\n")
    with pytest.raises(Unavailable, match="not ready within"):
        run(make(program=silent, ready_s=0.3), ask(1))


def test_a_pause_begins_nothing_new(make: Make) -> None:
    taken, ticks, while_paused = 0, 0, []

    def requests() -> Iterator[Request]:
        nonlocal taken
        while taken < 30:
            taken += 1
            yield ask(taken)

    def tick() -> bool:
        nonlocal ticks
        ticks += taken > 10
        if 0 < ticks <= 5:
            while_paused.append(taken)
            return False
        return True

    assert len(list(make(workers=1).run(requests(), tick))) == 30
    assert len(while_paused) == 5 and len(set(while_paused)) == 1


def test_a_cancelled_run_leaves_no_worker(make: Make) -> None:
    pool, pids = make(), set()

    def tick() -> bool:
        pids.update(worker.pid for worker in pool._all())
        if len(seen) >= 3:
            raise Cancelled
        return True

    seen: list[Answer] = []
    with pytest.raises(Cancelled):
        for answer in pool.run((ask(n) for n in range(100)), tick):
            seen.append(answer)
    assert pool.alive() == 0 and pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_worker_sees_nothing_of_the_persons_environment(make: Make, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    telling = tmp_path / "telling.py"
    telling.write_text(FAKE.read_text().replace('"pid": os.getpid()}}', '"env": dict(os.environ), "pid": 0}}'))
    (answer,) = run(make(program=telling), ask(1))
    held = answer.body["env"]
    assert not {"GITHUB_TOKEN", "PYTHONPATH"} & set(held)
    assert held["HOME"] == held["TMPDIR"] == held["BLENDER_USER_RESOURCES"] != str(Path.home())


@pytest.mark.skipif(
    getattr(os, "geteuid", lambda: 1)() != 0, reason="only root may read what others keep to themselves"
)
def test_a_worker_of_root_can_read_what_belongs_to_others(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.blend"
    theirs.write_bytes(b"BLENDER")
    os.chown(theirs, 12345, 12345)
    theirs.chmod(0o600)
    started = [*process._namespace(), "cat", str(theirs)]
    assert subprocess.run(started, capture_output=True).stdout == b"BLENDER"
