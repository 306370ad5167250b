# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures in the text that Prometheus reads (format 0.0.4), some under the names of OpenTelemetry's conventions for
generative AI (docs/deploy.md says of which)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
ABOUT = {"gen_ai_operation_name": "chat", "gen_ai_provider_name": "voxel-trainer"}
"""Labels that those conventions want beside the model's."""
SECONDS = tuple(0.01 * 2**power for power in range(14))
FIRST_SECONDS = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
TOKENS = tuple(4.0**power for power in range(14))
"""Upper bounds of buckets, as they recommend them for whole answers, first tokens and counts of tokens."""

Labels = Mapping[str, str]
Sample = tuple[str, Labels, float]
"""What is added to the metric's name, labels, value."""


@dataclass(frozen=True)
class Metric:
    """One metric; `kind` is `counter`, `gauge` or `histogram`."""

    name: str
    kind: str
    help: str
    samples: Iterable[Sample]


@dataclass
class Histogram:
    """Values counted by buckets, for each set of labels."""

    bounds: tuple[float, ...]
    _seen: dict[tuple[tuple[str, str], ...], tuple[list[int], list[float]]] = field(default_factory=dict)

    def observe(self, value: float, labels: Labels) -> None:
        counts, total = self._seen.setdefault(tuple(labels.items()), ([0] * (len(self.bounds) + 1), [0.0]))
        counts[bisect_left(self.bounds, value)] += 1
        total[0] += value

    def samples(self) -> Iterator[Sample]:
        for labels, (counts, (total,)) in self._seen.items():
            own, upto = dict(labels), 0
            for bound, count in zip((*self.bounds, float("inf")), counts, strict=True):
                upto += count
                yield "_bucket", {**own, "le": _number(bound)}, upto
            yield "_sum", own, total
            yield "_count", own, upto


def text(metrics: Iterable[Metric]) -> str:
    """All metrics as Prometheus reads them."""
    return "".join(line + "\n" for metric in metrics for line in _lines(metric))


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for more, labels, value in metric.samples:
        told = ",".join(f'{key}="{_escaped(label)}"' for key, label in labels.items())
        yield f"{metric.name}{more}{{{told}}} {_number(value)}" if told else f"{metric.name}{more} {_number(value)}"


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return "+Inf" if value == float("inf") else f"{value:.12g}"
