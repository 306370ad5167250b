# SPDX-License-Identifier: GPL-3.0-or-later
"""The assistant seen from the panel: whom it can ask, and what became of its answers. No bpy.

What reads or writes the disk does so in threads, as Blender waits for nothing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock, Thread

from .. import feedback
from ..deployment import duels, requests
from ..deployment.duels import ALIKE, BOTH_BAD, CHOICES, Duel, drawn
from ..deployment.requests import REASONS, new_id
from ..errors import UserError
from ..graph.model import Graphs
from ..paths import DataFolder

__all__ = [
    "ALIKE",
    "BOTH_BAD",
    "CHOICES",
    "REASONS",
    "Askable",
    "Askables",
    "became",
    "drawn",
    "fought",
    "goes_to",
    "keep_feedback",
    "new_id",
]

_one_by_one = Lock()
DUEL = "duel"
FRESH_S = 30.0
"""A list that is younger is not read again."""


@dataclass(frozen=True)
class Askable:
    """Who can be asked: `id` as `serve` knows it ('' for whoever answers by itself), and the `host` that reads what is
    asked, '' for this computer. `rivals` are the two models of a duel, each asked by its own id."""

    id: str
    label: str
    about: str
    host: str = ""
    rivals: tuple[str, str] | None = None


AUTOMATIC = Askable("", "Automatic", "The live model; without one the newest that was tuned, or the nearest example")
NEAREST = Askable("retrieval", "Nearest Example", "The proven example whose request is nearest, as it stands")


class Askables:
    """Who can be asked in a data folder, and whether the artist lets it keep feedback, as they were read last."""

    def __init__(self) -> None:
        self.known: tuple[Askable, ...] = (AUTOMATIC, NEAREST)
        self.keeps = False
        self._read: tuple[DataFolder | None, float] = (None, 0.0)

    def look(self, data: DataFolder) -> None:
        """See in a thread what there is now."""
        folder, at = self._read
        if folder != data or time.monotonic() - at > FRESH_S:
            self._read = (data, time.monotonic())
            Thread(target=self._look, args=(data,), daemon=True).start()

    def _look(self, data: DataFolder) -> None:
        self.keeps = feedback.is_on(data)
        from ..deployment import registry  # what it knows of hosts takes a while to load

        found = []
        with contextlib.suppress(OSError):
            for model in registry.models(data):
                at = model.asked
                host = goes_to(f"{at['provider']}:{at['model']}", at["url"]) if at else ""
                found.append(Askable(model.id, f"{model.id} ({model.state})", model.honest.capitalize(), host))
            with contextlib.suppress(UserError):  # without two models there is no duel
                found.append(_duel(found, duels.rivals(data)))
        self.known = (AUTOMATIC, NEAREST, *found)


def _duel(models: Sequence[Askable], rivals: tuple[str, str]) -> Askable:
    about = f"{' and '.join(rivals)} both answer, without their names; you say which answer is better"
    hosts = dict.fromkeys(one.host for one in models if one.host and one.id in rivals)
    return Askable(DUEL, "Blind Duel", about, " and ".join(hosts), rivals)


def goes_to(who: str, url: str = "") -> str:
    """The host that reads what PROVIDER:MODEL is asked, '' where that is this computer. Raises UserError."""
    from ..providers import answering

    host = answering.named(who, url)
    return "" if host.near else host.host


def became(
    data: DataFolder, request: str, tree: tuple[str, Graphs] | None = None, **outcome: bool | float | str | None
) -> None:
    """Keep what was done with an answer (`deployment.requests.OUTCOMES`), and as feedback where the artist agreed to
    that: `tree` is one that was changed by hand, by its key. A full disk loses it without a word."""
    done = "kept" if outcome.get("kept") else "undone" if outcome.get("undone_s") is not None else ""
    done = done or ("refused" if outcome.get("reason") else "")

    def write() -> None:
        with _one_by_one, contextlib.suppress(OSError):
            requests.became(data, request, **outcome)
            if done:
                kept = feedback.Tree(*tree) if tree else None
                feedback.became(data, request, done, kept=kept, reason=str(outcome.get("reason", "")))

    Thread(target=write).start()


def fought(data: DataFolder, id: str, a: str, b: str, chosen: str) -> None:
    """Keep who was better in a duel. A full disk loses it without a word."""

    def write() -> None:
        with _one_by_one, contextlib.suppress(OSError):
            duels.keep(data, Duel(id, a, b, chosen))

    Thread(target=write).start()


def keep_feedback(data: DataFolder, on: bool) -> None:
    """Keep from now on what is asked, answered and kept, or no more. Raises OSError."""
    feedback.switch(data, on)
