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


FRAMES = st.lists(st.integers(0, 5), max_size=4, unique=True).map(sorted)
DRIVERS = st.fixed_dictionaries(
    {
        "driver": st.fixed_dictionaries(
            {
                "type": st.sampled_from(["SCRIPTED", "SUM"]),
                "expression": st.sampled_from(["frame", "a"]),
                "variables": st.lists(st.fixed_dictionaries({"name": st.sampled_from("ab")}), max_size=2),
            }
        ),
        "mute": st.booleans(),
        "keyframe_points": st.just([]),
    }
)
POINT = st.fixed_dictionaries({"interpolation": st.sampled_from(["LINEAR", "BEZIER"]), "value": VALUES})
KEYS = st.builds(
    lambda frames, points, mute: {
        "driver": None,
        "mute": mute,
        "keyframe_points": [{"co": [float(f), 1.0], **p} for f, p in zip(frames, points, strict=False)],
    },
    FRAMES,
    st.lists(POINT, min_size=4, max_size=4),
    st.booleans(),
)


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
    moving = draw(animations([None, *names]))
    return Graph(
        "node_groups/G", "GeometryNodeTree", tuple(paired), tuple(links), tuple(items), settings, animation=moving
    )


@st.composite
def animations(draw: st.DrawFn, nodes: list[str | None]) -> Animation:
    """Drivers and keyframes of the tree and of its nodes, none twice."""
    place = st.tuples(st.sampled_from(nodes), st.sampled_from(["inputs[0].value", '["own"]']), st.integers(0, 1))
    drivers, keys = (draw(st.lists(place, max_size=3, unique=True)) for _ in range(2))
    action = {"action": {"id": "ACTION", "name": draw(st.sampled_from("XY"))}, "influence": draw(VALUES)}
    return Animation(
        tuple(Curve(path, index, draw(DRIVERS), node) for node, path, index in drivers),
        tuple(Curve(path, index, draw(KEYS), node) for node, path, index in keys),
        action if keys or draw(st.booleans()) else {},
    )


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
    moved = [
        tuple(replace(c, node=pairs[c.node]) for c in curves)
        for curves in (graph.animation.drivers, graph.animation.keys)
    ]
    renamed = replace(
        graph,
        animation=Animation(*moved, graph.animation.settings),
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
            ["Set the input “Value 1” of “one” from 0.5 to 2.0."],
        ),
        (lambda: replace(CHAIN, nodes=(*CHAIN.nodes, math("five"))), ["Add the node “five” (Math)."]),
        (
            lambda: replace(CHAIN, nodes=CHAIN.nodes[:-1], links=CHAIN.links[:-1]),
            ["Remove the node “four” (Math) and its links."],
        ),
        (lambda: replace(CHAIN, links=CHAIN.links[:-1]), ["Unlink “Value” of “three” from “Value 1” of “four”."]),
        (
            lambda: replace(CHAIN, links=(*CHAIN.links, Link("one", 0, "four", 1, muted=True))),
            ["Link “Value” of “one” to “Value 2” of “four”, muted."],
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
        (lambda: replace(CHAIN, settings={"is_tool": True}), ["Set is_tool of the tree from nothing to True."]),
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


def driven(node: str | None = "two", **more: Any) -> Curve:
    driver = {"type": "SCRIPTED", "expression": "frame", "variables": [], **more}
    return Curve("inputs[0].default_value", 0, {"driver": driver, "mute": False}, node)


def keyed(*frames: float, mute: bool = False, interpolation: str = "LINEAR") -> Curve:
    points = [{"co": [frame, 1.0], "interpolation": interpolation} for frame in frames]
    return Curve("location", 2, {"driver": None, "mute": mute, "keyframe_points": points}, "one")


DANCE = {"action": {"id": "ACTION", "name": "Dance"}, "action_influence": 1.0}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (Animation(), Animation((driven(),)), ["Drive inputs[0].default_value of “two” by frame."]),
        (Animation((driven(None),)), Animation(), ["Remove the driver of inputs[0].default_value of the tree."]),
        (
            Animation((driven(),)),
            Animation((driven(expression="2 * a"),)),
            ["Set driver.expression of the driver of inputs[0].default_value of “two” from frame to 2 * a."],
        ),
        (
            Animation(),
            Animation((driven(type="SUM"),)),
            ["Drive inputs[0].default_value of “two” by the sum of its variables."],
        ),
        (
            Animation(),
            Animation((), (keyed(1.0, 24.5),), DANCE),
            ["Animate the tree with the action “Dance”.", "Give location[2] of “one” keyframes at 1, 24.5."],
        ),
        (
            Animation((), (keyed(1.0),), DANCE),
            Animation(),
            ["Take the action of the tree away.", "Remove the keyframes of location[2] of “one”."],
        ),
        (
            Animation((), (keyed(1.0, 5.0, 9.0),), DANCE),
            Animation((), (keyed(1.0, 7.0, 9.0),), DANCE),
            [
                "Remove the keyframe at 5 of location[2] of “one”.",
                "Add a keyframe at 7 to location[2] of “one”.",
            ],
        ),
        (
            Animation((), (keyed(1.0),), DANCE),
            Animation((), (keyed(1.0, interpolation="BEZIER", mute=True),), {**DANCE, "action_influence": 0.5}),
            [
                "Set action_influence of the animation from 1.0 to 0.5.",
                "Set keyframe_points.0.interpolation of the keyframes of location[2] of “one” from LINEAR to BEZIER.",
                "Set mute of the keyframes of location[2] of “one” from False to True.",
            ],
        ),
    ],
)
def test_what_moves_a_tree_is_told(before: Animation, after: Animation, words: list[str]) -> None:
    a, b = replace(CHAIN, animation=before), replace(CHAIN, animation=after)
    edits = through_json(diff(a, b))
    assert [edit.words() for edit in edits] == words
    assert differences(apply(a, edits), b, {}, {}) == []


def test_drivers_go_with_their_nodes() -> None:
    moved = replace(CHAIN, animation=Animation((driven(), driven("three"))))
    without = replace(CHAIN, nodes=CHAIN.nodes[2:], links=CHAIN.links[2:], animation=Animation((driven("three"),)))
    edits = diff(moved, without)
    assert not any("driver" in edit.do for edit in edits)
    assert differences(apply(moved, edits), without, {}, {}) == []


def test_a_driver_of_a_node_that_is_not_there_does_not_fit() -> None:
    with pytest.raises(ValueError, match="“add driver”"):
        told = {"node": "never", "property": "value", "index": 0, "settings": {}}
        apply(CHAIN, [Edit("add driver", told)])


def test_an_edit_that_does_not_fit_says_so() -> None:
    with pytest.raises(ValueError, match="“remove node”"):
        apply(CHAIN, [Edit("remove node", {"node": "never", "type": "Math"})])
    with pytest.raises(ValueError, match="“dance”"):
        apply(CHAIN, [Edit("dance", {})])
