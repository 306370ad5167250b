# SPDX-License-Identifier: GPL-3.0-or-later
"""From judged answers to the figures that people read: rates with intervals, comparisons, one verdict."""

from __future__ import annotations

import math
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..graph.model import Graph
from ..intervals import Interval, wilson
from ..stage import HEADLINE
from ..words import counted
from . import quality_metrics as metrics
from .choice import FAR_GROUPS_MIN, spoken_for
from .contestants import BASE, Contestant
from .quality_metrics import Score
from .statistics import GROUPS_MIN, RELATIVE_FROM, Comparison, Paired, judge, mean, paired

SCHEMA = 2
LOSS = "loss"
LOSS_LABEL = "loss on the wanted answers (nats a token; lower is better)"

BY = ("kind", "task", "test", "length", "blender_version", "source")
"""What tables are made by; `test` is `near` (train knows whom the row comes from) or `far`."""
LENGTHS = ((600, "up to 600 characters"), (1500, "601 to 1,500 characters"))
"""Lengths of the wanted answer, by which a table is made; the rest is longer."""
IN_TABLES = ("finished", "parses", "runs", "conditions_met", "adherence", "node_f1")
ERROR_MOST = 120
"""Characters of an error that tell groups of errors apart."""
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
    picture: bytes | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            **({"render": b64encode(self.picture).decode()} if self.picture else {}),
            "text": self.text,
            "code": self.code,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "source": self.source,
            "score": self.score.as_json(),
            "graph": drawn(self.graph),
        }


@dataclass(frozen=True)
class Samples:
    """Answers of one contestant to one prompt that were drawn by chance, and the index of the one that is `best` by
    Blender's word alone."""

    answers: tuple[Judged, ...]
    best: int

    def values(self, metric: str) -> list[float]:
        """A metric of each; empty where it does not apply to the prompt."""
        each = (getattr(answer.score, metric) for answer in self.answers)
        return [float(value) for value in each if value is not None]

    def as_json(self) -> dict[str, Any]:
        return {"best": self.best, "answers": [answer.as_json() | {"graph": None} for answer in self.answers]}


@dataclass(frozen=True)
class Example:
    """One prompt with the answers of all contestants; `losses` by who (nats a token), empty where not measured, and
    `samples` by who, empty where none were drawn."""

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
    picture: bytes | None = None
    samples: Mapping[str, Samples] = field(default_factory=dict)
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
            **({"reference_render": b64encode(self.picture).decode()} if self.picture else {}),
            "losses": dict(self.losses),
            "answers": {name: answer.as_json() for name, answer in self.answers.items()},
            **({"samples": {who: one.as_json() for who, one in self.samples.items()}} if self.samples else {}),
        }


def drawn(graph: Graph | None) -> dict[str, Any] | None:
    """`graph` as JSON without its layout, for a drawing and what differs in it; None where it is too large."""
    if graph is None or len(graph.nodes) > DRAWN_NODES_MAX:
        return None
    nodes = tuple(
        replace(
            node,
            inputs=tuple(replace(socket, layout={}) for socket in node.inputs),
            outputs=tuple(replace(socket, layout={}) for socket in node.outputs),
            layout={},
        )
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes, layout={}).as_json()


@dataclass(frozen=True)
class Question:
    """What is to be told: the subject, those that it must beat, and the metric that decides."""

    subject: Contestant
    opponents: Sequence[Contestant]
    metric: str = HEADLINE

    @property
    def all(self) -> list[Contestant]:
        return [self.subject, *self.opponents]

    @property
    def drawn(self) -> list[Contestant]:
        """Those of whom samples are drawn, where any are: the subject, and the base that it must beat."""
        return [self.subject, *(one for one in self.opponents if one.who == BASE)]


def figures(examples: Sequence[Example], question: Question, seed: int) -> dict[str, Any]:
    """`metrics`, `loss`, `comparisons`, `verdict`, `worse` and the rest of an evaluation (see docs/evaluate.md)."""
    claimed = spoken_for(examples, lambda example: (example.test, example.group))
    comparisons = judge(_pairs(claimed, question, seed), question.metric) if claimed else []
    named = (*metrics.RUNGS, *metrics.GRADED, *metrics.TOLD)
    shown = [_metric(claimed or examples, name, question, seed) for name in named if _applies(examples, name)]
    return {
        "claimed": len(claimed),
        "metrics": shown if claimed else [without_intervals(one) for one in shown],
        "tokens": _tokens(claimed or examples, question, seed),
        "tables": [table for by in BY for table in _tables(examples, by, question, seed)],
        "loss": _loss(claimed or examples, question, seed),
        "errors": _errors(examples, question),
        "comparisons": [_comparison(comparison, question) for comparison in comparisons],
        "verdict": _verdict(comparisons, question, examples),
        "worse": _worse(comparisons, question),
    }


def _applies(examples: Sequence[Example], metric: str) -> list[Example]:
    """The prompts that a metric applies to, which is the same for every contestant."""
    return [e for e in examples if all(getattr(one.score, metric) is not None for one in e.answers.values())]


def _values(examples: Sequence[Example], who: str, metric: str) -> list[float]:
    return [float(getattr(example.answers[who].score, metric)) for example in examples]


def _pairs(examples: Sequence[Example], question: Question, seed: int) -> list[Paired]:
    pairs = []
    for metric in (*metrics.RUNGS, *metrics.GRADED):
        applied = _applies(examples, metric)
        groups = [example.group for example in applied]
        subject = _values(applied, question.subject.who, metric)
        for one in question.opponents if applied else ():
            other = _values(applied, one.who, metric)
            binary = metric in metrics.BINARY
            pairs.append(
                paired(metric, metrics.LABELS[metric], one.label, subject, other, groups, binary=binary, seed=seed)
            )
    for one in question.opponents:
        measured = _measured(examples, question.subject.who, one.who)
        if measured:
            groups = [example.group for example in measured]
            subject, other = ([example.losses[who] for example in measured] for who in (question.subject.who, one.who))
            pairs.append(paired(LOSS, LOSS_LABEL, one.label, subject, other, groups, lower_is_better=True, seed=seed))
    return pairs


def _measured(examples: Sequence[Example], *who: str) -> list[Example]:
    return [example for example in examples if set(who) <= set(example.losses)]


def _metric(examples: Sequence[Example], metric: str, question: Question, seed: int) -> dict[str, Any]:
    applied = _applies(examples, metric)
    binary = metric in metrics.BINARY
    values = {}
    for one in question.all:
        each = _values(applied, one.who, metric)
        share = wilson(round(sum(each)), len(each)) if binary or not each else _mean(applied, each, seed, 1.0)
        values[one.who] = asdict(share)
    return {
        "metric": metric,
        "label": metrics.LABELS[metric],
        "binary": binary,
        "prompts": len(applied),
        "does_not_apply": len(examples) - len(applied),
        "values": values,
    }


def without_intervals(metric: dict[str, Any]) -> dict[str, Any]:
    return {**metric, "values": {who: {"value": value["value"]} for who, value in metric["values"].items()}}


def _tables(examples: Sequence[Example], by: str, question: Question, seed: int) -> list[dict[str, Any]]:
    """A row for each value of `by` that rows have, where there are several or it says near or far."""
    values = sorted({str(getattr(example, by)) for example in examples} - {""})
    found = []
    for value in values if len(values) > 1 or by == "test" else ():
        part = [example for example in examples if getattr(example, by) == value]
        groups = len({example.group for example in part})
        few = (value == "far" and groups < FAR_GROUPS_MIN) or groups < GROUPS_MIN
        names = dict.fromkeys((*IN_TABLES, *((question.metric,) if question.metric != LOSS else ())))
        rows = [_metric(part, name, question, seed) for name in names if _applies(part, name)]
        rows = [without_intervals(row) for row in rows] if few else rows
        table: dict[str, Any] = {"by": by, "value": value, "prompts": len(part), "groups": groups, "metrics": rows}
        if few and value == "far":
            table["sources"] = _by_source(part, question)
        found.append(table)
    return found


def _by_source(examples: Sequence[Example], question: Question) -> list[dict[str, Any]]:
    """The deciding metric source by source, without intervals; the mean loss where that decides."""
    found = []
    for source in sorted({example.source for example in examples}):
        part = [example for example in examples if example.source == source]
        values = {one.who: {"value": mean_of(part, one.who, question.metric)} for one in question.all}
        found.append({"source": source, "prompts": len(part), "values": values})
    return found


def mean_of(examples: Sequence[Example], who: str, metric: str) -> float | None:
    """The plain mean of a metric, or of the loss; None where it was measured for none."""
    if metric == LOSS:
        each = [example.losses[who] for example in _measured(examples, who)]
    else:
        each = _values(_applies(examples, metric), who, metric)
    return sum(each) / len(each) if each else None


def _mean(examples: Sequence[Example], values: Sequence[float], seed: int, most: float = math.inf) -> Interval:
    return mean(values, [example.group for example in examples], seed, most=most)


def _tokens(examples: Sequence[Example], question: Question, seed: int) -> dict[str, Any]:
    """Tokens of an answer, of those that count them."""
    return {
        one.who: asdict(_mean(examples, [float(example.answers[one.who].tokens) for example in examples], seed))
        for one in question.all
        if one.generates
    }


def _loss(examples: Sequence[Example], question: Question, seed: int) -> dict[str, Any] | None:
    who = [one.who for one in question.all if _measured(examples, one.who)]
    measured = _measured(examples, *who) if who else []
    if not measured:
        return None
    values = {one: asdict(_mean(measured, [example.losses[one] for example in measured], seed)) for one in who}
    return {"label": LOSS_LABEL, "prompts": len(measured), "values": values}


def _errors(examples: Sequence[Example], question: Question) -> list[dict[str, Any]]:
    """What went wrong first, in groups of like words, the largest first."""
    found = []
    for one in question.all:
        groups: dict[str, list[str]] = {}
        for example in examples:
            if error := example.answers[one.who].score.error:
                groups.setdefault(alike(error), []).append(example.id)
        for words, ids in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
            found.append({"who": one.who, "words": words, "prompts": ids})
    return found


def alike(error: str) -> str:
    """An error without what differs from one answer to the next: line numbers, names in quotes, numbers."""
    words = re.sub(r"^line \d+: ", "", error)
    words = re.sub(r"\"[^\"]*\"|'[^']*'|“[^”]*”", "“…”", words)
    words = re.sub(r"\d+(\.\d+)?", "N", words)
    return words if len(words) <= ERROR_MOST else f"{words[:ERROR_MOST]}…"


def _comparison(comparison: Comparison, question: Question) -> dict[str, Any]:
    pair = comparison.pair
    return {
        "metric": pair.metric,
        "label": pair.label,
        "against": _who(pair, question),
        "against_label": pair.against,
        "value": pair.tuned,
        "other": pair.other,
        "difference": asdict(pair.difference),
        "prompts": pair.prompts,
        "groups": pair.groups,
        "p": comparison.p,
        "verdict": comparison.verdict,
        "words": comparison.words,
        "settles_at": comparison.settles_at,
    }


def _who(pair: Paired, question: Question) -> str:
    return next(one.who for one in question.opponents if one.label == pair.against)


def _worse(comparisons: Sequence[Comparison], question: Question) -> list[str]:
    """Metrics that got provably worse than the base; where it is not among the opponents, than one of them."""
    against = [one.label for one in question.opponents if one.who == BASE] or [o.label for o in question.opponents]
    return list(dict.fromkeys(c.pair.metric for c in comparisons if c.verdict == "worse" and c.pair.against in against))


def _verdict(comparisons: Sequence[Comparison], question: Question, examples: Sequence[Example]) -> dict[str, Any]:
    """What the deciding metric says: `better` only where every opponent is beaten, `worse` where the base is better
    (without a base: where an opponent is); `words` tells all comparisons."""
    deciding = {_who(c.pair, question): c for c in comparisons if c.pair.metric == question.metric}
    than = {who: c.verdict for who, c in deciding.items()}
    base = deciding.get(BASE)
    if than and set(than.values()) == {"better"}:
        result = "better"
    else:
        result = "worse" if question.metric in _worse(comparisons, question) else "not shown"
    relative = base.pair.tuned / base.pair.other - 1 if base and base.pair.other >= RELATIVE_FROM else None
    words = " ".join(c.words for c in deciding.values())
    if not deciding and question.opponents:
        groups = len({example.group for example in examples})
        words = (
            f"Not shown: all prompts are from {counted(groups, 'group')} that training does not know, and "
            f"{FAR_GROUPS_MIN} are needed to speak of others."
        )
    return {
        "metric": question.metric,
        "label": label_of(question.metric),
        "result": result,
        "relative_gain": relative,
        "than": than,
        "words": words,
    }


def label_of(metric: str) -> str:
    """What a metric says of an answer, for people."""
    return LOSS_LABEL if metric == LOSS else metrics.LABELS[metric]
