# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the commands `ask` and `serve`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..deployment.assistant.wish import CANDIDATES, DEADLINE_S, TARGETS
from ..pipeline.serve import IDLE_S
from .train_arguments import seconds


def ask(command: argparse.ArgumentParser) -> None:
    """What is wanted, who is to answer, and where the answer goes."""
    command.usage = '%(prog)s "WHAT YOU WANT" --out FILE.py|FILE.blend [options]'
    command.add_argument("text", metavar="TEXT", help="what you want, in your own words")
    command.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="a new .py with the script, or .blend with the tree"
    )
    command.add_argument("--kind", choices=TARGETS, default="material", help="what is to be made (default: material)")
    command.add_argument("--edit", type=Path, metavar="FILE.blend", help="change a tree of this file instead")
    command.add_argument("--key", default="", metavar="KEY", help="which one, where it has several: materials/Rust")
    group = command.add_argument_group("who answers")
    group.add_argument(
        "--model",
        default="",
        metavar="MODEL",
        help="a tuned one (`deploy list`), openai:NAME, claude:NAME, or retrieval for the nearest proven example "
        "(default: the live one, else the newest, else retrieval)",
    )
    group.add_argument("--base-url", default="", metavar="URL", help="its address, where it is not the provider's own")
    group.add_argument(
        "--deadline", type=seconds, default=DEADLINE_S, metavar="TIME", help=f"(default: {DEADLINE_S:.0f}s)"
    )
    group.add_argument(
        "--candidates",
        type=int,
        default=CANDIDATES,
        metavar="N",
        help=f"answers at most (default: {CANDIDATES})",
    )
    group.add_argument("--seed", type=int, default=0, metavar="N", help="another one, other answers (default: 0)")


def serve(command: argparse.ArgumentParser) -> None:
    """For the node editors of a Blender, or with a model for any client of OpenAI's protocol."""
    command.usage = "%(prog)s [--idle TIME] | --model live|MODEL [--port N]"
    command.add_argument(
        "--idle", type=seconds, default=IDLE_S, metavar="TIME", help="end after this idle time (default: 10m)"
    )
    command.add_argument(
        "--model",
        default="",
        metavar="MODEL",
        help="serve this model, or the live one, on this computer until Ctrl-C; no Blender is needed",
    )
    command.add_argument("--port", type=int, default=0, metavar="N", help="its port (default: a free one)")
