# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures are the same everywhere, tell how much two sets share, and near sets meet in a band."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxel_trainer_addon.graph import minhash
from voxel_trainer_addon.graph.minhash import bands, estimate, jaccard, may_be_near, nearest, packed, signature, sketch

pytestmark = pytest.mark.plain

TEXTS = st.frozensets(st.text(max_size=3), max_size=20)


def pair(chance: random.Random, share: float, size: int = 100) -> tuple[bytes, bytes]:
    """Two packed sets with a Jaccard index of about `share`."""
    both = round(size * 2 * share / (1 + share))
    texts = [f"{chance.random()}" for _ in range(2 * size - both)]
    return packed(texts[:size]), packed(texts[size - both :])


@given(TEXTS, TEXTS)
def test_the_jaccard_index_is_that_of_the_sets(a: frozenset[str], b: frozenset[str]) -> None:
    expected = len(a & b) / len(a | b) if a | b else 1.0
    assert jaccard(packed(a), packed(b)) == jaccard(packed(b), packed(a)) == expected
    assert may_be_near(len(packed(a)), len(packed(b)), 0.5) or expected < 0.5


def test_signatures_never_change() -> None:
    assert signature(packed(["noise", "ramp"])).hex()[:32] == "cf8add3f0efd6d5bae7b52aa00d2f0d7"
    assert bands(signature(packed(["noise", "ramp"])), "material")[0] == 2331908035343031025


@given(TEXTS)
def test_order_plays_no_part(texts: frozenset[str]) -> None:
    assert packed(sorted(texts)) == packed(sorted(texts, reverse=True))
    assert len(signature(packed(texts))) == 256


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.9])
def test_estimates_lie_around_the_truth(share: float) -> None:
    chance = random.Random(1)
    found = [estimate(signature(a), signature(b)) for a, b in (pair(chance, share) for _ in range(200))]
    assert sum(found) / len(found) == pytest.approx(share, abs=0.02)


def test_nearly_all_pairs_at_the_threshold_share_a_band_and_few_far_ones_do() -> None:
    chance = random.Random(2)

    def meeting(share: float) -> int:
        pairs = [pair(chance, share) for _ in range(500)]
        return sum(not set(bands(signature(a))).isdisjoint(bands(signature(b))) for a, b in pairs)

    assert meeting(minhash.NEAR) >= 498
    assert meeting(0.1) <= 30


def test_kinds_share_no_band() -> None:
    signed = signature(packed(["noise"]))
    assert set(bands(signed, "tree")).isdisjoint(bands(signed, "code"))


def test_the_nearest_sketches_come_first() -> None:
    chance = random.Random(3)
    wanted, near = pair(chance, 0.8)
    far = [pair(chance, 0.5)[0] for _ in range(50)]
    sketches = [sketch(signature(one)) for one in (*far[:20], near, *far[20:])]
    assert nearest(sketch(signature(wanted)), b"".join(sketches))[0] == 20
    assert nearest(sketch(signature(wanted)), b"") == []


def test_sketches_tell_no_near_sets_apart_and_most_far_ones() -> None:
    chance = random.Random(3)

    def kept(share: float) -> int:
        pairs = [pair(chance, share) for _ in range(300)]
        told = (minhash.agreeing(sketch(signature(a)), sketch(signature(b)))[0] for a, b in pairs)
        return sum(count >= minhash.fewest_agreeing(minhash.NEAR) for count in told)

    assert kept(minhash.NEAR) == 300
    assert kept(0.2) <= 15
