# SPDX-License-Identifier: GPL-3.0-or-later
"""Short headless commands that answer in JSON: sent once, or asked again where something changed. No bpy."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Hashable, Sequence
from contextlib import ExitStack
from typing import IO, Any

from ..paths import DataFolder
from ..words import harmless
from . import code_copy
from .helper import Answer
from .start import Program, apart

SETTLED_S = 0.4
"""A question that changes more often than this is not asked yet: somebody is still choosing."""


class Errand:
    """One such command in the background. Raises OSError where it does not start."""

    def __init__(self, program: Program, data: DataFolder, words: Sequence[str]) -> None:
        """It gets `--json` behind its words, and is so short that it needs no copy of the package."""
        command = program.command(code_copy.script(), [*words, "--json"])
        with ExitStack() as files:
            self._out: IO[bytes] = files.enter_context(tempfile.TemporaryFile())
            self._err: IO[bytes] = files.enter_context(tempfile.TemporaryFile())
            self._child = apart(command, data.root, self._out, self._err)
            self._files = files.pop_all()

    def answer(self) -> Answer | None:
        """What it said; None while it is at work. To be asked no more once it has said something."""
        status = self._child.poll()
        if status is None:
            return None
        with self._files:
            body, said = _last_object(_text(self._out)), _text(self._err).rpartition("\n")[2]
        if status == 0 and body is not None:
            return Answer(True, body)
        body = body or {"error": said or f"The command ended with status {status}."}
        return Answer(False, body, harmless(body.get("error", "")))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace").strip()


def _last_object(text: str) -> dict[str, Any] | None:
    """The JSON object in the last line that is one: Blender says something of its own before and after."""
    for line in reversed(text.splitlines()):
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            return value
    return None


class Question:
    """What a short command says of things as they are: asked anew where the words or what they are about changed."""

    def __init__(self, data: DataFolder) -> None:
        self.data = data
        self.answer: Answer | None = None
        self._errand: Errand | None = None
        self._wanted: Hashable = None
        self._asked: Hashable = None
        self._since = 0.0

    @property
    def waiting(self) -> bool:
        """Whether the answer is to another question than the one that is wanted."""
        return self._errand is not None or self._asked != self._wanted

    def look(self, program: Program, words: Sequence[str], about: Hashable) -> None:
        """Take in an answer, or ask, where `words` or `about` are others than last time. Nothing is asked while they
        change, nor while an answer is awaited."""
        now, wanted = time.monotonic(), (*words, about)
        if wanted != self._wanted:
            self._wanted, self._since = wanted, now
        if self._errand:
            if (answer := self._errand.answer()) is None:
                return
            self._errand, self.answer = None, answer
        if self._asked != wanted and (self._asked is None or now - self._since >= SETTLED_S):
            self._asked = wanted
            try:
                self._errand = Errand(program, self.data, words)
            except OSError as error:
                self.answer = Answer(False, {}, f"The command could not start: {error}")
