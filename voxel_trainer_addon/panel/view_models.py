# SPDX-License-Identifier: GPL-3.0-or-later
"""What the part Models shows: every model with its state and how good it was, and what came of moving one. No bpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..runs import Answer, Models
from ..words import harmless

SHOWN = 12
ICONS = {"live": "RADIOBUT_ON", "canary": "TIME", "candidate": "RADIOBUT_OFF", "retired": "X"}


@dataclass(frozen=True)
class ModelRow:
    """One model: `state` in words, `honest` how good it was in one line, `lately` how its answers ran of late."""

    id: str
    icon: str
    state: str
    honest: str
    lately: str
    live: bool


@dataclass(frozen=True)
class ModelList:
    """All models, the live one first, `more` of them not shown. `live` answers now, `back` is the one that *Roll Back*
    goes to, '' where there is none. `busy` says what is under way, `note` (icon, sentences) what came of it, `force`
    the model that a reason would promote all the same."""

    rows: tuple[ModelRow, ...] = ()
    more: int = 0
    live: str = ""
    back: str = ""
    busy: str = ""
    note: tuple[str, tuple[str, ...]] | None = None
    force: str = ""


NO_MODELS = ModelList()


def model_list_of(models: Models) -> ModelList:
    """The list as it stands."""
    told = models.told
    if not told:
        return ModelList(note=("ERROR", (harmless(models.problem),))) if models.problem else NO_MODELS
    known, refused = told["models"], _refused(models)
    return ModelList(
        rows=tuple(_row(model, told["canary"]) for model in known[:SHOWN]),
        more=max(0, len(known) - SHOWN),
        live=harmless(told["live"]),
        back=harmless(told["before"][-1]) if told["before"] else "",
        busy=_busy(models.moving) if models.moves else "",
        note=_came(models.moving, models.moved) if models.moved else _wrong(models),
        force=models.moving[1] if refused and all(one["forcible"] for one in refused) else "",
    )


def _row(model: Mapping[str, Any], canary: Mapping[str, Any] | None) -> ModelRow:
    state = str(model["state"])
    words = f"{state}, {canary['share']:.0%}" if canary and state == "canary" else state
    id, honest, lately = (harmless(model[key]) for key in ("id", "honest", "lately"))
    return ModelRow(id, ICONS[state], words, honest, lately, live=state == "live")


def _busy(moving: tuple[str, ...]) -> str:
    return f"Looking through the files of {moving[1]}…" if moving[0] == "promote" else "Rolling back…"


def _refused(models: Models) -> list[Mapping[str, Any]]:
    """What the gate has against the model that was to be promoted last."""
    return list(models.moved.body.get("against", ())) if models.moved and not models.moved.ok else []


def _came(moving: tuple[str, ...], moved: Answer) -> tuple[str, tuple[str, ...]]:
    body = moved.body
    if moved.ok:
        overruled = (f"Overruled: {sentence}" for sentence in body["forced"])
        return "CHECKMARK", tuple(map(harmless, (f"{body['live']} is live", *body["notes"], *overruled)))
    if against := body.get("against"):
        return "ERROR", tuple(map(harmless, (f"{moving[1]} was not taken", *(one["sentence"] for one in against))))
    return "ERROR", (moved.sentence,)


def _wrong(models: Models) -> tuple[str, tuple[str, ...]] | None:
    """What is wrong with the registry itself, if anything."""
    told, found = models.told, [models.problem, models.told["problem"]]
    if told["live"] and told["live"] not in {model["id"] for model in told["models"]}:
        found.append(f"{told['live']} is live, but its files are gone. Roll Back goes to the one before.")
    sentences = tuple(map(harmless, filter(None, found)))
    return ("ERROR", sentences) if sentences else None
