#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one command of a checkout: `run` the whole job, `test` it, `zip` it. Needs nothing but Python 3.11 or 3.13."""

from __future__ import annotations

import importlib
import os
import sys

COMMANDS = {"run": "first_run", "test": "suites", "zip": "archive"}
HEADLESS = (
    *("harvest", "parse", "dataset", "train", "evaluate", "deploy", "benchmark", "ask", "serve"),
    *("resume", "status", "code", "graph", "explain", "diff", "check"),
)
"""Commands of scripts/run_headless.py, which `run` sets up; here they are handed to it as they are."""

HELP = """usage: python3 build.py COMMAND …

  run [FOLDER …] [--data DIR] [--yes] [OPTION …]
        The whole job: .blend files of the folders, and Blender's own node libraries, become a dataset, a tuned model,
        a comparison of before and after, and a report. Sets up what it needs and says sizes first. Stop it with
        Ctrl-C, start it again with the same line. Further options go to the headless command (see --help there).
  resume, status, ask "WHAT YOU WANT" --out FILE, code FILE.blend --out DIR, harvest, parse, dataset, train, evaluate,
  deploy, benchmark, graph, explain, diff, check, serve
        The headless command's own words, in what `run` has set up.
  test [--all] [--suite NAME …] [PYTEST WORD …]
        All checks and tests; --all adds the slow ones, --suite names one or more, other words go to pytest.
  zip [--platform linux-x64|windows-x64|macos-arm64|macos-x64|all] [--no-validate]
        dist/voxel_trainer-<version>.zip, to install in Blender 4.2 to 5.2. That of a platform also brings the packages
        that talk to hosts: openai, anthropic, boto3.

Environments lie in ~/.cache/voxel-trainer (or $VOXEL_TRAINER_CACHE) and may be deleted at any time.
"""


def main(argv: list[str]) -> int:
    """The exit status of the command in `argv`."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what tells it
        return _with_another_python(argv)
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0
    try:
        if argv[0] in HEADLESS:
            return int(importlib.import_module("build_tools.first_run").hand_on(argv))
        if argv[0] not in COMMANDS:
            print(f"build.py has no command {argv[0]!r}. `build.py --help` lists them.", file=sys.stderr)
            return 2
        return int(importlib.import_module(f"build_tools.{COMMANDS[argv[0]]}").main(argv[1:]))
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130


def _with_another_python(argv: list[str]) -> int:
    """This Python is too old: go on with a newer one of this machine, or name what to install."""
    from voxel_trainer_addon import pythons

    for version in ("3.13", "3.11", "3.12", "3.14"):
        python = pythons.find(version)
        if python:
            os.execv(str(python), [str(python), os.path.abspath(__file__), *argv])
    here = ".".join(map(str, sys.version_info[:2]))
    print(f"This is Python {here}; Voxel Trainer needs Python 3.13 or 3.11. {pythons.ADVICE}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
