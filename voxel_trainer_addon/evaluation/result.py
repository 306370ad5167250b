# SPDX-License-Identifier: GPL-3.0-or-later
"""From judged answers to the figures that people read: rates with intervals, comparisons, one verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..graph.model import Graph
from . import quality_metrics as metrics
from .quality_metrics import Score
from .statistics import RELATIVE_FROM, Comparison, Interval, Paired, bootstrap, judge, paired, wilson

SCHEMA = 1
CONTESTANTS = ("base", "tuned", "retrieval")
OPPONENTS = {"base": "the base model", "retrieval": "the nearest training answer"}
LOSS = "loss"
LOSS_LABEL = "loss on the wanted answers (nats a token; lower is better)"

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

    def as_json(self) -> dict[str, Any]:
        """A line of `answers.jsonl`."""
        return {
            "id": self.id,
            "task": self.task,
            "group": self.group,
            "prompt": self.prompt,
            "reference": self.reference,
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
    return {
        "metrics": [_metric(examples, name, seed) for name in (*metrics.RUNGS, *metrics.GRADED)],
        "loss": _loss(examples, seed),
        "comparisons": [_comparison(comparison) for comparison in comparisons],
        "verdict": _verdict(comparisons),
        "worse": [c.pair.metric for c in comparisons if c.verdict == "worse" and c.pair.against == OPPONENTS["base"]],
    }


def _values(examples: Sequence[Example], who: str, metric: str) -> list[float]:
    return [float(getattr(example.answers[who].score, metric)) for example in examples]


def _pairs(examples: Sequence[Example], seed: int) -> list[Paired]:
    groups = [example.group for example in examples]
    pairs = []
    for metric in (metrics.HEADLINE, *(m for m in (*metrics.RUNGS, *metrics.GRADED) if m != metrics.HEADLINE)):
        tuned = _values(examples, "tuned", metric)
        for who, against in OPPONENTS.items():
            other = _values(examples, who, metric)
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
    found: dict[str, Any] = {"metric": metric, "label": metrics.LABELS[metric], "binary": metric in metrics.BINARY}
    for who in CONTESTANTS:
        values = _values(examples, who, metric)
        if metric in metrics.BINARY:
            found[who] = asdict(wilson(round(sum(values)), len(values)))
        else:
            found[who] = asdict(_mean(examples, values, seed))
    return found


def _mean(examples: Sequence[Example], values: Sequence[float], seed: int) -> Interval:
    return bootstrap(values, [example.group for example in examples], seed).interval


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
