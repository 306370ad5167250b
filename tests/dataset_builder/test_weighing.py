# SPDX-License-Identifier: GPL-3.0-or-later
"""Caps hold, the best stay, and the order in which examples come plays no part."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxel_trainer_addon.dataset_builder.weighing import Caps, Weighed, left_out, most_of_one

pytestmark = pytest.mark.plain


def drawn(count: int) -> list[Weighed]:
    chance = random.Random(6)
    return [
        Weighed(
            f"{n:04}",
            f"repository {int(12 * chance.random() ** 3)}",
            f"family {int(60 * chance.random() ** 2)}",
            f"shape {int(150 * chance.random() ** 2)}",
            chance.randrange(20) / 20,
        )
        for n in range(count)
    ]


EXAMPLES = drawn(2000)
CAPS = Caps(shape=10, family=25, share=0.2)


def stay(examples: list[Weighed], caps: Caps) -> list[Weighed]:
    gone = dict(left_out(examples, caps))
    return [one for one in examples if one.id not in gone]


def test_no_cap_is_passed_and_each_bites() -> None:
    kept = stay(EXAMPLES, CAPS)
    assert max(Counter(one.shape for one in kept).values()) == 10
    assert max(Counter(one.family for one in kept).values()) == 25
    assert 0.15 * len(kept) < max(Counter(one.source for one in kept).values()) <= 0.2 * len(kept)
    reasons = Counter(why.rpartition(" ")[2] for _, why in left_out(EXAMPLES, CAPS))
    assert set(reasons) == {"shape", "family", "source"}


def test_the_best_of_a_shape_stay_and_equals_go_by_id() -> None:
    caps = Caps(shape=10, family=0, share=0)
    kept = {one.id for one in stay(EXAMPLES, caps)}
    for shape in {one.shape for one in EXAMPLES}:
        ranked = sorted((one for one in EXAMPLES if one.shape == shape), key=lambda one: (-one.score, one.id))
        assert {one.id for one in ranked[:10]} == {one.id for one in ranked} & kept


def test_order_plays_no_part() -> None:
    shuffled = random.Random(1).sample(EXAMPLES, len(EXAMPLES))
    assert list(left_out(EXAMPLES, CAPS)) == list(left_out(shuffled, CAPS))


def test_without_caps_all_stay() -> None:
    assert stay(EXAMPLES, Caps(0, 0, 0)) == EXAMPLES
    assert not list(left_out([], CAPS))


@pytest.mark.parametrize(("counts", "most"), [([50], 50), ([50, 3], 50), ([100, 10, 10, 10, 10, 10, 10, 10], 23)])
def test_few_sources_are_not_asked_for_a_share_that_they_cannot_keep_to(counts: list[int], most: int) -> None:
    assert most_of_one(counts, 0.25) == most


@given(st.lists(st.integers(1, 500), min_size=1, max_size=30), st.floats(0.05, 1))
def test_the_most_of_one_source_is_the_largest_that_keeps_to_the_share(counts: list[int], share: float) -> None:
    share_in_force = max(share, 2 / len(counts))

    def fits(most: int) -> bool:
        return most <= share_in_force * sum(min(most, count) for count in counts)

    most = most_of_one(counts, share)
    assert fits(most)
    assert most == max(counts) or not fits(most + 1)
