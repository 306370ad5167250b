# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person asks of a run while it works: lines in `control.jsonl`, and the signals that end a program.

Pause: take nothing new, finish what runs, say so. Cancel: stop soon; what is done is kept. Resume: go on. Ask: what
`serve` is to answer; drop: an ask for which nobody waits any more.
"""

from __future__ import annotations

import signal
from collections import deque
from pathlib import Path
from types import FrameType
from typing import Any

from ..events import complete_lines


class Control:
    """The reading end of `control.jsonl`, and of SIGINT and SIGTERM."""

    def __init__(self, path: Path) -> None:
        self.path, self._offset = path, 0
        self.paused = False
        self.cancelled = False
        self.asks: deque[dict[str, Any]] = deque()
        self.dropped: set[str] = set()
        self._before: dict[int, Any] = {}

    def listen(self) -> None:
        """Take SIGINT and SIGTERM as a wish to stop (`blender -b` ignores Ctrl-C); a second one ends at once."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._stop)

    def unlisten(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before.clear()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self.cancelled:
            raise KeyboardInterrupt
        self.cancelled = True

    def read(self) -> None:
        """Take in the lines that are new since the last call."""
        lines, self._offset = complete_lines(self.path, self._offset)
        for line in lines:
            command = line.get("command")
            if command == "cancel":
                self.cancelled = True
            elif command in ("pause", "resume"):
                self.paused = command == "pause"
            elif command == "ask":
                self.asks.append(line)
            elif "drop" in line:
                self.dropped.add(str(line["drop"]))
