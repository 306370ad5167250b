# SPDX-License-Identifier: GPL-3.0-or-later
"""A written script run in the open file: as it stands, or phase by phase with updates held back."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import partial
from typing import Any

from ..phases import GIVE_NAME, PHASES, parts
from .held import NewNodes, hold

CODE_NAME = "<script>"
"""The file name of a script in tracebacks."""
MAIN: Mapping[str, Any] = {"__name__": "__main__"}


def run_plain(code: str) -> None:
    """Run a script as it stands. Raises what it raises."""
    exec(compile(code, CODE_NAME, "exec"), dict(MAIN))


def run_held(code: str) -> None:
    """Run a script's statements by phases, with updates held back in each. Raises what they raise."""
    new = NewNodes()
    space: dict[str, Any] = {**MAIN, GIVE_NAME: new}

    def execute(statements: list[ast.stmt]) -> None:
        exec(compile(ast.Module(statements, []), CODE_NAME, "exec"), space)
        new.give_names()

    for part in parts(code):
        if not part.tree:
            execute(part.phases[""])
        for phase in PHASES:
            if phase in part.phases:
                hold(partial(execute, part.phases[phase]), space[part.tree])
