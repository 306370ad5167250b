# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups hold together, and the split of groups is fixed, whole and near to a tenth each."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from voxel_trainer_addon.dataset_builder.splits import NEAR_GROUPS, Groups, allotted, enough, near_test

pytestmark = pytest.mark.plain


def test_what_is_joined_is_one_group_whatever_the_order() -> None:
    pairs = [("a", "b"), ("c", "d"), ("b", "c"), ("x", "y")]
    for seed in range(5):
        random.Random(seed).shuffle(pairs)
        groups = Groups()
        for pair in pairs:
            groups.join(*pair)
        assert {atom: groups.of(atom) for atom in "abcdxyz"} == {
            **dict.fromkeys("abcd", "a"),
            "x": "x",
            "y": "x",
            "z": "z",
        }


def test_val_and_test_get_a_tenth_and_the_largest_group_trains() -> None:
    weights = {f"g{i}": 1 + i % 7 for i in range(200)} | {"huge": 300}
    split = allotted(weights, seed=3)
    rows = Counter({side: sum(w for g, w in weights.items() if split[g] == side) for side in set(split.values())})
    assert split["huge"] == "train" and set(split) == set(weights)
    for side in ("val", "test"):
        assert 0.09 < rows[side] / rows.total() <= 0.1


def test_the_split_depends_on_names_and_seed_alone() -> None:
    weights = {f"g{i}": 1 for i in range(50)}
    turned = dict(reversed(weights.items()))
    assert allotted(weights, 1) == allotted(turned, 1) != allotted(weights, 2)


@pytest.mark.parametrize(
    ("weights", "sides"),
    [
        ({}, []),
        ({"a": 5}, ["train"]),
        ({"a": 5, "b": 4}, ["test", "train"]),
        ({"a": 5, "b": 4, "c": 3}, ["test", "train", "val"]),
    ],
)
def test_few_groups_still_leave_something_to_test_on(weights: dict[str, int], sides: list[str]) -> None:
    assert sorted(allotted(weights, 0).values()) == sides


def test_a_source_needs_ten_groups_of_files_and_something_to_hold_out() -> None:
    def files(*trees: int) -> dict[str, int]:
        return {str(number): count for number, count in enumerate(trees)}

    assert enough(files(*[3] * 10), 0)
    assert not enough(files(*[3] * 9), 0), "too few"
    assert not enough(files(*[1] * 10, 241), 0), "next to nothing beside the largest"
    assert enough(files(1, *[200] * 9), 0), "a ninth each, for nothing smaller is there"
    assert not enough(files(*[1] * 8, 500, 500), 0), "half of all is too much to be held out"
    assert not enough({}, 0)


def test_the_near_test_takes_many_small_groups_or_none() -> None:
    weights = {f"g{n}": 1 + n % 3 for n in range(300)} | {"huge": 400}
    taken = near_test(weights, 1)
    rows = sum(weights[group] for group in taken)
    assert "huge" not in taken and len(taken) >= NEAR_GROUPS and 80 < rows <= sum(weights.values()) / 10
    assert near_test(dict(reversed(weights.items())), 1) == taken != near_test(weights, 2)
    assert near_test({f"g{n}": 50 for n in range(30)}, 1) == frozenset(), "each would be too much of it"
