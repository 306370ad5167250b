# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts that can be taken out of a tree: branches and zones, small, whole, and the same for the same tree and seed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voxel_trainer_addon.graph.diff import diff
from voxel_trainer_addon.graph.edits import apply
from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket
from voxel_trainer_addon.graph.parts import branches, parts, without, zones

pytestmark = pytest.mark.plain


def node(name: str, kind: str = "ShaderNodeMath", **more: object) -> Node:
    sockets = (Socket("a", "Value", "VALUE", value=0.5),)
    return replace(Node(name, kind, {}, sockets, (Socket("v", "Value", "VALUE"),)), **more)


def tree(*names: str, links: str) -> Graph:
    """`links` like "ab bc": from a to b, from b to c. `out` ends the tree, `in` begins it."""
    kinds = {"i": "NodeGroupInput", "o": "NodeGroupOutput"}
    nodes = [node(name, kinds.get(name, "ShaderNodeMath")) for name in names]
    nodes = [replace(n, outputs=()) if n.name == "o" else n for n in nodes]
    return Graph("node_groups/A", "ShaderNodeTree", tuple(nodes), tuple(Link(a, 0, b, 0) for a, b in links.split()))


TREE = tree(*"iabcdeo", links="ia ab bc cd id de eo")


def test_a_branch_is_all_that_flows_through_one_link_alone() -> None:
    assert frozenset("abc") in set(branches(TREE)) and frozenset("a") in set(branches(TREE))


def test_what_others_use_too_stays() -> None:
    shared = tree(*"abcdo", links="ab ac bd cd do")
    assert set(branches(shared)) == {frozenset("b"), frozenset("c"), frozenset("abcd")}


def test_a_zone_goes_with_its_body() -> None:
    paired = replace(TREE, nodes=tuple(replace(n, pair="d") if n.name == "b" else n for n in TREE.nodes))
    assert set(zones(paired)) == {frozenset("bcd")}
    assert all(len(part & {"b", "d"}) != 1 for part in parts(paired, most=9, seed=0))


def test_enough_stays_and_ends_stay() -> None:
    found = list(parts(TREE, most=9, seed=0))
    assert found and all(len(TREE.nodes) - len(part) >= 3 and not part & {"i", "o"} for part in found)
    assert list(parts(tree(*"abo", links="ab bo"), most=9, seed=0)) == []


def test_the_same_tree_and_seed_give_the_same_parts() -> None:
    assert list(parts(TREE, most=2, seed=3)) == list(parts(TREE, most=2, seed=3))
    assert len(list(parts(TREE, most=1, seed=3))) == 1


def test_edits_put_back_what_was_taken_out() -> None:
    for part in parts(TREE, most=9, seed=0):
        left = without(TREE, part)
        assert {n.name for n in left.nodes} == {n.name for n in TREE.nodes} - part
        assert diff(apply(left, diff(left, TREE)), TREE) == []
