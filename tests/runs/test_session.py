# SPDX-License-Identifier: GPL-3.0-or-later
"""A session over real processes: a stand-in for the headless command is started, steered, killed and found again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from voxel_trainer_addon.runs import Phase, Program, Session, code_copy

pytestmark = pytest.mark.plain

PYTHON = Program(sys.executable, is_module=True)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package as it lies in the zip, with the stand-in for its headless script."""
    place = tmp_path / "package"
    for name, path in code_copy.contents(code_copy.PACKAGE).items():
        if name != code_copy.SCRIPT.as_posix():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place / name)
    (place / code_copy.SCRIPT).parent.mkdir()
    shutil.copyfile(Path(__file__).with_name("fake_headless.py"), place / code_copy.SCRIPT)
    return place


@pytest.fixture
def session(tmp_path: Path, package: Path) -> Iterator[Session]:
    made = Session(tmp_path / "data", package)
    yield made
    if made.id and made.phase.alive:
        made.steer("cancel")
    wait(made, lambda: made._child is None)


def wait(session: Session, until: Callable[[], bool], limit_s: float = 20.0) -> None:
    """Step as the panel's timer does until something holds."""
    end = time.monotonic() + limit_s
    while not until():
        assert time.monotonic() < end, f"waited {limit_s} s in phase {session.phase}; {session.message}; {session.run}"
        session.step()
        time.sleep(0.05)


def start(session: Session, *words: str) -> None:
    assert session.data
    session.start(PYTHON, ["run", "--data", str(session.data.root), *words])


def pid(session: Session) -> int:
    """The process of the run that `session` started."""
    child = session._child
    assert child
    return child.pid


def test_start_follow_and_finish(session: Session) -> None:
    assert session.phase is Phase.IDLE
    start(session, "--units", "10", "--pace", "0.02")
    assert session.phase is Phase.STARTING
    wait(session, lambda: session.phase is Phase.RUNNING)
    wait(session, lambda: session.phase is Phase.FINISHED)
    assert (session.run.exit, session.run.stages["parse"].done) == (3, 10)
    assert [aside["item"] for aside in session.run.asides] == ["chair\u202e 7.blend"]


def test_pause_resume_cancel_are_obeyed_and_said(session: Session) -> None:
    start(session, "--units", "1000")
    wait(session, lambda: session.run.stages.get("parse") is not None and session.run.stages["parse"].done > 1)
    session.steer("pause")
    assert session.asked == "pause"
    wait(session, lambda: session.phase is Phase.PAUSED)
    session.step()
    assert session.asked == ""
    done = session.run.stages["parse"].done
    time.sleep(0.5)
    session.step()
    assert session.run.stages["parse"].done == done
    session.steer("resume")
    wait(session, lambda: session.run.stages["parse"].done > done)
    session.steer("cancel")
    wait(session, lambda: session.phase is Phase.FINISHED)
    assert session.run.exit == 130


def test_another_session_finds_the_run_and_a_run_started_elsewhere(session: Session, package: Path) -> None:
    assert session.data
    later = Session(session.data.root, package)
    start(session, "--units", "1000")
    wait(session, lambda: session.phase is Phase.RUNNING)
    wait(later, lambda: later.phase is Phase.RUNNING)
    assert later.id == session.id
    later.steer("pause")
    wait(session, lambda: session.phase is Phase.PAUSED)
    third = Session(session.data.root, package)
    wait(third, lambda: third.phase is Phase.PAUSED)
    assert third.run.stages["parse"].done == session.run.stages["parse"].done


def test_a_killed_run_is_stopped_and_not_before(session: Session, package: Path) -> None:
    assert session.data
    start(session, "--units", "1000")
    wait(session, lambda: session.phase is Phase.RUNNING)
    later = Session(session.data.root, package)
    wait(later, lambda: later.phase is Phase.RUNNING)
    os.kill(pid(session), signal.SIGKILL)
    wait(session, lambda: session.phase is Phase.STOPPED)
    wait(later, lambda: later.phase is Phase.STOPPED)
    start(later, "--units", "1", "--pace", "0")
    wait(later, lambda: later.phase is Phase.FINISHED and later._child is None)
    wait(session, lambda: session.id == later.id and session.phase is Phase.FINISHED)


def test_a_silent_run_that_holds_its_lock_is_not_stopped(session: Session) -> None:
    start(session, "--units", "3", "--pace", "3")
    wait(session, lambda: session.phase is Phase.RUNNING)
    wait(session, lambda: session.silent_s() > 2.5)
    assert session.phase is Phase.RUNNING


def test_a_run_is_refused_where_another_works_and_that_one_is_shown(session: Session, package: Path) -> None:
    assert session.data
    second = Session(session.data.root, package)
    start(session, "--units", "1000")
    wait(session, lambda: session.phase is Phase.RUNNING)
    start(second)
    wait(second, lambda: second.id == session.id)
    assert second.message == "Another run works in this data folder; it is shown here"


def test_a_run_that_cannot_start_says_why(session: Session) -> None:
    start(session, "--broken")
    wait(session, lambda: bool(session.message))
    assert session.phase is Phase.IDLE
    assert session.message == "The run could not start (exit status 1). No such thing as a broken run"


def test_a_run_outlives_the_process_that_started_it(tmp_path: Path, package: Path) -> None:
    starter = (
        "import sys; from pathlib import Path; from voxel_trainer_addon.runs import Session, Program\n"
        "session = Session(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "session.start(Program(sys.executable, True), ['run', '--data', sys.argv[1], '--units', '25'])\n"
    )
    data, root = tmp_path / "data", code_copy.PACKAGE.parent
    subprocess.run([sys.executable, "-c", starter, str(data), str(package)], cwd=root, check=True, timeout=30)
    shutil.rmtree(package)  # as disabling the extension does
    session = Session(data)
    wait(session, lambda: session.phase is Phase.RUNNING)
    wait(session, lambda: session.phase is Phase.FINISHED)
    assert session.run.stages["parse"].done == 25
