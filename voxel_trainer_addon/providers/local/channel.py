# SPDX-License-Identifier: GPL-3.0-or-later
"""How a program in the training environment talks: JSON lines out, `pause`, `go` and `stop` in."""

from __future__ import annotations

import json
import os
import threading
from typing import IO, Any


class Refused(Exception):
    """The job cannot be done, and says why to a person; the program ends in order."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


class Channel:
    """Both directions. `stopping` is set when the job should save what it has and end."""

    def __init__(self, requests: IO[bytes], lines: IO[bytes]) -> None:
        self._requests, self._lines = requests, lines
        self._stop = threading.Event()
        self._go = threading.Event()
        self._go.set()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def say(self, kind: str, **fields: Any) -> None:
        """Send one line."""
        self._lines.write(json.dumps({"kind": kind, **fields}, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        self._lines.flush()

    def warn(self, code: str, sentence: str) -> None:
        """Tell a person what should be looked at; the job goes on."""
        self.say("warning", code=code, sentence=sentence)

    def wait_while_paused(self) -> None:
        """Return at once, or when the person goes on or stops."""
        self._go.wait()

    def listen(self) -> None:
        """Read the words that come in, for ever. The end of the pipe means that the parent is gone: leave at once."""
        for word in self._requests:
            if word.strip() == b"pause":
                self._go.clear()
            elif word.strip() == b"go":
                self._go.set()
            elif word.strip() == b"stop":
                self._stop.set()
                self._go.set()
        os._exit(0)
