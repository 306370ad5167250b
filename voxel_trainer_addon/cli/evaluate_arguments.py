# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the command `evaluate`: what is compared, and what is asked of evaluations that are done."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..stage import PRESETS
from . import train_arguments


def budget(command: argparse.ArgumentParser) -> None:
    """How long it may take."""
    command.add_argument(
        "--evaluate-time",
        "--budget",
        dest="evaluate_s",
        type=train_arguments.seconds,
        metavar="TIME",
        help="time for comparing: 90s, 15m, 1h",
    )


def compared(command: argparse.ArgumentParser, *, fixed_set: bool = False) -> None:
    """Which model is evaluated, against whom, by which metric, and on what, where that is not fixed."""
    group = command.add_argument_group("what is compared")
    group.add_argument(
        "--model",
        dest="evaluated",
        metavar="NAME",
        help="voxel/v3, v3, a model's folder, openai:NAME or claude:NAME (default: the newest that was tuned)",
    )
    group.add_argument(
        "--against",
        action="append",
        metavar="NAME",
        help="base, few-shot, retrieval, or another model; can be repeated (default: those three)",
    )
    group.add_argument("--renders", action="store_true", default=None, help="compare what answers look like, too")
    group.add_argument(
        "--probes",
        action="store_true",
        default=None,
        help="look whether a tuned model copies what it learnt, and what it has forgotten; takes half of the time",
    )
    group.add_argument(
        "--samples",
        type=train_arguments.count,
        metavar="N",
        help="beside the likeliest answer draw N of the model and its base: how likely is it that one of k runs?",
    )
    group.add_argument("--temperature", type=float, metavar="T", help="of these samples (default: 0.8)")
    if not fixed_set:
        _where(group)
    group.add_argument("--base-url", metavar="URL", help="a host that speaks the OpenAI protocol")
    group.add_argument("--preset", choices=tuple(PRESETS), help="how many prompts, how long (default: quick)")
    group.add_argument(
        "--prompts", type=train_arguments.count, metavar="N", help="at most N prompts (default: by preset)"
    )
    group.add_argument(
        "--new-tokens", type=train_arguments.count, metavar="N", help="cut answers at N tokens (default: by preset)"
    )
    train_arguments.metric(group)
    train_arguments.train_env(group)


def _where(group: argparse._ArgumentGroup) -> None:
    """Which prompts, and how many of them."""
    group.add_argument(
        "--set",
        dest="test_set",
        metavar="DATASET:SPLIT",
        help="the prompts (default: the dataset's test split); :train with --samples makes pairs for train --own-pairs",
    )
    group.add_argument(
        "--all-checkpoints",
        action="store_true",
        default=None,
        help="compare all states of the training that were kept on val, and test the best one",
    )
    group.add_argument(
        "--plan", action="store_true", default=None, help="tell what the prompts can prove in the time, and ask nobody"
    )


def made_evaluations(command: argparse.ArgumentParser) -> None:
    """What is asked of evaluations that are there already."""
    actions = command.add_subparsers(
        dest="action", metavar="", prog="run_headless.py evaluate", title=argparse.SUPPRESS, help=argparse.SUPPRESS
    )
    compare = actions.add_parser(
        "compare",
        description="Compare two evaluations on the prompts that both have, or tell the spread of models whose "
        "training differs by the seed alone.",
        usage="%(prog)s OLDER NEWER [--out FILE.html] [--json] | %(prog)s MODEL MODEL MODEL … [--json]",
        epilog="exit status: 4 when the newer one is provably worse",
    )
    compare.add_argument(
        "compared", nargs="+", metavar="MODEL", help="voxel/v3, a version's folder, or evaluation.json"
    )
    compare.add_argument("--out", type=Path, metavar="FILE.html", help="a page with all rows side by side")
    compare.add_argument("--data", type=Path, default=argparse.SUPPRESS, metavar="DIR", help="data folder")
    compare.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="the figures as JSON")
    judge = actions.add_parser(
        "judge",
        description="Have a chat model compare the answers of an evaluation that is done, blind and in both orders, or "
        "compare them yourself on a form. What it costs is told first.",
        usage="%(prog)s MODEL --by PROVIDER:MODEL [--url URL] [--batch] [--pairs N] [--against WHO] [--yes] [--json]\n"
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
    judge.add_argument(
        "--batch", action="store_true", help="claude: ask all in one batch, for half the price, within a day"
    )
    judge.add_argument("--pairs", type=int, metavar="N", help="at most N pairs (default: 100, on a form 30)")
    judge.add_argument("--against", dest="opponent", default="", metavar="WHO", help="the opponent (default: base)")
    judge.add_argument("--data", type=Path, default=argparse.SUPPRESS, metavar="DIR", help="data folder")
    judge.add_argument(
        "--train-env", metavar="PATH", default=argparse.SUPPRESS, help="local: an environment with PyTorch"
    )
    for word, told in (("--yes", "agree to what would leave this computer"), ("--json", "the figures as JSON")):
        judge.add_argument(word, action="store_true", default=argparse.SUPPRESS, help=told)
