# SPDX-License-Identifier: GPL-3.0-or-later
"""The remote control behind the panel: a plain object that outlives every file that is opened. No bpy."""

from __future__ import annotations

import time
import traceback
from dataclasses import replace
from pathlib import Path

from ..runs import Choices, Phase, Program, Session
from .view import View, view_of

REDRAW_S = 0.2
BEHIND_S = 0.02
REST_S = 1.0
HOME = Path("~", "voxel_training_data")


class Remote:
    """What was chosen, the run that is followed, and the view that is shown.

    `kept` is the file where choices outlive Blender; `data` and `train_env` are the preferences' defaults.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything. A run that is under way goes on."""
        self.kept: Path | None = None
        self.data = self.train_env = ""
        self.choices = Choices()
        self.session = Session()
        self.view = View()
        self._error = ""
        self._drawn = 0.0

    def open(self, kept: Path, data: str = "", train_env: str = "") -> None:
        """Take the choices of earlier Blenders and look for a run in their data folder."""
        self.kept, self.data, self.train_env = kept, data, train_env
        self.choices = Choices.load(kept)
        self.look()

    def look(self) -> None:
        """Follow the newest run of the data folder that is chosen now."""
        if self.session.data is None or self.session.data.root != self.folder:
            self.session.open(self.folder)
        self.refresh()

    @property
    def folder(self) -> Path:
        """The data folder: the one chosen here, else the preferences', else one in the home folder."""
        return Path(self.choices.data or self.data or HOME).expanduser()

    def asked(self) -> Choices:
        """The choices with every default filled in."""
        return replace(self.choices, data=str(self.folder), train_env=self.train_env)

    def start(self, program: Program, *, train: bool) -> None:
        """Start a run with what is chosen. Raises OSError.

        The data folder counts as chosen from now on, so that the next Blender finds the run.
        """
        self.choices.data = str(self.folder)
        if self.kept:
            self.choices.save(self.kept)
        self.session.start(program, ["run", *self.asked().words(train=train)])
        self.refresh()

    def resume(self, program: Program) -> None:
        """Let a paused run go on, or start one that goes on where the last one stopped. Raises OSError."""
        if self.session.phase is Phase.PAUSED:
            self.session.steer("resume")
        else:
            self.session.start(program, ["resume", "--data", str(self.folder)])
        self.refresh()

    def steer(self, command: str) -> None:
        """Ask the run to `pause` or `cancel`. Raises OSError."""
        self.session.steer(command)
        self.refresh()

    def refresh(self) -> bool:
        """Make the view anew; whether it looks different now."""
        before, self.view = self.view, view_of(self.session, self.asked().lacking(), self._error)
        return self.view != before

    def tick(self) -> bool:
        """Take in what is new; whether the panel must be drawn again. A new phase is shown at once, figures in turn."""
        self.session.step()
        self._error = ""
        now = time.monotonic()
        soon = now - self._drawn < REDRAW_S * 0.9 and self.view.phase is self.session.phase
        if soon or not self.refresh():
            return False
        self._drawn = now
        return True

    def failed(self, error: Exception) -> bool:
        """Show what went wrong in a tick, and log it once; whether the panel must be drawn again."""
        if not self._error:
            traceback.print_exception(error)
        self._error = f"{type(error).__name__}: {error}"
        return self.refresh()

    @property
    def interval(self) -> float:
        """Seconds until the next tick."""
        if self.session.behind:
            return BEHIND_S
        return REDRAW_S if self.session.phase.alive or self.session.asked else REST_S
