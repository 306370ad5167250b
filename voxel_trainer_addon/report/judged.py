# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's second half: how training went, and whether the tuned model is better, said as far as it is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..graph.model import Graph
from ..words import counted, duration
from . import jobs
from .drawing import drawing
from .facts import Facts
from .html import Markup, join, tag
from .made import missing
from .rows import Json

WHO = {"base": "base model", "tuned": "tuned model", "retrieval": "nearest training answer"}
VERDICTS = {"better": "Better than", "worse": "Worse than", "not shown": "Not shown to be better than"}
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
METHODS = {"full": "all weights trained", "lora": "a LoRA adapter trained"}
LONG = 6000
"""Characters of an answer that are shown; a model that goes round in circles can say a lot."""


def verdicts(facts: Facts) -> Markup:
    """The two comparisons by the metric that was named beforehand, in the same size whatever they say."""
    headline = facts.evaluation.get("verdict", {})
    deciding = [c for c in facts.evaluation.get("comparisons", []) if c["metric"] == headline.get("metric")]
    if not deciding:
        return missing(facts.why("train") if not facts.version else facts.why("evaluate"))
    cards = [
        tag(
            "div",
            tag("span", f"Each answer {headline['label']}", class_="soft"),
            tag("strong", f"{VERDICTS[c['verdict']]} {c['against']}"),
            tag("span", _facts(c["words"])),
            class_=f"card verdict {c['verdict'].split()[0]}",
        )
        for c in deciding
    ]
    return tag("div", cards, class_="two")


def _facts(words: str) -> str:
    """What follows the verdict in a comparison's words, as a sentence of its own."""
    _, _, rest = words.partition(": ")
    return rest[:1].upper() + rest[1:]


def training(facts: Facts) -> Markup:
    """The loss while training, with what was trained how, and all jobs."""
    return join(_newest(facts), jobs.table(facts))


def _newest(facts: Facts) -> Markup:
    job = facts.job
    if not job:
        return missing(facts.why("train"))
    held, plot = jobs.held_out(job), jobs.curve(job)
    legend = tag(
        "p",
        tag("span", tag("span", class_="key"), "the batch in hand"),
        tag("span", tag("span", class_="key held"), "held-out rows of the validation split"),
        class_="legend soft",
    )
    words = []
    if job.get("steps"):
        words.append(f"{counted(int(job['steps']), 'step')} in {duration(float(job.get('seconds', 0)))}")
    if job.get("passes"):
        words.append(f"{job['passes']} passes over {counted(int(job.get('n_rows', 0)), 'row')}")
    if job.get("method"):
        words.append(METHODS.get(str(job["method"]), str(job["method"])))
    if len(held) > 1:
        words.append(f"held-out loss from {held[0][1]:.2f} to {held[-1][1]:.2f}")
    if (saved := job.get("saved_step")) not in (None, job.get("steps")):
        words.append(f"kept is the state after step {saved}, the best on held-out rows")
    about = tag("p", "; ".join(words) + ".") if words else None
    warned = [tag("li", str(warning["sentence"])) for warning in job.get("warnings") or []]
    about = join(about, tag("ul", warned, class_="plain")) if warned else about
    if job.get("state") not in (None, "done"):
        about = join(about, tag("p", f"This job is not done: {job['state']}.", class_="error"))
    if plot is None:
        return join(about, missing("Fewer than two losses were measured, so there is no curve to draw."))
    return join(about, tag("div", tag("div", plot, class_="scroll"), legend, class_="card"))


def table(facts: Facts) -> Markup:
    """Every metric for base, tuned model and nearest training answer, with intervals."""
    evaluation = facts.evaluation
    if not evaluation.get("metrics"):
        return missing(facts.why("evaluate"))
    headline = evaluation["verdict"]["metric"]
    body = [_metric(metric, metric["metric"] == headline) for metric in evaluation["metrics"]]
    if loss := evaluation.get("loss"):
        cells = [_loss(loss, who) for who in WHO]
        body.append(tag("tr", tag("th", loss["label"], scope="row"), cells))
    head = tag("tr", tag("th", "share of all prompts that …"), [tag("th", words) for words in WHO.values()])
    return join(
        tag("div", tag("table", tag("thead", head), tag("tbody", body), class_="figures"), class_="card scroll"),
        tag("p", _reading(evaluation), class_="soft"),
        _parts(evaluation, headline),
        _others(evaluation, headline),
    )


def _parts(evaluation: Json, headline: str) -> Markup | None:
    """The deciding metric by kind, length, source …, folded; a range only where enough groups stand behind it."""
    rows = []
    for table_ in evaluation.get("tables", []):
        found = next(metric for metric in table_["metrics"] if metric["metric"] == headline)
        cells = [tag("td", _value(found[who], found["binary"])) for who in WHO]
        what = f"{table_['by'].replace('_', ' ')}: {table_['value']}"
        rows.append(tag("tr", tag("th", what, scope="row"), tag("td", f"{table_['prompts']:,}"), cells))
    if not rows:
        return None
    head = tag("tr", tag("th", "★ by"), tag("th", "prompts"), [tag("th", words) for words in WHO.values()])
    whole = tag("table", tag("thead", head), tag("tbody", rows), class_="figures")
    return tag("details", tag("summary", "By kind, length and source"), tag("div", whole, class_="card scroll"))


def _value(interval: Json, binary: bool) -> str:
    told = _share(interval["value"], binary)
    return f"{told} {_range(interval, binary)}" if "low" in interval else told


def _metric(metric: Json, headline: bool) -> Markup:
    name = f"{metric['label']} ★" if headline else metric["label"]
    if metric.get("does_not_apply"):
        name += f" (of the {metric['prompts']:,} that it applies to)"
    cells = [
        tag(
            "td",
            tag("span", _share(metric[who]["value"], metric["binary"]), class_="value"),
            " ",
            tag("span", _range(metric[who], metric["binary"]), class_="range"),
            _dots(metric[who]),
            class_=who,
        )
        for who in WHO
    ]
    return tag("tr", tag("th", name, scope="row"), cells, class_="headline" if headline else None)


def _share(value: float, binary: bool) -> str:
    return f"{value:.0%}".replace("%", " %") if binary else f"{value:.2f}"


def _range(interval: Json, binary: bool) -> str:
    if interval["low"] == interval["high"]:
        return "on every prompt"
    if binary:
        return f"{100 * interval['low']:.0f} to {100 * interval['high']:.0f} %"
    return f"{interval['low']:.2f} to {interval['high']:.2f}"


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


def _loss(loss: Json, who: str) -> Markup:
    if who not in loss:
        return tag("td", tag("span", "none: it is no model", class_="range"))
    interval = loss[who]
    value = tag("span", f"{interval['value']:.2f}", class_="value")
    return tag("td", value, " ", tag("span", _range(interval, False), class_="range"), class_=who)


def _reading(evaluation: Json) -> str:
    prompts, settings = evaluation["prompts"], evaluation["settings"]
    text = f"{counted(prompts['compared'], 'prompt')} of {prompts['wanted']:,} wanted, from "
    text += f"{counted(prompts['groups'], 'independent group')}; beside each figure its 95 % interval. "
    text += "Each row of the first five counts only what passed all rows above it. "
    text += "★ decides, and was chosen before training; likeness is measured with failing lines left out. "
    if prompts.get("over_budget"):
        text += (
            f"{prompts['over_budget']:,} held-out rows that came up were over the budget of "
            f"{settings['budget_tokens']:,} tokens. "
        )
    return (
        text + f"Blender {evaluation['blender']}, answers of at most {settings['new_tokens']:,} tokens, drawn greedily."
    )


def _others(evaluation: Json, headline: str) -> Markup | None:
    """The verdicts by all other metrics."""
    other = [c for c in evaluation["comparisons"] if c["metric"] != headline]
    items = [tag("li", tag("b", f"{c['label']}: "), c["words"]) for c in other]
    words = "What the other metrics show (corrected for being many)"
    return tag("details", tag("summary", words), tag("ul", items, class_="plain")) if items else None


def examples(facts: Facts) -> Markup:
    """Some prompts with the answers of all three beside what was wanted."""
    if not facts.examples:
        return missing(facts.why("evaluate"))
    return join(_example(example) for example in facts.examples)


def _example(example: Json) -> Markup:
    wanted = tag(
        "div",
        tag("h3", "What was wanted"),
        _picture(example.get("graph"), "The tree that was wanted"),
        tag("details", tag("summary", "The code"), tag("pre", example["reference"])),
        class_="lane",
    )
    answers: Mapping[str, Json] = example["answers"]
    lanes = [_answer(who, answers[who]) for who in WHO if who in answers]
    return tag("article", tag("blockquote", example["prompt"]), wanted, lanes, class_="card")


def _answer(who: str, answer: Json) -> Markup:
    score: Json = answer["score"]
    chips = [
        tag("li", ("✓ " if score[rung] else "✗ ") + words, class_="yes" if score[rung] else "no")
        for rung, words in RUNGS.items()
        if score.get(rung) is not None
    ]
    chips += [tag("li", f"nodes {score['node_f1']:.2f}"), tag("li", f"links {score['link_f1']:.2f}")]
    if score.get("conditions_met") is not None:
        chips.append(tag("li", f"asked for {score['conditions_met']:.2f}"))
    if score["graph_match"]:
        chips.append(tag("li", "✓ same graph", class_="yes"))
    text = str(answer["code"] or answer["text"])
    cut = text[:LONG] + (f"\n… and {len(text) - LONG:,} characters more" if len(text) > LONG else "")
    left_out = score["dropped"]
    told = tag(
        "div",
        tag("h3", WHO[who].capitalize()),
        tag("ul", chips, class_="chips"),
        tag("p", score["error"], class_="error") if score["error"] else None,
        tag("p", f"Drawn with {counted(left_out, 'failing line')} left out.", class_="soft") if left_out else None,
    )
    picture = _picture(answer.get("graph"), f"The tree that the {WHO[who]} made")
    whole = tag("details", tag("summary", "The answer"), tag("pre", cut or "(empty)", class_="wrap"))
    return tag("div", told, picture, whole, class_="lane")


def _picture(graph: Any, label: str) -> Markup:
    drawn = drawing(Graph.from_json(graph), label) if isinstance(graph, dict) else None
    return tag("div", drawn, class_="scroll") if drawn else tag("p", "No tree to draw.", class_="soft")
