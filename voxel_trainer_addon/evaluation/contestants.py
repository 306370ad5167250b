# SPDX-License-Identifier: GPL-3.0-or-later
"""Who takes part: the model that is judged, and those that it must beat, by the names that a person gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from .. import prompts
from ..errors import UserError
from ..files import digest, read_json
from ..nearest import Nearest
from ..paths import DataFolder
from ..providers.answering import PROVIDERS, Answerer, named
from ..words import slug
from .answers import model_hash

SUBJECT, BASE, FEW_SHOT, RETRIEVAL = "tuned", "base", "few-shot", "retrieval"
LABELS = {
    SUBJECT: "the tuned model",
    BASE: "the base model",
    FEW_SHOT: "the base model shown examples",
    RETRIEVAL: "the nearest training answer",
}
SHOTS = 5
"""So many training examples are shown at most; those whose words are nearest to the prompt."""
SHOTS_CHARACTERS = 4500
"""What is shown takes about so many characters at most, 1,500 tokens of a small model's: more would be all that a
processor has time to read, and small models lose the request among it."""

Row = Mapping[str, Any]
Messages = list[dict[str, str]]


class Base(Protocol):
    """A model before it is tuned."""

    @property
    def folder(self) -> Path | None: ...


@dataclass(frozen=True)
class Tuned:
    """A model that the train stage made: its version, its folder, where its weights lie, and the job that made it."""

    version: str
    folder: Path
    weights: Path
    job: Mapping[str, Any]


@dataclass(frozen=True)
class Contestant:
    """One that takes part. It answers by weights in a `folder` of this computer, or by an `answerer` elsewhere, or is
    `RETRIEVAL`, which has neither; `shots` shows it training examples first. `hash` is its identity by content, of a
    host's model no more than its name and address."""

    who: str
    label: str
    hash: str = ""
    folder: Path | None = None
    answerer: Answerer | None = None
    shots: bool = False

    @property
    def generates(self) -> bool:
        return self.folder is not None or self.answerer is not None

    def as_json(self) -> dict[str, str]:
        return {"who": self.who, "label": self.label, "hash": self.hash}


@dataclass(frozen=True)
class Asked:
    """Messages for a prompt: as they stand, or behind `SHOTS` of the training examples in `index`."""

    index: Nearest

    def messages(self, contestant: Contestant, row: Row) -> Messages:
        chat = prompts.messages(row)
        if not contestant.shots:
            return chat
        shown = self.index.fitting(str(row["prompt"]), row.get("form", "code"), SHOTS, SHOTS_CHARACTERS)
        return [chat[0], *(turn for one in shown for turn in prompts.turns(one)), *chat[1:]]


def newest(models: Path) -> Tuned | None:
    """The model tuned last, of those in a dataset's folder whose job ended well and whose weights are there."""
    found = [tuned for path in models.glob("v*/job.json") if (tuned := tuned_in(path.parent))]
    return max(found, key=lambda one: (str(one.job.get("finished_at", "")), one.version)) if found else None


def tuned_in(folder: Path) -> Tuned | None:
    """The tuned model in a version's folder, if its job ended well and its weights are there."""
    job = read_json(folder / "job.json", {})
    weights = next((folder / kind for kind in ("model", "adapter") if (folder / kind).is_dir()), None)
    return Tuned(folder.name, folder, weights, job) if job.get("state") == "done" and weights else None


def tuned_by(data: DataFolder, name: str, dataset: str) -> Tuned | None:
    """The tuned model that a name means: nothing or a dataset for the newest, `v3`, `voxel/v3`, or its folder."""
    if not name:
        return newest(data.models / dataset)
    if "/" not in name and (data.models / name).is_dir():
        return newest(data.models / name)
    places = (Path(name).expanduser(), data.models / name, data.model(dataset, name))
    return next((tuned for place in places if (tuned := tuned_in(place))), None)


def states_of(tuned: Tuned) -> dict[str, Path]:
    """The states of a training that were kept: words → weights, in the order of steps. Raises UserError below two."""
    found = sorted((tuned.folder / "snapshots").glob("step-*"), key=lambda path: int(path.name.partition("-")[2]))
    if len(found) < 2:
        raise UserError(f"{tuned.version} has kept one state of its training. Train with --keep 3 to have more.")
    return {path.name.replace("-", " "): path for path in found}


@dataclass(frozen=True)
class Finder:
    """Finds contestants by name. `base_of(name)` gives a model's folder, fetched where it is not there."""

    data: DataFolder
    dataset: str
    base_of: Callable[[str], Path]
    base_name: str
    url: str = ""

    def subject(self, name: str) -> tuple[Contestant, Tuned | None]:
        """Who is judged, with what the train stage knows of it. Raises UserError where nothing has that name."""
        tuned = tuned_by(self.data, name, self.dataset)
        if tuned is None:
            return self._other(name), None
        return self.of_weights(tuned, tuned.weights), tuned

    def of_weights(self, tuned: Tuned, weights: Path, words: str = "") -> Contestant:
        """The tuned model with these weights: its own, or those of another state of its training."""
        hash = model_hash(weights)
        if (weights / "adapter_config.json").is_file():
            hash = digest((model_hash(self.base(tuned)), hash))
        label = LABELS[SUBJECT] + (f" ({words})" if words else "")
        return Contestant(SUBJECT, label, hash, weights)

    def base(self, tuned: Tuned | None) -> Path:
        """The folder of the model that was tuned, or of the one that is named to be tuned."""
        known = Path(str(tuned.job.get("base", ""))) if tuned else Path()
        return known if known.is_absolute() and known.is_dir() else self.base_of(self.base_name)

    def opponents(self, names: Sequence[str], subject: Contestant, tuned: Tuned | None) -> list[Contestant]:
        """Those that it must beat, in order."""
        found: list[Contestant] = []
        start = subject
        if tuned:
            base = self.base(tuned)
            start = Contestant(BASE, LABELS[BASE], model_hash(base), base)
        for name in names:
            if name == RETRIEVAL:
                found.append(Contestant(RETRIEVAL, LABELS[RETRIEVAL]))
            elif name == FEW_SHOT:
                label = LABELS[FEW_SHOT] if tuned else f"{subject.label} shown examples"
                found.append(replace(start, who=FEW_SHOT, label=label, shots=True))
            elif name == BASE:
                if tuned:
                    found.append(start)
            else:
                found.append(self.named(name))
        return found

    def named(self, name: str) -> Contestant:
        """Another model, tuned here or not."""
        tuned = tuned_by(self.data, name, self.dataset)
        if tuned is None:
            return self._other(name)
        words = f"{tuned.folder.parent.name}/{tuned.version}"
        return replace(self.of_weights(tuned, tuned.weights), who=slug(words), label=words)

    def _other(self, name: str) -> Contestant:
        provider, _, model = name.partition(":")
        if provider in PROVIDERS and provider != "local":
            who = named(name, self.url)
            return Contestant(slug(name), name, digest(["host", who.provider, who.model, who.host]), answerer=who)
        if not name:
            raise UserError(f"No model has been tuned on the dataset {self.dataset} yet.")
        folder = self.base_of(model if provider == "local" else name)
        return Contestant(slug(Path(name).name), Path(name).name, model_hash(folder), folder)
