# SPDX-License-Identifier: GPL-3.0-or-later
"""The index finds what brute force finds, whatever the order, and what goes is near what stands for it."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from voxel_trainer_addon.dataset_builder.near import Index
from voxel_trainer_addon.graph.minhash import NEAR, jaccard, packed

pytestmark = pytest.mark.plain

Items = dict[str, tuple[bytes, float]]


def window(start: int) -> bytes:
    """A hundred features in a row: windows that are 15 apart are near (0.74)."""
    return packed(f"{n}" for n in range(start, start + 100))


def drawn(count: int) -> Items:
    """Families of variants, from near-equal to far, and copies."""
    chance = random.Random(4)
    items: Items = {}
    while len(items) < count:
        base = [f"{chance.randrange(3000)}" for _ in range(chance.randint(10, 120))]
        for _ in range(chance.choice((1, 2, 5, 12))):
            drift = chance.choice((0.0, 0.05, 0.15, 0.3))
            texts = [f"{chance.randrange(3000)}" if chance.random() < drift else text for text in base]
            items[f"{len(items):04}"] = packed(texts), chance.random()
    return items


def indexed(items: Items, order: list[str]) -> Index:
    index = Index()
    for id in order:
        index.add(id, items[id][0], "tree", items[id][1])
    return index


ITEMS = drawn(700)
PAIRS = {(a, b) for a, b in combinations(sorted(ITEMS), 2) if jaccard(ITEMS[a][0], ITEMS[b][0]) >= NEAR}


def test_near_is_what_brute_force_finds() -> None:
    with indexed(ITEMS, list(ITEMS)) as index:
        near = {id: index.near(features, "tree") for id, (features, _) in ITEMS.items()}
    found = {(a, b) for a, like in near.items() for b, _ in like if a < b}
    assert found <= PAIRS
    assert len(PAIRS) > 1000
    assert len(found) >= 0.999 * len(PAIRS)
    for id, like in near.items():
        assert (id, 1.0) in like
        assert like == sorted(like, key=lambda one: (-one[1], one[0]))


def test_clusters_are_the_chains_of_near_pairs() -> None:
    above = {id: id for id in ITEMS}

    def of(id: str) -> str:
        return id if above[id] == id else of(above[id])

    for a, b in PAIRS:
        above[max(of(a), of(b))] = min(of(a), of(b))
    chains: dict[str, list[str]] = {}
    for id in sorted(ITEMS):
        chains.setdefault(of(id), []).append(id)
    with indexed(ITEMS, list(ITEMS)) as index:
        assert list(index.clusters()) == [ids for ids in chains.values() if len(ids) > 1]


def test_the_order_in_which_items_come_plays_no_part() -> None:
    orders = [sorted(ITEMS), sorted(ITEMS, reverse=True), random.Random(8).sample(sorted(ITEMS), len(ITEMS))]
    told = []
    for order in orders:
        with indexed(ITEMS, order) as index:
            told.append((list(index.clusters()), sorted(index.copies(), key=lambda copy: copy.id)))
    assert told[0] == told[1] == told[2]


def test_each_copy_is_near_the_better_one_that_stays_and_no_two_that_stay_are_near() -> None:
    with indexed(ITEMS, list(ITEMS)) as index:
        copies = list(index.copies())
    gone = {copy.id for copy in copies}
    for copy in copies:
        assert copy.kept not in gone
        assert jaccard(ITEMS[copy.id][0], ITEMS[copy.kept][0]) == copy.jaccard >= NEAR
        assert (-ITEMS[copy.kept][1], copy.kept) < (-ITEMS[copy.id][1], copy.id)
    stays = set(ITEMS) - gone
    assert sum(a in stays and b in stays for a, b in PAIRS) <= 0.001 * len(PAIRS)


def test_a_chain_is_one_cluster_but_its_ends_both_stay() -> None:
    first, middle, last = window(0), window(15), window(30)
    assert jaccard(first, middle) >= NEAR <= jaccard(middle, last) and jaccard(first, last) < NEAR
    with Index() as index:
        for id, features, score in (("a", first, 0.9), ("b", middle, 0.5), ("c", last, 0.7)):
            index.add(id, features, score=score)
        assert list(index.clusters()) == [["a", "b", "c"]]
        assert [(copy.id, copy.kept) for copy in index.copies()] == [("b", "a")]


def test_kinds_keep_apart() -> None:
    features = window(0)
    with Index() as index:
        index.add("tree", features, "tree")
        index.add("code", features, "code")
        assert not list(index.clusters()) and not list(index.copies())
        assert index.near(features, "code") == [("code", 1.0)]


def test_empty_sets_are_equal_to_each_other_alone() -> None:
    with Index() as index:
        for id, features in (("a", b""), ("b", b""), ("c", packed(["x"]))):
            index.add(id, features)
        assert list(index.clusters()) == [["a", "b"]]
        assert len(index) == 3
