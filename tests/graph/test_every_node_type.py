# SPDX-License-Identifier: GPL-3.0-or-later
"""Every node type that this Blender knows comes back from code in all its settings, and so do trees made by chance."""

from __future__ import annotations

from math import ceil
from random import Random

import bpy
import pytest

from tests.graph.every_node import KINDS, new_tree, node_types, prove_type
from tests.graph.mixed_trees import prove_mixed
from tests.graph.rna_dump import differing, dump
from voxel_trainer_addon.graph.blender.read import read_graph
from voxel_trainer_addon.worker.inside import empty

pytestmark = pytest.mark.bpy
SEEDS, MORE = 4, 60
"""Trees made by chance for each kind of tree: in every run, and with `--all`."""
WHOLE = bpy.app.version[:2] == (5, 2)
"""One version takes all node types in every run, the others a tenth, and all with `--all`."""
EVERY = [kind if WHOLE else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]


@pytest.mark.skipif(WHOLE, reason="all of them are taken here")
@pytest.mark.parametrize("kind", KINDS)
def test_a_tenth_of_the_node_types_comes_back(kind: str) -> None:
    """Another tenth in each version of Blender."""
    types = node_types(kind)
    some = Random(f"{kind} {bpy.app.version_string}").sample(types, ceil(len(types) / 10))
    assert [failure for name in some for failure in prove_type(kind, name)] == []


@pytest.mark.parametrize("kind", EVERY)
def test_every_node_type_comes_back(kind: str) -> None:
    assert [failure for name in node_types(kind) for failure in prove_type(kind, name)] == []


@pytest.mark.skipif(bpy.app.version[:2] != (4, 5), reason="closures are whole or unknown in other versions")
def test_a_node_that_crashes_is_refused_and_not_touched() -> None:
    empty()
    tree = new_tree("geometry", "Closure")[1]
    tree.nodes.new("GeometryNodeClosureInput")
    assert "crashes this Blender" in read_graph(tree, "node_groups/Closure").refused


@pytest.mark.parametrize("kind", KINDS)
def test_trees_made_by_chance_come_back(kind: str) -> None:
    assert [failure for seed in range(SEEDS) for failure in prove_mixed(kind, seed)] == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_trees_made_by_chance_come_back(kind: str) -> None:
    assert [failure for seed in range(SEEDS, MORE) for failure in prove_mixed(kind, seed)] == []


def test_the_dump_sees_every_change() -> None:
    """A comparison that finds nothing wrong must be able to: each of these is seen."""
    empty()
    tree = new_tree("geometry", "Seen")[1]
    add, cube = tree.nodes.new("ShaderNodeMath"), tree.nodes.new("GeometryNodeMeshCube")
    ramp = tree.nodes.new("ShaderNodeValToRGB")
    before = dump(tree, False)
    changes = [
        lambda: setattr(add, "operation", "SINE"),
        lambda: setattr(add.inputs[0], "default_value", 0.25),
        lambda: ramp.color_ramp.elements.new(0.5),
        lambda: setattr(ramp.color_ramp.elements[0], "position", 0.1),
        lambda: setattr(cube, "mute", True),
        lambda: tree.links.new(add.outputs[0], ramp.inputs[0]),
        lambda: tree.nodes.new("NodeReroute"),
        lambda: tree.interface.new_socket("More", in_out="INPUT", socket_type="NodeSocketFloat"),
        lambda: setattr(tree, "is_tool", True),
    ]
    for n, change in enumerate(changes):
        change()
        after = dump(tree, False)
        assert list(differing(before, after)), n
        before = after
