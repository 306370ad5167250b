# SPDX-License-Identifier: GPL-3.0-or-later
"""How things go wrong: exit statuses, errors that a person must mend, and values for what is set aside."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """Exit statuses of the headless command (1 stays Python's and Blender's own failure)."""

    DONE = 0
    USAGE = 2
    SET_ASIDE = 3
    ANSWER_IS_NO = 4
    BUG = 70
    FOLDER_IN_USE = 75
    INTERRUPTED = 130


class UserError(Exception):
    """Something that the person can mend; shown as one sentence, without a traceback."""

    exit: Exit = Exit.USAGE


class FolderInUse(UserError):
    """Another run holds the data folder."""

    exit = Exit.FOLDER_IN_USE


class ComesLater(UserError):
    """The run stops because a host wants to be left alone for a while; `resume` goes on."""

    exit = Exit.INTERRUPTED


class Unavailable(UserError):
    """A stage cannot run on this machine (no CPU build of PyTorch, say); the run ends with the reason."""

    exit = Exit.SET_ASIDE


class Cancelled(Exception):
    """The person asked the run to stop. What is done is kept; `resume` goes on."""


@dataclass(frozen=True)
class SetAside:
    """What could not be done, and why: a value that is stored beside the item, never an exception.

    `item` names the file, tree, row or job; `code` is a short word for grouping; `sentence` tells a person what
    happened and what to do; `detail` is for a bug report.
    """

    stage: str
    item: str
    code: str
    sentence: str
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
