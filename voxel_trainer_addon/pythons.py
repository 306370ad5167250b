# SPDX-License-Identifier: GPL-3.0-or-later
"""Pythons on this machine that really run, and environments made with them: whole or not at all.

build.py looks here before it knows that its own Python is a fitting one, so this module also loads in Python 3.8.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Iterable, Iterator, Sequence  # noqa: UP035 - Python 3.8 loads this

PROBE = "import sys, ssl, sqlite3, venv; print('%d.%d.%d' % sys.version_info[:3]); print(sys.executable)"
MARKER = "voxel-environment.json"
ADVICE = (
    "Debian 12 has 3.11 (apt install python3.11 python3.11-venv), Debian 13 has 3.13 (apt install python3.13 "
    "python3.13-venv); elsewhere take it from python.org."
)


class NotMade(Exception):
    """An environment could not be made; the words say why and, where there is one, the line that mends it."""


@functools.lru_cache
def _probe(python: Path) -> tuple[str, Path]:
    """Version (`3.11.7`) and true place; the version is empty where it does not run, or lacks ssl, sqlite3 or venv."""
    try:
        done = subprocess.run([str(python), "-I", "-c", PROBE], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return "", python
    if done.returncode:
        return "", python
    version, executable = done.stdout.splitlines()
    return version, Path(executable or python)


def version_of(python: Path) -> str:
    """`3.11.7`, or empty for a program that is no fitting Python (a version manager's shim may just answer 127)."""
    return _probe(python)[0]


def _candidates(version: str) -> Iterator[Path]:
    """Programs that may be Python `version` (`3.11`), the likely ones first."""
    suffix = ".exe" if os.name == "nt" else ""
    names = [f"python{version}{suffix}", f"python3{suffix}", f"python{suffix}"]
    if ".".join(map(str, sys.version_info[:2])) == version and sys.executable:
        yield Path(sys.executable)
    folders = [Path(sys.base_prefix), Path(sys.base_prefix) / "bin"]
    folders += [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    yield from (folder / name for folder in folders for name in names)
    home = Path.home()
    managers = [folder.parent for folder in folders if folder.name == "shims"]
    managers += [Path(os.environ[key]) for key in ("PYENV_ROOT", "ASDF_DATA_DIR", "MISE_DATA_DIR") if key in os.environ]
    managers += [home / ".pyenv", home / ".asdf", home / ".local/share/mise", home / ".local/share/uv"]
    kept = [manager / place for manager in managers for place in ("versions", "installs/python", "python")]
    if Path(sys.base_prefix).parent.name in ("versions", "python"):
        kept.append(Path(sys.base_prefix).parent)
    for folder in kept:
        for found in sorted(folder.glob(f"*{version}*"), reverse=True):
            yield from (found / place / names[0] for place in ("bin", "."))


def find(version: str) -> Path | None:
    """The first Python of `version` (`3.11`) that runs, or None."""
    for python in _candidates(version):
        if python.is_file() and version_of(python).startswith(version + "."):
            return _probe(python)[1]
    return None


def program(environment: Path) -> Path:
    """The Python inside an environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _key(python: Path, requirements: Sequence[str]) -> str:
    text = json.dumps([version_of(python), sorted(requirements)])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def place(home: Path, name: str, python: Path, requirements: Sequence[str]) -> Path:
    """Where the environment of that name, Python and requirements lies (made or not) below `home`."""
    return home / f"{name}-{_key(python, requirements)}"


def is_made(environment: Path) -> bool:
    """Whether an environment is whole and its Python still runs."""
    return (environment / MARKER).is_file() and bool(version_of(program(environment)))


def make(
    home: Path,
    name: str,
    python: Path,
    requirements: Sequence[str],
    *,
    pip: Iterable[str] = (),
    beat: Callable[[float], None] = lambda seconds: None,
    log: Path | None = None,
) -> Path:
    """The environment `<home>/<name>-<key>`, made where it is not there yet; use its programs as `python -m …`.

    It is made under a name of its own and renamed when whole, so that a stop leaves nothing half done. `pip` are more
    words for `pip install`, `beat` is called once a second with the seconds so far (it may raise to stop), and `log`
    takes what pip says. pip gets this process's environment unchanged. Raises NotMade.
    """
    target = place(home, name, python, requirements)
    if is_made(target):
        return target
    home.mkdir(parents=True, exist_ok=True)
    sweep(home)
    part = home / f".{target.name}.{os.getpid()}.part"
    log = log or home / f"{target.name}.log"
    started = time.monotonic()
    try:
        with open(log, "w", encoding="utf-8") as out:
            for argv in (*venv_argv(python, part), [*pip_argv(python, part), "install", *pip, *requirements]):
                child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
                try:
                    while child.poll() is None:
                        beat(time.monotonic() - started)
                        try:
                            child.wait(1)
                        except subprocess.TimeoutExpired:
                            continue
                finally:
                    if child.poll() is None:
                        child.terminate()
                        child.wait()
                if child.returncode:
                    raise NotMade(f"{_last_words(log)} (all of it: {log})")
        facts = {"python": version_of(python), "requirements": list(requirements)}
        (part / MARKER).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        part.rename(target)
        log.unlink()
    finally:
        shutil.rmtree(part, ignore_errors=True)
    _probe.cache_clear()
    return target


def sweep(home: Path) -> None:
    """Take away what a process that is gone left half made."""
    for part in home.glob(".*.part"):
        try:
            os.kill(int(part.name.split(".")[-2]), 0)
        except (ProcessLookupError, ValueError):
            shutil.rmtree(part, ignore_errors=True)
        except OSError:
            continue


def has(python: Path, module: str) -> bool:
    """Whether a Python has a module (Debian's may lack ensurepip, and pip). It is looked for, not imported: torch takes
    ten seconds on a busy machine."""
    look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([str(python), "-I", "-c", look], capture_output=True).returncode == 0


def lent_pip(python: Path) -> Path | None:
    """For a Python without ensurepip: one here whose pip can install into another's environment (pip 22.3 or newer)."""
    versions = (version_of(python).rpartition(".")[0], "3.14", "3.13", "3.12", "3.11")
    for lender in filter(None, map(find, versions)):
        asked = subprocess.run([str(lender), "-m", "pip", "--python", str(python), "--version"], capture_output=True)
        if asked.returncode == 0:
            return lender
    return None


def venv_argv(python: Path, folder: Path) -> list[list[str]]:
    """The commands that make an empty environment in `folder`."""
    words = [] if has(python, "ensurepip") else ["--without-pip"]
    return [[str(python), "-m", "venv", *words, str(folder)]]


def pip_argv(python: Path, folder: Path) -> list[str]:
    """pip for the environment in `folder`: its own, or another Python's."""
    lender = None if has(python, "ensurepip") else lent_pip(python)
    words = ["--python", str(program(folder))] if lender else []
    return [str(lender or program(folder)), "-m", "pip", *words, "--disable-pip-version-check", "--no-input", "-q"]


def _last_words(log: Path) -> str:
    """The sentence that tells most about why pip or venv ended badly."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    broken = [line.partition("connection broken by ")[2] for line in lines if "connection broken by" in line]
    if broken:
        return f"the package index could not be reached: {broken[-1][:300]}"
    errors = [line for line in lines if line.startswith(("ERROR", "Error"))]
    return (errors or lines or ["it ended without a word"])[-1]
