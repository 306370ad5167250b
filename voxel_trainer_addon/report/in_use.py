# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's part about models in use: what became of requests, alarms, duels, the canary. It holds no prompt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from ..intervals import wilson
from ..words import counted
from .html import Content, Markup, join, tag
from .judged import RUNGS, classes, figure, figures
from .made import missing, number_head
from .plots import curves
from .rows import Json

SHARES = (
    *((name, RUNGS[name], "requests") for name in ("finished", "parses", "safe", "runs")),
    ("shown", "was shown", "requests"),
    ("applied", "was applied, of those shown", "shown"),
    ("kept", "was kept, of those applied", "applied"),
    ("edited", "was edited, of those applied", "applied"),
    ("undone", "was undone, of those applied", "applied"),
)
"""What is counted, what the row is called, and of what it is a share."""
TIMES = (("first_s", "time to the first token"), ("whole_s", "time to the whole answer"))
RESULTS = {"better": "good", "worse": "bad"}


def in_use(told: Json) -> Markup:
    """What `deployment.in_use.told` found, alarms first."""
    if not told.get("requests"):
        return missing("No model has been asked for anything yet.")
    models = _in_order(told)
    colours = classes(models[0], models[1:])
    return join(
        tag("p", _sentence(told)),
        _alarms(told),
        _curve(told, colours),
        _table(told, models, colours),
        _by_blender(told, models, colours),
        _compared(told),
        _moves(told),
    )


def _in_order(told: Json) -> list[str]:
    """The models that answered: the live one first, then the canary, then the most asked."""
    canary = (told["canary"] or {}).get("model")
    rows = sorted(told["models"], key=lambda row: (-row["requests"], row["model"]))
    return sorted((str(row["model"]) for row in rows), key=lambda model: (model != told["live"], model != canary))


def _sentence(told: Json) -> str:
    first, last = told["first_at"][:10], told["last_at"][:10]
    when = f" from {first} to {last}" if first != last else f" on {first}" if first else ""
    text = f"{counted(told['requests'], 'request')}{when}. "
    text += f"Live is {told['live']}" if told["live"] else "No model is live"
    if canary := told["canary"]:
        text += f"; the canary {canary['model']} answers {canary['share']:.0%} of the requests"
    if told["damaged_lines"]:
        text += f". The log is damaged: {counted(told['damaged_lines'], 'line')} left out"
    return f"{text}."


def _alarms(told: Json) -> list[Markup] | Markup:
    cards = [_alarm(alarm) for alarm in told["alarms"]]
    since = told["watched_from"]
    words = "No alarm. The run rate of the live model is watched once it was asked {:,} times, what is asked for once "
    words += "there were {:,} requests."
    return cards or tag("p", words.format(since["run rate"], since["prompts"]), class_="soft")


def _alarm(alarm: Json) -> Markup:
    first, _, rest = alarm["words"].partition(". ")
    return tag(
        "div",
        tag("span", f"Alarm: {alarm['what']}", class_="soft"),
        tag("strong", f"{first}."),
        tag("p", rest, " What helps: ", tag("b", alarm["button"]), "."),
        class_="card verdict worse",
    )


def _curve(told: Json, colours: Mapping[str, str]) -> Markup | None:
    """The run rates over all requests; None while there are no two points to join."""
    known = {model: told["run_rates"][model] for model in colours if model in told["run_rates"]}
    lines = [(model, colours[model], [(n, 100 * rate) for n, rate in points]) for model, points in known.items()]
    plot = curves(
        lines, x_label="requests, the oldest first", y_label="answers that ran, %", label="How many answers ran"
    )
    if plot is None:
        return None
    legend = [tag("span", tag("span", class_=f"key {colours[model]}"), model) for model in known]
    about = f"A point is {told['together']} requests of that model."
    return tag(
        "div",
        tag("h3", "Answers that ran"),
        tag("div", plot, class_="scroll"),
        tag("p", legend, about, class_="legend soft"),
        class_="card",
    )


def _table(told: Json, models: Sequence[str], colours: Mapping[str, str]) -> Markup:
    rows = {str(row["model"]): row for row in told["models"]}
    reading = "Times are the median, counted from Enter; beside each share is its 95 % interval (Wilson)."
    return join(
        figures("by model", models, tag("tbody", _rows(rows, colours, drawn=True))),
        tag("p", reading, class_="soft"),
    )


def _by_blender(told: Json, models: Sequence[str], colours: Mapping[str, str]) -> Markup | None:
    versions: dict[str, dict[str, Json]] = {}
    for row in told["by_blender"]:
        versions.setdefault(row["blender"], {})[row["model"]] = row
    if len(versions) < 2:
        return None
    bodies = []
    for version, rows in sorted(versions.items()):
        about = counted(sum(row["requests"] for row in rows.values()), "request")
        head = tag("th", version, tag("small", f" {about}"), colspan=1 + len(models), scope="rowgroup")
        bodies.append(tag("tbody", tag("tr", head), _rows(rows, colours, drawn=False), class_="part"))
    return tag("details", tag("summary", "By Blender version"), figures("Blender", models, bodies))


def _rows(rows: Mapping[str, Json], colours: Mapping[str, str], *, drawn: bool) -> Iterator[Markup]:
    """The figures of each model that has a row."""

    def line(name: str, cell: Content) -> Markup:
        return tag("tr", tag("th", name, scope="row"), cell)

    def plain(name: str, words: Mapping[str, Content]) -> Markup:
        return line(name, [tag("td", words.get(model, "none"), data_who=model) for model in colours])

    yield plain("requests", {model: f"{row['requests']:,}" for model, row in rows.items()})
    for key, name in TIMES:
        yield plain(name, {model: _time(row[key]) for model, row in rows.items()})
    tokens = {model: f"{row['prompt_tokens']:,} and {row['tokens']:,}" for model, row in rows.items()}
    yield plain("tokens of prompts and of answers", tokens)
    for key, name, of in SHARES:
        cells = []
        for model, colour in colours.items():
            row = rows.get(model, {})
            interval = asdict(wilson(row[key], row[of])) if row.get(of) else None
            cells.append(figure(interval, True, drawn, "none", class_=colour, data_who=model))
        yield line(name, cells)
    yield plain("ran after a repair", {model: f"{row['repaired']:,}" for model, row in rows.items()})
    yield plain("reasons why not", {model: _reasons(row["reasons"]) for model, row in rows.items()})


def _time(known: Json | None) -> Content:
    if known is None:
        return "none"
    value, most = tag("span", f"{known['median']:.1f} s", class_="value"), f" 95 % within {known['p95']:.1f} s"
    return value, tag("span", most, class_="range")


def _reasons(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {count:,}" for reason, count in counts.items() if count) or "none"


def _compared(told: Json) -> Markup | None:
    """Verdicts on duels and on the canary."""
    lines = []
    for each in told["duels"]:
        (first, won), (second, lost) = each["wins"].items()
        counts = [tag("td", f"{count:,}", class_="number") for count in (won, each["alike"], each["both_bad"], lost)]
        words = tag("td", each["words"], class_="good" if each["winner"] else None)
        lines.append(tag("tr", tag("th", f"{first} against {second}", scope="row"), counts, words))
    decision = told["decision"]
    if not lines and not decision:
        return None
    heads = [
        tag("th", "duels"),
        *map(number_head, ("won", "both alike", "both bad", "lost")),
        tag("th", "what they show"),
    ]
    table = tag("table", tag("thead", tag("tr", heads)), tag("tbody", lines))
    return tag(
        "div",
        tag("h3", "Against each other"),
        tag("div", table, class_="scroll") if lines else None,
        tag("p", tag("b", "Canary: "), decision["words"], class_=RESULTS.get(decision["result"])) if decision else None,
        class_="card",
    )


def _moves(told: Json) -> Markup | None:
    """Who was made live, tried and taken back, the newest first."""
    items = []
    for move in reversed(told["moves"]):
        why = f": {move['why']}" if move["why"] else ""
        items.append(tag("li", tag("b", move["at"][:10]), f" {move['done']} {move['model']} by {move['by']}{why}"))
    words = f"The last {counted(len(items), 'move')} of the registry"
    return tag("details", tag("summary", words), tag("ul", items, class_="plain")) if items else None
