# SPDX-License-Identifier: GPL-3.0-or-later
"""The models of a data folder, as `deploy list` tells of them, and what came of moving one. No bpy."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Hashable, Mapping
from typing import Any

from ..paths import DataFolder
from .errand import Errand, Question
from .helper import Answer
from .start import Program

GLANCE_S = 2.0
FACTS = ("job.json", "asked.json", "evaluation.json")
"""Files beside a model that say what it is."""


class Models:
    """`told` is the body of `deploy list`, empty before it was asked and where no model is there; `problem` why it
    could not be asked. `moving` are the words of the move under way or done last, `moved` what came of it."""

    def __init__(self, data: DataFolder) -> None:
        self.data = data
        self.told: Mapping[str, Any] = {}
        self.problem = ""
        self.moving: tuple[str, ...] = ()
        self.moved: Answer | None = None
        self.stamp: Hashable = ()
        self._list = Question(data)
        self._move: Errand | None = None
        self._came: Answer | None = None
        self._next = 0.0

    @property
    def busy(self) -> bool:
        """Whether something is awaited."""
        return self.moves or (bool(self.stamp) and self._list.waiting)

    @property
    def moves(self) -> bool:
        """Whether a move is under way, or the list is still that of before it."""
        return self._move is not None or self._came is not None

    def move(self, program: Program, words: tuple[str, ...]) -> None:
        """Send `deploy` with `words`, such as `promote voxel/v3`. Raises OSError."""
        self._move = Errand(program, self.data, self.command(*words))
        self.moving, self.moved = words, None

    def command(self, *words: str) -> list[str]:
        """The words of the headless command for `deploy` with `words`."""
        return ["deploy", *words, "--data", str(self.data.root)]

    def look(self, program: Program) -> None:
        """Take in what was said, and ask for the list where a model, an evaluation or the pointer is another one."""
        if self._move and (answer := self._move.answer()):
            self._move, self._came, self._next = None, answer, 0.0
        now = time.monotonic()
        if now >= self._next:
            self.stamp, self._next = self._glance(), now + GLANCE_S
        if self.stamp:
            self._list.look(program, self.command("list"), self.stamp)
        if not self.stamp:
            self.told = {}
        elif answer := self._list.answer:
            self.told = answer.body if answer.ok else self.told
            self.problem = answer.sentence
        if self._came and not (self.stamp and self._list.waiting):
            self.moved, self._came = self._came, None

    def _glance(self) -> Hashable:
        """Changes whenever a model does; empty where there is none."""
        found = []
        facts = [path for name in FACTS for path in self.data.models.glob(f"*/*/{name}")]
        for path in [*facts, self.data.live, self.data.watched / "requests.jsonl"] if facts else ():
            with contextlib.suppress(OSError):
                found.append((str(path), path.stat().st_mtime_ns))
        return tuple(sorted(found))
