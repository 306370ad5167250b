# SPDX-License-Identifier: GPL-3.0-or-later
"""Every prompt of an evaluation to open: what was wanted and what each contestant made, the differences marked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..graph.model import Graph
from ..words import counted
from .differences import Differences, between, sign
from .drawing import SIGNS, Marks, Shelf, drawing
from .html import Content, Markup, tag
from .judged import RUNGS, heads
from .rows import Json

LONG = 6000
"""Characters of an answer that are shown; a model that goes round in circles can say a lot."""
EDITS_SHOWN, MISSED_SHOWN, PROMPT_SHOWN = 30, 6, 140
BYTES_MAX = 12_000_000
"""Size from which no more rows are shown: browsers must open the page at once, pictures included."""
OUTCOMES = ((True, False), (False, True), (True, True), (False, False))
"""Whether the subject passed and whether its opponent did, in the order of the buttons."""
PNG = re.compile(r"(?:data:image/png;base64,)?(iVBORw0KGgo[A-Za-z0-9+/]*={0,2})")


@dataclass
class Shown:
    """The rows of a page as they are made: `numbers` by prompt, `outcomes` by row, and how many found no room."""

    names: Mapping[str, str]
    passing: str
    passing_words: str
    rows: list[Markup] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    outcomes: list[list[bool]] = field(default_factory=list)
    shelf: Shelf = field(default_factory=Shelf)
    left: int = 0


def shown(evaluation: Json, lines: Sequence[Json], most: int = BYTES_MAX) -> Shown:
    """The rows of `answers.jsonl` in its order, folded, until they take `most` bytes. The subject stands first."""
    subject, names = evaluation["subject"], heads(evaluation)
    first = {subject: names[subject]}
    metrics = {metric["metric"]: metric for metric in evaluation["metrics"]}
    deciding = metrics[evaluation["verdict"]["metric"]]
    passing = deciding if deciding["binary"] else metrics["runs"]
    found = Shown(first | names, passing["metric"], passing["label"])
    room = most
    for number, line in enumerate(lines, 1):
        before = found.shelf.bytes
        passed = [bool(line["answers"].get(who, {}).get("score", {}).get(found.passing)) for who in found.names]
        row = _row(found, number, line, passed)
        room -= len(row.encode()) + found.shelf.bytes - before
        if room < 0:
            found.left = len(lines) - number + 1
            break
        found.rows.append(row)
        found.numbers[line["id"]] = number
        found.outcomes.append(passed)
    return found


def browser(found: Shown) -> Markup:
    """All rows, with buttons that leave those in which one passed and the other failed."""
    cut = (
        f"{counted(found.left, 'more row')} would make this page too large: see answers.jsonl." if found.left else None
    )
    return tag(
        "div",
        tag("p", f"An answer passes where it {found.passing_words}.", class_="soft"),
        _filters(found),
        found.rows,
        tag("p", cut, class_="card missing") if cut else None,
        found.shelf.markup(),
        class_="answers",
    )


def _filters(found: Shown) -> Markup:
    names = list(found.names.values())

    def button(words: str, count: int, id: str, *, on: bool = False) -> Markup:
        field = tag("input", type="radio", name="outcome", id=id, checked=on)
        return tag("label", field, words, tag("small", f"{count:,}"))

    lines = [tag("div", button("All", len(found.rows), "o-all", on=True), class_="filters")]
    for other in range(1, len(names)):
        mine, its = names[0], names[other]
        words = (f"only {mine} passed", f"only {its} passed", "both passed", "both failed")
        told = [
            button(said, sum((o[0], o[other]) == outcome for o in found.outcomes), f"o-{other}-{place}")
            for place, (said, outcome) in enumerate(zip(words, OUTCOMES, strict=True))
        ]
        lines.append(tag("div", tag("span", f"{mine} and {its}:", class_="soft"), told, class_="filters"))
    return tag("fieldset", tag("legend", "Show"), lines)


def styles(contestants: int) -> str:
    """The rules that leave what a filter asks for; a row that a link leads to shows all the same."""
    rules = []
    for other in range(1, contestants):
        for place, (mine, its) in enumerate(OUTCOMES):
            kept = f".{'y' if mine else 'n'}0.{'y' if its else 'n'}{other}"
            at = f".answers:has(#o-{other}-{place}:checked) .row"
            rules.append(f"{at}:not({kept}):not(:has(:target)) {{ display: none; }}")
    return "\n".join(rules)


def _row(found: Shown, number: int, line: Json, passed: Sequence[bool]) -> Markup:
    wanted = _graph(line.get("graph"))
    answers = [(name, line["answers"][who]) for who, name in found.names.items() if who in line["answers"]]
    marks = [
        tag("span", f"{'✓' if did else '✗'} {name}", class_="yes" if did else "no")
        for did, name in zip(passed, found.names.values(), strict=True)
    ]
    about = [line.get(key) for key in ("kind", "test", "source")]
    body = tag(
        "div",
        tag("blockquote", line["prompt"]),
        tag(
            "div",
            tag("div", tag("h3", "What was wanted"), tag("p", " · ".join(filter(None, about)), class_="soft")),
            _figure(wanted, "The tree that was wanted", found.shelf),
            _render(line.get("reference_render"), "The render of what was wanted"),
            code("The code", line["reference"]),
            class_="lane",
        ),
        [_lane(name, answer, line["reference"], wanted, found.shelf) for name, answer in answers],
        id=f"row-{number}",
    )
    outcome = [f"{'y' if did else 'n'}{place}" for place, did in enumerate(passed)]
    return tag("details", head(number, line["prompt"], marks), body, class_=" ".join(["card row", *outcome]))


def head(number: int, prompt: str, marks: Content) -> Markup:
    """What shows of a row that is folded."""
    start = " ".join(prompt.split())
    return tag(
        "summary",
        tag("b", f"{number}"),
        tag("span", start[:PROMPT_SHOWN] + ("…" if len(start) > PROMPT_SHOWN else ""), class_="start"),
        tag("small", marks, class_="marks"),
    )


def _lane(name: str, answer: Json, reference: str, wanted: Graph | None, shelf: Shelf) -> Markup:
    score: Json = answer["score"]
    left_out = score["dropped"]
    told = tag(
        "div",
        tag("h3", name[:1].upper() + name[1:]),
        tag("ul", list(_chips(score)), class_="chips"),
        tag("p", score["error"], class_="error") if score["error"] else None,
        _missed(score.get("missed", ())),
        tag("p", f"Drawn with {counted(left_out, 'failing line')} left out.", class_="soft") if left_out else None,
    )
    text = str(answer["code"] or answer["text"])
    return tag(
        "div",
        told,
        _beside(name, _graph(answer.get("graph")), wanted, shelf),
        _render(answer.get("render"), f"The render of what the {name} made"),
        tag("p", "The wanted code, word for word.", class_="soft")
        if text.split() == reference.split()
        else code("The answer", cut(text)),
        class_="lane",
    )


def _chips(score: Json) -> Iterator[Markup]:
    for rung, words in RUNGS.items():
        if score.get(rung) is not None:
            yield tag("li", ("✓ " if score[rung] else "✗ ") + words, class_="yes" if score[rung] else "no")
    yield tag("li", f"nodes {score['node_f1']:.2f}")
    yield tag("li", f"links {score['link_f1']:.2f}")
    if score.get("conditions_met") is not None:
        yield tag("li", f"asked for {score['conditions_met']:.2f}")
    if score["graph_match"]:
        yield tag("li", "✓ same graph", class_="yes")


def _missed(missed: Sequence[str]) -> Markup | None:
    if not missed:
        return None
    more = f"; and {len(missed) - MISSED_SHOWN} more" if len(missed) > MISSED_SHOWN else ""
    return tag("p", f"Asked for, and not there: {'; '.join(missed[:MISSED_SHOWN])}{more}.", class_="soft missed")


def cut(text: str) -> str:
    """An answer as far as it is shown."""
    return text[:LONG] + (f"\n… and {len(text) - LONG:,} characters more" if len(text) > LONG else "")


def code(words: str, text: str) -> Markup:
    """Code to open under its words."""
    lines = counted(len(text.splitlines()), "line")
    shown = tag("pre", text or "(empty)", class_="wrap")
    return tag("details", tag("summary", words, tag("small", f" {lines}")), shown)


def _beside(name: str, made: Graph | None, wanted: Graph | None, shelf: Shelf) -> Content:
    """The answer's tree beside the wanted one, with what sets them apart."""
    label = f"The tree that the {name} made"
    if made is None or wanted is None:
        return _figure(made, label, shelf)
    found = between(wanted, made)
    if not found.edits:
        return _figure(made, label, shelf, words="No difference from the wanted tree.")
    wanted_words = "Wanted: − is not in the answer, ~ is otherwise there"
    return [
        tag(
            "div",
            _figure(wanted, f"The wanted tree, with what the {name} lacks", shelf, found.wanted, wanted_words),
            _figure(made, label, shelf, found.answer, "Made: + was not wanted, ~ has another value"),
            class_="pair",
        ),
        _edits(found),
    ]


def _figure(graph: Graph | None, label: str, shelf: Shelf, marks: Marks | None = None, words: str = "") -> Markup:
    drawn = drawing(graph, label, marks, shelf) if graph else None
    if drawn is None:
        return tag("p", "No tree to draw.", class_="soft")
    return tag("figure", tag("div", drawn, class_="scroll"), tag("figcaption", words) if words else None)


def _edits(found: Differences) -> Markup:
    signs = [sign(edit) for edit in found.edits]
    counts = ", ".join(f"{signs.count(one)} {word}" for one, word in SIGNS.items() if one in signs)
    items = [
        tag("li", tag("b", one), f" {edit.words()}", class_=SIGNS[one])
        for one, edit in list(zip(signs, found.edits, strict=True))[:EDITS_SHOWN]
    ]
    if (rest := len(signs) - EDITS_SHOWN) > 0:
        items.append(tag("li", f"… and {rest} more"))
    summary = tag("summary", "From the wanted tree to this one", tag("small", f" {counts}"))
    return tag("details", summary, tag("ul", items, class_="plain edits"))


def _graph(value: Any) -> Graph | None:
    return Graph.from_json(value) if isinstance(value, dict) else None


def _render(value: Any, label: str) -> Markup | None:
    """A picture that came as text; None where it is none, or no PNG."""
    found = PNG.fullmatch(value) if isinstance(value, str) else None
    return tag("figure", tag("img", src=f"data:image/png;base64,{found[1]}", alt=label)) if found else None
