# SPDX-License-Identifier: GPL-3.0-or-later
"""The environments that build.py makes: what is in them, how large they are, and what must be there first."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

from voxel_trainer_addon import paths, pythons, words

ROOT = Path(__file__).resolve().parent.parent
CI = os.environ.get("CI", "") not in ("", "0", "false")
APT = threading.Lock()
"""Held while Debian's packages are installed: apt-get refuses a second one at the same time."""

SIZES = {
    "plain": (35, 170),
    "dev": (80, 380),
    "outputs": (170, 750),
    "lock": (25, 80),
    "mlx": (65, 370),
    "bpy-5_2": (350, 1150),
    "bpy-5_0": (330, 1110),
    "bpy-4_5": (330, 1090),
    "bpy-4_2": (320, 1140),
}
"""Group of pyproject.toml → megabytes to download and on disk, rounded up (Linux x86-64; on disk after use, and the
downloads of plain and dev, 2026-11-29; other downloads 2026-11-23, with 20 MB for the packages that talk to hosts)."""

LIBRARIES = {
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
    "libXrender.so.1": "libxrender1",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libGL.so.1": "libgl1",
    "libgomp.so.1": "libgomp1",
}
"""System libraries that the bpy modules load (`readelf -d`, all four versions) → their packages in Debian."""


class Missing(Exception):
    """Something that this machine lacks; the words name the line that mends it."""


def requirements(group: str) -> list[str]:
    """The pinned requirements of a dependency group in pyproject.toml, its included groups resolved."""
    with open(ROOT / "pyproject.toml", "rb") as file:
        groups = tomllib.load(file)["dependency-groups"]

    def resolved(name: str) -> list[str]:
        return [
            line
            for entry in groups[name]
            for line in (resolved(entry["include-group"]) if isinstance(entry, dict) else [entry])
        ]

    return resolved(group)


def home() -> Path:
    """The folder of all environments."""
    return paths.cache_home() / "environments"


def python(version: str) -> Path:
    """A Python of that version that runs. Raises Missing."""
    found = pythons.find(version)
    if found is None:
        raise Missing(f"no Python {version} that runs was found. {pythons.ADVICE}")
    return found


def is_made(group: str, version: str) -> bool:
    """Whether the environment of a group is there already."""
    found = pythons.find(version)
    return found is not None and pythons.is_made(pythons.place(home(), group, found, requirements(group)))


def made(group: str, version: str) -> Path:
    """The Python of a group's environment, made where it is not there yet. Raises Missing."""
    base = python(version)
    place = pythons.place(home(), group, base, requirements(group))
    there = pythons.is_made(place)
    check_system(None if there else base, blender=group.startswith("bpy"))
    if not there:
        download, disk = (mb * 1_000_000 for mb in SIZES[group])
        check_space(disk)
        what = f"{group.replace('_', '.')} (Python {pythons.version_of(base)})"
        say(f"Making the environment {what}: about {words.size(download)} to download, {words.size(disk)} on disk")
        beat = Beat()
        try:
            pythons.make(home(), group, base, requirements(group), beat=beat)
        except pythons.NotMade as error:
            raise Missing(f"the environment {what} could not be made: {error}") from None
        say(f"  made in {words.duration(beat.seconds)}: {place}")
    return pythons.program(place)


def check_space(needed: int) -> None:
    """Raises Missing where the disk of the environments has less than `needed` bytes and a little more."""
    free = free_space(home())
    if free < needed * 1.1:
        raise Missing(
            f"{words.size(needed)} are needed in {home()}, {words.size(free)} are free. "
            "Make room, or name another place in VOXEL_TRAINER_CACHE."
        )


def free_space(folder: Path) -> int:
    """Free bytes on the disk where `folder` lies or will lie."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def check_system(base: Path | None, *, blender: bool) -> None:
    """See that what pip cannot bring is there: a pip in the Python that makes an environment (Debian keeps ensurepip in
    a package apart), and the libraries that Blender's module loads. Installs them where we may, else raises Missing.
    """
    lacks, packages = [], []
    if base and not has_pip(base):
        minor = pythons.version_of(base).rpartition(".")[0]
        lacks.append(f"Python {minor} has no ensurepip here, and no other pip was found")
        packages.append(f"python{minor}-venv")
    libraries = missing_libraries() if blender else []
    if libraries:
        lacks.append("system libraries that Blender's module loads are missing")
    if lacks:
        mend("; ".join(lacks), packages + libraries)


def has_pip(base: Path) -> bool:
    """Whether an environment of this Python can have a pip, its own or that of another Python."""
    return pythons.has(base, "ensurepip") or pythons.lent_pip(base) is not None


def missing_libraries() -> list[str]:
    """Debian packages of the system libraries that bpy needs and that cannot be loaded here (Linux only)."""
    missing = []
    for library, package in LIBRARIES.items() if sys.platform == "linux" else ():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    return missing


def mend(lack: str, packages: list[str]) -> None:
    """Install Debian packages where we may (root, and nobody says no); raise Missing with the line otherwise."""
    line = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    may = hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get")
    if not may or not (CI or agreed(f"{lack}. Install them now? ({line})")):
        sudo = "" if may else "sudo "
        raise Missing(f"{lack}. On Debian or Ubuntu this mends it:\n  {sudo}{line}")
    say(f"{lack}; this mends it: {line}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with APT:
        for argv in (["apt-get", "update", "-qq"], [*line.split(), "-qq"]):
            done = subprocess.run(argv, env=quiet, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"{lack}, and `{line}` failed: {done.stderr.strip()[-500:]}")


def agreed(question: str) -> bool:
    """What the person at the terminal answers; True where there is no terminal, for then nothing is asked."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return True
    return input(f"{question} [Y/n] ").strip().lower() in ("", "y", "yes")


def say(line: str) -> None:
    """One line for the person, at once."""
    print(line, flush=True)


class Beat:
    """Tells every ten seconds that something still goes on."""

    EVERY = 10.0

    def __init__(self) -> None:
        self.seconds = 0.0
        self.next = self.EVERY

    def __call__(self, seconds: float) -> None:
        self.seconds = seconds
        if seconds >= self.next:
            self.next += self.EVERY
            say(f"  … {words.duration(seconds)}")
