# SPDX-License-Identifier: GPL-3.0-or-later
"""A strict reader of Prometheus' text format: what a scraper would refuse or misread fails here."""

from __future__ import annotations

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")
PARTS = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}

Labels = frozenset[str]


def parsed(text: str) -> dict[str, dict[Labels, float]]:
    """Name of a series → labels (as `key="value"`) → value."""
    assert text.endswith("\n")
    found: dict[str, dict[Labels, float]] = {}
    kinds: dict[str, str] = {}
    family = ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            assert family not in kinds, "the lines of a metric are one group"
        elif line.startswith("# TYPE "):
            _, _, name, kinds[family] = line.split(" ")
            assert name == family
        else:
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            name, labels, value = sample.groups()
            assert name in [family + part for part in PARTS[kinds[family]]], line
            own = frozenset(re.findall(LABEL, labels or ""))
            assert own not in found.setdefault(name, {}), "a series stands once"
            found[name][own] = float(value)
    for name in (name for name, kind in kinds.items() if kind == "histogram"):
        _check_histogram(name, found)
    assert all(name.endswith("_total") for name, kind in kinds.items() if kind == "counter")
    return found


def _check_histogram(name: str, found: dict[str, dict[Labels, float]]) -> None:
    buckets: dict[Labels, list[tuple[float, float]]] = {}
    for labels, count in found.get(f"{name}_bucket", {}).items():
        (bound,) = (label for label in labels if label.startswith("le="))
        buckets.setdefault(labels - {bound}, []).append((float(bound[4:-1]), count))
    assert buckets.keys() == found.get(f"{name}_count", {}).keys() == found.get(f"{name}_sum", {}).keys()
    for labels, counts in buckets.items():
        upto = [count for _, count in sorted(counts)]
        assert upto == sorted(upto) and max(counts)[0] == float("inf"), "buckets are cumulative and end with all"
        assert upto[-1] == found[f"{name}_count"][labels]
