# SPDX-License-Identifier: GPL-3.0-or-later
"""The tuned models of a data folder, read from what lies beside them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..files import read_json
from ..paths import DataFolder


@dataclass(frozen=True)
class Model:
    """One tuned model. `path` is relative to the data folder and names the weights; losses are nats a token on held-out
    rows, None where there were none; `evaluation` is the content of `evaluation.json`, empty before `evaluate` ran."""

    name: str
    version: str
    path: str
    base: str
    method: str
    finished_at: str
    loss_before: float | None
    loss_after: float | None
    evaluation: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def models(folder: DataFolder) -> list[Model]:
    """Every tuned model, the newest first."""
    found = [model for path in folder.models.glob("*/v*/job.json") if (model := _model(folder, path.parent))]
    return sorted(found, key=lambda model: (model.finished_at, model.name, model.version), reverse=True)


def _model(folder: DataFolder, place: Path) -> Model | None:
    job = read_json(place / "job.json", {})
    weights = next((place / kind for kind in ("model", "adapter") if (place / kind).is_dir()), None)
    if job.get("state") != "done" or weights is None:
        return None
    held_out = job.get("held_out") or []
    kept = next((point for point in held_out if point["step"] == job.get("saved_step")), None)
    return Model(
        name=str(job["dataset"]),
        version=place.name,
        path=weights.relative_to(folder.root).as_posix(),
        base=str(job["model"]),
        method=str(job["method"]),
        finished_at=str(job["finished_at"]),
        loss_before=held_out[0]["loss"] if held_out else None,
        loss_after=(kept or held_out[-1])["loss"] if held_out else None,
        evaluation=read_json(place / "evaluation.json", {}),
    )
