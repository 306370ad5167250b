# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's examples: drawn by chance from every kind and task, filtered by the style sheet alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import unified_diff

from ..examples import SIZED, called, in_order, sized
from ..prompts import FENCE
from ..words import counted
from .drawing import NODES_MAX, Marks
from .facts import Facts
from .html import Content, Markup, join, tag
from .made import drawn, licence_words, missing
from .reading import differs_from, pictures
from .rows import Json

LINES, CHARACTERS = 160, 12_000
"""Of a text that is shown; the rest is counted."""
DIFFERING = 40
"""Lines of a comparison that are shown."""
OPEN_LINES = 16
"""Answers without a picture that are no longer stand open."""
ANSWERS = {"code": "The code", "json": "The JSON", "words": "The words"}


def browser(facts: Facts) -> Markup:
    """All examples of the sample, with buttons that leave those of one kind or task."""
    sample = facts.rows.sample
    if not sample:
        return missing(facts.why("dataset"))
    numbers = _numbered(facts)
    rows = facts.rows.count
    told = f"{len(sample):,} of {rows:,} examples" if len(sample) < rows else f"All {counted(rows, 'example')}"
    words = f"{told}, drawn by chance: of every kind and task in turn, no two with the same answer."
    cards = [_example(split, row, _classes(row, numbers)) for split, row in sample]
    return tag(
        "div",
        tag("p", words, class_="soft"),
        _filters(facts, numbers),
        tag("div", cards, class_="examples"),
        class_="browser",
    )


def styles(facts: Facts) -> str:
    """The rules that leave what a filter asks for: one for each kind and each of its tasks."""
    rules = []
    for number, tasks in _numbered(facts).values():
        for id in (f"k{number}", *(f"t{number}-{place}" for place in tasks.values())):
            rules.append(f".browser:has(#{id}:checked) .example:not(.{id}) {{ display: none; }}")
        rules.append(f".browser:has(.of{number}:checked) .tasks.k{number} {{ display: flex; }}")
    return "\n".join(rules)


def _numbered(facts: Facts) -> dict[str, tuple[int, dict[str, int]]]:
    """Kind in the sample → its number, and its tasks with theirs: names of strangers are in no class and no rule."""
    found: dict[str, set[str]] = {}
    for _, row in facts.rows.sample:
        found.setdefault(row["kind"], set()).add(row["task"])
    return {
        kind: (n, {task: m for m, task in enumerate(sorted(found[kind]))}) for n, kind in enumerate(in_order(found))
    }


def _classes(row: Json, numbers: dict[str, tuple[int, dict[str, int]]]) -> str:
    number, tasks = numbers[row["kind"]]
    return f"card example k{number} t{number}-{tasks[row['task']]}"


def _filters(facts: Facts, numbers: dict[str, tuple[int, dict[str, int]]]) -> Markup:
    shown = [row for _, row in facts.rows.sample]

    def button(words: str, count: int, id: str, of: str = "", *, on: bool = False) -> Markup:
        field = tag("input", type="radio", name="shown", id=id, class_=of or None, checked=on)
        return tag("label", field, words, tag("small", f"{count:,}"))

    kinds = [button("All", len(shown), "all", on=True)]
    below = []
    for kind, (number, tasks) in numbers.items():
        held = [row for row in shown if row["kind"] == kind]
        kinds.append(button(called(kind), len(held), f"k{number}", f"of{number}"))
        if len(tasks) > 1:
            of = [
                button(task, sum(row["task"] == task for row in held), f"t{number}-{place}", f"of{number}")
                for task, place in tasks.items()
            ]
            below.append(tag("div", of, class_=f"filters tasks k{number}"))
    return tag("fieldset", tag("legend", "Show"), tag("div", kinds, class_="filters"), below)


def _example(split: str, row: Json, classes: str) -> Markup:
    kind = row["kind"]
    chips = [called(kind), *([row["task"]] if row["task"] != kind else []), split, sized(row)]
    large = kind not in SIZED and row["nodes"] > NODES_MAX
    found = [] if large else list(pictures(row))
    return tag(
        "article",
        tag("ul", [tag("li", chip) for chip in chips], class_="chips"),
        list(_prompt(row["prompt"])),
        [
            join(tag("h4", one.words) if len(found) > 1 else None, drawn(one.graph, one.words, Marks(nodes=one.new)))
            for one in found
        ],
        tag("p", f"{sized(row)}: too many to draw here.", class_="soft") if large else None,
        list(_answer(row, bool(found))),
        tag("small", " · ".join(_about(row))),
        class_=classes,
    )


def _prompt(prompt: str) -> Iterator[Markup]:
    """Its words, and given code as code."""
    at = 0
    for fence in FENCE.finditer(prompt):
        if words := prompt[at : fence.start()].strip():
            yield tag("blockquote", cut(words))
        yield _folded("The code that is given", fence[3])
        at = fence.end()
    if words := prompt[at:].strip():
        yield tag("blockquote", cut(words))


def _answer(row: Json, has_picture: bool) -> Iterator[Content]:
    text = row["completion"]
    words = ANSWERS.get(row["form"], "The answer")
    if row["form"] == "words":
        yield tag("h4", "The answer")
        yield tag("p", cut(text), class_="said")
    else:
        shown = pretty(text) if row["form"] == "json" else text
        yield _folded(words, shown, is_open=not has_picture and len(shown.splitlines()) <= OPEN_LINES)
    if worse := row.get("rejected"):
        yield tag("p", "The worse answer: ", worse["what"], class_="said")
        yield _folded("The worse code", worse["completion"])
    if other := differs_from(row):
        yield tag("h4", "What is better in the answer" if worse else "What the answer changes")
        yield tag("pre", list(_differences(other, text)), class_="diff")


def _differences(before: str, after: str) -> Iterator[Content]:
    """The lines that differ, with those around them."""
    lines = list(unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm=""))[2:]
    for line in lines[:DIFFERING]:
        shown = "…" if line.startswith("@@") else line[:CHARACTERS]
        class_ = {"-": "gone", "+": "come"}.get(line[0], "") if line else ""
        yield join(tag("span", shown, class_=class_ or None), "\n")
    if len(lines) > DIFFERING:
        yield f"… and {counted(len(lines) - DIFFERING, 'more line')}"


def _folded(words: str, text: str, *, is_open: bool = False) -> Markup:
    lines = counted(len(text.splitlines()), "line")
    summary = tag("summary", words, tag("small", f" {lines}"))
    return tag("details", summary, tag("pre", cut(text)), open=is_open)


def _about(row: Json) -> Iterator[str]:
    proof, sources = row["proof"], row["sources"]
    yield f"proof: {proof.get('name', '?')}, Blender {proof.get('blender', '?')}"
    more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    yield f"from {sources[0]['path']} in {sources[0]['origin']}{more}"
    if sources[0].get("author"):
        yield f"by {sources[0]['author']}"
    yield " + ".join(sorted({licence_words(source["licence"]) for source in sources}))
    yield f"row {row['id'][:12]}"


def pretty(text: str) -> str:
    """JSON with line breaks; as it is where it has some, or is none."""
    if "\n" in text.strip():
        return text
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text


def cut(text: str) -> str:
    """As much of a text as is shown, with a word on the rest."""
    lines = text[:CHARACTERS].splitlines()[:LINES]
    kept = "\n".join(lines)
    rest = len(text.splitlines()) - len(lines)
    if rest > 0:
        return f"{kept}\n… and {counted(rest, 'more line')}"
    return kept if len(kept) >= len(text.rstrip()) else f"{kept} … and {len(text) - len(kept):,} more characters"
