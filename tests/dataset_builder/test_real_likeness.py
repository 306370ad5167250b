# SPDX-License-Identifier: GPL-3.0-or-later
"""Among trees that people made, the index finds what brute force finds, and every tree has a sound score."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import bpy
import pytest

from tests.blenders import NEWEST, OLDEST, slow_but_in
from voxel_trainer_addon.dataset_builder.near import Index
from voxel_trainer_addon.dataset_builder.quality import quality
from voxel_trainer_addon.graph import minhash
from voxel_trainer_addon.graph.blender.read import read_graphs
from voxel_trainer_addon.graph.features import graph_features
from voxel_trainer_addon.graph.minhash import NEAR, jaccard, packed
from voxel_trainer_addon.graph.model import Graph

pytestmark = [pytest.mark.bpy, *slow_but_in(OLDEST, NEWEST)]

FEW_BYTES = 2_000_000


@pytest.fixture(scope="module")
def trees(corpus: Path) -> list[Graph]:
    """The trees of the corpus's smaller files."""
    found: list[Graph] = []
    for file in sorted(corpus.rglob("*.blend")):
        if file.stat().st_size > FEW_BYTES:
            continue
        try:
            bpy.ops.wm.open_mainfile(filepath=str(file), load_ui=False, use_scripts=False)
        except RuntimeError:
            continue
        found += read_graphs(bpy.data)[0].values()
    assert len(found) > 300
    return found


def test_near_trees_are_those_of_brute_force(trees: list[Graph]) -> None:
    features = sorted({packed(graph_features(graph)) for graph in trees})
    pairs = {(a, b) for a, b in combinations(features, 2) if jaccard(a, b) >= NEAR}
    with Index() as index:
        for one in features:
            index.add(one.hex(), one)
        found = {(one, bytes.fromhex(id)) for one in features for id, _ in index.near(one)}
    assert len(pairs) > 100
    assert {(a, b) for a, b in found if a < b} <= pairs
    assert len(pairs - found) <= 0.002 * len(pairs)


def test_signatures_are_the_same_without_numpy(trees: list[Graph], monkeypatch: pytest.MonkeyPatch) -> None:
    assert minhash._numpy(), "Blender has numpy"
    features = sorted({packed(graph_features(graph)) for graph in trees})
    signed = [minhash.signature(one) for one in features]
    monkeypatch.setattr(minhash, "_numpy", lambda: None)
    assert [minhash.signature(one) for one in features] == signed


def test_scores_are_shares_and_only_broken_or_bare_trees_have_none(trees: list[Graph]) -> None:
    for graph in trees:
        told = quality(graph, {node.type: node for node in graph.nodes})
        assert all(0.0 <= value <= 1.0 for value in (told.score, *told.parts.values())), graph.key
        assert bool(told.fault) == (told.score == 0.0)
