# SPDX-License-Identifier: GPL-3.0-or-later
"""The .blend file as bytes, without Blender: `unpacking`, `blocks`, `dna`, `thumbnail`. Nothing in it is trusted.

`packing` makes it smaller, as Blender does.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NotReadable:
    """Why a file is not for Blender: a short code and a sentence for a person."""

    code: str
    sentence: str


class Unfit(Exception):
    """The walk through a file ends here, and why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = NotReadable(code, sentence)


def inconsistent(what: str) -> Unfit:
    """The parts of a file contradict each other; Blender might open it still."""
    return Unfit("inconsistent", f"It is damaged: {what}. Blender might open it still; then save it there anew.")
