# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift: quiet times are quiet, falls are seen, and an alarm names its cause and its button."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from voxel_trainer_addon.deployment import drift
from voxel_trainer_addon.deployment.requests import Request

pytestmark = pytest.mark.plain


@pytest.mark.parametrize("base", [0.3, 0.5, 0.7])
def test_falls_are_seen_and_quiet_is_quiet(base: float) -> None:
    rng = random.Random(11)

    def seen(rate: float, count: int) -> bool:
        return drift.fallen([rng.random() < rate for _ in range(count)], base) is not None

    assert sum(seen(base, 900) for _ in range(100)) <= 5
    assert sum(seen(max(0.0, base - 0.4), 50) for _ in range(100)) >= 95
    assert sum(seen(base - 0.2, 150) for _ in range(100)) >= 90


def test_a_rise_is_no_alarm_and_a_fall_has_a_beginning() -> None:
    rng = random.Random(12)
    early = [rng.random() < 0.6 for _ in range(600)]
    assert drift.fallen([*early, *(rng.random() < 0.95 for _ in range(400))]) is None
    fall = drift.fallen([*early, *(rng.random() < 0.1 for _ in range(60))])
    assert fall and 580 <= fall.since <= 610 and fall.at < 650 and fall.before == pytest.approx(0.6, abs=0.06)
    assert drift.fallen([False] * drift.LEARN) is None  # nothing is known of before


def asked(rng: random.Random, count: int, runs: float, **about: object) -> list[Request]:
    facts = {"model": "voxel/v3", "blender": "5.2.3", "kind": "material", "nodes": ("ShaderNodeMath",), **about}
    return [
        Request(id="", runs=rng.random() < runs, prompt_tokens=rng.randint(5, 40), **facts)  # type: ignore[arg-type]
        for _ in range(count)
    ]


@pytest.mark.parametrize(
    ("about", "back_to", "button", "cause"),
    [
        ({"blender": "5.3.0"}, "voxel/v2", "Retrain", "in Blender 5.3.0, which it had seldom answered before"),
        ({"kind": "compositor"}, "voxel/v2", "Retrain", "were for compositor"),
        ({}, "voxel/v2", "Roll Back", "voxel/v2, which was live before, can take over"),
        ({}, "", "Evaluate", "Neither another Blender nor other kinds"),
    ],
)
def test_the_alarm_names_cause_and_button(about: dict[str, object], back_to: str, button: str, cause: str) -> None:
    rng = random.Random(13)
    requests = [*asked(rng, 400, 0.6), *asked(rng, 60, 0.1, **about)]
    alarm = drift.alarms(requests, "voxel/v3", back_to)[0]
    assert (alarm.what, alarm.button) == ("run rate", button)
    assert alarm.words.startswith("voxel/v3: ") and cause in alarm.words
    assert drift.alarms(requests, "voxel/v2", back_to) == [
        one for one in drift.alarms(requests, "voxel/v3", back_to) if one.what != "run rate"
    ]


def test_other_prompts_are_told_and_the_same_are_not() -> None:
    rng = random.Random(14)
    usual = asked(rng, drift.FIRST + 500, 0.6)
    assert drift.alarms(usual, "voxel/v3") == []
    latest = asked(rng, drift.LATEST, 0.6, kind="modifier", nodes=("GeometryNodeMeshBoolean",))
    told = {alarm.what: alarm for alarm in drift.alarms([*usual, *latest], "voxel/v3")}
    assert set(told) == {"kinds", "nodes"}
    assert "GeometryNodeMeshBoolean is 100% of what the last 100 requests ask for, at first 0%" in told["nodes"].words
    long = [Request("", "voxel/v3", "5.2.3", kind="material", prompt_tokens=rng.randint(50, 90)) for _ in range(100)]
    (alarm,) = (one for one in drift.alarms([*usual, *long], "voxel/v3") if one.what == "prompt length")
    assert "are longer" in alarm.words and alarm.since == len(usual)


def test_the_index_is_nothing_for_equals_and_grows_with_the_shift() -> None:
    before: Counter[str] = Counter(a=500, b=300, c=200)
    index = [drift.stability(before, Counter(a=50 - move, b=30, c=20 + move))[0] for move in (0, 10, 25, 45)]  # type: ignore[arg-type]
    assert index[0] == pytest.approx(0, abs=1e-3) and index == sorted(index) and index[3] > drift.SHIFTED
    by_hand = (0.25 - 0.5) * -0.693147 + (0.45 - 0.2) * 0.810930
    assert index[2] == pytest.approx(by_hand, abs=0.02)
