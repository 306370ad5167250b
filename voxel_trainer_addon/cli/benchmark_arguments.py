# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the command `benchmark`: what a benchmark is made of, and which one is run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from . import evaluate_arguments


def actions(command: argparse.ArgumentParser) -> None:
    """What is done with benchmarks."""
    found = command.add_subparsers(dest="action", metavar="make|run", required=True, prog="run_headless.py benchmark")
    make(found)
    run = found.add_parser(
        "run",
        description="Have a model answer the prompts of a benchmark folder, ours or one in that form, and judge it by "
        "the whole ladder. Examples and nearest answers come from the training rows of the dataset named by --name.",
        usage="%(prog)s FOLDER [--model NAME] [--against NAME …] [--budget TIME] [options]",
    )
    run.add_argument("folder", type=Path, metavar="FOLDER", help="the benchmark's folder")
    evaluate_arguments.compared(run, fixed_set=True)
    evaluate_arguments.budget(run)
    run.add_argument("--name", metavar="NAME", help="the dataset that the model was tuned on (default: voxel)")
    run.add_argument("--workers", type=int, metavar="N", help="background Blenders (default: one a core)")
    _shared(run)


def make(actions: Any) -> None:
    command = actions.add_parser(
        "make",
        description="Make a folder of the dataset's test split that others can use without Voxel Trainer: prompts, "
        "conditions, proven references, a card, a list of hashes to decontaminate with, and a script that scores "
        "answers. Only rows whose licence lets them be passed on freely are in it.",
        usage="%(prog)s DATASET[:test] --out DIR [--data DIR] [--blender PATH] [--json]",
    )
    command.add_argument("dataset", metavar="DATASET[:test]", help="its name in the data folder, or its folder")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new or empty folder")
    _shared(command)


def _shared(command: argparse.ArgumentParser) -> None:
    """What may stand behind the action as well as before it."""
    command.add_argument("--data", type=Path, default=argparse.SUPPRESS, metavar="DIR", help="data folder")
    command.add_argument(
        "--blender",
        default=argparse.SUPPRESS,
        metavar="PATH",
        help="the Blender (or Python with bpy) that runs the references",
    )
    command.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="the facts as JSON")
