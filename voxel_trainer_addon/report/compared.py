# SPDX-License-Identifier: GPL-3.0-or-later
"""Two evaluations side by side, as one HTML file like the report."""

from __future__ import annotations

from collections.abc import Sequence

from .. import __version__
from ..words import counted, share
from . import answers
from .html import Markup, tag
from .made import number_head, section
from .page import document
from .rows import Json
from .style import CSS


def page(
    compared: Json,
    one_answers: Sequence[Json],
    other_answers: Sequence[Json],
    seeds: Json | None = None,
) -> str:
    """The comparison `compared` (of evaluate's `comparing`) with the lines of both runs' `answers.jsonl`, and where
    it is known, how far training seeds differ."""
    first, second = compared["first"], compared["second"]
    title = f"{second['id']} against {first['id']}"
    evaluation, lines = _as_one(compared, one_answers, other_answers)
    rows = answers.shown(evaluation, lines)
    body = tag(
        "main",
        tag("p", f"Voxel Trainer {__version__} · Blender {compared['blender']}", class_="kicker"),
        tag("h1", title),
        tag("p", f"Evaluated on {first['finished_at'][:10]} and {second['finished_at'][:10]}.", class_="lead"),
        section("better", "Is it better?", _verdict(compared), _table(compared)),
        section("seeds", "Between training seeds", _seeds(seeds)) if seeds else None,
        section("answers", "Every prompt with both answers", answers.browser(rows)),
    )
    return document(title, body, CSS + answers.styles(len(evaluation["contestants"])))


def _as_one(compared: Json, one: Sequence[Json], other: Sequence[Json]) -> tuple[Json, list[Json]]:
    """Both runs as one evaluation of two contestants, and the lines of the prompts that both answered."""
    sides = {"first": compared["first"], "second": compared["second"]}
    labels = {side: about["id"] for side, about in sides.items()}
    if labels["first"] == labels["second"]:
        labels = {"first": "the earlier run", "second": "the later run"}
    evaluation: Json = {
        "contestants": [{"who": side, "label": labels[side]} for side in ("second", "first")],
        "subject": "second",
        "metrics": compared["comparisons"],
        "verdict": compared["verdict"],
    }
    who = {side: about["who"] for side, about in sides.items()}
    later = {line["id"]: line["answers"].get(who["second"]) for line in other}
    lines: list[Json] = []
    for line in one:
        both = {"second": later.get(line["id"]), "first": line["answers"].get(who["first"])}
        if all(both.values()):
            lines.append({**line, "answers": both})
    return evaluation, lines


def _verdict(compared: Json) -> Markup:
    found = compared["verdict"]
    head, _, facts = found["words"].partition(": ")
    notes = [tag("li", note) for note in compared["notes"]]
    return tag(
        "div",
        tag("span", f"Deciding: each answer {found['label']}", class_="soft"),
        tag("strong", f"{compared['second']['id']}: {head[:1].lower()}{head[1:]}."),
        tag("p", facts[:1].upper() + facts[1:]),
        tag("ul", notes, class_="plain soft") if notes else None,
        class_=f"card verdict {found['result'].split()[0]}",
    )


def _table(compared: Json) -> Markup:
    deciding = compared["verdict"]["metric"]
    lines = []
    for each in compared["comparisons"]:
        change = each["difference"]
        cells = [tag("td", share(each[side], each["binary"]), class_="number") for side in ("first", "second")]
        told = f"{change['value']:+.2f}", f" {change['low']:+.2f} to {change['high']:+.2f}"
        span = tag("td", tag("span", told[0], class_="value"), tag("span", told[1], class_="range"))
        said = tag("td", each["verdict"], class_={"better": "good", "worse": "bad"}.get(each["verdict"]))
        name = f"{each['label']} ★" if each["metric"] == deciding else each["label"]
        if each["prompts"] < compared["prompts"]["shared"]:
            name += f" (of the {each['prompts']:,} that it applies to)"
        lines.append(tag("tr", tag("th", name, scope="row"), cells, span, said))
    heads = [number_head(compared[side]["id"]) for side in ("first", "second")]
    head = tag(
        "tr", tag("th", "share of all prompts that …"), heads, tag("th", "difference (95 %)"), tag("th", "shown")
    )
    prompts = compared["prompts"]
    about = f"{counted(prompts['shared'], 'prompt')} that both answered, from "
    about += f"{counted(prompts['groups'], 'independent group')}. ★ decides; the others are corrected for being many."
    return tag(
        "div",
        tag("div", tag("table", tag("thead", head), tag("tbody", lines)), class_="card scroll"),
        tag("p", about, class_="soft"),
    )


def _seeds(found: Json) -> Markup:
    lines = []
    for each in found["metrics"]:
        values = [tag("td", share(value, each["binary"]), class_="number") for value in each["values"]]
        mean, spread = (share(each[key], each["binary"]) for key in ("mean", "deviation"))
        told = tag(
            "td", tag("span", mean, class_="value"), tag("span", f" ± {spread}", class_="range"), class_="number"
        )
        lines.append(tag("tr", tag("th", each["label"], scope="row"), values, told))
    heads = [number_head(f"{run['id']}, seed {run['seed']}") for run in found["runs"]]
    head = tag("tr", tag("th", "share of all prompts that …"), heads, number_head("mean ± standard deviation"))
    return tag(
        "div",
        tag("div", tag("table", tag("thead", head), tag("tbody", lines)), class_="card scroll"),
        tag("p", f"{counted(found['prompts'], 'prompt')} that all of them answered.", class_="soft"),
    )
