# SPDX-License-Identifier: GPL-3.0-or-later
"""When what artists did with answers is enough to tune again: the planner of evaluate says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .. import feedback
from ..deployment import registry
from ..evaluation import planning
from ..feedback import Feedback
from ..paths import DataFolder
from ..words import counted


@dataclass(frozen=True)
class Retraining:
    """Answers that were kept as they came and edited `since` a model was tuned ('': ever), and whether they are enough
    to matter."""

    since: str
    kept: int
    edited: int
    enough: bool
    words: str


def suggested(folder: DataFolder) -> Retraining:
    """For the live model, or the newest that was tuned here."""
    tuned = [model for model in registry.models(folder) if model.path]
    model = next((one for one in tuned if one.state == "live"), tuned[0] if tuned else None)
    requests = feedback.read(folder).feedback
    if model is None:
        return judged(requests, "", "voxel")
    return judged([one for one in requests if one.at > model.finished_at], model.id, model.name)


def judged(requests: Sequence[Feedback], since: str, dataset: str) -> Retraining:
    """The suggestion by these requests. An answer is mended where the artist edited it, or sent it back for one that
    they kept."""
    done = [one for one in requests if one.done]
    states = Counter(one.state for one in done)
    sent_back = {other.id for others in feedback.refused(done).values() for other in others}
    sizes = list(Counter(" ".join(one.prompt.split()).casefold() for one in done).values())
    all_done = max(1, len(done))
    enough = planning.matters(sizes, states["kept"] / all_done, (states["edited"] + len(sent_back)) / all_done)
    words = f"{states['kept']} kept and {counted(states['edited'], 'edited answer')}"
    words += f" since {since} was tuned" if since else ""
    name = "" if dataset == "voxel" else f" --name {dataset}"
    again = (
        f"; tune again: `run --stages dataset,train,evaluate --from-feedback{name}`." if enough else ": not enough yet."
    )
    return Retraining(since, states["kept"], states["edited"], enough, words + again)
