# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the command `train`: how and what to tune, what that needs, jobs, and models that were tuned."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from ..fine_tuning.export import FORMS, QUANTISED
from ..providers.tuning import MODULES
from ..stage import PRESETS

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """`90`, `90s`, `5m` or `2h` in seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if not match:
        raise argparse.ArgumentTypeError(f"“{text}” is no time; write 90s, 5m or 2h")
    return float(match[1]) * UNITS[match[2] or "s"]


def count(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"“{text}” is no whole number above 0")
    return int(text)


def tuning(command: argparse.ArgumentParser) -> None:
    """How, where and how long to train."""
    group = command.add_argument_group("training")
    group.add_argument("--preset", choices=tuple(PRESETS), help="how long and how much (default: quick)")
    group.add_argument(
        "--provider",
        metavar="NAME",
        help=f"who trains: local (the default), {', '.join(MODULES)}, or path/to/my_host.py",
    )
    group.add_argument(
        "--model",
        metavar="NAME",
        help="a Hugging Face folder or name, or the host's (default: the embedded smollm2-135m)",
    )
    group.add_argument(
        "--method",
        choices=("auto", "full", "lora", "qlora"),
        help="full tuning up to 0.2 B parameters, LoRA above, by default",
    )
    group.add_argument(
        "--train-time", dest="train_s", type=seconds, metavar="TIME", help="time for training: 90s, 5m, 2h"
    )
    metric(group)
    train_env(group)
    group.add_argument(
        "--anyway", action="store_true", default=None, help="train a model that is not expected to fit into memory"
    )
    group.add_argument("--base-url", metavar="URL", help="the host's address (openai: any that speaks its protocol)")
    group.add_argument(
        "--hyper",
        action="append",
        metavar="NAME=VALUE",
        help="at a host: a parameter by its own name, such as n_epochs=3; can be repeated",
    )


def metric(command: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """What evaluate decides by."""
    command.add_argument(
        "--metric",
        metavar="NAME",
        help="what evaluate decides by: runs, node_f1, adherence, loss … (default: node_f1, or what was named before "
        "training)",
    )


def train_env(command: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """The person's own environment."""
    command.add_argument("--train-env", metavar="PATH", help="a Python environment with PyTorch that is there already")


def setup(command: argparse.ArgumentParser) -> None:
    """The environment that training needs, and models that fit."""
    group = command.add_argument_group("what training needs")
    group.add_argument(
        "--models",
        action="store_true",
        help="list good models, with what they need and what fits here; with --provider, what can be tuned there now",
    )
    group.add_argument("--setup", action="store_true", help="make the training environment and the embedded model now")
    group.add_argument("--dry-run", action="store_true", help="with --setup: say what would be done, and do nothing")
    group.add_argument(
        "--wheels", type=Path, metavar="FOLDER", help="with --setup: take all packages from this folder, no network"
    )
    group.add_argument("--remove", action="store_true", help="with --setup: remove the environment")
    group.add_argument("--with-model", action="store_true", help="with --setup --remove: the embedded model too")


def jobs(command: argparse.ArgumentParser) -> None:
    """Settings of a job, and what is asked of jobs."""
    group = command.add_argument_group("how it is trained")
    group.add_argument(
        "--objective", choices=("sft", "dpo"), help="learn answers (sft, the default) or which of two is better (dpo)"
    )
    group.add_argument(
        "--start-from", metavar="VERSION", help="go on from an earlier model, such as v1 (default: the base)"
    )
    group.add_argument(
        "--own-pairs",
        action="store_true",
        default=None,
        help="dpo: learn from that model's own answers to training prompts (evaluate --set :train --samples N)",
    )
    group.add_argument("--seed", type=int, metavar="N", help="which rows, and in what order (default: 0)")
    group.add_argument("--rate", type=float, metavar="R", help="learning rate, such as 2e-4 (default: by method)")
    group.add_argument("--rank", type=int, metavar="N", help="rank of a LoRA adapter (default: by size of the dataset)")
    group.add_argument(
        "--keep", type=int, metavar="N", help="keep the N best states by their loss on held-out rows (default: 1)"
    )
    group = command.add_argument_group("jobs")
    group.add_argument("--later", action="store_true", help="put it into the queue, train nothing now")
    group.add_argument("--queue", dest="queued", action="store_true", default=None, help="train what is in the queue")
    group.add_argument("--jobs", action="store_true", help="list all jobs")
    group.add_argument("--cancel", default="", metavar="ID", help="take a job out of the queue, or stop it")
    group.add_argument("--pause", default="", metavar="ID", help="let a job pause, here or at a host that can do that")
    group.add_argument("--resume", default="", metavar="ID", help="let a job go on that was paused")
    group.add_argument(
        "--again", metavar="ID", help="train a job once more by its record; options that are named change it"
    )
    group.add_argument(
        "--sweep",
        action="append",
        metavar="NAME=A,B",
        help="try every value of rate, rank, method or train-time, each with --seeds seeds; can be repeated",
    )
    group.add_argument("--seeds", type=int, default=3, metavar="N", help="seeds of each setting (default: 3)")
    group.add_argument(
        "--plan",
        action="store_true",
        help="at a host: tell what would be sent, whose it is and what it costs; send nothing",
    )
    group.add_argument(
        "--budget", type=float, metavar="AMOUNT", help="at a host: what a job may cost, in its currency (default: 500)"
    )
    group.add_argument("--agreed", metavar="MARK", help="at a host: agree to exactly what --plan told, by its mark")
    group.add_argument(
        "--follow",
        action="store_true",
        default=None,
        help="at a host: stay until the job has ended; alone: until all jobs that run at hosts have",
    )
    group.add_argument(
        "--ask-hosts",
        action="store_true",
        default=None,
        help="train nothing: ask once after the jobs that run at hosts",
    )


def made_models(command: argparse.ArgumentParser) -> None:
    """What is asked of models that were tuned already."""
    actions = command.add_subparsers(
        dest="action", metavar="", prog="run_headless.py train", title=argparse.SUPPRESS, help=argparse.SUPPRESS
    )
    export = actions.add_parser(
        "export",
        description="Write a tuned model for other programs, with a model card and the words to paste: merged "
        "safetensors, a GGUF file with a Modelfile for Ollama, or the adapter alone.",
        usage="%(prog)s MODEL [--form safetensors|gguf|adapter] [--quantise q8_0] [--out DIR] [--json]",
    )
    export.add_argument("tuned", metavar="MODEL", help="such as voxel/v3, voxel for its newest version, or a folder")
    export.add_argument("--form", choices=FORMS, default="safetensors", help="what to write (default: safetensors)")
    export.add_argument(
        "--quantise", choices=QUANTISED, default="", help="gguf: format of the numbers (default: as they are stored)"
    )
    export.add_argument(
        "--out", type=Path, metavar="DIR", help="folder to write (default: export/FORM beside the model)"
    )
    export.add_argument("--data", type=Path, default=argparse.SUPPRESS, metavar="DIR", help="data folder")
    export.add_argument(
        "--train-env",
        metavar="PATH",
        default=argparse.SUPPRESS,
        help="an environment with PyTorch that is there already",
    )
    for word, told in (("--yes", "agree to downloads whose size is told"), ("--json", "the facts as JSON")):
        export.add_argument(word, action="store_true", default=argparse.SUPPRESS, help=told)
