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
import tempfile
import time
from pathlib import Path
from types import MappingProxyType
from typing import Any, Callable, Iterator, Mapping, Sequence, TextIO  # noqa: UP035 - Python 3.8 loads this
from urllib.parse import urlsplit

from .locks import FolderLock

PROBE = "import sys, ssl, sqlite3, venv; print('%d.%d.%d' % sys.version_info[:3]); print(sys.executable)"
MARKER = "voxel-environment.json"
ENDS_WITH_US = """
import os, signal, subprocess, sys, threading
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
def end():
    sys.stdin.buffer.read()
    if os.name == "nt":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(child.pid)], capture_output=True)
    else:
        os.killpg(0, signal.SIGKILL)
threading.Thread(target=end, daemon=True).start()
os._exit(child.wait() and 1)
"""
"""Runs a command, in a session of its own, and kills it with all its children when standard input ends."""
NEW_GROUP = 0x200
"""Windows: `subprocess.CREATE_NEW_PROCESS_GROUP`."""
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
    steps: Sequence[Sequence[str]] = (),
    facts: Mapping[str, Any] = MappingProxyType({}),
    beat: Callable[[float], None] = lambda seconds: None,
    log: Path | None = None,
) -> Path:
    """The environment `<home>/<name>-<key>`, made where it is not there yet; use its programs as `python -m …`.

    It is made under a name of its own and renamed when whole, so that a stop leaves nothing half done, and by one
    process at a time: others wait. `steps` are the words of each call of pip, by default one that installs the
    requirements; `facts` go into the marker beside what was installed. `beat` is called once a second with the seconds
    so far (it may raise to stop), and `log` takes what pip says. pip gets this process's environment unchanged, and
    ends with this process. Raises NotMade.
    """
    target = place(home, name, python, requirements)
    if is_made(target):
        return target
    started = time.monotonic()
    lock = FolderLock(home / f".{target.name}.lock", str(os.getpid()))
    while not lock.acquire(wait_s=1.0):
        beat(time.monotonic() - started)
    try:
        _probe.cache_clear()
        if is_made(target):
            return target
        sweep(home, target.name)
        part = home / f".{target.name}.{os.getpid()}.part"
        log = log or home / f"{target.name}.log"
        reports = []
        with tempfile.TemporaryDirectory(prefix="voxel-pip-") as scratch, open(log, "w", encoding="utf-8") as out:
            for argv in venv_argv(python, part):
                _run(python, argv, out, lambda: beat(time.monotonic() - started))
            for number, words in enumerate(steps or [["install", *requirements]]):
                argv = [*pip_argv(python, part), *words]
                if words[0] == "install":
                    reports.append(Path(scratch) / f"{number}.json")
                    argv += ["--report", str(reports[-1])]
                _run(python, argv, out, lambda: beat(time.monotonic() - started))
            installed = {package["name"]: package for report in reports for package in _installed(report)}
        known = {"python": version_of(python), "requirements": list(requirements), **facts}
        marked = {**known, "installed": list(installed.values())}
        (part / MARKER).write_text(json.dumps(marked, indent=2) + "\n", encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        part.rename(target)
        log.unlink()
    finally:
        sweep(home, target.name)
        lock.remove()
    _probe.cache_clear()
    return target


def _run(python: Path, argv: Sequence[str], out: TextIO, beat: Callable[[], None]) -> None:
    """Run a command to its end; it is killed when `beat` raises, and when this process dies. Raises NotMade."""
    ours = {"creationflags": NEW_GROUP} if sys.platform == "win32" else {"start_new_session": True}
    words = [str(python), "-I", "-c", ENDS_WITH_US, *argv]
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, stderr=out, **ours)
    assert child.stdin
    try:
        while child.poll() is None:
            beat()
            try:
                child.wait(1)
            except subprocess.TimeoutExpired:
                continue
    finally:
        child.stdin.close()
        child.wait()
    if child.returncode:
        raise NotMade(f"{_last_words(Path(out.name))} (all of it: {out.name})")


def _installed(report: Path) -> list[dict[str, str]]:
    """What a call of pip installed, by its own report: name, version, address without credentials, SHA-256."""
    found = []
    for item in json.loads(report.read_text(encoding="utf-8"))["install"]:
        source = urlsplit(item["download_info"]["url"])
        archive = item["download_info"].get("archive_info", {})
        sha256 = archive.get("hashes", {}).get("sha256") or archive.get("hash", "").partition("sha256=")[2]
        address = source._replace(netloc=source.netloc.rpartition("@")[2], query="").geturl()
        metadata = item["metadata"]
        found.append({"name": metadata["name"], "version": metadata["version"], "url": address, "sha256": sha256})
    return found


def sweep(home: Path, name: str) -> None:
    """Take away what a stop left half made of the environment `name`, whose lock is held. A pip that was just told to
    end may still write for a moment."""
    for part in home.glob(f".{name}.*.part"):
        for _ in range(20):
            shutil.rmtree(part, ignore_errors=True)
            if not part.exists():
                break
            time.sleep(0.1)


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
