# SPDX-License-Identifier: GPL-3.0-or-later
"""The training environment: PyTorch and its kin in a place of their own, for the processor unless a card asks for more.

`build.py` and the stage use the same calls: `find` decides what would be made, `cost` says what it takes, `make` makes
it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ... import pythons
from ...errors import Unavailable
from ...paths import cache_home
from ...words import duration, size

TORCH = "2.13.0"
REST = (
    "transformers==5.23.0",
    "peft==0.21.2",
    "safetensors==0.8.0",
    "tokenizers==0.23.3",
    "jinja2==3.1.6",
    "gguf==0.19.0",
)
IMPORTS = ("torch", "transformers", "safetensors", "tokenizers")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
VERSIONS = ("3.11", "3.13", "3.12")
PROBE_S = 40.0
TOLD_EVERY_S = 15.0
MEGABYTES = {"cpu": (260, 1200), "cuda": (2700, 5000)}
"""Build → MB to download, MB on disk (measured on Linux, 2026-11)."""
NO_CPU_BUILD = (
    "Training needs PyTorch's build for the processor, and neither the package index and wheel folders of this machine "
    f"nor {CPU_INDEX} offers version {TORCH} for Python {{versions}}. Put its wheel into a folder and name that with "
    "PIP_FIND_LINKS, or name an environment that has PyTorch with --train-env."
)
CARD_UNUSED = "There is an NVIDIA card, and training uses the processor; --yes takes the build for the card (2.7 GB)."


@dataclass(frozen=True)
class Choice:
    """What would be made: with which Python, which build of PyTorch (`cpu` or `cuda`), and more words for pip."""

    python: Path
    build: str
    pip: tuple[str, ...] = ()

    @property
    def requirements(self) -> tuple[str, ...]:
        """What pip is asked for. `+cpu` is asked for by name, so that the build of several GB can never slip in."""
        local = "+cpu" if self.build == "cpu" and sys.platform == "linux" else ""
        return (f"torch=={TORCH}{local}", *REST)


def home() -> Path:
    """Where environments lie."""
    return cache_home() / "environments"


def made() -> Path | None:
    """The Python of a training environment made before, or None."""
    wanted = [set(Choice(Path(), build).requirements) for build in MEGABYTES]
    for marker in sorted(home().glob(f"train-*/{pythons.MARKER}")):
        facts = json.loads(marker.read_text(encoding="utf-8"))
        if set(facts["requirements"]) in wanted and pythons.is_made(marker.parent):
            return pythons.program(marker.parent)
    return None


def find(on_note: Callable[[str], None], consent: bool = False) -> Choice:
    """Which environment can be made on this machine. Asks package indexes; downloads nothing.

    A build for NVIDIA cards is chosen only where there is such a card and the person said yes (`consent`). Raises
    Unavailable where no Python or no fitting build is to be had.
    """
    asked, reasons = [], []
    card = has_card()
    for python in filter(None, map(pythons.find, VERSIONS)):
        asked.append(pythons.version_of(python))
        with _probing(python) as pip:
            if pip is None:
                reasons.append(_without_pip(python))
            elif card and consent and _offers(pip, f"torch=={TORCH}"):
                return Choice(python, "cuda")
            elif choice := _cpu_choice(python, pip):
                if card:
                    on_note(CARD_UNUSED)
                return choice
    if not asked:
        raise Unavailable(f"Training needs Python 3.11, 3.12 or 3.13, and none of them runs here. {pythons.ADVICE}")
    if len(reasons) == len(asked):
        raise Unavailable(" ".join(reasons))
    raise Unavailable(NO_CPU_BUILD.format(versions=", ".join(asked)))


def cost(choice: Choice) -> str:
    """What making it will take, as a sentence for a person, with the room there is."""
    download, disk = (size(megabytes * 1e6) for megabytes in MEGABYTES[choice.build])
    kind = "the processor" if choice.build == "cpu" else "NVIDIA cards"
    return (
        f"The training environment (PyTorch for {kind}) is made once, with Python {pythons.version_of(choice.python)}: "
        f"about {download} to download, {disk} on disk in {home()}; {size(_free())} free."
    )


def make(choice: Choice, on_note: Callable[[str], None], tick: Callable[[], object]) -> Path:
    """The Python of the environment, made where it is not there yet. `tick` is called each second and may raise.

    Raises Unavailable with pip's own last words, or where the disk is too small.
    """
    disk = MEGABYTES[choice.build][1] * 1e6
    if _free() < 1.2 * disk:
        raise Unavailable(
            f"The training environment needs {size(1.2 * disk)} in {home()}, and {size(_free())} are free."
        )
    told = 0.0

    def beat(seconds: float) -> None:
        nonlocal told
        tick()
        if seconds - told >= TOLD_EVERY_S:
            told = seconds
            on_note(f"Making the training environment: {duration(seconds)} so far.")

    version = ".".join(pythons.version_of(choice.python).split(".")[:2])
    name = f"train-py{version.replace('.', '')}"
    try:
        place = pythons.make(home(), name, choice.python, choice.requirements, pip=choice.pip, beat=beat)
    except pythons.NotMade as error:
        raise Unavailable(f"The training environment could not be made: {error}") from error
    return pythons.program(place)


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


def has_card() -> bool:
    """Whether there is an NVIDIA card with a driver that answers."""
    try:
        return subprocess.run(["nvidia-smi", "-L"], capture_output=True, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _free() -> int:
    place = home()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def _cpu_choice(python: Path, pip: list[str]) -> Choice | None:
    """The build for the processor, where this machine's pip knows it, else where PyTorch's own index has it."""
    wanted = Choice(python, "cpu").requirements[0]
    if _offers(pip, wanted):
        return Choice(python, "cpu")
    if sys.platform == "linux" and _offers(pip, wanted, "--index-url", CPU_INDEX):
        return Choice(python, "cpu", ("--extra-index-url", CPU_INDEX))
    return None


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
