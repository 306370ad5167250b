# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a model before it answers an artist: weights that are not whole, no evaluation, a loss that is
shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import Unavailable
from ..files import read_json
from ..paths import DataFolder
from ..providers.local.base import lost, weights_hash
from .registry import Model

SCHEMA = 2
"""Form of `evaluation.json` that is read here."""
GUARDRAILS = {"runs": "runs less often", "safe": "is refused more often", "finished": "finishes less often"}
"""Metrics that may not be provably worse, and what it means to a person where they are."""


@dataclass(frozen=True)
class Against:
    """One thing that stands against a model. What is not `forcible` no reason can outweigh."""

    code: str
    sentence: str
    forcible: bool = True


def check(folder: DataFolder, model: Model, live: Model | None) -> list[Against]:
    """All that stands against `model`, `live` being the one that it would replace."""
    broken = unsound(folder, model)
    found = [Against("weights", broken, forcible=False)] if broken else []
    missing = _not_evaluated(folder, model)
    return [*found, Against("evaluation", missing)] if missing else [*found, *_worse(model, live)]


def unsound(folder: DataFolder, model: Model) -> str:
    """Why a tuned model's files cannot be used: a sentence, '' where they are whole and fit. It reads all weights."""
    if not model.path:
        return ""
    weights = folder.root / model.path
    job = read_json(weights.parent / "job.json", {})
    if "weights_sha256" in job and weights_hash(weights) != job["weights_sha256"]:
        return (
            f"The weights of {model.id} are not those that were trained: a file was cut short, changed or swapped. "
            f"Copy {model.path} again from where it is whole, or train again."
        )
    try:
        return lost(job) if weights.name == "adapter" else ""
    except Unavailable as error:
        return str(error)


def _not_evaluated(folder: DataFolder, model: Model) -> str:
    """Why what is known of a model is no evaluation on its own test split."""
    again = f"Run `evaluate --name {model.name} --model {_called(model)}`."
    evaluation = model.evaluation
    if not evaluation:
        return f"{model.id} was not evaluated. {again}"
    if evaluation.get("schema") != SCHEMA:
        return f"The evaluation of {model.id} has the form of another Voxel Trainer. {again}"
    if evaluation.get("id") != model.id:
        return f"The evaluation beside {model.id} is that of {evaluation.get('id')}. {again}"
    place = folder.root / model.path if model.path else None
    own = str(read_json(place.parent / "job.json", {}).get("dataset", "")) if place else model.name
    tested = evaluation["dataset"]
    if (tested["name"], tested["split"]) != (own, "test"):
        on = f"{tested['name']}:{tested['split']}"
        return f"{model.id} was evaluated on {on}, not on the test split of its own dataset, {own}. {again}"
    if not evaluation["prompts"]["compared"]:
        return f"No prompt was compared in the evaluation of {model.id}. {again}"
    return ""


def _called(model: Model) -> str:
    """What `evaluate --model` calls a model, and where it is asked."""
    if not model.asked:
        return model.id
    at = f" --base-url {model.asked['url']}" if model.asked["provider"] != "claude" else ""
    return f"{model.asked['provider']}:{model.asked['model']}{at}"


def _worse(model: Model, live: Model | None) -> list[Against]:
    """Provable losses on a guardrail, against its base and against the live model where the two were compared."""
    whos = {"base": "its base", **{who: f"{live.id}, which is live" for who in _whos(model, live) if live}}
    return [
        Against("worse", f"{model.id} {GUARDRAILS[one['metric']]} than {whos[one['against']]}. {one['words']}")
        for one in model.evaluation.get("comparisons", ())
        if one["metric"] in GUARDRAILS and one["verdict"] == "worse" and one["against"] in whos
    ]


def compared(model: Model, live: Model) -> bool:
    """Whether the model's evaluation has the live one among its contestants."""
    return bool(_whos(model, live))


def _whos(model: Model, live: Model | None) -> list[str]:
    """What the live model is called in the evaluation of another; it may stand there by its name or by its content."""
    if live is None:
        return []
    contestants: list[Mapping[str, Any]] = model.evaluation.get("contestants", [])
    subject = live.evaluation.get("subject")
    hashes = {one["hash"] for one in live.evaluation.get("contestants", ()) if one["who"] == subject and one["hash"]}
    own = model.evaluation.get("subject")
    return [
        one["who"] for one in contestants if one["who"] != own and (one["label"] == live.id or one["hash"] in hashes)
    ]
