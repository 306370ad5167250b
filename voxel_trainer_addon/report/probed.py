# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's part about probes: whether the tuned model copies what it learnt, what it has forgotten, and each probe
to open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ..graph.words.phrases import listed
from ..prompts import code_of
from ..words import counted
from . import judged
from .answers import code, cut, head
from .html import Content, Markup, join, tag
from .made import missing
from .rows import Json

NOBODY = "Nobody looked: evaluate --probes asks the tuned model and its base for more than the test."
OUTCOMES = {
    "followed": "follows the change",
    "copied": "gives the trained answer back",
    "neither": "does neither",
    "no_tree": "makes no tree",
}
"""Outcome of a changed training prompt → what it says of an answer."""
REACHED = {
    "reached": "does what the prompt asks when nothing is changed",
    "followed_of_reached": "follows the change, of those that it does unchanged",
}
CHANGES = {"number": "a number", "option": "an option", "node": "a node"}
GENERAL = {"runs": "general requests: runs to its end", "done": "general requests: does what is asked"}
LOSSES = {"token": "plain Python: loss in nats a token", "byte": "plain Python: loss in nats a byte"}
PARTS = {"general": "General requests about Blender", "python": "Plain Python"}


def probes(evaluation: Json, lines: Sequence[Json]) -> Markup:
    """Figures of an evaluation's probes, and the `lines` of its `probes.jsonl`, folded."""
    found = evaluation.get("probes", {})
    if "words" not in found:
        return missing(NOBODY)
    copying, lost = found["memorisation"], found["forgetting"]
    values = (copying["values"], lost["general"]["values"], lost["python"]["values"])
    asked = [one for one in evaluation["contestants"] if any(one["who"] in each for each in values)]
    seen = {**evaluation, "contestants": asked}
    names = judged.heads(seen)
    return join(
        tag("p", found["words"], class_="soft"),
        tag("h3", "Does it copy?"),
        tag("p", copying["words"]),
        _table(seen, "share of changed training prompts in which it …", _shares(copying["values"], OUTCOMES | REACHED)),
        tag("p", _changed(copying), class_="soft"),
        _rows("Changed training prompts", lines, "memorisation", lambda n, line: _memorised(n, line, names)),
        tag("h3", "Has it forgotten?"),
        tag(
            "ul",
            [tag("li", tag("b", f"{words}: "), lost[key]["words"]) for key, words in PARTS.items()],
            class_="plain",
        ),
        _table(
            seen,
            "before and after tuning",
            [*_shares(lost["general"]["values"], GENERAL), *_shares(lost["python"]["values"], LOSSES, means=True)],
        ),
        tag("p", _python(lost["python"]), class_="soft"),
        _rows("General requests", lines, "general", lambda n, line: _general(n, line, names)),
        _rows("Functions of plain Python", lines, "python", lambda n, line: _function(n, line, names)),
    )


def _table(seen: Json, first: str, metrics: Sequence[Json]) -> Markup | None:
    body = tag("tbody", [judged.metric_row(seen, metric) for metric in metrics])
    return judged.figures(first, judged.heads(seen).values(), body) if metrics else None


def _shares(values: Json, told: Mapping[str, str], *, means: bool = False) -> list[Json]:
    """Rows of a table: shares are drawn on a line from 0 to 1, means are not."""
    kind: Json = {"binary": False} if means else {"binary": True, "metric": "share"}
    return [
        {**kind, "label": words, "values": {who: each[key] for who, each in values.items()}}
        for key, words in (told.items() if values else ())
    ]


def _changed(copying: Json) -> str:
    kinds = listed([f"{words} in {copying['changed'].get(what, 0):,}" for what, words in CHANGES.items()])
    groups = counted(copying["groups"], "group")
    return f"What was changed: {kinds}. The training rows are of {groups}; beside each figure its 95 % interval."


def _python(python: Json) -> str:
    words = f"The loss is of {counted(python['prompts'], 'function')} of Python's own library; lower is better."
    left = python["unmeasured"]
    return words + (f" Left out, for they are too long for one of the models: {left:,}." if left else "")


def _rows(words: str, lines: Sequence[Json], probe: str, row: Callable[[int, Json], Markup]) -> Markup | None:
    own = [line for line in lines if line["probe"] == probe]
    rows = [row(number, line) for number, line in enumerate(own, 1)]
    return (
        tag("details", tag("summary", words, tag("small", f" {len(own):,}")), rows, class_="answers") if own else None
    )


def _row(number: int, line: Json, marks: Content, lanes: Content) -> Markup:
    body = tag("div", tag("blockquote", line["prompt"]), lanes)
    return tag("details", head(number, line["prompt"], marks), body, class_="card row")


def _lane(heading: str, *content: Content) -> Markup:
    return tag("div", tag("div", tag("h3", heading[:1].upper() + heading[1:])), content, class_="lane")


def _answer(answer: Json) -> Markup:
    return code("The answer", cut(code_of(answer["text"]) or answer["text"]))


def _mark(good: bool, words: str) -> Markup:
    return tag("span", f"{'✓' if good else '✗'} {words}", class_="yes" if good else "no")


def _memorised(number: int, line: Json, names: Mapping[str, str]) -> Markup:
    told = {who: OUTCOMES[line["answers"][who]["outcome"]] for who in names}
    trained = line["trained"]
    lanes = [
        _lane(
            "Trained on",
            tag("p", trained["prompt"], class_="soft"),
            code("The trained answer", trained["completion"]),
        ),
        _lane(
            f"Changed: {CHANGES[line['changed']]}",
            tag("p", f"Asked for before: {line['was']}. Asked for now: {line['asks']}.", class_="soft"),
            code("The answer that follows", line["completion"]),
        ),
        [_lane(f"{name} {told[who]}", _answer(line["answers"][who])) for who, name in names.items()],
    ]
    marks = [_mark(line["answers"][who]["outcome"] == "followed", f"{name} {told[who]}") for who, name in names.items()]
    return _row(number, line, marks, lanes)


def _general(number: int, line: Json, names: Mapping[str, str]) -> Markup:
    answers = {name: line["answers"][who] for who, name in names.items()}
    lanes = [_lane("An answer that does it", code("The code", line["completion"]))]
    lanes += [_lane(name, list(_wrong(answer)), _answer(answer)) for name, answer in answers.items()]
    marks = [_mark(answer["done"], f"{name} {_came(answer)}") for name, answer in answers.items()]
    return _row(number, line, marks, lanes)


def _came(answer: Json) -> str:
    return "does it" if answer["done"] else "runs" if answer["ran"] else "does not run"


def _wrong(answer: Json) -> Iterator[Markup]:
    if answer["error"]:
        yield tag("p", answer["error"], class_="error")
    if answer["missed"]:
        yield tag("p", f"Not as asked: {'; '.join(answer['missed'])}.", class_="soft missed")


def _function(number: int, line: Json, names: Mapping[str, str]) -> Markup:
    losses = {name: line["answers"][who]["loss"] for who, name in names.items()}
    marks = [
        tag("span", f"{name} {loss:.2f}" if loss is not None else f"{name}: too long", " ")
        for name, loss in losses.items()
    ]
    return _row(number, line, marks, code("The function", line["completion"]))
