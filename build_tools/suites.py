# SPDX-License-Identifier: GPL-3.0-or-later
"""`build.py test`: every check in the environment that it needs, one line a suite at the end."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from voxel_trainer_addon import words
from voxel_trainer_addon.errors import Unavailable
from voxel_trainer_addon.providers.local import environment

from .environments import CI, ROOT, Missing, made, say

LIMIT_S = 1500
NOTHING_COLLECTED = 5
CHECKED = ["build.py", "build_tools", "scripts", "tests", "voxel_trainer_addon", "benchmarks"]
WINDOWS = ("4.3", "5.2")
"""Versions of the real Blenders that the shared tools install."""


class Failed(Exception):
    """A suite that did not pass; the words say how."""


class Skipped(Exception):
    """A suite that cannot run on this machine; the words say why. In CI that is a failure."""


@dataclass(frozen=True)
class Asked:
    """What the command line asks of the suites."""

    words: tuple[str, ...]
    slow: bool


@dataclass(frozen=True)
class Result:
    """How a suite ended: `ok`, `FAILED` or `skipped`."""

    suite: str
    state: str
    seconds: float
    words: str


def shared() -> Path:
    """Where corpus, judge and Blender tools lie, if they are here at all."""
    return Path(os.environ.get("VOXEL_TRAINER_SHARED") or ROOT.parent / "shared").resolve()


def call(argv: list[str | Path], **variables: str) -> int:
    """Run a program to its end and return its status; the whole group is ended when it runs over its time."""
    child = subprocess.Popen(
        [str(word) for word in argv],
        cwd=ROOT,
        env={**os.environ, "VOXEL_TRAINER_SHARED": str(shared()), **variables},
        stdin=subprocess.DEVNULL,
        start_new_session=os.name == "posix",
    )
    try:
        return child.wait(LIMIT_S)
    except subprocess.TimeoutExpired:
        raise Failed(f"ran over {words.duration(LIMIT_S)} and was ended") from None
    finally:
        if child.poll() is None:
            if os.name == "posix":
                os.killpg(child.pid, signal.SIGKILL)
            child.kill()
            child.wait()


def passes(argv: list[str | Path], **variables: str) -> str:
    status = call(argv, **variables)
    if status:
        raise Failed(f"exit status {status}")
    return ""


def pytest(python: Path, marker: str, asked: Asked, **variables: str) -> str:
    """Run the tests with `marker` in the environment of `python`."""
    wanted = marker if asked.slow else f"{marker} and not slow"
    status = call([python, "-m", "pytest", "-q", "-m", wanted, *asked.words], **variables)
    if status == NOTHING_COLLECTED:
        return "no tests"
    if status:
        raise Failed(f"pytest's exit status {status}")
    return ""


def ruff(asked: Asked) -> str:
    here = [name for name in CHECKED if (ROOT / name).exists()]
    python = made("dev", "3.11")
    passes([python, "-m", "ruff", "check", "--output-format", "concise", *here])
    return passes([python, "-m", "ruff", "format", "--check", *here])


def types(asked: Asked) -> str:
    return passes([made("dev", "3.11"), "-m", "mypy"])


def layers(asked: Asked) -> str:
    program = "from importlinter.cli import lint_imports_command as main; main()"
    return passes([made("dev", "3.11"), "-c", program, "--no-cache"], PYTHONPATH=str(ROOT))


def plain(asked: Asked) -> str:
    return pytest(made("dev", "3.11"), "plain", asked)


def plain_newer(asked: Asked) -> str:
    return pytest(made("plain", "3.13"), "plain", asked)


def bpy(group: str, version: str) -> Callable[[Asked], str]:
    """The suite of one Blender version, as a module of Python `version`."""

    def suite(asked: Asked) -> str:
        return pytest(made(group, version), "bpy", asked)

    return suite


def outputs(asked: Asked) -> str:
    """What a dataset's folder holds for others, read by their own libraries."""
    return pytest(made("outputs", "3.11"), "outputs", asked)


def torch(asked: Asked) -> str:
    """The tests run in the development environment; what they start as children runs in the one for training."""
    others = {}
    if asked.slow and sys.platform == "linux":
        others["VOXEL_TRAINER_MLX_ENV"] = str(made("mlx", "3.11"))
    return pytest(made("dev", "3.11"), "torch", asked, **training(), **others)


def training() -> dict[str, str]:
    """The variable that names the training environment's Python, made where it is not there yet."""
    python = environment.made()
    if python is None:
        choice = environment.find(say)
        say(environment.cost(choice))
        python = environment.make(choice, say, lambda: None)
    return {"VOXEL_TRAINER_TRAIN_ENV": str(python)}


def blender(asked: Asked) -> str:
    tool = shared() / "tools" / "blender" / "blender"
    if not tool.is_file():
        raise Skipped(f"the shared tools are not here ({tool}); VOXEL_TRAINER_SHARED names another place")
    for version in WINDOWS:
        if call([sys.executable, tool, "run", version, "--", "-b", "--python-expr", "pass"]) == 0:
            continue
        if not CI:
            raise Skipped(f"Blender {version} is not installed; as root: {tool} install {version}")
        if call([sys.executable, tool, "install", version]):
            raise Failed(f"Blender {version} could not be installed")
    try:
        others = training()
    except Unavailable as why:  # the one test that trains skips, all others need no PyTorch
        say(str(why))
        others = {}
    return pytest(made("dev", "3.11"), "blender", asked, **others)


def peer(asked: Asked) -> str:
    return pytest(made("dev", "3.11"), "peer", asked)


SUITES: dict[str, Callable[[Asked], str]] = {
    "ruff": ruff,
    "types": types,
    "layers": layers,
    "plain": plain,
    "plain-3.13": plain_newer,
    "bpy-4.2": bpy("bpy-4_2", "3.11"),  # first: tests of newer ones compare with it
    "bpy-4.5": bpy("bpy-4_5", "3.11"),
    "bpy-5.0": bpy("bpy-5_0", "3.11"),
    "bpy-5.2": bpy("bpy-5_2", "3.13"),
    "outputs": outputs,
    "torch": torch,
    "blender": blender,
    "peer": peer,
}
WITHOUT_PYTEST = ("ruff", "types", "layers")


def run(names: list[str], asked: Asked) -> Iterator[Result]:
    """Run suites one after the other; each gives a result, whatever happens in it."""
    for name in names:
        say(f"\n=== {name} ===")
        started = time.monotonic()
        try:
            state, told = "ok", SUITES[name](asked)
        except Failed as error:
            state, told = "FAILED", str(error)
        except (Skipped, Missing) as error:
            state, told = "FAILED" if CI else "skipped", str(error)
        except Unavailable as error:  # no build of PyTorch for this machine: a fact of its package index, not a fault
            state, told = "skipped", str(error)
        yield Result(name, state, time.monotonic() - started, told)


def main(argv: list[str]) -> int:
    """0 where every suite passed or was skipped with its reason, 1 otherwise."""
    parser = argparse.ArgumentParser("build.py test", description="Run all checks and tests, or those that are named.")
    parser.add_argument("--all", action="store_true", help="the slow tests too")
    parser.add_argument("--suite", action="append", choices=list(SUITES), help="only this suite; may be repeated")
    options, rest = parser.parse_known_args(argv)
    names = options.suite or [name for name in SUITES if not (rest and name in WITHOUT_PYTEST)]
    started = time.monotonic()
    results = list(run(names, Asked(tuple(rest), options.all)))
    say("")
    for result in results:
        say(f"{result.state:8}{result.suite:12}{words.duration(result.seconds):>12}  {result.words}".rstrip())
    count = Counter(result.state for result in results)
    say(f"All in {words.duration(time.monotonic() - started)}.")
    say(f"{count['ok']} passed, {count['FAILED']} failed, {count['skipped']} skipped")
    return int(count["FAILED"] > 0)
