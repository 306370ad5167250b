# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's first half: what was made, from what, and some of it to look at."""

from __future__ import annotations

from collections.abc import Mapping

from ..graph.model import Graph
from ..words import counted, duration, size
from .drawing import Marks, drawing
from .facts import Facts
from .html import Content, Markup, tag

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
    text = f"{files} gave {counted(rows, 'example')}: requests with their answers, each with its proof."
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
        ("dataset", int(facts.dataset.get("answers", 0)), "different answers proven", _aside(facts, "dataset")),
        ("dataset", sum(rows.values()), "examples", _split(rows)),
    ]
    if facts.version:
        steps += [
            (
                "train",
                trained if trained is not None else "none",
                "examples trained on",
                _over(facts.job.get("n_over")),
            ),
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
            tag("td", ", ".join(f"{licence_words(id)}: {count:,}" for id, count in source.licences.items()) or "none"),
        )
        for source in facts.sources
    ]
    heads = tag("tr", tag("th", "source"), number_head("files"), number_head("size"), tag("th", "licence: files"))
    return tag("div", tag("h3", "Files"), tag("table", tag("thead", heads), tag("tbody", rows)), class_="scroll card")


def number_head(words: str) -> Markup:
    return tag("th", words, class_="number")


def licence_words(id: str) -> str:
    return OWN if id == "own" else id or "none stated"


def drawn(graph: Graph, label: str, marks: Marks | None = None) -> Markup:
    """A tree's drawing, or a word on its size where it is too large to be one."""
    made = drawing(graph, label, marks)
    if made is None:
        return tag("p", f"{counted(len(graph.nodes), 'node')}: too many to draw here.", class_="soft")
    return tag("div", made, class_="scroll")
