# SPDX-License-Identifier: GPL-3.0-or-later
"""A stage's work without the pipeline: nothing is told but notes, nothing is paused, no checkpoint is written."""

from __future__ import annotations

import sys
from typing import Any


class Bare:
    """The hooks that a benchmark does not want."""

    def tick(self) -> bool:
        return True

    def wait_while_paused(self) -> None:
        return

    def emit(self, kind: str, **fields: Any) -> None:
        return

    def note(self, words: str) -> None:
        print(words, file=sys.stderr)

    def progress(self, done: int, total: int, item: str = "", left_s: float | None = None) -> None:
        return

    def waiting(self, until: float, words: str) -> None:
        return

    def plan(self, plan: dict[str, Any], words: list[str]) -> None:
        return

    def checkpoint(self, status: str, progress: dict[str, Any], state: dict[str, Any]) -> None:
        return
