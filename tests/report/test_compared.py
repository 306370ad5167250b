# SPDX-License-Identifier: GPL-3.0-or-later
"""Two evaluations side by side are one harmless page, with the rows that both answered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.report import evaluated
from tests.report.elements import Elements
from tests.report.graphs import EVIL
from voxel_trainer_addon.report import compared

pytestmark = pytest.mark.plain


def comparison(verdict: str, metric: str, label: str, binary: bool) -> dict[str, Any]:
    words = f"Better than voxel/v1: 0.80 against 0.10, {EVIL}."
    difference = {"value": 0.7, "low": 0.5, "high": 0.9}
    told = {"metric": metric, "label": label, "binary": binary, "first": 0.1, "second": 0.8, "prompts": 2, "groups": 2}
    return told | {"difference": difference, "p": 0.01, "verdict": verdict, "words": words, "settles_at": None}


def side(version: str) -> dict[str, Any]:
    return {"id": f"voxel/{version}", "who": "tuned", "label": EVIL, "hash": "", "finished_at": "2026-01-01T00:00:00Z"}


FOUND = {
    "first": side("v1"),
    "second": side("v2"),
    "blender": "5.2.3",
    "prompts": {"shared": 3, "only_first": 0, "only_second": 0, "groups": 3},
    "verdict": {"metric": "node_f1", "label": "has the nodes", "result": "better", "words": "Better than voxel/v1: …."},
    "comparisons": [
        comparison("better", "node_f1", "has the nodes", False),
        comparison("not shown", "runs", "runs in Blender to its end", True),
    ],
    "settings": [],
    "drift": [],
    "notes": [f"seed: 0 in the first run, {EVIL} in the second."],
}
SEEDS = {
    "runs": [{"id": "voxel/v1", "seed": 0}, {"id": "voxel/v2", "seed": 1}],
    "prompts": 3,
    "metrics": [
        {"label": EVIL, "binary": True, "values": [0.25, 0.5], "mean": 0.375, "deviation": 0.177},
    ],
}


@pytest.fixture(scope="module")
def page() -> str:
    later = evaluated.lines()[:2]
    later[0]["answers"]["tuned"] = evaluated.lines()[1]["answers"]["base"]
    return compared.page(FOUND, evaluated.lines(), later, SEEDS)


def test_it_is_one_harmless_page(page: str) -> None:
    found = Elements(page)
    assert found.open == []
    assert not {tag for tag, _, _ in found.attributes} & {"script", "img", "link", "iframe", "form"}
    assert all(value.startswith("#") for _, name, value in found.attributes if name in ("href", "src"))
    assert EVIL in found.text


def test_it_tells_verdict_figures_and_seeds(page: str) -> None:
    text = Elements(page).text
    assert "voxel/v2: better than voxel/v1." in text
    assert "10 %80 %+0.70 +0.50 to +0.90not shown" in text and "(of the 2 that it applies to)" in text
    assert "25 %50 %38 % ± 18 %" in text and "seed 1" in text


def test_rows_that_both_answered_open_with_both_answers(page: str) -> None:
    assert page.count('class="card row') == 2
    assert 'class="card row y0 y1"' in page and 'class="card row n0 n1"' in page
    assert "voxel/v2 and voxel/v1:" in Elements(page).text
