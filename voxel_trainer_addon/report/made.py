# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's first half: what was made, from what, and some of it to look at."""

from __future__ import annotations

from collections.abc import Mapping

from ..bpy_code.sketch import sketch
from ..graph.model import Graph
from ..words import counted, duration, size
from .drawing import drawing
from .facts import Facts, Json, Row
from .html import Content, Markup, join, tag

TASKS = {
    "material": "material",
    "geometry": "geometry nodes",
    "compositor": "compositor",
    "texture": "texture",
    "piece": "piece of a tree",
}
OWN = "own work (not for others without the author's word)"


def section(id: str, heading: str, *content: Content) -> Markup:
    return tag("section", tag("h2", heading, id=id), content)


def missing(sentence: str) -> Markup:
    """What stands where a part has nothing to show."""
    return tag("p", sentence, class_="card missing")


def sentence(facts: Facts) -> str:
    """What was made, in a sentence or two."""
    files = counted(int(facts.counts.get("files", 0)), "file")
    rows = sum(map(int, facts.dataset.get("rows", {}).values()))
    if not rows:
        return f"{files} harvested, {facts.counts.get('parsed', 0):,} parsed; no dataset has been made of them yet."
    text = f"{files} gave {counted(rows, 'request')} with the Python that makes what was asked for, "
    text += "each run in an empty Blender and found to make the same graph."
    if facts.version and facts.job.get("state") == "done":
        spent = f" for {duration(float(facts.job['seconds']))}" if facts.job.get("seconds") else ""
        text += f" A language model was tuned on them{spent}."
    return text


def funnel(facts: Facts) -> Markup:
    """The stages with what came out of each, and what was set aside on the way."""
    known = facts.dataset.get("funnel", {})
    rows: Mapping[str, int] = facts.dataset.get("rows", {})
    trained, prompts = facts.job.get("n_rows"), facts.evaluation.get("prompts", {})
    tried = int(known.get("trees tried", 0)) + int(known.get("pieces", 0))
    steps: list[tuple[str, int | str, str, str]] = [
        ("harvest", facts.counts.get("files", 0), "files found", _aside(facts, "harvest")),
        ("parse", facts.counts.get("parsed", 0), "files read", _aside(facts, "parse")),
        ("parse", facts.trees, "node trees in them", ""),
        ("dataset", tried, "trees and pieces tried", ""),
        ("dataset", known.get("distinct proven trees", 0), "different ones proven", _aside(facts, "dataset")),
        ("dataset", sum(rows.values()), "rows", _split(rows)),
        ("train", trained if trained is not None else "none", "rows trained on", _over(facts.job.get("n_over"))),
        ("evaluate", prompts.get("compared", "none"), "held-out prompts", _over(prompts.get("over_budget"))),
    ]
    return tag(
        "ol",
        [
            tag(
                "li",
                tag("span", stage, class_="stage"),
                tag("b", f"{value:,}" if isinstance(value, int) else value),
                what,
                tag("small", more, class_="soft") if more else None,
            )
            for stage, value, what, more in steps
        ],
        class_="funnel",
    )


def _aside(facts: Facts, stage: str) -> str:
    count = facts.set_aside(stage)
    return f"{count:,} set aside" if count else "none set aside"


def _split(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{rows.get(side, 0):,} {side}" for side in ("train", "val", "test")) if rows else ""


def _over(count: object) -> str:
    return f"{count:,} over the token budget" if isinstance(count, int) and count else ""


def sources(facts: Facts) -> Markup:
    """Where the files come from and under which licences."""
    if not facts.sources:
        return missing("Nothing has been harvested yet.")
    rows = [
        tag(
            "tr",
            tag("th", source.id, scope="row"),
            tag("td", f"{source.files:,}", class_="number"),
            tag("td", size(source.bytes), class_="number"),
            tag("td", ", ".join(f"{_licence(id)}: {count:,}" for id, count in source.licences.items()) or "none"),
        )
        for source in facts.sources
    ]
    heads = tag("tr", tag("th", "source"), _number("files"), _number("size"), tag("th", "licence: files"))
    content: list[Content] = [tag("div", tag("table", tag("thead", heads), tag("tbody", rows)), class_="scroll card")]
    if licences := facts.dataset.get("licences"):
        words = ", ".join(f"{_licence(id)}: {counted(count, 'row')}" for id, count in licences.items())
        content.append(tag("p", f"In the dataset, by the licences of their sources: {words}.", class_="soft"))
    if unlicensed := facts.dataset.get("unlicensed"):
        content.append(
            tag(
                "p",
                f"{counted(unlicensed, 'row')} without a licence that lets them be used: in no split.",
                class_="soft",
            )
        )
    content += [tag("p", words, class_="soft") for words in facts.dataset.get("split", {}).get("words", ())]
    return join(content)


def _number(words: str) -> Markup:
    return tag("th", words, class_="number")


def _licence(id: str) -> str:
    return OWN if id == "own" else id or "none stated"


def rows(facts: Facts) -> Markup:
    """A few proven rows with request, drawing and code."""
    if not facts.rows:
        return missing(facts.why("dataset"))
    return join(_row(row) for row in facts.rows)


def _row(row: Row) -> Markup:
    body = row.body
    proof = body.get("proof", {})
    origin: Json = next(iter(body.get("sources", [])), {})
    about = [
        TASKS.get(str(body.get("task")), str(body.get("task"))),
        counted(int(body.get("nodes", 0)), "node"),
        f"proven in Blender {proof.get('blender', '?')}",
        f"from {origin.get('path', '?')} in {origin.get('origin', '?')}",
        _licence(str(origin.get("licence", ""))),
    ]
    return tag(
        "article",
        tag("blockquote", body["prompt"]),
        picture(row.graph, str(body["completion"]), "The tree that the request asks for"),
        tag("details", tag("summary", "The code that makes it"), tag("pre", body["completion"])),
        tag("small", " · ".join(about)),
        class_="card",
    )


def picture(graph: Graph | None, code: str, label: str) -> Markup | None:
    """A tree's drawing: from its graph, or else as far as the code tells it; None where it is too large or empty."""
    shown = graph or sketch(code)
    drawn = drawing(shown, label) if shown else None
    if drawn is None:
        return tag("p", "Too large to draw here.", class_="soft") if shown else None
    return tag("div", drawn, class_="scroll")
