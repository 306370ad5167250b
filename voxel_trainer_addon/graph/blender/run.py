# SPDX-License-Identifier: GPL-3.0-or-later
"""A written script run in the open file: as it stands, or phase by phase with updates held back."""

from __future__ import annotations

import ast
import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

from ..phases import GIVE_NAME, PHASES, parts
from .clock import used_s
from .held import Holder, NewNodes

CODE_NAME = "<script>"
"""The file name of a script in tracebacks."""
MAIN: Mapping[str, Any] = {"__name__": "__main__"}

LARGE = 120
"""Nodes in one tree from which a script runs faster with updates held back."""


def holding_pays(sizes: Iterable[int]) -> bool:
    """Whether a script that makes trees of so many nodes is worth cutting into phases: a plain run takes a time that
    grows with the square of the nodes."""
    return sum(size**2 for size in sizes) >= LARGE**2


def run_plain(code: str, limit_s: float = math.inf) -> dict[str, Any]:
    """Run a script as it stands; its names at the end. Raises what it raises, TimeoutError at the first line after
    `limit_s` of the processor (what else the machine does must not change a verdict)."""
    space = dict(MAIN)
    with _limited(limit_s):
        exec(compile(code, CODE_NAME, "exec"), space)
    return space


def run_held(code: str, limit_s: float = math.inf) -> None:
    """Run a script's statements by phases, with updates held back in each. Raises as `run_plain` does."""
    new = NewNodes()
    space: dict[str, Any] = {**MAIN, GIVE_NAME: new}

    def execute(statements: list[ast.stmt]) -> None:
        exec(compile(ast.Module(statements, []), CODE_NAME, "exec"), space)
        new.give_names()

    with _limited(limit_s), Holder() as hold:
        for part in parts(code):
            if not part.tree:
                execute(part.phases[""])
            for group in PHASES:
                if statements := [statement for phase in group for statement in part.phases.get(phase, ())]:
                    hold(partial(execute, statements), space[part.tree])


@contextmanager
def _limited(limit_s: float) -> Iterator[None]:
    """Ends a script's run by looking at the clock before each of its lines; a signal would not do on every system."""
    ends = used_s() + limit_s

    def look(frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code.co_filename != CODE_NAME:
            return None
        if used_s() >= ends:
            raise TimeoutError(f"it takes more than {limit_s:.0f} s")
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)
