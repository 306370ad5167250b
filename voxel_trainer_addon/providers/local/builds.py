# SPDX-License-Identifier: GPL-3.0-or-later
"""PyTorch's builds: which fits a machine, where it comes from, what it takes, and the lock files that pin it all.

What is decided here is decided from a `Machine` alone.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ...files import digest, sha256_of

TORCH = "2.13.0"
REST = (
    "transformers==5.23.0",
    "peft==0.21.2",
    "safetensors==0.8.0",
    "tokenizers==0.23.3",
    "jinja2==3.1.6",
    "gguf==0.19.0",
    "numpy==2.4.6",
)
APPLE = ("mlx==0.32.4", "mlx-lm==0.32.2")
CARD = ("bitsandbytes==0.50.2",)
VERSIONS = ("3.11", "3.13", "3.12")
"""Pythons that the lock files were resolved for, the likely ones first."""

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
ROCM_INDEX = "https://download.pytorch.org/whl/rocm7.2"

LOCKS = Path(__file__).parent / "locks"
PACKAGES = LOCKS / "packages.txt"
"""All but PyTorch and what only its builds for cards bring."""
INDEX_TORCH = LOCKS / "torch-index.txt"
"""PyTorch as the package index has it: for NVIDIA cards on Linux, for the processor on Windows and macOS."""
CPU_TORCH = LOCKS / "torch-cpu.txt"
"""PyTorch's own builds for the processor on Linux, as far as their hashes are known."""


@dataclass(frozen=True)
class Machine:
    """`system` and `machine` as Python names them (`linux`, `darwin`, `win32`; `x86_64`, `arm64`), and the cards."""

    system: str
    machine: str
    nvidia: bool = False
    rocm: bool = False


@dataclass(frozen=True)
class Build:
    """One build of PyTorch. `index`: PyTorch's own index that has it, or ''; `own_index` says that only that has it.

    Megabytes to download and on disk are those of the whole environment; `measured` says how they are known.
    """

    name: str
    what: str
    local: str
    download_mb: int
    disk_mb: int
    measured: str
    index: str = ""
    own_index: bool = False

    @property
    def torch(self) -> str:
        """PyTorch's requirement. `+cpu` is asked for by name, so that the build of several GB never slips in."""
        return f"torch=={TORCH}{self.local}"

    @property
    def locks(self) -> tuple[Path, ...]:
        return (PACKAGES, CPU_TORCH) if self.local else (PACKAGES, INDEX_TORCH)

    @property
    def lock_hash(self) -> str:
        """The identity of everything that this build's environment is pinned to."""
        return digest([self.torch, *(sha256_of(path) for path in self.locks)])


CPU = Build("cpu", "the processor", "+cpu", 250, 1200, "measured on Linux x86-64, 2026-11", CPU_INDEX)
CUDA = Build("cuda", "NVIDIA cards", "", 2760, 5200, "measured on Linux x86-64, 2026-11; bitsandbytes estimated")
ROCM = Build("rocm", "AMD cards", "+rocm7.2", 5000, 16000, "estimated, 2026-11", ROCM_INDEX, own_index=True)
METAL = Build("apple", "Apple's processors", "", 300, 1200, "estimated, 2026-11")
PLAIN = Build("plain", "the processor", "", 250, 1000, "estimated, 2026-11")
BUILDS = {build.name: build for build in (CUDA, ROCM, METAL, PLAIN, CPU)}


def fitting(machine: Machine, consent: bool) -> tuple[Build, ...]:
    """The builds that may be made on a machine, the best first. One for a card only where that card is and the person
    said yes (`consent`): it is a download of several GB."""
    if machine.system == "darwin":
        return (METAL,)
    if machine.system != "linux":
        return (PLAIN,)
    cards = [build for build, there in ((CUDA, machine.nvidia), (ROCM, machine.rocm)) if there and consent]
    return (*cards, CPU)


def unused_card(machine: Machine, build: Build) -> str:
    """What to say where there is a card and the environment will not use it."""
    if machine.system != "linux" or build is not CPU:
        return ""
    for card, there in ((CUDA, machine.nvidia), (ROCM, machine.rocm)):
        if there:
            gigabytes = card.download_mb / 1000
            return (
                f"This machine has one of the {card.what}, and training uses the processor; "
                f"--yes takes the build for the card ({gigabytes:.1f} GB)."
            )
    return ""


def this_machine() -> Machine:
    """What this machine is. Asks the cards' own programs, so it may take a second."""
    nvidia = _answers("nvidia-smi", "-L")
    rocm = Path("/dev/kfd").exists() and _answers("rocminfo")
    return Machine(sys.platform, platform.machine(), nvidia, rocm)


def likely_machine() -> Machine:
    """The same by a look alone: cards whose programs are installed count as there."""
    nvidia = shutil.which("nvidia-smi") is not None
    rocm = Path("/dev/kfd").exists() and shutil.which("rocminfo") is not None
    return Machine(sys.platform, platform.machine(), nvidia, rocm)


def _answers(*argv: str) -> bool:
    program = shutil.which(argv[0])
    if program is None:
        return False
    try:
        return (
            subprocess.run([program, *argv[1:]], stdin=subprocess.DEVNULL, capture_output=True, timeout=10).returncode
            == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def cpu_hashes() -> dict[tuple[str, str], str]:
    """Python (`3.11`) and machine (`x86_64`) → SHA-256 of PyTorch's build for the processor, where it is known."""
    text = CPU_TORCH.read_text(encoding="utf-8") if CPU_TORCH.is_file() else ""
    line = r"platform_machine == '(\w+)' and python_version == '([\d.]+)' \\\n    --hash=sha256:([0-9a-f]{64})"
    return {(version, machine): sha256 for machine, version, sha256 in re.findall(line, text)}


def installs(build: Build, version: str, machine: str, from_index: bool) -> list[list[str]]:
    """The words of each call of pip, one after the other, that make the environment for a Python (`3.11`).

    Everything comes from one index a call; `from_index` takes PyTorch from the build's own.
    """
    words = ["install", "--only-binary", ":all:"]
    hashed = [*words, "--no-deps", "--require-hashes"]
    if not build.local:
        return [[*hashed, *(word for path in build.locks for word in ("-r", str(path)))], ["check"]]
    index = ["--index-url", build.index] if from_index else []
    if build is CPU and (version, machine) in cpu_hashes():
        first = [*hashed, *index, "-r", str(CPU_TORCH)]
    else:
        # what AMD's build needs of its own lies in its index, pinned by its own metadata
        first = [*words, *([] if build.own_index else ["--no-deps"]), *index, build.torch]
    return [first, [*hashed, "-r", str(PACKAGES)], ["check"]]
