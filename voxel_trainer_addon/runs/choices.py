# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person chose for the next run, kept between Blenders, and the words of the command that does the same."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from ..files import read_json, write_json
from ..stage import STAGES, Options

DEFAULTS = Options()
BEFORE_TRAIN = STAGES[: STAGES.index("train")]


@dataclass
class Choices:
    """The panel's fields. Paths are absolute; an empty `folder` harvests none."""

    folder: str = ""
    licence: str = DEFAULTS.licence
    data: str = ""
    bundled: bool = True
    preset: str = DEFAULTS.preset
    name: str = DEFAULTS.name
    model: str = DEFAULTS.model
    train_env: str = ""

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

    def lacking(self) -> str:
        """What must still be chosen before a run, as a sentence without a stop; '' where nothing is."""
        if not self.data:
            return "Choose a data folder first"
        if not self.folder and not self.bundled:
            return "Choose a folder to harvest, or switch on Bundled Libraries in the options"
        return ""

    def words(self, *, train: bool = True) -> list[str]:
        """The words after `run`; what equals the command's own default is left out.

        `train` says that the person agreed to what the stage `train` downloads; without it the run ends before.
        """
        words = ["--data", self.data]
        if self.folder:
            words += ["--source", f"folder:{self.folder}", "--licence", self.licence]
        if self.bundled:
            words += ["--source", "bundled:"]
        for key in ("name", "preset", "model", "train_env"):
            if getattr(self, key) != getattr(DEFAULTS, key):
                words += [f"--{key.replace('_', '-')}", getattr(self, key)]
        return words + (["--yes"] if train else ["--stages", ",".join(BEFORE_TRAIN)])
