# SPDX-License-Identifier: GPL-3.0-or-later
"""Models as train and evaluate leave them in a data folder, with weights of a few bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from voxel_trainer_addon.files import write_json
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.providers.local.base import named, weights_hash


def base(place: Path) -> Path:
    """A model folder that a job can have begun from."""
    place.mkdir(parents=True)
    (place / "config.json").write_text("{}")
    (place / "model.safetensors").write_bytes(b"base weights")
    return place


def tuned(folder: DataFolder, version: str, begun_from: Path, kind: str = "model", name: str = "voxel") -> Path:
    """A tuned model's folder."""
    place = folder.model(name, version)
    weights = place / kind
    weights.mkdir(parents=True)
    (weights / f"{kind}.safetensors").write_bytes(f"weights of {name}/{version}".encode())
    job = {
        "state": "done",
        "dataset": name,
        "model": "Tiny",
        "base": str(begun_from),
        "base_hash": named(str(begun_from)).hash,
        "method": "full" if kind == "model" else "lora",
        "finished_at": "2026-11-20T10:00:00Z",
        "weights_sha256": weights_hash(weights),
    }
    write_json(place / "job.json", job)
    return place


def three(place: Path) -> DataFolder:
    """A data folder with three versions of a model, the first two of them evaluated."""
    data, begun_from = DataFolder(place / "data"), base(place / "base")
    for version in ("v1", "v2"):
        evaluated(tuned(data, version, begun_from))
    tuned(data, "v3", begun_from)
    return data


def evaluated(place: Path, worse: Mapping[str, str] | None = None, **changed: Any) -> None:
    """An evaluation beside a model; `worse` is metric → contestant than whom it is provably worse."""
    name, version = place.parent.name, place.name
    comparisons = [
        {"metric": metric, "against": against, "verdict": "worse", "words": "0.20 against 0.50 on 60 prompts."}
        for metric, against in (worse or {}).items()
    ]
    low, high = {"value": 0.1, "low": 0.05, "high": 0.2}, {"value": 0.4, "low": 0.29, "high": 0.53}
    body = {
        "schema": 2,
        "id": f"{name}/{version}",
        "name": name,
        "version": version,
        "subject": "tuned",
        "contestants": [
            {"who": "base", "label": "the base model", "hash": "b" * 64},
            {"who": "tuned", "label": "the tuned model", "hash": f"hash of {name}/{version}"},
        ],
        "dataset": {"name": name, "split": "test", "test_rows": 60},
        "prompts": {"compared": 60},
        "finished_at": "2026-11-21T10:00:00Z",
        "metrics": [
            {"metric": metric, "label": label, "binary": binary, "prompts": 60, "values": {"base": low, "tuned": high}}
            for metric, label, binary in (("runs", "runs in Blender", True), ("node_f1", "has the nodes wanted", False))
        ],
        "verdict": {
            "metric": "node_f1",
            "result": "not shown",
            "than": {"base": "not shown"},
            "words": "Not shown to be better or worse than the base model.",
        },
        "comparisons": comparisons,
    }
    write_json(place / "evaluation.json", {**body, **changed})
