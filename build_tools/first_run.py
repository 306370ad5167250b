# SPDX-License-Identifier: GPL-3.0-or-later
"""`build.py run`: from a bare Python to the whole job. Says sizes first, sets up Blender's module, hands over."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from voxel_trainer_addon import __version__, pythons, words
from voxel_trainer_addon.cli.arguments import parsed
from voxel_trainer_addon.errors import Exit, Unavailable, UserError
from voxel_trainer_addon.providers.local import builds, environment

from .environments import (
    ROOT,
    SIZES,
    Missing,
    agreed,
    check_space,
    free_space,
    has_pip,
    home,
    is_made,
    made,
    say,
)

HOSTS = (("3.13", "bpy-5_2", "5.2.3"), ("3.11", "bpy-5_0", "5.0.1"))
"""Python → group of its Blender and the version, the better one first: 5.2's libraries hold twice the node groups."""

USAGE = """usage: python3 build.py run [FOLDER …] [--data DIR] [--yes] [OPTION …]

  FOLDER …     folders of your .blend files, read where they lie; Blender's own node libraries always go in
  --data DIR   where everything lands (default: training_data)
  --yes        do not ask before downloads

Folders come first. What follows is handed on to the headless command, whose options are:
"""


@dataclass(frozen=True)
class Plan:
    """What a run will do: which Blender in which Python, and the words for the headless command."""

    python: str
    group: str
    blender: str
    words: tuple[str, ...]


def planned(argv: Sequence[str]) -> Plan:
    """The plan for a command line. Raises Missing or UserError; exits with 2 on wrong usage, before any download."""
    first_option = next((at for at, word in enumerate(argv) if word.startswith("-")), len(argv))
    folders = [Path(word).expanduser() for word in argv[:first_option]]
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"{folder} is no folder.")
    sources = ["bundled:", *(f"folder:{folder.resolve()}" for folder in folders)]
    headless = ["run", *(word for source in sources for word in ("--source", source)), *argv[first_option:]]
    parsed(headless)
    return Plan(*host(), tuple(headless))


def host() -> tuple[str, str, str]:
    """The better Python, group and version of Blender that this machine can have. Raises Missing."""
    for version, group, blender in HOSTS:
        if pythons.find(version):
            return version, group, blender
    here = ".".join(map(str, sys.version_info[:2]))
    raise Missing(
        f"Blender's module needs Python 3.13 or 3.11; this is {here}, and none of them runs here. {pythons.ADVICE}"
    )


def training(base: Path, consent: bool) -> tuple[str, int]:
    """What the train stage will make when the run comes to it, or why it will not; and the bytes on disk."""
    if environment.made(consent):
        return "PyTorch is there already", 0
    if not has_pip(base):
        download, disk = (mb * 1_000_000 for mb in (builds.CPU.download_mb, builds.CPU.disk_mb))
        return f"PyTorch for the processor, if this machine's package index has it: {cost(download, disk)}", disk
    try:
        choice = environment.find(lambda note: None, consent)
    except Unavailable as error:
        return f"not here, so the run ends after the dataset. {error}", 0
    download, disk = (mb * 1_000_000 for mb in (choice.build.download_mb, choice.build.disk_mb))
    python = pythons.version_of(choice.python)
    told = f"PyTorch for {choice.build.what}, with Python {python}, when the run comes to it: {cost(download, disk)}"
    return told, disk


def cost(download: int, disk: int) -> str:
    return f"{words.size(download)} to download, {words.size(disk)} on disk"


def tell(plan: Plan, consent: bool) -> bool:
    """Say what will be made, downloaded and kept; whether there is anything to download. Raises Missing for room."""
    base = pythons.find(plan.python)
    assert base
    there = is_made(plan.group, plan.python)
    download, disk = (mb * 1_000_000 for mb in SIZES[plan.group])
    trained, more = training(base, consent)
    sizes = "there already" if there else cost(download, disk)
    say(f"  Blender   {plan.blender}, as a module of Python {pythons.version_of(base)}: {sizes}")
    say(f"  Training  {trained}")
    say(f"  Room      {words.size(free_space(home()))} free in {home()}")
    check_space(more + (0 if there else disk))
    return not there


def main(argv: list[str]) -> int:
    """Hand over to the headless command; its exit status, or 2 where something must be mended first."""
    if {"-h", "--help"} & set(argv):
        print(USAGE)
        parsed(["run", "--help"])
    try:
        plan = planned(argv)
        say(f"Voxel Trainer {__version__}: harvest, parse, dataset, train, evaluate. Looking at what is here …")
        consent = "--yes" in argv
        if tell(plan, consent) and not consent and not agreed("Go on?"):
            say("Nothing was downloaded.")
            return Exit.USAGE
        python = made(plan.group, plan.python)
    except (Missing, UserError) as error:
        print(f"\n{error}", file=sys.stderr)
        return Exit.USAGE
    return start(python, plan.words)


def hand_on(argv: Sequence[str]) -> int:
    """Give a command of the headless command to it, in Blender's environment; made first where it is not there."""
    parsed(argv)
    try:
        version, group, _ = host()
        python = made(group, version)
    except Missing as error:
        print(error, file=sys.stderr)
        return Exit.USAGE
    return start(python, argv)


def start(python: Path, headless: Sequence[str]) -> int:
    """Become the headless command, so that its exit status and Ctrl-C are its own."""
    command = [str(python), str(ROOT / "scripts" / "run_headless.py"), *headless]
    os.environ["VOXEL_TRAINER_COMMAND"] = "python3 build.py"
    if sys.platform == "win32":
        return subprocess.call(command)
    sys.stdout.flush()
    os.execv(command[0], command)
