# SPDX-License-Identifier: GPL-3.0-or-later
"""The training environment: PyTorch and its kin in a place of their own, for the processor unless a card asks for more.

`build.py` and the stage use the same calls: `find` decides what would be made, `cost` says what it takes, `make` makes
it.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import pythons
from ...errors import Unavailable
from ...files import digest, read_json
from ...locks import FolderLock
from ...paths import cache_home
from ...words import duration, size
from . import builds
from .builds import Build, Machine

IMPORTS = ("torch", "transformers", "safetensors", "tokenizers")
PROBE_S = 40.0
TOLD_EVERY_S = 15.0
ROOM = 1.2
NO_BUILD = (
    f"Training needs PyTorch {builds.TORCH} for {{what}}, and neither the package index and wheel folders of this "
    f"machine nor PyTorch's own index offers it for Python {{versions}}. Put its wheel into a folder and name that "
    "with PIP_FIND_LINKS or `train --setup --wheels FOLDER`, or name an environment that has PyTorch with --train-env."
)


@dataclass(frozen=True)
class Choice:
    """What would be made: with which Python, and which build of PyTorch; `from_index`: out of the build's own index."""

    python: Path
    build: Build
    from_index: bool = False

    @property
    def version(self) -> str:
        """`3.11`"""
        return pythons.version_of(self.python).rpartition(".")[0]

    @property
    def place(self) -> Path:
        """Where it lies once it is made: what it is pinned to is part of its name."""
        name = f"train-py{self.version.replace('.', '')}"
        return pythons.place(home(), name, self.python, self.requirements)

    @property
    def requirements(self) -> tuple[str, ...]:
        return (self.build.torch, *builds.REST, f"lock:{self.build.lock_hash}")

    def as_json(self) -> dict[str, Any]:
        """The plan, sizes in bytes."""
        return {
            "what": self.build.what,
            "build": self.build.name,
            "python": pythons.version_of(self.python),
            "download": self.build.download_mb * 1_000_000,
            "disk": self.build.disk_mb * 1_000_000,
            "sizes": self.build.measured,
            "place": str(self.place),
            "free": _free(),
            "lock": self.build.lock_hash,
        }


def home() -> Path:
    """Where environments lie."""
    return cache_home() / "environments"


def made(consent: bool = False) -> Path | None:
    """The Python of a training environment made before, or None. Who says yes (`consent`) to the build for the card
    that is here is not content with another."""
    wanted = builds.fitting(builds.this_machine(), consent)[:1] if consent else builds.BUILDS.values()
    return next((pythons.program(place) for place in marked(*wanted) if pythons.is_made(place)), None)


def marked(*wanted: Build) -> Iterator[Path]:
    """The environments of these builds, in this order, that were made whole with what the lock files hold today; by
    their markers alone."""
    markers = sorted(home().glob(f"train-*/{pythons.MARKER}"))
    locks = {marker.parent: (read_json(marker) or {}).get("lock") for marker in markers}
    for build in wanted:
        yield from (place for place, lock in locks.items() if lock == build.lock_hash)


def provenance(python: Path) -> dict[str, str]:
    """Of an environment that was made here: `build`, `lock` (hash of its lock files) and `packages` (hash of what pip
    says that it installed, name by name); empty for one that the person named."""
    facts = read_json(python.parent.parent / pythons.MARKER) or {}
    if "lock" not in facts:
        return {}
    packages = sorted([package["name"], package["version"], package["sha256"]] for package in facts["installed"])
    return {"build": facts["build"], "lock": facts["lock"], "packages": digest(packages)}


def find(on_note: Callable[[str], None], consent: bool = False) -> Choice:
    """Which environment can be made on this machine. Asks package indexes; downloads nothing.

    A build for a card is chosen only where there is such a card and the person said yes (`consent`). Raises Unavailable
    where no Python or no fitting build is to be had.
    """
    found = [python for python in map(pythons.find, builds.VERSIONS) if python]
    if not found:
        raise Unavailable(f"Training needs Python 3.11, 3.12 or 3.13, and none of them runs here. {pythons.ADVICE}")
    machine = builds.this_machine()
    with ExitStack() as scratch:
        pips = {python: scratch.enter_context(_probing(python)) for python in found}
        if not any(pips.values()):
            raise Unavailable(" ".join(map(_without_pip, found)))
        choice = chosen(
            machine,
            consent,
            [python for python in found if pips[python]],
            lambda python, *words: _offers(pips[python] or [], *words),
        )
    if note := builds.unused_card(machine, choice.build):
        on_note(note)
    return choice


def chosen(machine: Machine, consent: bool, found: list[Path], offers: Callable[..., bool]) -> Choice:
    """The best build, from where it is nearest, for the first Python that has it.

    `offers(python, requirement, *words)` says whether pip would find `requirement` for that Python: with this machine's
    own settings (a wheel folder, a mirror), or with `words` in the build's own index, asked by itself. Raises
    Unavailable.
    """
    fitting = builds.fitting(machine, consent)
    for build in fitting:
        if not build.local:  # the package index has it for each of these Pythons, and asking pip downloads it
            return Choice(found[0], build)
        sources: list[tuple[str, ...]] = [] if build.own_index else [()]
        if build.index:
            sources.append(("--index-url", build.index))
        for words in sources:
            for python in found:
                if offers(python, build.torch, *words):
                    return Choice(python, build, bool(words))
    versions = ", ".join(map(pythons.version_of, found))
    raise Unavailable(NO_BUILD.format(what=fitting[-1].what, versions=versions))


def cost(choice: Choice) -> str:
    """What making it will take, as a sentence for a person, with the room there is."""
    build = choice.build
    download, disk = size(build.download_mb * 1e6), size(build.disk_mb * 1e6)
    return (
        f"The training environment (PyTorch for {build.what}) is made once, with Python "
        f"{pythons.version_of(choice.python)}: about {download} to download, {disk} on disk in {home()}; "
        f"{size(_free())} free."
    )


def make(choice: Choice, on_note: Callable[[str], None], tick: Callable[[], object]) -> Path:
    """The Python of the environment, made where it is not there yet. `tick` is called each second and may raise.

    Raises Unavailable with pip's own last words, or where the disk is too small.
    """
    needed = ROOM * choice.build.disk_mb * 1e6
    if _free() < needed:
        raise Unavailable(f"The training environment needs {size(needed)} in {home()}, and {size(_free())} are free.")
    told = 0.0

    def beat(seconds: float) -> None:
        nonlocal told
        tick()
        if seconds - told >= TOLD_EVERY_S:
            told = seconds
            on_note(f"Making the training environment: {duration(seconds)} so far.")

    name = choice.place.name.rpartition("-")[0]
    steps = builds.installs(choice.build, choice.version, builds.this_machine().machine, choice.from_index)
    facts = {"build": choice.build.name, "lock": choice.build.lock_hash}
    try:
        place = pythons.make(home(), name, choice.python, choice.requirements, steps=steps, facts=facts, beat=beat)
    except pythons.NotMade as error:
        raise Unavailable(f"The training environment could not be made: {error}") from error
    return pythons.program(place)


def remove() -> int:
    """Take away every training environment that was made here, whole or half, with its logs; the bytes that it gives
    back. Raises Unavailable while one of them is being made."""
    freed = 0
    for name in {path.name.lstrip(".").split(".")[0] for path in _ours()}:
        with FolderLock(home() / f".{name}.lock") as lock:
            if not lock.acquire():
                raise Unavailable("The training environment is being made at this moment; stop that first.")
            freed += sum(bytes_in(part) for part in home().glob(f".{name}.*.part"))
            pythons.sweep(home(), name)
            for path in (home() / name, home() / f"{name}.log"):
                freed += bytes_in(path)
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            lock.remove()
    for folder in (home(), cache_home()):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return freed


def bytes_made() -> int:
    """What the training environments here take on disk, half-made ones and logs among them."""
    return sum(map(bytes_in, _ours()))


def _ours() -> list[Path]:
    """Everything that a training environment leaves in its home: itself, its half, its log, its lock."""
    return [path for path in home().glob("*train-py*") if path.name.lstrip(".").startswith("train-py")]


def bytes_in(path: Path) -> int:
    """What a file or folder takes on disk, links not followed."""
    inside = [path, *path.rglob("*")] if path.is_dir() else [path]
    return sum(one.lstat().st_size for one in inside if one.is_symlink() or one.is_file())


def checked(named: str) -> Path:
    """The Python of an environment that the person named (its folder or its Python). Raises Unavailable where it lacks
    something that training imports."""
    path = Path(named).expanduser().absolute()
    python = path if path.is_file() else pythons.program(path)
    if not python.is_file():
        raise Unavailable(f"{path} is no Python environment: there is no {python}.")
    lacking = [module for module in IMPORTS if not pythons.has(python, module)]
    if lacking:
        raise Unavailable(
            f"The environment {path} lacks {', '.join(lacking)}: {python} -m pip install {' '.join(lacking)}"
        )
    return python


def _free() -> int:
    place = home()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def _offers(pip: list[str], requirement: str, *words: str) -> bool:
    """Whether pip would find `requirement`. pip gets this process's environment unchanged: settings live there too."""
    argv = [*pip, "--dry-run", "--no-deps", "--retries", "0", "--timeout", "5", *words, requirement]
    try:
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_S).returncode == 0
    except subprocess.TimeoutExpired:
        return False


@contextmanager
def _probing(python: Path) -> Iterator[list[str] | None]:
    """The words of `pip install` for this Python, into a place that is thrown away (a system's own is closed to pip):
    by its own pip, or that of a new environment; None where it can have none."""
    with tempfile.TemporaryDirectory(prefix="voxel-probe-") as scratch:
        pip = [str(python), "-m", "pip"]
        if not pythons.has(python, "pip"):
            folder = Path(scratch) / "environment"
            argv = [*pythons.venv_argv(python, folder), [*pythons.pip_argv(python, folder), "--version"]]
            if any(subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True).returncode for words in argv):
                yield None
                return
            pip = pythons.pip_argv(python, folder)
        yield [*pip, "install", "--target", str(Path(scratch) / "target")]


def _without_pip(python: Path) -> str:
    version = ".".join(pythons.version_of(python).split(".")[:2])
    return f"Python {version} here has no pip and cannot get one: `sudo apt install python{version}-venv` mends that."
