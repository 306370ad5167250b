# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of answers for a person to compare, by number and without names: an offline page without a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..graph.model import Graph
from .drawing import drawing
from .html import Markup, tag
from .page import document
from .style import CSS


@dataclass(frozen=True)
class Shown:
    """A prompt and two answers as they stand in `answers.jsonl`, in the order of show."""

    prompt: str
    answers: tuple[Mapping[str, Any], Mapping[str, Any]]


def page(pairs: Sequence[Shown], form: str, blender: str) -> str:
    """All pairs as HTML; `form` is the name of the file that verdicts go into."""
    body = tag(
        "main",
        tag("h1", "Which answer is better?"),
        tag(
            "p",
            f"Write A, B or tie into the column “better” of {form}, beside the number of each pair: which one does "
            f"better what was asked for, in Blender {blender}? Style and length count for nothing. Who made which "
            "answer is told when you are done. A row that is left empty does not count.",
            class_="lead",
        ),
        [_pair(number, pair) for number, pair in enumerate(pairs, 1)],
    )
    return document("Which answer is better?", body, CSS)


def _pair(number: int, pair: Shown) -> Markup:
    answers = [_answer(letter, answer) for letter, answer in zip("AB", pair.answers, strict=True)]
    return tag(
        "article",
        tag("h2", number),
        tag("blockquote", pair.prompt),
        tag("div", answers, class_="two"),
        id=f"pair-{number}",
    )


def _answer(letter: str, answer: Mapping[str, Any]) -> Markup:
    graph, error = answer.get("graph"), answer["score"].get("error")
    drawn = drawing(Graph.from_json(graph), f"The tree that answer {letter} makes") if isinstance(graph, dict) else None
    return tag(
        "div",
        tag("h3", f"Answer {letter}"),
        tag("p", error, class_="error") if error else None,
        tag("img", src=answer["render"], alt=f"Render of answer {letter}") if answer.get("render") else None,
        tag("div", drawn, class_="scroll") if drawn else tag("p", "No tree to draw.", class_="soft"),
        tag("pre", answer["code"] or "(The answer holds no code.)", class_="wrap"),
        class_="card",
    )
