# SPDX-License-Identifier: GPL-3.0-or-later
"""The wheels that the zips bring: which fit a platform, and fetching those that the lock names."""

from __future__ import annotations

import re
import subprocess
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from voxel_trainer_addon import paths, pythons, words
from voxel_trainer_addon.files import sha256_of

from .environments import Missing, made, python, say

LOCK = Path(__file__).with_name("wheels.toml")
"""Wheel → its SHA-256 and bytes. Written by `python -m build_tools.wheels_lock`."""

PYTHONS = ("3.11", "3.13", "3.14")
"""Blender's own Pythons: 3.11 up to 5.0, 3.13 since; Debian builds 5.2 with 3.14."""

PLATFORMS = {
    "linux-x64": (r"manylinux\w+_x86_64", [f"manylinux{glibc}_x86_64" for glibc in ("_2_28", "_2_17", "2014")]),
    "windows-x64": ("win_amd64", ["win_amd64"]),
    "macos-arm64": (r"macosx_\w+_(arm64|universal2)", ["macosx_11_0_arm64"]),
    "macos-x64": (r"macosx_\w+_(x86_64|universal2)", ["macosx_11_0_x86_64"]),
}
"""Blender's name → the platform in names of wheels, and what pip is asked for: systems that Blender 4.2 runs on."""


def locked() -> dict[str, dict[str, Any]]:
    """Name of each wheel → `sha256`, `bytes`."""
    with open(LOCK, "rb") as file:
        return tomllib.load(file)


def fitting(platform: str) -> list[str]:
    """Names of the locked wheels for a platform, of all Pythons."""
    return [name for name in locked() if re.fullmatch(f"any|({PLATFORMS[platform][0]}[.]?)+", _tags(name)[2])]


def _tags(name: str) -> list[str]:
    """Python, ABI and platform of a wheel: `x-1.0-cp311-cp311-win_amd64.whl` → cp311, cp311, win_amd64."""
    return name.removesuffix(".whl").split("-")[-3:]


def fetched(names: Iterable[str], platform: str) -> list[Path]:
    """Those wheels, which fit the platform (or all, where it is ''), from the cache; fetched where they are not there
    yet. Raises Missing."""
    home, lock = paths.cache_home() / "wheels", locked()
    wanted = [home / name for name in names]
    lacking = [place.name for place in wanted if not place.is_file() or sha256_of(place) != lock[place.name]["sha256"]]
    if lacking:
        size = words.size(sum(lock[name]["bytes"] for name in lacking))
        say(f"Fetching {words.counted(len(lacking), 'wheel')}: {size}")
        base = python("3.13" if pythons.find("3.13") else "3.11")
        folder = made("plain", pythons.version_of(base).rpartition(".")[0]).parent.parent
        home.mkdir(parents=True, exist_ok=True)
        for version in PYTHONS:
            lines = [_requirement(name, lock[name]["sha256"]) for name in lacking if _python(name) == version]
            if lines:
                download(pythons.pip_argv(base, folder), lines, platform, version, home)
    return wanted


def _python(name: str) -> str:
    """The Python that a wheel is fetched for: its own, or the newest for one that fits them all."""
    return next((version for version in PYTHONS if f"cp{version.replace('.', '')}" in _tags(name)[1]), PYTHONS[-1])


def _requirement(name: str, sha256: str) -> str:
    package, version = name.split("-")[:2]
    return f"{package}=={version} --hash=sha256:{sha256}"


def download(pip: Sequence[str], lines: Sequence[str], platform: str, version: str, home: Path) -> list[Path]:
    """The wheels that pip takes for a platform (or for all) and Python, by lines of a requirements file with hashes;
    each comes into `home` by one rename. Raises Missing."""
    tags = [word for tag in PLATFORMS[platform][1] for word in ("--platform", tag)] if platform else []
    with tempfile.TemporaryDirectory(prefix=".part-", dir=home) as scratch:
        listed = Path(scratch, "requirements.txt")
        listed.write_text("\n".join(lines) + "\n", encoding="utf-8")
        argv = [*pip, "download", "-q", "--no-deps", "--only-binary", ":all:", "--require-hashes", *tags]
        argv += ["--python-version", version, "-r", str(listed), "-d", scratch]
        done = subprocess.run(argv, capture_output=True, text=True)
        if done.returncode:
            raise Missing(f"the wheels could not be fetched: {done.stderr.strip()[-300:]}")
        came = list(Path(scratch).glob("*.whl"))
        return [wheel.replace(home / wheel.name) for wheel in came]
