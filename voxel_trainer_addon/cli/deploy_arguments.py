# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the command `deploy`: which model answers."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..deployment.promotion import SHARE_MAX

USAGE = """%(prog)s MODEL [--force REASON]
       %(prog)s list | show MODEL | promote MODEL | rollback [--why TEXT]
       %(prog)s canary MODEL --share 0.1 | canary --share 0
       %(prog)s compare MODEL | watch [--prometheus FILE]
       %(prog)s feedback [on | off | list | show ID | delete ID|all]
       %(prog)s add DATASET --asks PROVIDER:MODEL [--base-url URL] [--tuned]
       %(prog)s host ARN [--units N] --yes | hosted | unhost ARN"""


def deploy(command: argparse.ArgumentParser) -> None:
    """What is to be done, with which model."""
    command.usage = USAGE
    command.add_argument(
        "word",
        metavar="MODEL",
        help="make this model live, such as voxel/v3, or voxel for its newest version; or one of the words: list all "
        "models; show one; promote one, which makes it live; rollback to the one that was live before; let one be the "
        "canary that answers a share of the requests; compare one with the live one by duels and requests; watch how "
        "models do in use; what was kept of feedback, to be looked at and deleted; add one of a host, to be evaluated "
        "on the test split of a dataset; host one that Amazon tuned, so that it answers there, list what is hosted, "
        "and unhost it again",
    )
    command.add_argument("tuned", nargs="?", default="", metavar="MODEL", help="what the word is about")
    command.add_argument("which", nargs="?", default="", metavar="ID", help="of feedback: which request")
    command.add_argument(
        "--force", default="", metavar="REASON", help="overrule what stands against the model; the reason is kept"
    )
    command.add_argument("--why", default="", metavar="TEXT", help="a note that is kept with what is done")
    command.add_argument(
        "--share",
        type=float,
        metavar="SHARE",
        help=f"share of the requests for the canary, at most {SHARE_MAX} (default: 0.1; 0 ends it)",
    )
    command.add_argument(
        "--prometheus", type=Path, metavar="FILE", help="watch: write the figures for Prometheus' textfile collector"
    )
    group = command.add_argument_group("a model at a host")
    group.add_argument("--asks", default="", metavar="PROVIDER:MODEL", help="openai:NAME, claude:NAME or bedrock:ARN")
    group.add_argument("--base-url", default="", metavar="URL", help="its address, where it is not the provider's own")
    group.add_argument(
        "--tuned",
        action="store_true",
        dest="was_tuned",
        help="it was tuned on such a dataset: it is asked as it was trained, without examples",
    )
    group.add_argument("--units", type=int, metavar="N", help="host: throughput of its own, paid by the hour")
