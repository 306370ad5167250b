# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's part about the evaluation: whether the model is better, all figures, and what goes wrong first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from ..graph.words.phrases import listed
from ..words import between, counted, share
from .html import Content, Markup, join, tag
from .made import missing
from .rows import Json

VERDICTS = {"better": "better than", "worse": "worse than", "not shown": "not shown to be better or worse than"}
RUNGS = {
    "finished": "stopped by itself",
    "parses": "is Python",
    "imports_bpy": "imports bpy",
    "safe": "safe",
    "names_valid": "knows its names",
    "runs": "runs",
    "has_effect": "has effect",
    "conditions_all": "all that was asked",
}
"""Rung of the ladder → what it says of an answer, in few words."""
BY = {
    "kind": "kind",
    "task": "task",
    "test": "part of the test split",
    "length": "length of the wanted answer",
    "blender_version": "Blender version",
    "source": "source",
}
COLOURS = ("base", "near", "val", "test")
"""Classes of all contestants but the subject, in turn."""
ERRORS_SHOWN, LINKS_SHOWN = 8, 24
"""Groups of errors of a contestant, and links to rows of a group; the rest is counted."""


def readable(evaluation: Json) -> str:
    """Why an evaluation cannot be shown, '' where it can."""
    told = "This evaluation is of an older form. Run evaluate again to see it; no answer is generated twice."
    return "" if evaluation.get("contestants") else told


def verdict(evaluation: Json) -> Markup:
    """What the deciding metric says, in one sentence of the same size whatever it is, and how far to trust it."""
    found = evaluation["verdict"]
    deciding = [c for c in evaluation["comparisons"] if c["metric"] == found["metric"]]
    against = [tag("li", tag("b", f"Against {c['against_label']}: "), _facts(c["words"])) for c in deciding]
    return tag(
        "div",
        tag("span", f"Deciding: each answer {found['label']}", class_="soft"),
        tag("strong", sentence(evaluation)),
        tag("ul", against, class_="plain"),
        [tag("p", words, class_="soft") for words in _trust(evaluation)],
        class_=f"card verdict {found['result'].split()[0]}",
    )


def sentence(evaluation: Json) -> str:
    """The verdict in one sentence of plain words."""
    labels = {each["who"]: each["label"] for each in evaluation["contestants"]}
    than = evaluation["verdict"]["than"]
    if not than:
        return str(evaluation["verdict"]["words"])
    parts = [
        f"{words} {listed([labels[who] for who in than if than[who] == found])}"
        for found, words in VERDICTS.items()
        if found in than.values()
    ]
    told = f"{labels[evaluation['subject']]} is {', and '.join(parts)}."
    return told[:1].upper() + told[1:]


def _trust(evaluation: Json) -> Iterator[str]:
    if chosen := evaluation.get("chosen"):
        when = "before" if chosen["before_training"] else "only after"
        yield f"The deciding metric was named {when} training."
    if looks := evaluation.get("looks"):
        times = {1: "once", 2: "twice"}.get(looks, f"{looks:,} times")
        yield f"The test split was looked at {times}; every look wears it out."


def _facts(words: str) -> str:
    """What follows the verdict in a comparison's words, as a sentence of its own."""
    _, _, rest = words.partition(": ")
    return rest[:1].upper() + rest[1:]


def heads(evaluation: Json) -> dict[str, str]:
    """Contestant → what a column of its figures is called."""
    return {each["who"]: str(each["label"]).removeprefix("the ") for each in evaluation["contestants"]}


def _classes(evaluation: Json) -> dict[str, str]:
    others = [each["who"] for each in evaluation["contestants"] if each["who"] != evaluation["subject"]]
    return classes(evaluation["subject"], others)


def classes(subject: str, others: Sequence[str]) -> dict[str, str]:
    """Who is compared → the class that gives them their colour."""
    return {subject: "tuned", **{who: COLOURS[n % len(COLOURS)] for n, who in enumerate(others)}}


def table(evaluation: Json) -> Markup:
    """Every metric for every contestant with intervals, then the same by parts, and the other verdicts."""
    names, deciding = heads(evaluation), evaluation["verdict"]["metric"]
    body = [metric_row(evaluation, metric, metric["metric"] == deciding) for metric in evaluation["metrics"]]
    if loss := evaluation.get("loss"):
        body.append(metric_row(evaluation, {**loss, "binary": False, "none": "none: it is no model"}))
    return join(
        figures("share of all prompts that …", names.values(), tag("tbody", body)),
        tag("p", _reading(evaluation), class_="soft"),
        list(_parts(evaluation, deciding)),
        _others(evaluation, deciding),
        _samples(evaluation),
    )


def figures(first: str, columns: Iterable[str], bodies: Content) -> Markup:
    """A table: what stands in the rows, a column for each who is compared, and the rows."""
    head = tag("tr", [tag("th", words) for words in (first, *columns)])
    whole = tag("table", tag("thead", head), bodies, class_="figures")
    return tag("div", whole, class_="card scroll")


def metric_row(evaluation: Json, metric: Json, deciding: bool = False) -> Markup:
    """A metric's value and interval for every contestant."""
    name = f"{metric['label']} ★" if deciding else metric["label"]
    if metric.get("does_not_apply"):
        name += f" (of the {metric['prompts']:,} that it applies to)"
    return tag("tr", tag("th", name, scope="row"), _cells(evaluation, metric), class_="headline" if deciding else None)


def _cells(evaluation: Json, metric: Json) -> Iterator[Markup]:
    classes, binary = _classes(evaluation), metric["binary"]
    for who, name in heads(evaluation).items():
        interval, drawn = metric["values"].get(who), "metric" in metric
        yield figure(interval, binary, drawn, metric.get("none", "none"), class_=classes[who], data_who=name)


def figure(interval: Json | None, binary: bool, drawn: bool, none: str, **attributes: str) -> Markup:
    """A cell with a value and, where it is known, its interval, in words and where wanted `drawn`; `none` where there
    is no value."""
    if interval is None:
        return tag("td", tag("span", none, class_="range"), **attributes)
    known = "low" in interval
    return tag(
        "td",
        tag("span", share(interval["value"], binary), class_="value"),
        [" ", tag("span", between(interval["low"], interval["high"], binary), class_="range")] if known else None,
        _dots(interval) if drawn and known else None,
        **attributes,
    )


def _dots(interval: Json) -> Markup:
    """A share and its interval on a line from 0 to 1."""
    low, value, high = (6 + 108 * min(1.0, max(0.0, float(interval[key]))) for key in ("low", "value", "high"))
    return tag(
        "svg",
        tag("line", x1=6, x2=114, y1=7, y2=7, class_="track"),
        tag("line", x1=f"{low:.1f}", x2=f"{high:.1f}", y1=7, y2=7, class_="span"),
        tag("circle", cx=f"{value:.1f}", cy=7, r=4, class_="dot"),
        viewBox="0 0 120 14",
        class_="dots",
        aria_hidden="true",
    )


def _reading(evaluation: Json) -> str:
    prompts, settings = evaluation["prompts"], evaluation["settings"]
    text = f"{counted(prompts['compared'], 'prompt')} of {prompts['wanted']:,} wanted, from "
    text += f"{counted(prompts['groups'], 'independent group')}; beside each figure its 95 % interval. "
    text += (
        "The rows down to “meets all that the prompt asks for” are a ladder: what fails one has failed those below. "
    )
    text += "★ decides; likeness is measured with failing lines left out. "
    if prompts.get("over_budget"):
        text += (
            f"{prompts['over_budget']:,} held-out rows that came up were over the budget of "
            f"{settings['budget_tokens']:,} tokens. "
        )
    return f"{text}Blender {evaluation['blender']}, answers of at most {settings['new_tokens']:,} tokens."


def _parts(evaluation: Json, deciding: str) -> Iterator[Markup]:
    """The metrics by kind, length, source …, each folded; intervals only where enough groups stand behind them."""
    for by, tables in groupby(evaluation.get("tables", []), key=lambda each: each["by"]):
        bodies = [_part(evaluation, each, deciding) for each in tables]
        words = f"By {BY.get(by, by.replace('_', ' '))}"
        yield tag("details", tag("summary", words), figures(words, heads(evaluation).values(), bodies))


def _part(evaluation: Json, part: Json, deciding: str) -> Markup:
    ordered = sorted(part["metrics"], key=lambda metric: metric["metric"] != deciding)
    lines = [metric_row(evaluation, metric, metric["metric"] == deciding) for metric in ordered]
    binary = ordered[0]["binary"]
    for source in part.get("sources", []):
        told = {**source, "metric": deciding, "binary": binary}
        name = f"★ in {source['source']} ({counted(source['prompts'], 'prompt')})"
        lines.append(tag("tr", tag("th", name, scope="row"), _cells(evaluation, told)))
    about = f"{counted(part['prompts'], 'prompt')}, {counted(part['groups'], 'independent group')}"
    about += "" if "low" in next(iter(ordered[0]["values"].values())) else ": too few for an interval"
    columns = 1 + len(evaluation["contestants"])
    head = tag("tr", tag("th", str(part["value"]), tag("small", f" {about}"), colspan=columns, scope="rowgroup"))
    return tag("tbody", head, lines, class_="part")


def _others(evaluation: Json, deciding: str) -> Markup | None:
    """The verdicts by all other metrics."""
    other = [c for c in evaluation["comparisons"] if c["metric"] != deciding]
    items = [tag("li", tag("b", f"{c['label']}: "), c["words"]) for c in other]
    words = "What the other metrics show (corrected for being many)"
    return tag("details", tag("summary", words), tag("ul", items, class_="plain")) if items else None


def _samples(evaluation: Json) -> Markup | None:
    """How likely one of k answers that were drawn by chance passes; apart from that, the best of n by Blender."""
    if not (samples := evaluation.get("samples")):
        return None
    n, best = samples["n"], samples["best_of_n"]
    who = samples["pass_at_k"][0]["values"]
    drawn = {**evaluation, "contestants": [each for each in evaluation["contestants"] if each["who"] in who]}
    passes = [each for each in samples["pass_at_k"] if each["k"].bit_count() == 1]
    lines = [metric_row(drawn, {**each, "label": f"one of {each['k']} {each['label']}"}) for each in passes]
    head = tag("tr", tag("th", f"{best['label']} (n = {n})", colspan=1 + len(who), scope="rowgroup"))
    chosen = [metric_row(drawn, each) for each in best["metrics"]]
    bodies = [tag("tbody", lines), tag("tbody", head, chosen, class_="part")]
    told = (
        f"{n} answers to each of {counted(samples['prompts'], 'prompt')} were drawn by chance at temperature "
        f"{samples['temperature']:g}; all figures above are of the likeliest one. “One of 2” is how likely at least "
        "one of two such answers does it (pass@2). Best of n is not the model alone: Blender ran all and took the one "
        "that came furthest, without knowing what was wanted."
    )
    summary = tag("summary", f"Several answers a prompt: {n}, drawn by chance")
    return tag(
        "details",
        summary,
        figures("share of prompts where …", heads(drawn).values(), bodies),
        tag("p", told, class_="soft"),
    )


def errors(evaluation: Json, rows: Mapping[str, int]) -> Markup:
    """What went wrong first in the answers of each contestant, the most frequent first, with links to the rows.
    `rows`: prompt → its row's number, where it is on this page."""
    cards = []
    for who, name in heads(evaluation).items():
        groups = [group for group in evaluation.get("errors", []) if group["who"] == who]
        items = [_error(group, rows) for group in groups[:ERRORS_SHOWN]]
        if rest := groups[ERRORS_SHOWN:]:
            count = sum(len(group["prompts"]) for group in rest)
            items.append(tag("li", f"{counted(count, 'answer')} with {counted(len(rest), 'other error')}"))
        body = tag("ul", items, class_="plain errors") if items else tag("p", "Nothing.", class_="soft")
        cards.append(tag("div", tag("h3", name[:1].upper() + name[1:]), body, class_="card"))
    return tag("div", cards, class_="two") if evaluation.get("errors") else missing("No answer went wrong.")


def _error(group: Json, rows: Mapping[str, int]) -> Markup:
    numbers = sorted(rows[id] for id in group["prompts"] if id in rows)
    links = [[tag("a", f"{number}", href=f"#row-{number}"), " "] for number in numbers[:LINKS_SHOWN]]
    more = f"and {len(numbers) - LINKS_SHOWN:,} more" if len(numbers) > LINKS_SHOWN else None
    told = tag("small", "rows " if len(numbers) > 1 else "row ", links, more) if numbers else None
    return tag("li", tag("b", f"{len(group['prompts']):,} × "), group["words"], " ", told)
