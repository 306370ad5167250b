# SPDX-License-Identifier: GPL-3.0-or-later
"""The asking end of `serve`: starts it when something is asked, hands out its answers, starts it anew. No bpy."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import locks
from ..events import Follower
from ..files import read_json, write_text
from ..paths import DataFolder
from . import code_copy
from .session import FOLDER_IN_USE, control_line, last_words
from .start import Program, detached

TRIES = 2
"""Once more in a new process, then the reason."""
LOOK_S = 0.5
"""How often the lock is looked at while an answer is awaited."""

Reply = Callable[["Answer"], None]
Heard = Callable[[str], None]


@dataclass(frozen=True)
class Answer:
    """What came of an ask: `body` where `ok`, else a sentence."""

    ok: bool
    body: Mapping[str, Any]
    sentence: str = ""


@dataclass
class _Ask:
    job: str
    body: Mapping[str, Any]
    reply: Reply
    heard: Heard | None = None
    sent: bool = False
    tries: int = 0


class Helper:
    """Asks of one Blender to the `serve` of its data folder. All calls return within milliseconds; `step` is called by
    a timer, and calls the replies."""

    def __init__(self, data: DataFolder, blender: str, program: Program, package: Path = code_copy.PACKAGE) -> None:
        self.data, self.blender, self.program, self.package = data, blender, program, package
        self.place = data.serve(blender)
        self.asks: dict[str, _Ask] = {}
        self._child: subprocess.Popen[bytes] | None = None
        self._events: Follower | None = None
        self._ready = False
        self._looked = 0.0

    @property
    def starting(self) -> bool:
        """Whether somebody waits for a background Blender that is not there yet."""
        return bool(self.asks) and not self._ready

    def ask(self, job: str, body: Mapping[str, Any], reply: Reply, heard: Heard | None = None) -> str:
        """Ask for a job of `pipeline.serve`; `reply` is called by a later `step`, and `heard` with what is done
        meanwhile. Graphs and stacks may stand in the body as they are. The name of the ask. Raises OSError where the
        data folder cannot be written or the program does not start."""
        name = secrets.token_hex(8)
        self.asks[name] = _Ask(job, body, reply, heard)
        self._go_on()
        return name

    def drop(self, name: str) -> None:
        """Wait for an ask no more; `serve` stops working on it."""
        asked = self.asks.pop(name, None)
        if asked is not None and asked.sent:
            with contextlib.suppress(OSError):
                control_line(self.place, {"drop": name})

    def step(self, budget_s: float = 0.005) -> None:
        """Take in what is new."""
        for line in self._events.read(budget_s) if self._events else ():
            if line["kind"] == "serving":
                self._ready = True
            elif line["kind"] == "answer" and (asked := self.asks.pop(line["ask"], None)):
                self._reply(line["ask"], asked, bool(line["ok"]))
            elif line["kind"] == "thinking" and (asked := self.asks.get(line["ask"])) and asked.heard:
                asked.heard(str(line["words"]))
            elif line["kind"] == "ended":
                self._leave()
        if self.asks:
            self._go_on()

    def _reply(self, name: str, asked: _Ask, ok: bool) -> None:
        path = self.place / "answers" / f"{name}.json"
        body = read_json(path)
        with contextlib.suppress(OSError):
            path.unlink()
        if isinstance(body, dict):
            asked.reply(Answer(ok, body if ok else {}, "" if ok else str(body.get("sentence", ""))))
        else:
            asked.reply(Answer(False, {}, "The answer could not be read. Is the disk full?"))

    def _go_on(self) -> None:
        """Send what waits, or see that there is somebody to send it to."""
        if self._ready:
            for name, asked in self.asks.items():
                if not asked.sent:
                    told = json.dumps(asked.body, ensure_ascii=False, default=vars)
                    write_text(self.place / "asks" / f"{name}.json", told)
                    control_line(self.place, {"command": "ask", "ask": name, "job": asked.job})
                    asked.sent, asked.tries = True, asked.tries + 1
        now = time.monotonic()
        if now - self._looked < LOOK_S and self._events:
            return
        self._looked = now
        if locks.probe(self.data.serve_lock(self.blender)):
            if self._events is None:  # another Blender of this version is served here
                self._events = Follower(self.place / "events.jsonl")
        elif self._child is not None and self._child.poll() is None:
            return  # still starting
        else:
            self._start()

    def _start(self) -> None:
        """A process of our own; what waits for an answer from one that died is sent again, or given up."""
        status = self._child.poll() if self._child else None
        stillborn = not self._ready and status not in (None, 0, FOLDER_IN_USE)
        self._leave()
        for name, asked in list(self.asks.items()):
            asked.sent = False
            if stillborn or asked.tries >= TRIES:
                del self.asks[name]
                told = last_words(self.data.root / "serve")
                asked.reply(Answer(False, {}, f"The background Blender ended without an answer. {told}".strip()))
        if not self.asks:
            return
        self.data.root.mkdir(parents=True, exist_ok=True)
        script = code_copy.ensure(self.data, self.package)
        with contextlib.suppress(OSError):
            os.unlink(self.place / "events.jsonl")  # what an earlier one said must not be taken for news
        words = ["serve", "--data", str(self.data.root)]
        self._child = detached(self.program.command(script, words), self.data.root, self.data.root / "serve")
        self._events = Follower(self.place / "events.jsonl")

    def _leave(self) -> None:
        self._child, self._events, self._ready = None, None, False
