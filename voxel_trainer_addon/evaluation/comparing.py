# SPDX-License-Identifier: GPL-3.0-or-later
"""Two evaluations side by side, prompt by prompt, and what several training seeds of one model differ by."""

from __future__ import annotations

import statistics as plain
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import UserError
from ..words import counted
from . import quality_metrics as metrics
from .result import LOSS, LOSS_LABEL, SCHEMA
from .statistics import Comparison, Paired, judge, paired

Json = Mapping[str, Any]
COMPARED = (*metrics.RUNGS, *metrics.GRADED, LOSS)
LABELS = {**metrics.LABELS, LOSS: LOSS_LABEL}
TRAINED = ("dataset", "dataset_hash", "model", "base_hash", "objective", "method")
"""What jobs must share, beside their parameters, to be the same training but for the seed."""


@dataclass(frozen=True)
class Run:
    """An evaluation: its `evaluation.json`, and the lines of the `answers.jsonl` beside it."""

    evaluation: Json
    answers: Sequence[Json]

    @property
    def id(self) -> str:
        return str(self.evaluation["id"])

    @property
    def subject(self) -> str:
        return str(self.evaluation["subject"])

    def by_prompt(self) -> dict[str, Json]:
        """Prompt → its line, where the subject answered it."""
        return {str(line["id"]): line for line in self.answers if self.subject in line["answers"]}


def compare(first: Run, second: Run) -> dict[str, Any]:
    """Whether the subject of `second` is better than that of `first` on the prompts that both answered:

    `first`, `second`: `id`, `who`, `label`, `hash`, `finished_at`; `blender`; `prompts`: `shared`, `only_first`,
    `only_second`, `groups`; `comparisons`: `metric`, `label`, `binary`, `first`, `second`, `difference`, `prompts`,
    `groups`, `p`, `verdict`, `words`, `settles_at`, the deciding one first; `verdict`: `metric`, `label`, `result`,
    `words`; `settings`: what the runs differ by, `name`, `first`, `second`; `drift`: for each other contestant of both
    `who`, `label`, `same_model`, `prompts`, `changed` (prompts with another answer), `first`, `second` (the deciding
    metric); `notes`: what else a reader must know, in sentences. Raises UserError where the runs cannot be compared.
    """
    _comparable((first, second))
    one, two = first.by_prompt(), second.by_prompt()
    shared = [id for id in one if id in two]
    if not shared:
        raise UserError(
            f"{first.id} and {second.id} share no prompt: they were evaluated on other test splits. "
            "Evaluate both on the same one."
        )
    deciding = str(first.evaluation["verdict"]["metric"])
    against = first.id if first.id != second.id else "the earlier run"
    named = (deciding, *(metric for metric in COMPARED if metric != deciding))
    pairs = [found for metric in named if (found := _pair(metric, against, (first, second), (one, two), shared))]
    told = [_comparison(each) for each in judge(pairs, deciding)]
    prompts = {
        "shared": len(shared),
        "only_first": len(one) - len(shared),
        "only_second": len(two) - len(shared),
        "groups": len({str(one[id]["group"]) for id in shared}),
    }
    settings = list(_settings(first.evaluation, second.evaluation))
    drift = list(_drift(first, second, [(one[id], two[id]) for id in shared], deciding))
    return {
        "first": _about(first),
        "second": _about(second),
        "blender": first.evaluation["blender"],
        "prompts": prompts,
        "verdict": {
            **{key: told[0][key] for key in ("metric", "label", "words")},
            "result": told[0]["verdict"],
        },
        "comparisons": told,
        "settings": settings,
        "drift": drift,
        "notes": _notes(prompts, settings, drift),
    }


def _comparable(runs: Sequence[Run]) -> None:
    for run in runs:
        if run.evaluation.get("schema") != SCHEMA:
            raise UserError(f"The evaluation of {run.evaluation.get('id')} is of an older form. Evaluate it again.")
    first, *others = runs
    for other in others:
        if other.evaluation["blender"] != first.evaluation["blender"]:
            raise UserError(
                f"{first.id} ran in Blender {first.evaluation['blender']}, {other.id} in "
                f"{other.evaluation['blender']}: the same code may do otherwise there. Evaluate both in one Blender."
            )


def _value(line: Json, who: str, metric: str) -> float | None:
    found = line["losses"].get(who) if metric == LOSS else line["answers"][who]["score"].get(metric)
    return None if found is None else float(found)


def _pair(
    metric: str,
    against: str,
    runs: tuple[Run, Run],
    lines: tuple[Mapping[str, Json], Mapping[str, Json]],
    ids: list[str],
) -> Paired | None:
    """The values of both subjects where the metric applies to both; None where it does nowhere."""
    found = []
    for id in ids:
        first, second = (_value(side[id], run.subject, metric) for run, side in zip(runs, lines, strict=True))
        if first is not None and second is not None:
            found.append((first, second, str(lines[0][id]["group"])))
    if not found:
        return None
    first_values, second_values, groups = zip(*found, strict=True)
    binary, lower = metric in metrics.BINARY, metric == LOSS
    return paired(
        metric, LABELS[metric], against, second_values, first_values, groups, binary=binary, lower_is_better=lower
    )


def _comparison(comparison: Comparison) -> dict[str, Any]:
    pair = comparison.pair
    return {
        "metric": pair.metric,
        "label": pair.label,
        "binary": pair.metric in metrics.BINARY,
        "first": pair.other,
        "second": pair.tuned,
        "difference": asdict(pair.difference),
        "prompts": pair.prompts,
        "groups": pair.groups,
        "p": comparison.p,
        "verdict": comparison.verdict,
        "words": comparison.words,
        "settles_at": comparison.settles_at,
    }


def _about(run: Run) -> dict[str, Any]:
    contestant = _contestants(run)[run.subject]
    return {
        "id": run.id,
        "who": run.subject,
        "label": contestant["label"],
        "hash": contestant["hash"],
        "finished_at": run.evaluation["finished_at"],
    }


def _contestants(run: Run) -> dict[str, Json]:
    return {str(each["who"]): each for each in run.evaluation["contestants"]}


def _settings(first: Json, second: Json) -> Iterator[dict[str, Any]]:
    """What the runs differ by, besides the models."""
    sides = [
        {**each["settings"], "test split": each["dataset"]["test"], "deciding metric": each["verdict"]["metric"]}
        for each in (first, second)
    ]
    for name in {**sides[0], **sides[1]}:
        one, two = (side.get(name) for side in sides)
        if one != two:
            yield {"name": name, "first": one, "second": two}


def _drift(first: Run, second: Run, lines: Sequence[tuple[Json, Json]], metric: str) -> Iterator[dict[str, Any]]:
    """Whether the other contestants of both runs answered the same; one model must, when it is asked the same way."""
    theirs, subjects = _contestants(second), {first.subject, second.subject}
    for who, contestant in _contestants(first).items():
        both = [pair for pair in lines if all(who in line["answers"] for line in pair)]
        if who in subjects or who not in theirs or not both:
            continue
        changed = [one["id"] for one, two in both if one["answers"][who]["text"] != two["answers"][who]["text"]]
        values = [[_value(line, who, metric) for line in side] for side in zip(*both, strict=True)]
        means = [plain.fmean([value for value in side if value is not None] or [0.0]) for side in values]
        yield {
            "who": who,
            "label": contestant["label"],
            "same_model": contestant["hash"] == theirs[who]["hash"],
            "prompts": len(both),
            "changed": changed,
            "first": means[0],
            "second": means[1],
        }


def _notes(prompts: Mapping[str, int], settings: Sequence[Json], drift: Sequence[Json]) -> list[str]:
    told = [f"{each['name']}: {each['first']} in the first run, {each['second']} in the second." for each in settings]
    if left := prompts["only_first"] + prompts["only_second"]:
        told.append(f"Left out: {counted(left, 'prompt')} that one of them alone answered.")
    for each in drift:
        label, same = each["label"], each["prompts"] - len(each["changed"])
        words = (
            f"{label[:1].upper()}{label[1:]} gave the same answer to {same:,} of {counted(each['prompts'], 'prompt')}"
        )
        why = "" if each["same_model"] else "; it is not the same in both runs"
        told.append(f"{words}: {each['first']:.2f} and {each['second']:.2f} by the deciding metric{why}.")
    return told


def seeds(runs: Sequence[Run], jobs: Sequence[Json]) -> dict[str, Any]:
    """How far models differ whose training (`job.json`, in the order of `runs`) differed by the seed alone, on the
    prompts that all of them answered: `runs`: `id`, `seed`; `prompts`; `metrics`: `metric`, `label`, `binary`,
    `prompts`, `values` in the order of `runs`, their `mean` and standard `deviation`, and `others`, the other
    contestants' values. Raises UserError where the trainings or evaluations differ by more."""
    _comparable(runs)
    if len(runs) < 2:
        raise UserError("One training shows no spread between seeds. Name two or more models.")
    if names := _differing(jobs):
        raise UserError(f"These trainings differ by more than the seed: {', '.join(names)}.")
    numbers = [job["parameters"]["seed"] for job in jobs]
    if len(set(numbers)) < len(numbers):
        raise UserError(f"Two of these trainings have the same seed: {', '.join(map(str, numbers))}.")
    lines = [run.by_prompt() for run in runs]
    shared = [id for id in lines[0] if all(id in other for other in lines[1:])]
    if not shared:
        raise UserError("These evaluations share no prompt. Evaluate all models on the same test split.")
    told = [_spread(metric, runs, [[side[id] for id in shared] for side in lines]) for metric in COMPARED]
    return {
        "runs": [{"id": run.id, "seed": seed} for run, seed in zip(runs, numbers, strict=True)],
        "prompts": len(shared),
        "metrics": [each for each in told if each["prompts"]],
    }


def _differing(jobs: Sequence[Json]) -> list[str]:
    """The names of what trainings differ by, but for the seed."""
    sides = [{**job["parameters"], **{name: job.get(name) for name in TRAINED}} for job in jobs]
    names = dict.fromkeys(name for side in sides for name in side if name != "seed")
    return [name for name in names if any(side.get(name) != sides[0].get(name) for side in sides)]


def _spread(metric: str, runs: Sequence[Run], lines: Sequence[Sequence[Json]]) -> dict[str, Any]:
    columns = [[_value(line, run.subject, metric) for line in side] for run, side in zip(runs, lines, strict=True)]
    applies = [place for place, row in enumerate(zip(*columns, strict=True)) if None not in row]
    values = [plain.fmean(float(column[place] or 0) for place in applies) if applies else 0.0 for column in columns]
    others = {}
    for who in _contestants(runs[0]):
        found = [
            value
            for place in applies
            if (who in lines[0][place]["answers"]) and (value := _value(lines[0][place], who, metric)) is not None
        ]
        if who != runs[0].subject and len(found) == len(applies) > 0:
            others[who] = plain.fmean(found)
    return {
        "metric": metric,
        "label": LABELS[metric],
        "binary": metric in metrics.BINARY,
        "prompts": len(applies),
        "values": values,
        "mean": plain.fmean(values),
        "deviation": plain.stdev(values),
        "others": others,
    }


def as_text(found: Json) -> str:
    """A comparison in words for a terminal."""
    first, second, prompts = found["first"], found["second"], found["prompts"]
    lines = [
        f"{second['id']} against {first['id']}, on {counted(prompts['shared'], 'prompt')} that both answered, "
        f"from {counted(prompts['groups'], 'independent group')}, in Blender {found['blender']}.",
        found["verdict"]["words"],
        "",
        f"  {'first':>6}  {'second':>6}  difference (95 %)",
    ]
    for each in found["comparisons"]:
        change = each["difference"]
        told = f"{change['value']:+.2f} ({change['low']:+.2f} to {change['high']:+.2f})"
        mark = "" if each["verdict"] == "not shown" else f": {each['verdict']}"
        lines.append(f"  {each['first']:6.2f}  {each['second']:6.2f}  {told:24}  {each['label']}{mark}")
    lines += ["", *found["notes"]]
    return "\n".join(lines).rstrip()


def seeds_as_text(found: Json) -> str:
    """The spread between seeds in words for a terminal."""
    named = ", ".join(f"{run['id']} (seed {run['seed']})" for run in found["runs"])
    lines = [f"{named}: mean ± standard deviation on {counted(found['prompts'], 'prompt')} that all answered.", ""]
    for each in found["metrics"]:
        values = " ".join(f"{value:.2f}" for value in each["values"])
        others = "".join(f"; {who} {value:.2f}" for who, value in each["others"].items())
        lines.append(f"  {each['mean']:.2f} ± {each['deviation']:.2f}  ({values}{others})  {each['label']}")
    return "\n".join(lines)
