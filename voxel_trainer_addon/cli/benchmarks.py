# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of benchmarks: `benchmark make`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from ..errors import Exit, UserError
from ..evaluation.frozen_card import LEFT_OUT
from ..paths import DataFolder
from ..pipeline.freeze import freeze, in_blender
from ..words import counted
from ..worker.protocol import Host
from .terminal import Terminal


def make(found: argparse.Namespace, blender: Host, tick: Callable[[], bool]) -> int:
    """Make a benchmark of a dataset's test split."""
    told = (lambda words: None) if found.json else Terminal().say
    out, runs = found.out.expanduser(), in_blender(blender, tick, told)
    known = freeze(_dataset(found.dataset, found.data), out, blender.name, runs, told)
    if found.json:
        print(json.dumps(known))
        return Exit.DONE
    left = "; ".join(f"{number:,}: {LEFT_OUT[why]}" for why, number in known["left_out"].items())
    print(f"{counted(known['prompts'], 'prompt')} of {counted(known['groups'], 'independent group')}: {out}")
    print(f"Left out: {left or 'nothing'}")
    print(f"How to run it is in {out / 'README.md'}")
    return Exit.DONE


ACTIONS = {"make": make}


def _dataset(named: str, data: Path) -> Path:
    """The folder of `DATASET` or `DATASET:test`: a name in the data folder, or a folder."""
    name, _, split = named.rpartition(":")
    if name and split in ("train", "val"):
        raise UserError("A benchmark is made of the test split: models are trained on the others.")
    name = name if split == "test" else named
    folder = DataFolder(data.expanduser().resolve()).dataset(name)
    return folder if folder.is_dir() else Path(name).expanduser()
