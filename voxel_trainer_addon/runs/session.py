# SPDX-License-Identifier: GPL-3.0-or-later
"""The run that a panel looks at: the newest one, followed by its events, steered by lines in its control file."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from .. import locks
from ..events import Follower, RunState
from ..files import read_json
from ..paths import DataFolder
from ..words import harmless
from . import code_copy
from .start import Program, detached, new_id

CONTROL_VERSION = 1
SILENT_S = 2.0
"""Events come at least once a second; after this time without any, the lock tells whether the run still lives."""
LOOK_S = 2.0
"""How often a panel at rest looks for a run that another Blender or a terminal started."""
FOLDER_IN_USE = 75


class Phase(Enum):
    """What can be done now. `STOPPED` is a run that died without a last word: its lock is free."""

    IDLE = "idle"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"

    @property
    def alive(self) -> bool:
        return self in (Phase.STARTING, Phase.RUNNING, Phase.PAUSED)


def control_line(folder: Path, what: Mapping[str, Any]) -> None:
    """Append a line to the control file of a run. Raises OSError."""
    line = json.dumps({"v": CONTROL_VERSION, "t": round(time.time(), 3), **what}) + "\n"
    control = os.open(folder / "control.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(control, line.encode())
    finally:
        os.close(control)


def last_words(folder: Path) -> str:
    """The last line of a run's log that says something, harmless and short."""
    try:
        text = (folder / "log.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text[-4000:].splitlines() if line.strip()]
    return harmless(lines[-1], 200) if lines else ""


class Session:
    """One data folder and its newest run. All calls return within milliseconds; `step` is called by a timer.

    `run` is what the events told so far, `planned` whether it was asked for no more than a plan, `asked` the command
    that was sent and not yet obeyed, `message` a sentence about a start that failed.
    """

    def __init__(self, data: Path | None = None, package: Path = code_copy.PACKAGE) -> None:
        self.package = package
        self.open(data)

    def open(self, data: Path | None) -> None:
        """Look at another data folder; the run that was followed goes on without us."""
        self.data = DataFolder(data) if data else None
        self.message = ""
        self._child: subprocess.Popen[bytes] | None = None
        self._leave()

    def _leave(self) -> None:
        self.id, self.run, self.asked = "", RunState(), ""
        self.planned = False
        self._events: Follower | None = None
        self._dead, self._looked = False, 0.0

    @property
    def phase(self) -> Phase:
        if self._child and not self.run.heard:
            return Phase.STARTING
        if not self.id:
            return Phase.IDLE
        if self.run.exit is not None:
            return Phase.FINISHED
        if self._dead:
            return Phase.STOPPED
        return Phase.PAUSED if self.run.paused else Phase.RUNNING

    @property
    def folder(self) -> Path | None:
        """The folder of the run that is looked at."""
        return self.data.runs / self.id if self.data and self.id else None

    @property
    def behind(self) -> bool:
        """Whether `step` left events unread for want of time."""
        return self._events is not None and self._events.behind

    def silent_s(self) -> float:
        """Seconds since anything was heard of a run that is under way."""
        return max(0.0, time.time() - self.run.heard)

    def newest(self) -> str:
        """The id of the newest run with a `run.json`: without one it was refused or never began."""
        if not self.data:
            return ""
        try:
            names = sorted(os.listdir(self.data.runs), reverse=True)
        except OSError:
            return ""
        return next((name for name in names if (self.data.runs / name / "run.json").is_file()), "")

    def attach(self, run_id: str) -> None:
        """Follow a run from the state that it keeps in `run.json`, which says up to where its events are folded in."""
        assert self.data
        self._leave()
        self.id = run_id
        folder = self.data.runs / run_id
        value = read_json(folder / "run.json")
        if isinstance(value, dict):
            self.run = RunState.from_json(value)
            self._look_what_was_asked()
        self._events = Follower(folder / "events.jsonl", self.run.offset)

    def start(self, program: Program, words: Sequence[str]) -> None:
        """Start the headless command with `words`, from a copy of the package, and follow it.

        The first word is `run`, `harvest` or `resume`. Raises OSError where the data folder cannot be written or the
        program does not start.
        """
        assert self.data
        self.data.root.mkdir(parents=True, exist_ok=True)
        script = code_copy.ensure(self.data, self.package)
        run_id = new_id()
        command = program.command(script, [*words, "--run-id", run_id])
        child = detached(command, self.data.root, self.data.runs / run_id)
        self._leave()
        self.id, self.message, self._child = run_id, "", child
        self._events = Follower(self.data.runs / run_id / "events.jsonl")

    def steer(self, command: str) -> None:
        """Ask the run to `pause`, `resume` or `cancel`; it obeys between two units of work."""
        assert self.folder
        control_line(self.folder, {"command": command})
        self.asked = command

    def step(self, budget_s: float = 0.005) -> None:
        """Take in what is new: events, the end of a child of ours, a death, or a newer run of somebody else."""
        if self._events:
            for line in self._events.read(budget_s):
                self.run.fold(line)
                if line["kind"] == "run":
                    self._look_what_was_asked()
        if self.asked and (self._obeyed() or not self.phase.alive):
            self.asked = ""
        self._reap()
        now = time.monotonic()
        if self.phase.alive and self.phase is not Phase.STARTING:
            if self.silent_s() > SILENT_S and now - self._looked > SILENT_S / 2 and not self.behind:
                self._looked = now
                self._dead = self.data is not None and not locks.probe(self.data.lock)
        elif self.phase is not Phase.STARTING and now - self._looked > LOOK_S:
            self._looked = now
            if (newest := self.newest()) and newest > self.id:
                self.attach(newest)

    def _look_what_was_asked(self) -> None:
        options = read_json(self.folder / "options.json") if self.folder else None
        self.planned = isinstance(options, dict) and options.get("plan") is True

    def _obeyed(self) -> bool:
        return {"pause": self.run.paused, "resume": not self.run.paused}.get(self.asked, False)

    def _reap(self) -> None:
        """Notice the end of our child; one that ended without an event was refused the folder, or failed."""
        if self._child is None or (status := self._child.poll()) is None:
            return
        self._child = None
        if self.run.heard:
            return
        last = last_words(self.folder) if self.folder else ""
        self._leave()
        if status == FOLDER_IN_USE:
            self.message = "Another run works in this data folder; it is shown here"
        else:
            self.message = f"The run could not start (exit status {status}). {last}"
