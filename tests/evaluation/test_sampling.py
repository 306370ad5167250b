# SPDX-License-Identifier: GPL-3.0-or-later
"""pass@k is what drawing k of n answers gives, and the best of several is told without the wanted answer."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations

import pytest

from tests.evaluation.stand_ins import script
from voxel_trainer_addon.bpy_code.sketch import sketch
from voxel_trainer_addon.evaluation import sampling
from voxel_trainer_addon.evaluation.quality_metrics import Answered, Ran, Wanted
from voxel_trainer_addon.evaluation.sampling import Seen

pytestmark = pytest.mark.plain

GOOD = Seen(1, 1, 1, 1, 1, 1, 1, 40)


@pytest.mark.parametrize(("n", "c"), [(5, 0), (5, 1), (5, 3), (6, 2), (5, 5)])
def test_pass_at_k_is_the_share_of_all_choices_of_k_that_hold_a_pass(n: int, c: int) -> None:
    for k in range(1, n + 1):
        chosen = list(combinations([True] * c + [False] * (n - c), k))
        assert sampling.pass_at_k(n, c, k) == pytest.approx(sum(map(any, chosen)) / len(chosen))


@pytest.mark.parametrize(("n", "c", "k"), [(3, 4, 1), (3, 1, 4), (3, 1, 0), (0, 0, 1)])
def test_pass_at_k_of_too_few_answers_is_refused(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="cannot be told"):
        sampling.pass_at_k(n, c, k)


def test_the_best_is_furthest_up_the_ladder_then_shortest() -> None:
    ladder = [
        GOOD,
        replace(GOOD, tokens=41),
        replace(GOOD, takes_effect=0, tokens=5),
        replace(GOOD, makes_kind=0, takes_effect=0, tokens=5),
        replace(GOOD, runs=0, makes_kind=0, takes_effect=0, tokens=5),
        replace(GOOD, finished=0),
        replace(GOOD, finished=0, runs=0, makes_kind=0, takes_effect=0, tokens=5),
    ]
    for some in permutations(ladder, 3):
        assert some[sampling.best_of(some)] == min(some, key=ladder.index)


def test_what_does_not_apply_holds_nobody_back() -> None:
    piece = replace(GOOD, names_valid=None, takes_effect=None)
    assert sampling.best_of([replace(piece, runs=0, tokens=1), piece]) == 1
    assert sampling.best_of([GOOD, GOOD]) == 0


def test_blender_is_asked_for_the_kind_of_tree_alone() -> None:
    trees = {name: sketch(script(["ShaderNodeTexNoise", "ShaderNodeMath"], name)) for name in ("A", "B")}
    made = {name: replace(tree, key=f"node_groups/{name}") for name, tree in trees.items() if tree}
    wanted = Wanted(made["A"], made, piece=True)
    other = Ran(True, graphs={"B": replace(made["B"], nodes=made["B"].nodes[:1], links=())})
    said = Answered(script(["ShaderNodeMath"]), True, other)
    assert Seen.of(said, wanted, 40) == replace(GOOD, names_valid=None, takes_effect=None)
    assert Seen.of(said, replace(wanted, piece=False), 40).takes_effect == 0
    assert Seen.of(replace(said, wrong_names=["x"], ran=Ran(stopped=True)), wanted, 40) == Seen(
        1, 1, 0, 0, 0, 0, None, 40
    )
    material = Ran(True, graphs={"M": replace(made["B"], key="materials/M")})
    assert Seen.of(replace(said, ran=material), wanted, 40).makes_kind == 0
