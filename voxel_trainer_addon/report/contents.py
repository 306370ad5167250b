# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's part about a dataset: what is in it, how it was proven, how it is split, under which licences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ..examples import KINDS, PART_WORDS, PROOFS, TESTS, called, tokens_told
from ..licences.classes import CLASSES, OBLIGATIONS, class_of, obligations
from ..words import counted
from .facts import Facts
from .html import Content, Markup, join, tag
from .made import licence_words, missing, number_head
from .plots import bar, columns, doubling
from .rows import SIDES, SPLITS, Rows

SOURCES_SHOWN = 15
SIZES = (
    ("node", "nodes of a tree, up to", "How many examples have how many nodes"),
    ("object", "objects, up to", "How many objects scenes have"),
    ("modifier", "modifiers and constraints, up to", "How many modifiers stacks have"),
    ("line", "lines of a function, up to", "How many functions have how many lines"),
    ("prompt", "characters of a request, up to (1k is 1,024)", "How long requests are"),
    ("answer", "characters of an answer, up to (1k is 1,024)", "How long answers are"),
)
Table = Mapping[str, Counter[str]]


def contained(facts: Facts) -> Markup:
    """Kinds and tasks with their counts, sizes, Blenders and proofs."""
    rows = facts.rows
    if not rows.count:
        return missing(_nothing(facts))
    return join(
        _figures(facts),
        _tokens(facts),
        _kinds(facts),
        tag(
            "div",
            [_sizes(rows, *told) for told in SIZES],
            _card("Which Blender they are for", _table("version", rows.blenders)),
            class_="two",
        ),
        _card("Which sources they come from", _sources(rows)),
        _proofs(facts),
    )


def _nothing(facts: Facts) -> str:
    if facts.rows.other:
        return f"{counted(facts.rows.other, 'row')} of an older form. Build the dataset again to see what is in it."
    return facts.why("dataset")


def _figures(facts: Facts) -> Markup:
    rows, known = facts.rows, facts.dataset
    told = [
        (rows.count, "examples", ", ".join(f"{sum(c[side] for c in rows.kinds.values()):,} {side}" for side in SPLITS)),
        (rows.compared["answer"], "distinct answers", f"{rows.count / rows.compared['answer']:.2f} requests for each"),
        (int(known.get("source_files", 0)), "files that they come from", counted(len(rows.sources), "source")),
        (rows.compared["group"], "groups with examples", "each on one side of the split"),
    ]
    return tag(
        "ol",
        [tag("li", tag("b", f"{count:,}"), what, tag("small", more, class_="soft")) for count, what, more in told],
        class_="funnel",
    )


def _tokens(facts: Facts) -> Markup | None:
    told = tokens_told(facts.dataset.get("tokens_estimated", {}))
    return tag("p", told, class_="soft") if told else None


def _legend() -> Markup:
    """What the colours of bars mean."""
    return tag(
        "p",
        [tag("span", tag("i", class_=f"patch {side}"), f"{side}: {words}") for side, words in SIDES.items()],
        class_="legend soft",
    )


def _kinds(facts: Facts) -> Markup:
    """A line for each kind, and below it its tasks."""
    rows, answers = facts.rows, facts.dataset.get("answers_of_kind", {})
    most = max(counts.total() for counts in rows.kinds.values())
    lines = []
    for kind, counts in sorted(rows.kinds.items(), key=lambda entry: (-entry[1].total(), entry[0])):
        tasks = {name.partition("/")[2]: c for name, c in rows.tasks.items() if name.partition("/")[0] == kind}
        of = ", ".join(
            f"{task} {c.total():,}" for task, c in sorted(tasks.items(), key=lambda e: (-e[1].total(), e[0]))
        )
        about = tag("small", KINDS[kind][1] if kind in KINDS else "", class_="soft")
        lines.append(
            tag(
                "tr",
                tag(
                    "th",
                    called(kind),
                    about,
                    tag("small", of, class_="soft") if set(tasks) != {kind} else None,
                    scope="row",
                ),
                tag("td", bar(_shares(counts), most, _said(counts)), class_="wide"),
                tag("td", f"{counts.total():,}", class_="number"),
                tag("td", f"{answers[kind]:,}" if kind in answers else "", class_="number"),
            )
        )
    head = tag("tr", tag("th", "kind"), tag("th", ""), number_head("examples"), number_head("answers"))
    table = tag("table", tag("thead", head), tag("tbody", lines), class_="kinds")
    return join(tag("div", _legend(), table, class_="card"))


def _shares(counts: Counter[str]) -> list[tuple[str, int]]:
    return [(side, counts[side]) for side in SPLITS]


def _said(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[side]:,} {side}" for side in SPLITS)


def _sizes(rows: Rows, what: str, x_label: str, label: str) -> Markup | None:
    drawn = columns(doubling(rows.sizes.get(what, {})), x_label=x_label, label=label)
    return _card(label, drawn) if drawn else None


def _card(heading: str, *content: Content) -> Markup:
    return tag("div", tag("h3", heading), content, class_="card")


def _table(head: str, table: Table, most_shown: int = 0) -> Markup:
    """Names with bars by split, the most frequent first; those beyond `most_shown` as one."""
    ordered = sorted(table.items(), key=lambda entry: (-entry[1].total(), entry[0]))
    rest = ordered[most_shown:] if most_shown else []
    shown: Sequence[tuple[str, Counter[str]]] = ordered[:most_shown] if rest else ordered
    if rest:
        shown = [*shown, (f"{len(rest):,} more", sum((counts for _, counts in rest), Counter()))]
    most = max(counts.total() for _, counts in shown)
    lines = [
        tag(
            "tr",
            tag("th", name, scope="row"),
            tag("td", bar(_shares(counts), most, _said(counts)), class_="wide"),
            tag("td", f"{counts.total():,}", class_="number"),
        )
        for name, counts in shown
    ]
    heads = tag("tr", tag("th", head), tag("th", ""), number_head("examples"))
    return tag("table", tag("thead", heads), tag("tbody", lines), class_="bars")


def _sources(rows: Rows) -> Markup:
    return join(
        _table("repository or folder", rows.sources, SOURCES_SHOWN),
        tag("p", "An example with several sources counts for its first one.", class_="soft"),
    )


def _proofs(facts: Facts) -> Markup | None:
    proofs: Mapping[str, int] = facts.dataset.get("proofs", {})
    lines = [
        tag(
            "tr",
            tag("th", name, scope="row"),
            tag("td", PROOFS.get(name, "")),
            tag("td", f"{count:,}", class_="number"),
        )
        for name, count in sorted(proofs.items(), key=lambda entry: -entry[1])
    ]
    if not lines:
        return None
    head = tag("tr", tag("th", "proof"), tag("th", "what it says"), number_head("examples"))
    return _card(
        "How answers were proven", tag("div", tag("table", tag("thead", head), tag("tbody", lines)), class_="scroll")
    )


def split(facts: Facts) -> Markup:
    """How the rows were split, and whether anything stands on two sides."""
    rows = facts.rows
    if not rows.count:
        return missing(_nothing(facts))
    lines = []
    for what, plural in (("group", "groups"), ("answer", "answers"), ("prompt", "requests")):
        shared = rows.shared[what]
        words = f"{shared:,} on two sides" if shared else "none on two sides"
        lines.append(
            tag(
                "tr",
                tag("th", plural, scope="row"),
                tag("td", f"{rows.compared[what]:,}", class_="number"),
                tag("td", words, class_="bad" if shared else "good"),
            )
        )
    counted_here = tag("table", tag("tbody", lines), class_="narrow")
    told = [tag("li", words) for words in facts.dataset.get("split", {}).get("words", ())]
    far = facts.dataset.get("test", {})
    told += [tag("li", f"{counted(n, 'row')} of test {TESTS[test]}") for test, n in far.items() if test in TESTS]
    return tag(
        "div",
        tag(
            "p",
            "Whatever belongs together is a group: a repository with its forks, equal files, one file's history, "
            "and trees of ten and more nodes that are equal or nearly equal. A group is on one side alone. "
            "These files were counted again for this report:",
        ),
        counted_here,
        tag("ul", told, class_="plain") if told else None,
        class_="card",
    )


def licences(facts: Facts) -> Markup | None:
    """The licences of the rows with what they oblige to, and the parts that have files of their own."""
    rows = facts.rows
    if not rows.count:
        return None
    lines = []
    for expression, counts in sorted(rows.licences.items(), key=lambda entry: (-entry[1].total(), entry[0])):
        ids = expression.split(" + ")
        asked = {word for id in ids for word in obligations(id)}
        means = list(dict.fromkeys(CLASSES[class_of(id)] for id in ids))
        duties = [OBLIGATIONS[word] for word in OBLIGATIONS if word in asked]
        lines.append(
            tag(
                "tr",
                tag("th", " + ".join(map(licence_words, ids)), scope="row"),
                tag(
                    "td", tag("span", " ".join(means)), tag("ul", [tag("li", duty) for duty in duties], class_="plain")
                ),
                tag("td", f"{counts.total():,}", class_="number"),
            )
        )
    head = tag("tr", tag("th", "licence of the sources"), tag("th", "what it means"), number_head("examples"))
    parts = [
        tag(
            "li",
            tag("code", f"train{'.' + part if part else ''}.jsonl"),
            f" and so on: {counts.total():,}: {PART_WORDS.get(part, part)}.",
        )
        for part, counts in sorted(rows.parts.items())
    ]
    unlicensed = int(facts.dataset.get("unlicensed", 0))
    if unlicensed:
        parts.append(
            tag("li", tag("code", "unlicensed.jsonl"), f": {unlicensed:,}: no licence lets them be used; in no split.")
        )
    return tag(
        "div",
        tag("h3", "Licences of the examples"),
        tag("div", tag("table", tag("thead", head), tag("tbody", lines)), class_="scroll"),
        tag("h3", "Files"),
        tag("ul", parts, class_="plain"),
        tag(
            "p", "ATTRIBUTION.md names every source with its licence and, where it is known, its author.", class_="soft"
        ),
        class_="card",
    )
