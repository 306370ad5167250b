# SPDX-License-Identifier: GPL-3.0-or-later
"""Duels: looking often must not find winners where there are none, and a winner must be found where there is one."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.deployment import small_models
from voxel_trainer_addon.deployment import duels, pointer
from voxel_trainer_addon.deployment.duels import Duel
from voxel_trainer_addon.deployment.pointer import Canary, Pointer
from voxel_trainer_addon.errors import UserError
from voxel_trainer_addon.paths import DataFolder

pytestmark = pytest.mark.plain


def fought(rng: random.Random, count: int, rate: float, bad: float = 0.0) -> list[Duel]:
    """Duels that `new` wins at a rate, shown in random order."""
    found = []
    for number in range(count):
        a, b = duels.drawn("new", "old", rng)
        won = "A" if (a == "new") == (rng.random() < rate) else "B"
        found.append(Duel(str(number), a, b, duels.BOTH_BAD if rng.random() < bad else won))
    return found


def test_looking_after_every_duel_fools_nobody() -> None:
    rng = random.Random(1)
    winners = sum(bool(duels.judge(fought(rng, 150, 0.5), "new", "old").winner) for _ in range(200))
    assert winners <= 10  # 5 %


def test_a_better_model_wins() -> None:
    rng = random.Random(2)
    within = {100: 0, 300: 0}
    for _ in range(100):
        series = fought(rng, 300, 0.65)
        for most in within:
            within[most] += duels.judge(series[:most], "new", "old").winner == "new"
    assert within[100] >= 55 and within[300] >= 97


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_e_value_is_even_handed_and_fair(wins: int, losses: int) -> None:
    decided = wins + losses
    assert duels.e_value(wins, decided) == pytest.approx(duels.e_value(losses, decided))
    ahead = (duels.e_value(wins + 1, decided + 1) + duels.e_value(wins, decided + 1)) / 2
    assert ahead == pytest.approx(duels.e_value(wins, decided))  # a coin can be expected to win nothing


def test_what_is_settled_stays_so_whatever_comes() -> None:
    won = [Duel(str(number), "new", "old", "A") for number in range(12)]
    lost = [Duel(f"later {number}", "new", "old", "B") for number in range(30)]
    settled = duels.judge([*won, *lost], "new", "old")
    assert settled.winner == "new" and settled.e_value >= duels.SETTLED
    assert duels.judge([*lost, *won], "new", "old").winner == "old"


def test_undecided_says_how_many_more() -> None:
    rng = random.Random(3)
    series = [Duel(str(n), "new", "old", "A" if n % 5 < 3 else "B") for n in range(40)]
    verdict = duels.judge(series, "new", "old")
    assert verdict.words == f"Undecided after 40 duels; at this rate {verdict.more} more."
    longer = [Duel(str(n), "new", "old", "A" if n % 5 < 3 else "B") for n in range(40 + (verdict.more or 0))]
    assert duels.judge(longer, "new", "old").winner == "new"
    even = [Duel(str(n), "new", "old", "AB"[n % 2]) for n in range(40)]
    assert duels.judge(even, "new", "old").words == "Undecided after 40 duels; at this rate over 1,000 more."
    bad = duels.judge(fought(rng, 30, 0.5, bad=0.9), "new", "old")
    assert bad.both_bad > 20 and "with both bad: too few to say" in bad.words
    even = [*fought(rng, 12, 0.5), *(Duel(f"alike {n}", "new", "old", duels.ALIKE) for n in range(6))]
    alike = duels.judge(even, "new", "old")
    assert alike.alike == 6 and alike.words.startswith("Undecided after 18 duels, 6 of them with both alike; at this")
    others = [Duel("1", "new", "third", "A")]
    assert duels.judge(others, "new", "old").words == "Undecided after 0 duels: too few to say how many it takes."


def test_the_order_is_blind() -> None:
    shown = Counter(duels.drawn("new", "old") for _ in range(400))
    assert set(shown) == {("new", "old"), ("old", "new")} and min(shown.values()) > 140


def test_the_live_model_duels_with_the_canary_or_the_newest_candidate(tmp_path: Path) -> None:
    folder, base = DataFolder(tmp_path / "data"), small_models.base(tmp_path / "base")
    with pytest.raises(UserError, match="No model is live"):
        duels.rivals(folder)
    stands = pointer.move(folder, Pointer(), Pointer(live="voxel/v1"), done="", model="voxel/v1", why="", by="")
    small_models.tuned(folder, "v1", base)
    with pytest.raises(UserError, match="There is no other model"):
        duels.rivals(folder)
    for version in ("v2", "v3"):
        small_models.tuned(folder, version, base)
    assert duels.rivals(folder) == ("voxel/v1", "voxel/v3")
    assert duels.rivals(folder, "voxel/v2") == ("voxel/v1", "voxel/v2")
    beside = Pointer(live="voxel/v1", canary=Canary("voxel/v2", 0.1, "salt"))
    pointer.move(folder, stands, beside, done="", model="voxel/v2", why="", by="")
    assert duels.rivals(folder) == ("voxel/v1", "voxel/v2")
    with pytest.raises(UserError, match="name another"):
        duels.rivals(folder, "voxel/v1")


def test_the_log_is_read_past_damage_and_counts_a_duel_once(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    assert duels.kept(folder) == []
    duels.keep(folder, Duel("1", "new", "old", "A"))
    log = folder.watched / "duels.jsonl"
    with open(log, "ab") as out:
        out.write(b'\xff\x00\n{"id": "7", "a": "new", "b": 3, "chosen": "A", "at": ""}\n[1]\n{"id": "2", "a": "ne')
    duels.keep(folder, Duel("3", "old", "new", duels.BOTH_BAD))
    duels.keep(folder, Duel("1", "new", "old", "B"))
    assert [(duel.id, duel.chosen) for duel in duels.kept(folder)] == [("1", "A"), ("3", "both bad")]
    with pytest.raises(ValueError, match="none of"):
        duels.keep(folder, Duel("4", "new", "old", "neither, because the rust looks painted on"))
