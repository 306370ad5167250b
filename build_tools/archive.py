# SPDX-License-Identifier: GPL-3.0-or-later
"""`build.py zip`: the extension's zip, the same bytes from every clone, validated by Blender's own tool."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

from voxel_trainer_addon import __version__, files, paths, pythons, words

from .environments import ROOT, Missing, made, python, say

PACKAGE = "voxel_trainer_addon"
BESIDE = ("blender_manifest.toml", "LICENSE", "scripts/run_headless.py")
"""What goes into the zip besides the package's own files."""

WHEEL = "licenseclassifier-2026.10.0-py3-none-any.whl"
WHEEL_SHA256 = "89f87c43123d40e392eddfecae2374bf8cee32775a4c55dc3ac6399cc543a72f"
"""Tells licences by their full texts; pure Python, for every Blender. The manifest names it."""

SUFFIXES = (".py", ".json", ".html", ".css", ".js", ".sql", ".txt", ".toml", ".png", ".svg")
FIRST_DATE = 315532800
"""1980-01-01, the first date that a zip can hold."""


def contents(root: Path) -> dict[str, Path]:
    """Name in the zip → file. The package's files lie at the top, as Blender wants them, in sorted order."""
    package = root / PACKAGE
    found = {name: root / name for name in BESIDE}
    for path in package.rglob("*"):
        inside = path.relative_to(package)
        hidden = any(part.startswith((".", "__pycache__")) for part in inside.parts)
        if path.is_file() and path.suffix in SUFFIXES and not hidden:
            found[inside.as_posix()] = path
    found[f"wheels/{WHEEL}"] = wheel()
    return dict(sorted(found.items()))


def wheel() -> Path:
    """The wheel as the package index has it, fetched once. Raises Missing."""
    place = paths.cache_home() / "wheels" / WHEEL
    if not place.is_file():
        base = python("3.13" if pythons.find("3.13") else "3.11")
        name, version = WHEEL.split("-")[:2]
        folder = made("plain", pythons.version_of(base).rpartition(".")[0]).parent.parent
        argv = [*pythons.pip_argv(base, folder), "download", "--no-deps", "--only-binary", ":all:"]
        done = subprocess.run([*argv, "-d", str(place.parent), f"{name}=={version}"], capture_output=True, text=True)
        if done.returncode:
            raise Missing(f"the wheel {WHEEL} could not be fetched: {done.stderr.strip()[-300:]}")
    if files.sha256_of(place) != WHEEL_SHA256:
        place.unlink()
        raise Missing(f"the wheel {WHEEL} is not the one that was expected")
    return place


def write(root: Path, target: Path) -> list[str]:
    """Write the zip with fixed order, dates (SOURCE_DATE_EPOCH or 1980), modes and compression; its names."""
    when = time.gmtime(max(FIRST_DATE, int(os.environ.get("SOURCE_DATE_EPOCH") or 0)))[:6]
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    entries = contents(root)
    try:
        with zipfile.ZipFile(part, "w") as out:
            for name, path in entries.items():
                entry = zipfile.ZipInfo(name, when)
                entry.create_system = 3
                entry.external_attr = 0o100644 << 16
                out.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return list(entries)


def validate(target: Path) -> str:
    """Let the tool of Blender 5.2's extensions judge the zip; its verdict. Raises Missing or ValueError."""
    python = made("bpy-5_2", "3.13") if pythons.find("3.13") else made("bpy-5_0", "3.11")
    lib = "Lib" if os.name == "nt" else "lib/python*"
    scripts = next(python.parent.parent.glob(f"{lib}/site-packages/bpy/*/scripts"))
    tool = scripts / "addons_core/bl_pkg/cli/blender_ext.py"
    tags = scripts / "modules/_bpy_internal/extensions/tags.py"
    command = [str(word) for word in (python, tool, "validate", "--valid-tags", tags, target)]
    done = subprocess.run(command, capture_output=True, text=True)
    told = (done.stdout + done.stderr).strip()
    if done.returncode:
        raise ValueError(told)
    return told


def main(argv: list[str]) -> int:
    """0 where the zip was written and found valid, 1 where it is not valid, 2 where it could not be made."""
    parser = argparse.ArgumentParser("build.py zip", description="Write dist/voxel_trainer-<version>.zip.")
    parser.add_argument("--no-validate", action="store_true", help="do not ask Blender's own tool")
    options = parser.parse_args(argv)
    try:
        with open(ROOT / "blender_manifest.toml", "rb") as manifest:
            version = tomllib.load(manifest)["version"]
        if version != __version__:
            raise Missing(f"blender_manifest.toml says version {version}, the package says {__version__}")
        target = ROOT / "dist" / f"voxel_trainer-{version}.zip"
        names = write(ROOT, target)
        size = words.size(target.stat().st_size)
        say(
            f"{target.relative_to(ROOT)}: {words.counted(len(names), 'file')}, {size}, sha256 {files.sha256_of(target)}"
        )
        if not options.no_validate:
            say(validate(target))
    except (Missing, OSError) as error:
        print(f"The zip could not be made: {error}", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"Blender's own tool refuses the zip:\n{error}", file=sys.stderr)
        return 1
    return 0
