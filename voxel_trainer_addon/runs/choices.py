# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person chose for the next run, kept between Blenders, and the words of the command that does the same."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..files import read_json, write_json
from ..fine_tuning.cost import BUDGET
from ..stage import PRESETS, STAGES, Options

DEFAULTS = Options()
BEFORE_TRAIN = STAGES[: STAGES.index("train")]
APART = ("share-alike", "copyleft")
"""Classes of licences that are taken by choice alone."""
OWN_HOST = "OWN"
"""Stands for the host of the person's own file, whose place the preferences hold."""


@dataclass
class Choices:
    """The panel's fields. Paths are absolute; an empty `folder` harvests none. `terms` says that GitHub's terms were
    shown, `anyway` names the model that is to be trained though it is not expected to fit. `evaluated` is the model to
    evaluate ('': the newest), `against` whom it has to beat (empty: those of the preset), `evaluate_min` the minutes
    for that (0: the preset's). `host` is the provider that trains where this computer does not ('': it does),
    `host_agreed` the mark of what was agreed to send there, `budget` what that may cost."""

    folder: str = ""
    licence: str = DEFAULTS.licence
    data: str = ""
    bundled: bool = True
    preset: str = DEFAULTS.preset
    name: str = DEFAULTS.name
    model: str = DEFAULTS.model
    anyway: str = ""
    train_env: str = ""
    stars: int = DEFAULTS.stars
    file_mb: float = DEFAULTS.file_mb
    archived: bool = False
    allow: list[str] = field(default_factory=list)
    contact: str = ""
    terms: bool = False
    evaluated: str = ""
    against: list[str] = field(default_factory=list)
    against_live: bool = False
    evaluate_min: float = 0.0
    host: str = ""
    host_url: str = ""
    host_model: str = ""
    host_agreed: str = ""
    budget: float = BUDGET

    @property
    def opponents(self) -> tuple[str, ...]:
        """Whom a model has to beat: those that were chosen, or the preset's."""
        return tuple(self.against) or tuple(self._preset["against"])

    @property
    def minutes(self) -> float:
        """Time for an evaluation."""
        return self.evaluate_min or float(self._preset["evaluate_s"]) / 60

    @property
    def _preset(self) -> dict[str, Any]:
        return PRESETS.get(self.preset, PRESETS[DEFAULTS.preset])

    @classmethod
    def load(cls, path: Path) -> Choices:
        """The choices kept at `path`; what is missing there, unknown or of another type keeps its default."""
        kept, value = cls(), read_json(path, {})
        if isinstance(value, dict):
            for key, default in asdict(kept).items():
                if type(value.get(key)) is type(default):
                    setattr(kept, key, value[key])
        return kept

    def save(self, path: Path) -> None:
        write_json(path, asdict(self))

    def lacking(self, *, searches: bool = False, offline: str = "") -> str:
        """What must still be chosen before a run, as a sentence without a stop; '' where nothing is. `searches`: there
        is a queue, which `offline` says why it cannot be gone through."""
        if not self.data:
            return "Choose a data folder first"
        if self.folder or self.bundled:
            return ""
        if not searches:
            return "Choose a folder to harvest, add a search, or switch on Bundled Libraries in the options"
        return offline.rstrip(".")

    def words(self, *, train: bool = True, searches: bool = False) -> list[str]:
        """The words after `run`; what equals the command's own default is left out.

        `train` says that the person agreed to what the stage `train` downloads; without it the run ends before.
        `searches`: the queue is gone through too.
        """
        words = ["--data", self.data]
        if self.folder:
            words += ["--source", f"folder:{self.folder}", "--licence", self.licence]
        if self.bundled:
            words += ["--source", "bundled:"]
        if searches:
            words += self._network()
        for key in ("name", "preset", "model", "train_env"):
            if getattr(self, key) != getattr(DEFAULTS, key):
                words += [f"--{key.replace('_', '-')}", getattr(self, key)]
        if train and self.anyway == self.model:
            words.append("--anyway")
        return words + (["--yes"] if train else ["--stages", ",".join(BEFORE_TRAIN)])

    def evaluate_words(self, model: str, live: str = "") -> list[str]:
        """The words after `evaluate`: `model` is named like `voxel/v3`, and `live` is another one that it has to beat
        too, where there is one."""
        words = ["--data", self.data, "--name", model.partition("/")[0], "--model", model]
        if self.preset != DEFAULTS.preset:
            words += ["--preset", self.preset]
        if self.evaluate_min:
            words += ["--budget", f"{self.evaluate_min:g}m"]
        names = [*self.opponents, live] if live else self.against
        words += [word for name in names for word in ("--against", name)]
        return words + (["--train-env", self.train_env] if self.train_env else [])

    def host_words(self) -> list[str]:
        """The words that name the host."""
        return ["--data", self.data, "--provider", self.host, *(["--base-url", self.host_url] if self.host_url else [])]

    def hosted_words(self) -> list[str]:
        """The words after `train` that have the host tune its model on the dataset."""
        words = [*self.host_words(), "--name", self.name, "--model", self.host_model, "--budget", f"{self.budget:g}"]
        return words + [word for name in APART if name in self.allow for word in ("--allow", name)]

    def plan_words(self) -> list[str]:
        """The words after `harvest` that count what the queue would fetch."""
        return ["--data", self.data, *self._network(), "--plan"]

    def _network(self) -> list[str]:
        """The queue, and what is taken of it."""
        words = ["--queue", "--wait"]
        for key in ("stars", "file_mb", "contact"):
            if getattr(self, key) != getattr(DEFAULTS, key):
                value = getattr(self, key)
                words += [f"--{key.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else str(value)]
        words += ["--archived"] if self.archived else []
        return words + [word for name in APART if name in self.allow for word in ("--allow", name)]
