# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of models that are there: `train export`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import Exit
from ..fine_tuning.export import export, tuned
from ..paths import DataFolder
from ..providers.local import Local
from ..stage import Options
from ..words import counted, size


@dataclass(frozen=True)
class Asking:
    """The person at the terminal, as the provider asks them; `apart`: what is told stays out of standard output."""

    options: Options
    tick: Callable[[], bool]
    apart: bool

    def note(self, words: str) -> None:
        print(words, flush=True, file=sys.stderr if self.apart else sys.stdout)


def take_elsewhere(found: argparse.Namespace, options: Options, tick: Callable[[], bool]) -> int:
    """Write a tuned model in a form that other programs read."""
    model = tuned(DataFolder(found.data.expanduser().resolve()), found.tuned)
    done = export(model, found.form, found.quantise, found.out, Local(), Asking(options, tick, found.json))
    if found.json:
        print(json.dumps({"folder": str(done.folder), **done.facts}))
    else:
        total = size(sum(one["bytes"] for one in done.facts["files"].values()))
        print(f"{model.name} as {found.form}, {counted(len(done.facts['files']), 'file')}, {total}: {done.folder}")
        print(f"What to type next is in {done.folder / 'HOW-TO.md'}")
    return Exit.DONE
