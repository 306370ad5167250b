# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits from one tree to another: applied they give the other, few where little changed, each a plain sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxel_trainer_addon.graph.canonical import differences, graph_hash
from voxel_trainer_addon.graph.diff import diff
from voxel_trainer_addon.graph.edits import Edit, apply
from voxel_trainer_addon.graph.model import Animation, Curve, Graph, Item, Link, Node, Socket

pytestmark = pytest.mark.plain

SOCKETS = {"Math": ("Value", "Value_001"), "Join": ("Geometry",), "Mix": ("Factor", "A", "B"), "NodeReroute": ("In",)}
VALUES = st.sampled_from([0.0, 0.5, [1.0, 0.5], {"id": "IMAGE", "name": "Rust"}])
NESTED = st.fixed_dictionaries({"stops": st.lists(st.fixed_dictionaries({"at": VALUES}), max_size=3), "mode": VALUES})


@st.composite
def nodes(draw: st.DrawFn, name: str) -> Node:
    kind = draw(st.sampled_from(sorted(SOCKETS)))
    shown = st.booleans() if kind == "Mix" else st.just(True)
    inputs = [Socket(key, key[:5], "VALUE", draw(shown), draw(VALUES)) for key in SOCKETS[kind]]
    inputs += [Socket(f"Item_{n}", "Item", "VALUE") for n in range(draw(st.integers(0, 2)) if kind == "Mix" else 0)]
    settings: dict[str, Any] = {"mode": draw(VALUES), "ramp": draw(NESTED)}
    if draw(st.booleans()):
        settings["mute"] = True
    return Node(name, kind, settings, tuple(inputs), (Socket("Out", "Out", "VALUE"),))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    names = draw(st.lists(st.sampled_from("abcdefgh"), max_size=6, unique=True))
    made = [draw(nodes(name)) for name in names]
    ends = {(n.name, i): n.type == "Join" for n in made for i in range(len(n.inputs))}
    links: list[Link] = []
    for (target, index), several in ends.items():
        for order in range(draw(st.integers(0, 3 if several else 1))):
            source, muted = draw(st.sampled_from(names)), draw(st.booleans())
            links.append(Link(source, 0, target, index, muted, order, draw(st.booleans())))
    paired = [replace(n, pair=draw(st.sampled_from(names)) if draw(st.booleans()) else None) for n in made]
    items: list[Item] = []
    for name in draw(st.lists(st.sampled_from("XYZ"), max_size=5)):
        kind = draw(st.sampled_from(["PANEL", "INPUT NodeSocketFloat", "OUTPUT NodeSocketFloat"]))
        panels = [n for n, item in enumerate(items) if item.kind == "PANEL"]
        settings = draw(st.dictionaries(st.sampled_from(["min", "max"]), VALUES))
        items.append(Item(kind, name, settings, draw(st.sampled_from([None, *panels]))))
    settings = draw(st.dictionaries(st.sampled_from(["is_tool", "is_modifier"]), st.booleans()))
    return Graph("node_groups/G", "GeometryNodeTree", tuple(paired), tuple(links), tuple(items), settings)


def through_json(edits: list[Edit]) -> list[Edit]:
    return [Edit.from_json(row) for row in json.loads(json.dumps([edit.as_json() for edit in edits]))]


def hashed(graph: Graph) -> str:
    return graph_hash(graph.key, {graph.key: graph})


@settings(max_examples=25, deadline=None)
@given(graphs(), graphs())
def test_edits_make_the_other_tree(a: Graph, b: Graph) -> None:
    edits = diff(a, b)
    assert through_json(edits) == edits
    made = apply(a, through_json(edits))
    assert differences(made, b, {}, {}) == []
    assert hashed(made) == hashed(b)
    assert all(edit.words().endswith(".") and "{" not in edit.words().split("from")[0] for edit in edits)


@settings(max_examples=25, deadline=None)
@given(graphs(), graphs())
def test_with_names_the_nodes_are_called_alike(a: Graph, b: Graph) -> None:
    made = apply(a, diff(a, b, names=True))
    assert {(node.name, node.type, node.pair) for node in made.nodes} == {(n.name, n.type, n.pair) for n in b.nodes}


@settings(max_examples=25, deadline=None)
@given(graphs(), st.permutations("abcdefgh"))
def test_names_alone_are_no_edit(graph: Graph, order: list[str]) -> None:
    name = dict(zip("abcdefgh", order, strict=True))
    pairs = {None: None, **name}
    renamed = replace(
        graph,
        nodes=tuple(replace(n, name=name[n.name], pair=pairs[n.pair]) for n in reversed(graph.nodes)),
        links=tuple(replace(link, source=name[link.source], target=name[link.target]) for link in graph.links),
    )
    assert differences(apply(graph, diff(graph, renamed)), renamed, {}, {}) == []
    if len({n.type for n in graph.nodes}) == len(graph.nodes):
        assert diff(graph, renamed) == []


def math(name: str, operation: str = "ADD") -> Node:
    inputs = (Socket("Value", "Value", "VALUE", value=0.5), Socket("Value_001", "Value", "VALUE", value=0.5))
    return Node(name, "Math", {"operation": operation, "clamp": False}, inputs, (Socket("Value", "Value", "VALUE"),))


NAMES = ["one", "two", "three", "four"]
CHAIN = Graph(
    "node_groups/G",
    "ShaderNodeTree",
    tuple(map(math, NAMES)),
    (Link("one", 0, "two", 0), Link("two", 0, "three", 0), Link("three", 0, "four", 0)),
    (Item("PANEL", "Shape"), Item("INPUT NodeSocketFloat", "Size", {"min": 0.0}), Item("INPUT NodeSocketFloat", "Age")),
)


def changed(name: str, **more: Any) -> Graph:
    return replace(CHAIN, nodes=tuple(replace(n, **more) if n.name == name else n for n in CHAIN.nodes))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: CHAIN, []),
        (
            lambda: changed("two", settings={"operation": "SINE", "clamp": False}),
            ["Set operation of “two” from ADD to SINE."],
        ),
        (
            lambda: changed("one", inputs=(replace(math("one").inputs[0], value=2.0), math("one").inputs[1])),
            ["Set the value of inputs “Value” of “one” from 0.5 to 2.0."],
        ),
        (lambda: replace(CHAIN, nodes=(*CHAIN.nodes, math("five"))), ["Add the node “five” (Math)."]),
        (
            lambda: replace(CHAIN, nodes=CHAIN.nodes[:-1], links=CHAIN.links[:-1]),
            ["Remove the node “four” (Math) and its links."],
        ),
        (lambda: replace(CHAIN, links=CHAIN.links[:-1]), ["Unlink “Value” of “three” from “Value” of “four”."]),
        (
            lambda: replace(CHAIN, links=(*CHAIN.links, Link("one", 0, "four", 1, muted=True))),
            ["Link “Value” of “one” to “Value_001” of “four”, muted."],
        ),
        (lambda: changed("two", settings={"operation": "ADD"}), ["Take clamp of “two” away."]),
        (
            lambda: replace(CHAIN, interface=(*CHAIN.interface[:2], replace(CHAIN.interface[2], name="Year"))),
            ["Call the interface's “Age” “Year”."],
        ),
        (lambda: replace(CHAIN, interface=CHAIN.interface[1:]), ["Remove “Shape” from the interface."]),
        (
            lambda: replace(CHAIN, interface=(*CHAIN.interface[:2], replace(CHAIN.interface[2], parent=0))),
            ["Move “Age” in the interface below item 0."],
        ),
        (
            lambda: replace(CHAIN, interface=(CHAIN.interface[0], Item("INPUT NodeSocketFloat", "Size", {"min": 1.0}))),
            ["Remove “Age” from the interface.", "Set min of the interface's “Size” from 0.0 to 1.0."],
        ),
        (lambda: replace(CHAIN, settings={"is_tool": True}), ["Set is_tool of the tree from None to True."]),
    ],
)
def test_one_change_is_one_sentence(change: Callable[[], Graph], words: list[str]) -> None:
    edits = diff(CHAIN, change())
    assert [edit.words() for edit in edits] == words
    assert differences(apply(CHAIN, edits), change(), {}, {}) == []


def test_a_node_put_between_costs_no_more_than_doing_it_by_hand() -> None:
    """Though every node has another name there: likeness finds the short way."""
    kinds = ["SINE", "COSINE", "TANGENT", "MODULO"]
    chain = replace(CHAIN, nodes=tuple(map(math, NAMES, kinds)))
    ends = [("four", "three"), ("three", "new"), ("new", "two"), ("two", "one")]
    nodes = (*map(math, reversed(NAMES), kinds), math("new"))
    between = replace(chain, nodes=nodes, links=tuple(Link(a, 0, b, 0) for a, b in ends))
    edits = diff(chain, between)
    assert len(edits) <= 4  # add it, unlink two, link it on both sides
    assert differences(apply(chain, edits), between, {}, {}) == []


def test_drivers_follow_their_nodes() -> None:
    driver = Curve("inputs[0].default_value", 0, {"driver": {"expression": "frame", "variables": []}}, "two")
    driven = replace(CHAIN, animation=Animation((driver,)))
    (edit,) = through_json(diff(CHAIN, driven))
    assert edit.words() == "Replace the drivers and keyframes."
    assert differences(apply(CHAIN, [edit]), driven, {}, {}) == []
    without = replace(CHAIN, nodes=CHAIN.nodes[2:], links=CHAIN.links[2:])
    assert differences(apply(driven, diff(driven, without)), without, {}, {}) == []


def test_an_edit_that_does_not_fit_says_so() -> None:
    with pytest.raises(ValueError, match="“remove node”"):
        apply(CHAIN, [Edit("remove node", {"node": "never", "type": "Math"})])
    with pytest.raises(ValueError, match="“dance”"):
        apply(CHAIN, [Edit("dance", {})])
