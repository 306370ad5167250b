# SPDX-License-Identifier: GPL-3.0-or-later
"""Any git repository, read thriftily: partial clone, wanted blobs alone, nothing checked out and nothing of it run.

See docs/harvest.md, “Any git repository”.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import UserError
from . import command
from .address import Address, parse
from .clone import Clone
from .model import Blob, Entry, GitProblem, Head, Limits, Missing, State, Text, Tick, Tool

__all__ = [
    "Address",
    "Blob",
    "Clone",
    "Entry",
    "GitProblem",
    "Head",
    "Limits",
    "Missing",
    "State",
    "Text",
    "open_clone",
    "parse",
]

USUAL = Limits()


def open_clone(
    address: Address,
    place: Path,
    *,
    history: bool,
    limits: Limits = USUAL,
    header: str = "",
    agent: str = "",
    tick: Tick = lambda: None,
    tool: str = "",
) -> Clone:
    """The repository at `address`, up to date, in the folder `place`, which nobody else may use meanwhile.

    With `history` all commits are fetched, otherwise HEAD alone. `header` is a line of HTTP (`Authorization: …`) for
    that host, seen by no other program; `agent` the User-Agent. `tick` is called a few times a second while waiting;
    what it raises ends all that runs. `tool` is `git` or `dulwich`, or empty for git where there is one.

    Raises UserError where neither is there, GitProblem where the repository cannot be read.
    """
    place.mkdir(parents=True, exist_ok=True)
    return Clone(
        _tool(tool, address, place.resolve(), limits, header, agent, tick), address, place, limits, history=history
    )


def _tool(named: str, address: Address, place: Path, limits: Limits, header: str, agent: str, tick: Tick) -> Tool:
    found = command.find() if named != "dulwich" else None
    if found:
        return command.Git(*found, address, place, limits, tick, header, agent)
    if named == "git":
        raise UserError("git 2.25 or newer was not found. Install it from https://git-scm.com.")
    from . import dulwich_tool

    if not dulwich_tool.is_here():
        raise UserError(
            "Reading a git repository needs git 2.25 or newer (https://git-scm.com) or the Python package dulwich."
        )
    return dulwich_tool.Dulwich(address, place, limits, tick, header, agent)
