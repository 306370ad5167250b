# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus can read what is told, whatever stands in a label."""

from __future__ import annotations

import pytest

from tests.prometheus_text import parsed
from voxel_trainer_addon import exposition
from voxel_trainer_addon.exposition import Histogram, Metric

pytestmark = pytest.mark.plain


def test_values_are_counted_up_to_each_bound() -> None:
    seconds = Histogram((0.5, 1.0, 2.0))
    for value in (0.5, 0.7, 1.0, 9.0):
        seconds.observe(value, {"model": "a"})
    seconds.observe(0.1, {"model": "b"})
    found = parsed(exposition.text([Metric("whole_seconds", "histogram", "Time.", seconds.samples())]))
    own = frozenset({'model="a"'})
    upto = {bound: found["whole_seconds_bucket"][own | {f'le="{bound}"'}] for bound in ("0.5", "1", "2", "+Inf")}
    assert upto == {"0.5": 1, "1": 3, "2": 3, "+Inf": 4}
    assert found["whole_seconds_sum"][own] == pytest.approx(11.2) and found["whole_seconds_count"][own] == 4


def test_labels_are_escaped_and_large_numbers_whole() -> None:
    odd = Metric("asked_total", "counter", "All.", [("", {"model": 'a"b\\c\nd'}, 12_345_678_901), ("", {}, 1.5)])
    found = parsed(exposition.text([odd, Metric("nothing", "gauge", "None yet.", ())]))
    assert found == {"asked_total": {frozenset({r'model="a\"b\\c\nd"'}): 12_345_678_901.0, frozenset(): 1.5}}
