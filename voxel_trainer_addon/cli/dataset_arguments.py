# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of datasets that are there: `dataset verify`, `diff`, `skill` and `prompt`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..dataset_builder.skill import TOKENS
from ..licences.classes import BY_CHOICE
from .train_arguments import count


def made_datasets(command: argparse.ArgumentParser) -> None:
    """What is asked of datasets that are there already: no Blender, and of folders no data folder either."""
    command.add_argument(
        "--preview", type=int, metavar="N", help="show N rows of the dataset that is there, build none"
    )
    actions = command.add_subparsers(
        dest="action", metavar="", prog="run_headless.py dataset", title=argparse.SUPPRESS, help=argparse.SUPPRESS
    )
    verify = actions.add_parser(
        "verify",
        description="Tell what is wrong with a finished dataset: leaks between train, val and test, hashes, licences "
        "and attribution, forms, code that is none, secrets.",
        usage="%(prog)s FOLDER [--decontaminate FILE] [--json]",
        epilog="exit status: 0 nothing, 4 when anything is wrong",
    )
    verify.add_argument("folder", type=Path, metavar="FOLDER")
    verify.add_argument(
        "--decontaminate", metavar="FILE", default="", help="find prompts of benchmarks too: a list of their hashes"
    )
    diff = actions.add_parser(
        "diff",
        description="Tell how one dataset differs from another: rows that moved to another side, changed, came and "
        "went, licences, settings.",
        usage="%(prog)s OLD NEW [--json]",
    )
    diff.add_argument("old", type=Path, metavar="OLD")
    diff.add_argument("new", type=Path, metavar="NEW")
    _skill(actions)
    for action in (verify, diff):
        action.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object a line instead of words"
        )


def _skill(commands: Any) -> None:
    """What a dataset does for models that nobody can tune."""
    skill = commands.add_parser(
        "skill",
        description="Write an Agent Skill: a folder with instructions and proven examples by kind and Blender, each "
        "with its licence and sources, for Claude and others that read such folders.",
        usage="%(prog)s FOLDER --out DIR [--tokens N] [--allow CLASS] [--yes] [--json]",
    )
    skill.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder that the skill's folder goes into"
    )
    skill.add_argument(
        "--tokens", type=count, default=TOKENS, metavar="N", help=f"at most about N in examples (default: {TOKENS:,})"
    )
    prompt = commands.add_parser(
        "prompt",
        description="Write a request with the nearest proven examples before it as JSON for messages.create of the "
        "anthropic package, the examples marked to be kept ready. Nothing is sent but, with --yes and a token, the "
        "same once for Anthropic to count its tokens.",
        usage="%(prog)s FOLDER REQUEST --model NAME [--url URL] [--allow CLASS] [--yes]",
    )
    for command, own in ((skill, "examples"), (prompt, "examples, and have the tokens counted")):
        command.add_argument("folder", type=Path, metavar="FOLDER", help="the dataset")
        command.add_argument(
            "--allow",
            action="append",
            default=[],
            choices=BY_CHOICE,
            metavar="CLASS",
            help="share-alike or copyleft licences too; can be repeated",
        )
        command.add_argument(
            "--yes",
            action="store_true",
            default=argparse.SUPPRESS,
            help=f"take what is made of your own files as {own}",
        )
    skill.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="what was made as JSON")
    prompt.add_argument("request", metavar="REQUEST", help="what is asked for, in words")
    prompt.add_argument("--model", required=True, metavar="NAME", help="the Claude that will be asked")
    prompt.add_argument("--url", default="", metavar="URL", help="its address, where it is not Anthropic's")
