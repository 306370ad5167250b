# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the lock files of the training environment: `python -m build_tools.training_lock`.

uv resolves for all systems and Pythons at once and takes every wheel's SHA-256 from the package index. PyTorch's builds
for the processor lie in an index of their own: the hash is taken from each wheel that pip can get from here, and the
others are installed by version alone.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from voxel_trainer_addon.files import sha256_of, write_text
from voxel_trainer_addon.providers.local import builds

from .environments import made, say

INDEX = "https://pypi.org/simple"
APPLE = "sys_platform == 'darwin' and platform_machine == 'arm64'"
CARD = "(sys_platform == 'linux' and platform_machine == 'x86_64') or sys_platform == 'win32'"
FIRST_PYTHON = "3.11"
TORCH_NEEDS = ("filelock", "typing-extensions", "setuptools", "sympy", "networkx", "jinja2", "fsspec")
"""What PyTorch's builds for the processor need (their own metadata)."""
NOWHERE = "sys_platform == 'emscripten'"
PLATFORMS = ("x86_64", "aarch64")


def main() -> int:
    uv = made("lock", FIRST_PYTHON).with_name("uv")
    with tempfile.TemporaryDirectory(prefix="voxel-lock-") as scratch:
        folder = Path(scratch)
        lean = [*builds.REST, f"torch=={builds.TORCH}", *(f"{name} ; {APPLE}" for name in builds.APPLE)]
        cards = [f"{name} ; {CARD}" for name in builds.CARD]
        blocks = resolved(uv, folder, "whole", [*lean, *cards], "")
        needs = ", ".join(f'"{name}"' for name in TORCH_NEEDS)
        settings = f'[[dependency-metadata]]\nname = "torch"\nversion = "{builds.TORCH}"\nrequires-dist = [{needs}]\n'
        shared = set(resolved(uv, folder, "lean", lean, settings)) - {f"torch=={builds.TORCH}"}
        _write(builds.PACKAGES, [block for pin, block in blocks.items() if pin in shared])
        _write(builds.INDEX_TORCH, [block for pin, block in blocks.items() if pin not in shared])
        _write(builds.CPU_TORCH, _cpu_torch(folder))
    return 0


def resolved(uv: Path, folder: Path, name: str, requirements: list[str], settings: str) -> dict[str, str]:
    """Pinned name → its lines in a requirements file, with hashes; versions are those of a resolution before."""
    source, out, config = folder / f"{name}.in", folder / "lock.txt", folder / f"{name}.toml"
    source.write_text("\n".join(requirements) + "\n", encoding="utf-8")
    config.write_text(settings, encoding="utf-8")
    words = ["--config-file", str(config), "--universal", "--python-version", FIRST_PYTHON, "--default-index", INDEX]
    words += ["--only-binary", ":all:", "--generate-hashes", "--no-annotate", "--no-header", "-q"]
    subprocess.run([str(uv), "pip", "compile", *words, str(source), "-o", str(out)], check=True)
    blocks = re.split(r"\n(?=\S)", out.read_text(encoding="utf-8").strip())
    return {block.split()[0]: block for block in blocks if NOWHERE not in block.partition("\n")[0]}


def _cpu_torch(folder: Path) -> list[str]:
    """A line for each of PyTorch's builds for the processor that pip gets from here, or that was known before."""
    known = builds.cpu_hashes()
    for version in builds.VERSIONS:
        for machine in PLATFORMS:
            place = folder / f"{version}-{machine}"
            words = ["--python-version", version, "--platform", f"manylinux_2_28_{machine}", "--only-binary", ":all:"]
            argv = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", *words, "-d", str(place)]
            for index in ([], ["--index-url", builds.CPU_INDEX]):
                done = subprocess.run(
                    [*argv, "--retries", "0", *index, f"torch=={builds.TORCH}+cpu"], env=os.environ, capture_output=True
                )
                if done.returncode == 0:
                    (wheel,) = place.glob("*.whl")
                    known[version, machine] = sha256_of(wheel)
                    break
            say(f"torch {builds.TORCH}+cpu, Python {version}, {machine}: {known.get((version, machine), 'not known')}")
    return [
        f"torch=={builds.TORCH}+cpu ; sys_platform == 'linux' and platform_machine == '{machine}' "
        f"and python_version == '{version}' \\\n    --hash=sha256:{sha256}"
        for (version, machine), sha256 in sorted(known.items())
    ]


def _write(path: Path, blocks: list[str]) -> None:
    head = "# Written by `python -m build_tools.training_lock`.\n"
    write_text(path, head + "".join(block + "\n" for block in blocks))
    say(f"{path.name}: {len(blocks)} packages")


if __name__ == "__main__":
    sys.exit(main())
