# SPDX-License-Identifier: GPL-3.0-or-later
"""From judged answers to the figures that people read: rates with intervals, comparisons, one verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..graph.model import Graph
from . import quality_metrics as metrics
from .quality_metrics import Score
from .statistics import GROUPS_MIN, RELATIVE_FROM, Comparison, Interval, Paired, bootstrap, judge, paired, wilson

SCHEMA = 1
CONTESTANTS = ("base", "tuned", "retrieval")
OPPONENTS = {"base": "the base model", "retrieval": "the nearest training answer"}
LOSS = "loss"
LOSS_LABEL = "loss on the wanted answers (nats a token; lower is better)"

BY = ("kind", "task", "test", "length", "blender_version", "source")
"""What tables are made by; `test` is `near` (train knows whom the row comes from) or `far`."""
LENGTHS = ((600, "up to 600 characters"), (1500, "601 to 1,500 characters"))
"""Lengths of the wanted answer, by which a table is made; the rest is longer."""
IN_TABLES = ("finished", "parses", "runs", "conditions_met", "adherence", metrics.HEADLINE)
FAR_GROUPS_MIN = 20
"""Fewer independent groups of a far test say nothing of other sources: no interval is given, but each source."""

DRAWN_NODES_MAX = 60
"""Larger trees are not kept beside the answers: no drawing of them could be read."""


@dataclass(frozen=True)
class Judged:
    """One contestant's answer to one prompt. A retrieved one took no `tokens` and no `seconds`; `source` is its row."""

    text: str
    code: str
    score: Score
    graph: Graph | None
    tokens: int = 0
    seconds: float = 0.0
    source: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "code": self.code,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "source": self.source,
            "score": self.score.as_json(),
            "graph": drawn(self.graph),
        }


@dataclass(frozen=True)
class Example:
    """One prompt with the answers of all contestants; `losses` by model, empty where they were not measured."""

    id: str
    task: str
    group: str
    prompt: str
    reference: str
    graph: Graph
    answers: Mapping[str, Judged]
    losses: Mapping[str, float]
    kind: str = ""
    test: str = ""
    blender_version: str = ""
    source: str = ""
    asked: tuple[str, ...] = ()
    """What the prompt asks for, in words; empty where nothing is asked that can be told, or too little to test by."""

    @property
    def length(self) -> str:
        return next((words for most, words in LENGTHS if len(self.reference) <= most), "longer")

    def as_json(self) -> dict[str, Any]:
        """A line of `answers.jsonl`."""
        return {
            "id": self.id,
            "kind": self.kind,
            "task": self.task,
            "test": self.test,
            "source": self.source,
            "group": self.group,
            "prompt": self.prompt,
            "reference": self.reference,
            "asked": list(self.asked),
            "graph": drawn(self.graph),
            "losses": dict(self.losses),
            "answers": {name: answer.as_json() for name, answer in self.answers.items()},
        }


def drawn(graph: Graph | None) -> dict[str, Any] | None:
    """What a drawing of `graph` needs, as JSON: nodes, sockets and links without values; None where it is too large."""
    if graph is None or len(graph.nodes) > DRAWN_NODES_MAX:
        return None
    nodes = tuple(
        replace(
            node,
            settings={key: node.settings[key] for key in ("node_tree",) if key in node.settings},
            inputs=tuple(replace(socket, value=None, layout={}) for socket in node.inputs),
            outputs=tuple(replace(socket, value=None, layout={}) for socket in node.outputs),
            layout={},
        )
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes, interface=(), settings={}, layout={}).as_json()


def figures(examples: Sequence[Example], seed: int) -> dict[str, Any]:
    """`metrics`, `loss`, `comparisons`, `verdict` and `worse` of an evaluation (see docs/evaluate.md)."""
    comparisons = judge(_pairs(examples, seed), metrics.HEADLINE)
    named = (*metrics.RUNGS, *metrics.GRADED, *metrics.TOLD)
    return {
        "metrics": [_metric(examples, name, seed) for name in named if _applies(examples, name)],
        "tokens": {
            who: asdict(_mean(examples, [float(example.answers[who].tokens) for example in examples], seed))
            for who in ("base", "tuned")
        },
        "tables": [table for by in BY for table in _tables(examples, by, seed)],
        "loss": _loss(examples, seed),
        "comparisons": [_comparison(comparison) for comparison in comparisons],
        "verdict": _verdict(comparisons),
        "worse": [c.pair.metric for c in comparisons if c.verdict == "worse" and c.pair.against == OPPONENTS["base"]],
    }


def _applies(examples: Sequence[Example], metric: str) -> list[Example]:
    """The prompts that a metric applies to, which is the same for every contestant."""
    return [e for e in examples if getattr(e.answers[CONTESTANTS[0]].score, metric) is not None]


def _values(examples: Sequence[Example], who: str, metric: str) -> list[float]:
    return [float(getattr(example.answers[who].score, metric)) for example in examples]


def _pairs(examples: Sequence[Example], seed: int) -> list[Paired]:
    pairs = []
    for metric in (metrics.HEADLINE, *(m for m in (*metrics.RUNGS, *metrics.GRADED) if m != metrics.HEADLINE)):
        applied = _applies(examples, metric)
        groups = [example.group for example in applied]
        tuned = _values(applied, "tuned", metric)
        for who, against in OPPONENTS.items() if applied else ():
            other = _values(applied, who, metric)
            binary = metric in metrics.BINARY
            pairs.append(
                paired(metric, metrics.LABELS[metric], against, tuned, other, groups, binary=binary, seed=seed)
            )
    if measured := _measured(examples):
        groups = [example.group for example in measured]
        tuned, base = ([example.losses[model] for example in measured] for model in ("tuned", "base"))
        against = OPPONENTS["base"]
        pairs.append(paired(LOSS, LOSS_LABEL, against, tuned, base, groups, lower_is_better=True, seed=seed))
    return pairs


def _measured(examples: Sequence[Example]) -> list[Example]:
    return [example for example in examples if {"base", "tuned"} <= set(example.losses)]


def _metric(examples: Sequence[Example], metric: str, seed: int) -> dict[str, Any]:
    applied = _applies(examples, metric)
    binary = metric in metrics.BINARY
    found: dict[str, Any] = {
        "metric": metric,
        "label": metrics.LABELS[metric],
        "binary": binary,
        "prompts": len(applied),
        "does_not_apply": len(examples) - len(applied),
    }
    for who in CONTESTANTS:
        values = _values(applied, who, metric)
        found[who] = asdict(wilson(round(sum(values)), len(values)) if binary else _mean(applied, values, seed, 1.0))
    return found


def _tables(examples: Sequence[Example], by: str, seed: int) -> list[dict[str, Any]]:
    """A row for each value of `by` that rows have, where there are several or it says near or far."""
    values = sorted({str(getattr(example, by)) for example in examples} - {""})
    found = []
    for value in values if len(values) > 1 or by == "test" else ():
        part = [example for example in examples if getattr(example, by) == value]
        groups = len({example.group for example in part})
        few = (value == "far" and groups < FAR_GROUPS_MIN) or groups < GROUPS_MIN
        rows = [_metric(part, name, seed) for name in IN_TABLES if _applies(part, name)]
        if few:
            rows = [{**row, **{who: {"value": row[who]["value"]} for who in CONTESTANTS}} for row in rows]
        table: dict[str, Any] = {"by": by, "value": value, "prompts": len(part), "groups": groups, "metrics": rows}
        if few and value == "far":
            table["sources"] = _by_source(part)
        found.append(table)
    return found


def _by_source(examples: Sequence[Example]) -> list[dict[str, Any]]:
    """The deciding metric source by source, without intervals."""
    found = []
    for source in sorted({example.source for example in examples}):
        part = [example for example in examples if example.source == source]
        values = {who: _values(part, who, metrics.HEADLINE) for who in CONTESTANTS}
        means = {who: sum(each) / len(each) for who, each in values.items()}
        found.append({"source": source, "prompts": len(part), **means})
    return found


def _mean(examples: Sequence[Example], values: Sequence[float], seed: int, most: float = math.inf) -> Interval:
    """A mean with its interval. No figure here is below 0, nor a share above 1 (`most`): an interval that was widened
    for few groups ends there."""
    found = bootstrap(values, [example.group for example in examples], seed).interval
    return replace(found, low=max(0.0, found.low), high=min(most, found.high))


def _loss(examples: Sequence[Example], seed: int) -> dict[str, Any] | None:
    measured = _measured(examples)
    if not measured:
        return None
    by_model = {
        model: asdict(_mean(measured, [example.losses[model] for example in measured], seed))
        for model in ("base", "tuned")
    }
    return {"label": LOSS_LABEL, "prompts": len(measured), **by_model}


def _comparison(comparison: Comparison) -> dict[str, Any]:
    pair = comparison.pair
    return {
        "metric": pair.metric,
        "label": pair.label,
        "against": pair.against,
        "tuned": pair.tuned,
        "other": pair.other,
        "difference": asdict(pair.difference),
        "prompts": pair.prompts,
        "groups": pair.groups,
        "p": comparison.p,
        "verdict": comparison.verdict,
        "words": comparison.words,
        "settles_at": comparison.settles_at,
    }


def _verdict(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """What the metric named beforehand says: `result` is `worse` or `better` than the base as far as that is shown, and
    `better` only where the nearest training answer is beaten too; `words` tells both comparisons."""
    deciding = {c.pair.against: c for c in comparisons if c.pair.metric == metrics.HEADLINE}
    base, nearest = deciding[OPPONENTS["base"]], deciding[OPPONENTS["retrieval"]]
    result = base.verdict if base.verdict != "better" or nearest.verdict == "better" else "not shown"
    return {
        "metric": metrics.HEADLINE,
        "label": metrics.LABELS[metrics.HEADLINE],
        "result": result,
        "relative_gain": base.pair.tuned / base.pair.other - 1 if base.pair.other >= RELATIVE_FROM else None,
        "than_base": base.verdict,
        "than_retrieval": nearest.verdict,
        "words": f"{base.words} {nearest.words}",
    }
