# SPDX-License-Identifier: GPL-3.0-or-later
"""The models of a data folder: tuned ones, and those at hosts that were added, read from what lies beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import now, read_json, write_json
from ..paths import DataFolder
from ..providers import answering
from ..words import slug
from . import pointer

ASKED = "asked.json"
UNTUNED = "not tuned on a dataset, shown the nearest proven examples"


@dataclass(frozen=True)
class Model:
    """One model. `path` is relative to the data folder and names the weights, '' for one that is asked at a host, which
    `asked` describes (`provider`, `model`, `url`, and whether it was `tuned` on such a dataset); losses are nats a
    token on held-out rows, None where there were none; `evaluation` is the content of `evaluation.json`, empty before
    `evaluate` ran."""

    name: str
    version: str
    path: str
    base: str
    method: str
    finished_at: str
    loss_before: float | None
    loss_after: float | None
    evaluation: dict[str, Any]
    asked: dict[str, Any]
    state: str

    @property
    def id(self) -> str:
        """Like `voxel/v3`."""
        return f"{self.name}/{self.version}"

    @property
    def label(self) -> str:
        """Which model that is, of which data and date, in one line for a person."""
        day = f" {self.finished_at[:10]}" if self.finished_at else ""
        if self.asked:
            shown = "" if self.asked["tuned"] else f", {UNTUNED}"
            return f"{self.id}: {self.asked['provider']}:{self.asked['model']}, added{day}{shown}"
        return f"{self.id}, tuned{day} on the dataset {self.name}"

    @property
    def honest(self) -> str:
        """How good it is, in one line for a person."""
        held_out = self.evaluation.get("prompts", {}).get("compared", 0)
        for metric in self.evaluation.get("metrics", ()):
            found = metric.get("values", {}).get(self.evaluation.get("subject"))
            if metric["metric"] == "runs" and found:
                return f"runs in {found['value']:.0%} of {held_out} held-out prompts"
        return "not evaluated"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def models(folder: DataFolder) -> list[Model]:
    """Every model, the newest first."""
    stands = pointer.read(folder).pointer
    places = {path.parent for found in ("job.json", ASKED) for path in folder.models.glob(f"*/*/{found}")}
    found = [model for place in places if (model := _model(folder, place, stands))]
    return sorted(found, key=lambda model: (model.finished_at, model.name, model.version), reverse=True)


def named(folder: DataFolder, name: str) -> Model:
    """The model that a person named: `voxel/v3`, or `voxel` for its newest version. Raises UserError."""
    known = models(folder)
    found = [model for model in known if model.id == name]
    found += sorted((m for m in known if m.name == name and m.path), key=lambda m: -_number(m.version))
    if found:
        return found[0]
    ids = ", ".join(sorted(model.id for model in known))
    there = f"There are {ids}." if ids else "There is none yet: `train` makes one."
    raise UserError(f"{name} is no model of this data folder. {there}")


def _number(version: str) -> int:
    return int(version[1:]) if re.fullmatch(r"v\d+", version) else 0


def add(folder: DataFolder, dataset: str, who: str, url: str = "", *, tuned: bool = False) -> Model:
    """Make a host's model a candidate: `who` is PROVIDER:MODEL, `url` an address other than the provider's own; one
    that was `tuned` on such a dataset is asked as it was trained, any other with examples. It lies where `evaluate`
    puts what it finds of that model on the test split of `dataset`. No token is kept: the provider says the name of
    the one that it needs. Raises UserError."""
    if who.startswith("local:"):
        raise UserError("A model on this computer is tuned here, not added. Add one by openai:MODEL or claude:MODEL.")
    host = answering.named(who, url)
    if not folder.dataset(dataset).is_dir():
        raise UserError(f"There is no dataset {dataset}, on whose test split the model could be evaluated.")
    place = folder.asked(dataset, slug(who))
    id = f"{dataset}/{place.name}"
    if (place / ASKED).exists():
        raise UserError(f"{id} is there already.")
    facts = {"provider": host.provider, "model": host.model, "url": host.host, "tuned": tuned, "added_at": now()}
    write_json(place / ASKED, facts)
    return named(folder, id)


def _model(folder: DataFolder, place: Path, stands: pointer.Pointer) -> Model | None:
    about = {
        "name": place.parent.name,
        "version": place.name,
        "evaluation": read_json(place / "evaluation.json", {}),
        "state": stands.state_of(f"{place.parent.name}/{place.name}"),
    }
    asked = read_json(place / ASKED)
    return _asked(asked, about) if isinstance(asked, dict) else _tuned(folder, place, about)


def _asked(asked: Mapping[str, Any], about: dict[str, Any]) -> Model:
    words: dict[str, Any] = {key: str(asked.get(key, "")) for key in ("provider", "model", "url")}
    return Model(
        path="",
        base=words["model"],
        method="asked",
        finished_at=str(asked.get("added_at", "")),
        loss_before=None,
        loss_after=None,
        asked={**words, "tuned": bool(asked.get("tuned"))},
        **about,
    )


def _tuned(folder: DataFolder, place: Path, about: dict[str, Any]) -> Model | None:
    job = read_json(place / "job.json", {})
    weights = next((place / kind for kind in ("model", "adapter") if (place / kind).is_dir()), None)
    if job.get("state") != "done" or weights is None:
        return None
    held_out = job.get("held_out") or []
    kept = next((point for point in held_out if point["step"] == job.get("saved_step")), None)
    return Model(
        path=weights.relative_to(folder.root).as_posix(),
        base=str(job["model"]),
        method=str(job["method"]),
        finished_at=str(job["finished_at"]),
        loss_before=held_out[0]["loss"] if held_out else None,
        loss_after=(kept or held_out[-1])["loss"] if held_out else None,
        asked={},
        **about,
    )
