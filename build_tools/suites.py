# SPDX-License-Identifier: GPL-3.0-or-later
"""`build.py test`: every check in the environment that it needs, two at a time, one line a suite at the end."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from voxel_trainer_addon import words
from voxel_trainer_addon.errors import Unavailable
from voxel_trainer_addon.providers.local import environment

from .environments import APT, CI, ROOT, Missing, made, say

LIMIT_S = 2400
LANES = 2
"""Suites at a time. One alone leaves the processors idle while it downloads, starts programs and waits for windows."""
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
    """What the command line asks of the suites. What their programs print goes to `out`, by default where ours goes."""

    words: tuple[str, ...]
    slow: bool
    out: BinaryIO | None = None


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


CHILDREN: set[subprocess.Popen[bytes]] = set()
"""Programs of suites that run now."""


def call(asked: Asked, argv: list[str | Path], **variables: str) -> int:
    """Run a program to its end and return its status; the whole group is ended when it runs over its time."""
    child = subprocess.Popen(
        [str(word) for word in argv],
        cwd=ROOT,
        env={**os.environ, "VOXEL_TRAINER_SHARED": str(shared()), **variables},
        stdin=subprocess.DEVNULL,
        stdout=asked.out,
        stderr=asked.out,
        start_new_session=os.name == "posix",
    )
    CHILDREN.add(child)
    try:
        return child.wait(LIMIT_S)
    except subprocess.TimeoutExpired:
        raise Failed(f"ran over {words.duration(LIMIT_S)} and was ended") from None
    finally:
        end(child)
        CHILDREN.remove(child)


def end(child: subprocess.Popen[bytes]) -> None:
    """End a program, with its group, that still runs."""
    if child.poll() is None:
        if os.name == "posix":
            os.killpg(child.pid, signal.SIGKILL)
        child.kill()
        child.wait()


def passes(asked: Asked, argv: list[str | Path], **variables: str) -> str:
    status = call(asked, argv, **variables)
    if status:
        raise Failed(f"exit status {status}")
    return ""


def pytest(python: Path, marker: str, asked: Asked, **variables: str) -> str:
    """Run the tests with `marker` in the environment of `python`."""
    wanted = marker if asked.slow else f"{marker} and not slow"
    status = call(asked, [python, "-m", "pytest", "-q", "-m", wanted, *asked.words], **variables)
    if status == NOTHING_COLLECTED:
        return "no tests"
    if status:
        raise Failed(f"pytest's exit status {status}")
    return ""


def ruff(asked: Asked) -> str:
    here = [name for name in CHECKED if (ROOT / name).exists()]
    python = made("dev", "3.11")
    passes(asked, [python, "-m", "ruff", "check", "--output-format", "concise", *here])
    return passes(asked, [python, "-m", "ruff", "format", "--check", *here])


def types(asked: Asked) -> str:
    return passes(asked, [made("dev", "3.11"), "-m", "mypy"])


def layers(asked: Asked) -> str:
    program = "from importlinter.cli import lint_imports_command as main; main()"
    return passes(asked, [made("dev", "3.11"), "-c", program, "--no-cache"], PYTHONPATH=str(ROOT))


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
        if call(asked, [sys.executable, tool, "run", version, "--", "-b", "--python-expr", "pass"]) == 0:
            continue
        if not CI:
            raise Skipped(f"Blender {version} is not installed; as root: {tool} install {version}")
        with APT:
            status = call(asked, [sys.executable, tool, "install", version])
        if status:
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
    "bpy-4.2": bpy("bpy-4_2", "3.11"),  # before newer ones, whose tests compare with it
    "blender": blender,
    "torch": torch,
    "bpy-5.2": bpy("bpy-5_2", "3.13"),
    "bpy-4.5": bpy("bpy-4_5", "3.11"),
    "bpy-5.0": bpy("bpy-5_0", "3.11"),
    "plain-3.13": plain_newer,
    "outputs": outputs,
    "peer": peer,
}
"""The longest stand first, so that no lane is idle at the end."""
WITHOUT_PYTEST = ("ruff", "types", "layers")


def run(names: list[str], asked: Asked) -> Iterator[Result]:
    """Run suites, `LANES` at a time, and give the result of each when it ends. What one of several prints is held back
    until then. Their programs end when the iterator is closed."""
    waiting, results = iter(names), SimpleQueue[Result]()

    def lane() -> None:
        for name in waiting:
            results.put(kept_apart(name, asked) if len(names) > 1 else ended(name, asked))

    try:
        for _ in range(LANES):
            threading.Thread(target=lane, daemon=True).start()
        for _ in names:
            yield results.get()
    finally:
        list(waiting)  # nothing more begins
        for child in list(CHILDREN):
            end(child)


def kept_apart(name: str, asked: Asked) -> Result:
    """A suite run to its end; what its programs print is shown then, in one piece."""
    say(f"{name} begins")
    with tempfile.TemporaryFile() as out:
        result = ended(name, replace(asked, out=out))
        out.seek(0)
        say(f"\n=== {name} ===\n{out.read().decode(errors='replace')}")
    return result


def ended(name: str, asked: Asked) -> Result:
    """A suite run to its end, whatever happens in it."""
    started = time.monotonic()
    try:
        state, told = "ok", SUITES[name](asked)
    except Failed as error:
        state, told = "FAILED", str(error)
    except (Skipped, Missing) as error:
        state, told = "FAILED" if CI else "skipped", str(error)
    except Unavailable as error:  # no build of PyTorch for this machine: a fact of its package index, not a fault
        state, told = "skipped", str(error)
    except Exception as error:  # a fault of ours must not cost the other suites
        traceback.print_exc()
        state, told = "FAILED", repr(error)
    return Result(name, state, time.monotonic() - started, told)


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
    for result in sorted(results, key=lambda result: names.index(result.suite)):
        say(f"{result.state:8}{result.suite:12}{words.duration(result.seconds):>12}  {result.words}".rstrip())
    count = Counter(result.state for result in results)
    say(f"All in {words.duration(time.monotonic() - started)}.")
    say(f"{count['ok']} passed, {count['FAILED']} failed, {count['skipped']} skipped")
    return int(count["FAILED"] > 0)
