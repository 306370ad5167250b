# SPDX-License-Identifier: GPL-3.0-or-later
"""What the part Evaluate shows: who is compared, what that can prove, and what the last comparison said. No bpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..runs import Choices, Models, Question
from ..stage import BASELINES
from ..words import between, harmless, share

NO_MODEL = "No model has been tuned in this data folder yet"
PLANNING = "Reckoning what these prompts can prove…"


@dataclass(frozen=True)
class Figure:
    """One metric: its label, and contestant → its value with an interval, in words."""

    label: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Evaluating:
    """`subject` is the model that would be evaluated ('' where none is there), `models` all that can be chosen, `live`
    the live one where it is another and can be compared with. `plan` is what is known before it starts; `of` whose
    result `sentence` and `figures` are, '' where there is none yet, and `report` the place of the dataset's report,
    where that is about it: it shows the model that was evaluated last."""

    subject: str = ""
    models: tuple[str, ...] = ()
    live: str = ""
    plan: str = ""
    of: str = ""
    sentence: str = ""
    figures: tuple[Figure, ...] = ()
    report: str = ""


NOTHING = Evaluating()


def evaluating_of(models: Models, choices: Choices, planned: Question) -> Evaluating:
    """The part as it stands."""
    listed = {one["id"]: one for one in models.told.get("models", ()) if one["method"] != "asked"}
    subject = _subject(listed, choices)
    if not subject:
        return NOTHING
    live = str(models.told["live"])
    found = listed[subject]["evaluated"]
    return Evaluating(
        subject=subject,
        models=tuple(listed),
        live=live if live != subject and live in listed else "",
        plan=_plan(planned),
        of=subject if found else "",
        sentence=harmless(found["sentence"]) if found else "",
        figures=tuple(_figure(metric, found) for metric in found["figures"]) if found else (),
        report=_report(models, listed[subject]),
    )


def _subject(listed: Mapping[str, Mapping[str, Any]], choices: Choices) -> str:
    """The chosen model, or the newest: of the dataset that is chosen, where it has one."""
    if choices.evaluated in listed:
        return choices.evaluated
    return max(listed, key=lambda id: (listed[id]["name"] == choices.name, listed[id]["finished_at"], id), default="")


def _report(models: Models, subject: Mapping[str, Any]) -> str:
    peers = [
        one["evaluated"]["at"] for one in models.told["models"] if one["name"] == subject["name"] and one["evaluated"]
    ]
    if not subject["evaluated"] or subject["evaluated"]["at"] < max(peers):
        return ""
    return str(models.data.dataset(subject["name"]) / "report.html")


def _plan(planned: Question) -> str:
    if planned.waiting or planned.answer is None:
        return PLANNING
    return harmless(planned.answer.body.get("words") or planned.answer.sentence)


def _figure(metric: Mapping[str, Any], found: Mapping[str, Any]) -> Figure:
    """The metric of the subject and of the first baseline that it was compared with."""
    whos = [who for who in (*BASELINES, *metric["values"]) if who in metric["values"] and who != found["subject"]]
    shown = [*whos[:1], found["subject"]]
    values = tuple((harmless(found["contestants"][who]), _value(metric, who)) for who in shown)
    return Figure(harmless(metric["label"]), values)


def _value(metric: Mapping[str, Any], who: str) -> str:
    value, binary = metric["values"][who], metric["binary"]
    told = share(value["value"], binary)
    return f"{told} ({between(value['low'], value['high'], binary)})" if "low" in value else told
