# SPDX-License-Identifier: GPL-3.0-or-later
"""`build.py zip`: the extension's zips, the same bytes from every clone, validated by Blender's own tool."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

from voxel_trainer_addon import __version__, files, pythons, words

from . import wheels
from .environments import ROOT, Missing, made, say

PACKAGE = "voxel_trainer_addon"
MANIFEST = "blender_manifest.toml"
BESIDE = ("LICENSE", "scripts/run_headless.py")
"""What goes into the zip besides the manifest, the wheels and the package's own files."""

SUFFIXES = (".py", ".json", ".html", ".css", ".js", ".sql", ".txt", ".toml", ".png", ".svg")
WHEELS = re.compile(r"^wheels = .*$", re.MULTILINE)
FIRST_DATE = 315532800
"""1980-01-01, the first date that a zip can hold."""


def manifest(root: Path, platform: str) -> str:
    """The manifest that goes into a zip: that of a platform names all wheels that fit it."""
    text = (root / MANIFEST).read_text(encoding="utf-8")
    if not platform:
        return text
    listed = "".join(f'    "./wheels/{name}",\n' for name in wheels.fitting(platform))
    return WHEELS.sub(f'platforms = ["{platform}"]\nwheels = [\n{listed}]', text)


def contents(root: Path, platform: str = "") -> dict[str, bytes]:
    """Name in the zip → what it holds: the package's files at the top, as Blender wants them, in sorted order."""
    package = root / PACKAGE
    found = {name: (root / name).read_bytes() for name in BESIDE}
    for path in package.rglob("*"):
        inside = path.relative_to(package)
        hidden = any(part.startswith((".", "__pycache__")) for part in inside.parts)
        if path.is_file() and path.suffix in SUFFIXES and not hidden:
            found[inside.as_posix()] = path.read_bytes()
    told = manifest(root, platform)
    found[MANIFEST] = told.encode()
    names = [Path(name).name for name in tomllib.loads(told)["wheels"]]
    found |= {f"wheels/{wheel.name}": wheel.read_bytes() for wheel in wheels.fetched(names, platform)}
    return dict(sorted(found.items()))


def write(root: Path, target: Path, platform: str = "") -> list[str]:
    """Write the zip with fixed order, dates (SOURCE_DATE_EPOCH or 1980), modes and compression; its names."""
    when = time.gmtime(max(FIRST_DATE, int(os.environ.get("SOURCE_DATE_EPOCH") or 0)))[:6]
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    entries = contents(root, platform)
    try:
        with zipfile.ZipFile(part, "w") as out:
            for name, content in entries.items():
                entry = zipfile.ZipInfo(name, when)
                entry.create_system = 3
                entry.external_attr = 0o100644 << 16
                packed = zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
                out.writestr(entry, content, packed, 9)
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
    """0 where each zip was written and found valid, 1 where one is not valid, 2 where one could not be made."""
    parser = argparse.ArgumentParser("build.py zip", description="Write the extension's zip into dist/.")
    parser.add_argument(
        "--platform",
        choices=(*wheels.PLATFORMS, "all"),
        default="",
        help="with the packages that talk to hosts (openai, anthropic, boto3), for this platform or for all four; "
        "without it the zip is small and fits every platform",
    )
    parser.add_argument("--no-validate", action="store_true", help="do not ask Blender's own tool")
    options = parser.parse_args(argv)
    try:
        for platform in wheels.PLATFORMS if options.platform == "all" else [options.platform]:
            made_one(platform, options.no_validate)
    except (Missing, OSError) as error:
        print(f"The zip could not be made: {error}", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"Blender's own tool refuses the zip:\n{error}", file=sys.stderr)
        return 1
    return 0


def made_one(platform: str, unchecked: bool) -> None:
    """Write one zip and tell of it. Raises Missing, OSError, and ValueError where it is not valid."""
    version = tomllib.loads((ROOT / MANIFEST).read_text(encoding="utf-8"))["version"]
    if version != __version__:
        raise Missing(f"{MANIFEST} says version {version}, the package says {__version__}")
    name = "-".join(filter(None, ["voxel_trainer", version, platform.replace("-", "_")]))
    target = ROOT / "dist" / f"{name}.zip"
    names = write(ROOT, target, platform)
    size = words.size(target.stat().st_size)
    say(f"{target.relative_to(ROOT)}: {words.counted(len(names), 'file')}, {size}, sha256 {files.sha256_of(target)}")
    if not unchecked:
        say(validate(target))
