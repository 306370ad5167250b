# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of `evaluate judge`: who compares the answers of an evaluation that is done."""

from __future__ import annotations

import argparse
from pathlib import Path


def judged(command: argparse.ArgumentParser) -> None:
    """What is asked of evaluations that are there already."""
    actions = command.add_subparsers(
        dest="action", metavar="", prog="run_headless.py evaluate", title=argparse.SUPPRESS, help=argparse.SUPPRESS
    )
    judge = actions.add_parser(
        "judge",
        description="Have a chat model compare the answers of an evaluation that is done, blind and in both orders, or "
        "compare them yourself on a form. What it costs is told first.",
        usage="%(prog)s MODEL --by PROVIDER:MODEL [--url URL] [--pairs N] [--against WHO] [--yes] [--json]\n"
        "       %(prog)s MODEL --form DIR [--pairs N] [--against WHO]\n"
        "       %(prog)s MODEL --verdicts FILE [--against WHO] [--json]",
    )
    judge.add_argument("judged", metavar="MODEL", help="such as voxel/v3, voxel for its newest version, or a folder")
    way = judge.add_mutually_exclusive_group(required=True)
    way.add_argument(
        "--by", default="", metavar="PROVIDER:MODEL", help="who judges: openai:NAME, claude:NAME, local:FOLDER"
    )
    way.add_argument("--form", type=Path, metavar="DIR", help="write a form for your own verdicts into a new folder")
    way.add_argument("--verdicts", type=Path, metavar="FILE", help="read the form that was filled in")
    judge.add_argument("--url", default="", metavar="URL", help="the judge's address, where it is not its provider's")
    judge.add_argument("--pairs", type=int, metavar="N", help="at most N pairs (default: 100, on a form 30)")
    judge.add_argument("--against", dest="opponent", default="", metavar="WHO", help="the opponent (default: base)")
    judge.add_argument("--data", type=Path, default=argparse.SUPPRESS, metavar="DIR", help="data folder")
    judge.add_argument(
        "--train-env", metavar="PATH", default=argparse.SUPPRESS, help="local: an environment with PyTorch"
    )
    for word, told in (("--yes", "agree to what would leave this computer"), ("--json", "the figures as JSON")):
        judge.add_argument(word, action="store_true", default=argparse.SUPPRESS, help=told)
