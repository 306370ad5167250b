# SPDX-License-Identifier: GPL-3.0-or-later
"""A canary: a bad one is back soon, one that is no worse stays, and looking after every request is allowed."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.deployment import small_models
from voxel_trainer_addon.deployment import canary, pointer, promotion, requests
from voxel_trainer_addon.deployment.canary import Watch
from voxel_trainer_addon.deployment.pointer import Canary
from voxel_trainer_addon.deployment.requests import Request
from voxel_trainer_addon.paths import DataFolder

pytestmark = pytest.mark.plain

ABOUT = Canary("voxel/v2", 0.1, "salt")
REQUEST = Request(id="1", model="voxel/v1", blender="5.2.3", canary="salt", safe=True, runs=True, whole_s=10.0)


def decided(rng: random.Random, live: float, other: float, most: int, share: float = 0.1) -> tuple[str, int]:
    """What is decided, and after how many of the canary's requests."""
    watch, asked = Watch(replace(ABOUT, share=share), "voxel/v1"), 0
    while asked < most:
        of_canary = rng.random() < share
        asked += of_canary
        ran = rng.random() < (other if of_canary else live)
        whole_s = rng.lognormvariate(2, 0.5)
        request = replace(REQUEST, model=ABOUT.model if of_canary else "voxel/v1", runs=ran, whole_s=whole_s)
        if (decision := watch.hear(request)).result == "worse":
            return decision.measure, asked
    return "", asked


@pytest.mark.parametrize("live", [0.5, 0.7])
@pytest.mark.parametrize("share", [0.1, 0.25])
def test_a_bad_canary_is_seen_soon(live: float, share: float) -> None:
    rng = random.Random(5)
    assert all(decided(rng, live, 0.0, 30, share)[0] == "runs" for _ in range(40))
    assert sum(decided(rng, live, live - 0.4, 50, share)[0] == "runs" for _ in range(60)) >= 57


@pytest.mark.parametrize("live", [0.5, 0.7])
def test_an_equal_canary_stays(live: float) -> None:
    rng = random.Random(6)
    assert sum(decided(rng, live, live, 300, 0.25)[0] != "" for _ in range(20)) <= 1


@pytest.mark.parametrize(
    ("measure", "bad"),
    [("safe", {"safe": False}), ("quick", {"whole_s": 45.0}), ("stayed", {"undone_s": 20.0})],
)
def test_each_guardrail_looks_at_its_own(measure: str, bad: dict[str, object]) -> None:
    rng, watch = random.Random(7), Watch(ABOUT, "voxel/v1")
    for _ in range(1000):
        of_canary = rng.random() < 0.1
        request = replace(REQUEST, model=ABOUT.model) if of_canary else REQUEST
        if of_canary and rng.random() < 0.8:
            request = replace(request, **bad)  # type: ignore[arg-type]
        watch.hear(request)
    assert (watch.decision.result, watch.decision.measure) == ("worse", measure)
    assert canary.GUARDRAILS[measure][1] in watch.decision.words


def test_an_undo_after_two_minutes_is_no_undo_of_the_answer() -> None:
    rng, watch = random.Random(7), Watch(ABOUT, "voxel/v1")
    for _ in range(1000):
        watch.hear(replace(REQUEST, model=ABOUT.model, undone_s=121.0) if rng.random() < 0.1 else REQUEST)
    assert watch.decision.result == "not shown"


def test_a_gain_is_told_and_nothing_is_promoted() -> None:
    rng, watch = random.Random(8), Watch(ABOUT, "voxel/v1")
    for _ in range(2000):
        of_canary = rng.random() < 0.1
        ran = rng.random() < (0.9 if of_canary else 0.4)
        watch.hear(replace(REQUEST, model=ABOUT.model if of_canary else "voxel/v1", runs=ran))
    assert (watch.decision.result, watch.decision.measure) == ("better", "runs")
    assert watch.decision.words.endswith("`deploy promote voxel/v2` makes it live.")


def test_what_was_not_drawn_says_nothing() -> None:
    watch = Watch(ABOUT, "voxel/v1")
    for _ in range(200):
        watch.hear(replace(REQUEST, model=ABOUT.model, canary="", runs=False))  # chosen by a person
        watch.hear(replace(REQUEST, model=ABOUT.model, canary="an earlier one", runs=False))
        watch.hear(replace(REQUEST, model="voxel/v0", runs=False))
    assert (watch.decision.result, watch.decision.requests) == ("not shown", 0)


def test_requests_are_drawn_by_hash_one_by_one() -> None:
    ids = [str(number) for number in range(4000)]
    first = [canary.drawn(ABOUT, id) for id in ids]
    assert first == [canary.drawn(ABOUT, id) for id in ids] and 340 <= sum(first) <= 460
    other = [canary.drawn(replace(ABOUT, salt="other"), id) for id in ids]
    assert sum(a and b for a, b in zip(first, other, strict=True)) < 70  # another canary, other requests


def test_a_bad_canary_is_rolled_back_by_whoever_looks(tmp_path: Path) -> None:
    folder, base = DataFolder(tmp_path / "data"), small_models.base(tmp_path / "base")
    for version in ("v1", "v2"):
        small_models.evaluated(small_models.tuned(folder, version, base))
    promotion.promote(folder, "voxel/v1")
    assert canary.look(folder) is None
    about = promotion.canary(folder, "voxel/v2", 0.25).pointer.canary
    assert about
    for number in range(80):
        id = str(number)
        of_canary = canary.drawn(about, id)
        model = about.model if of_canary else "voxel/v1"
        requests.answered(folder, replace(REQUEST, id=id, model=model, canary=about.salt, runs=not of_canary))
    decision = canary.look(folder)
    assert decision and decision.result == "worse" and decision.measure == "runs"
    stands = pointer.read(folder).pointer
    assert (stands.live, stands.canary, stands.state_of("voxel/v2")) == ("voxel/v1", None, "retired")
    entry = pointer.history(folder)[-1]
    assert entry["by"] == "guardrail" and entry["why"] == decision.words
    assert canary.look(folder) is None
