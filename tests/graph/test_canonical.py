# SPDX-License-Identifier: GPL-3.0-or-later
"""The canonical form sees structure and values, never names, order or places."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxel_trainer_addon.graph import canonical
from voxel_trainer_addon.graph.canonical import differences, graph_hash, shape_hash
from voxel_trainer_addon.graph.model import Animation, Curve, Graph, Item, Link, Node, Socket

pytestmark = pytest.mark.plain


def math(name: str, operation: str = "ADD", values: tuple[float, float] = (0.5, 0.5), **more: Any) -> Node:
    inputs = tuple(Socket(f"Value_{i}", "Value", "VALUE", value=v) for i, v in enumerate(values))
    return Node(name, "ShaderNodeMath", {"operation": operation, **more}, inputs, (Socket("Value", "Value", "VALUE"),))


def tree(nodes: list[Node], links: list[Link], key: str = "materials/Rust", **more: Any) -> Graph:
    return Graph(key, "ShaderNodeTree", tuple(nodes), tuple(links), **more)


def chain(length: int) -> Graph:
    """Equal nodes in a row: only the links tell them apart."""
    names = [f"n{i}" for i in range(length)]
    return tree([math(n) for n in names], [Link(a, 0, b, 0) for a, b in pairwise(names)])


def hashed(graph: Graph) -> str:
    return graph_hash(graph.key, {graph.key: graph})


def differ(a: Graph, b: Graph) -> list[str]:
    return differences(a, b, {}, {})


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    count = draw(st.integers(1, 7))
    values = st.sampled_from([0.0, 0.5, 1.0])
    nodes = [math(f"n{i}", draw(st.sampled_from(["ADD", "SINE"])), (draw(values), draw(values))) for i in range(count)]
    ends = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1), st.integers(0, 1))
    fed = {(t, i): s for s, t, i in draw(st.lists(ends, max_size=10)) if s < t}
    moved = draw(st.lists(st.sampled_from([None, *(node.name for node in nodes)]), max_size=2, unique=True))
    drivers = tuple(Curve("value", 0, {"driver": {"expression": draw(st.sampled_from("ab"))}}, n) for n in moved)
    links = [Link(f"n{s}", 0, f"n{t}", i) for (t, i), s in fed.items()]
    return tree(nodes, links, animation=Animation(drivers))


@given(graphs(), st.randoms(use_true_random=False))
def test_names_and_order_mean_nothing(graph: Graph, dice: Any) -> None:
    new_names = [f"x{i}" for i in range(len(graph.nodes))]
    dice.shuffle(new_names)
    name = {node.name: new for node, new in zip(graph.nodes, new_names, strict=True)}
    nodes = [replace(node, name=name[node.name], layout={"location": [dice.random(), 0.0]}) for node in graph.nodes]
    links = [replace(link, source=name[link.source], target=name[link.target]) for link in graph.links]
    dice.shuffle(nodes)
    dice.shuffle(links)
    drivers = [replace(curve, node=curve.node and name[curve.node]) for curve in graph.animation.drivers]
    dice.shuffle(drivers)
    other = tree(nodes, links, key="materials/Other", animation=Animation(tuple(drivers)))
    assert differ(graph, other) == []
    assert hashed(graph) == hashed(other)
    assert shape_hash(graph) == shape_hash(other)


@given(graphs(), graphs())
def test_hash_and_differences_agree(a: Graph, b: Graph) -> None:
    assert (hashed(a) == hashed(b)) == (differ(a, b) == [])


def test_one_changed_value_is_told_and_nothing_else() -> None:
    a = chain(30)
    nodes = list(a.nodes)
    nodes[0] = math("n0", values=(0.5, 0.25))
    found = differ(a, replace(a, nodes=tuple(nodes)))
    assert len(found) == 1
    assert "“n0”, inputs[1]" in found[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda g: replace(g, links=(*g.links[:-1], replace(g.links[-1], input=1))),
        lambda g: replace(g, links=g.links[1:]),
        lambda g: replace(g, links=(replace(g.links[0], muted=True), *g.links[1:])),
        lambda g: replace(g, nodes=(math("n0", mute=True), *g.nodes[1:])),
        lambda g: replace(g, nodes=(math("n0", "SINE"), *g.nodes[1:])),
        lambda g: replace(g, nodes=(*g.nodes, math("more"))),
        lambda g: replace(g, interface=(Item("INPUT NodeSocketFloat", "A"),)),
        lambda g: replace(g, settings={"is_modifier": True}),
    ],
)
def test_what_means_something_is_seen(change: Any) -> None:
    a = chain(4)
    b = change(a)
    assert differ(a, b) and differ(b, a)
    assert hashed(a) != hashed(b)


def test_value_behind_a_link_means_nothing_until_the_link_is_dead() -> None:
    def with_value(value: float, **link: Any) -> Graph:
        return tree([math("a"), math("b", values=(value, 0.5))], [Link("a", 0, "b", 0, **link)])

    assert differ(with_value(1.0), with_value(2.0)) == []
    assert differ(with_value(1.0, muted=True), with_value(2.0, muted=True))
    assert differ(with_value(1.0, valid=False), with_value(2.0, valid=False))


def test_value_behind_a_loose_reroute_counts() -> None:
    reroute = Node(
        "r", "NodeReroute", {}, (Socket("Input", "Input", "VALUE", value=0.0),), (Socket("Output", "", "VALUE"),)
    )

    def with_value(value: float, *links: Link) -> Graph:
        return tree([math("a"), reroute, math("b", values=(value, 0.5))], [Link("r", 0, "b", 0), *links])

    assert differ(with_value(1.0), with_value(2.0))
    assert differ(with_value(1.0, Link("a", 0, "r", 0)), with_value(2.0, Link("a", 0, "r", 0))) == []


def test_frames_are_left_out_and_interface_order_of_outputs_among_inputs_too() -> None:
    a, b = Item("INPUT NodeSocketFloat", "A"), Item("OUTPUT NodeSocketFloat", "B")
    framed = tree([math("a"), Node("f", "NodeFrame")], [], interface=(a, b))
    assert differ(framed, tree([math("a")], [], interface=(b, a))) == []
    assert differ(framed, tree([math("a")], [], interface=(b, replace(a, name="C"))))


def test_groups_count_by_name_and_content() -> None:
    user = Node("g", "ShaderNodeGroup", {"node_tree": {"id": "NODETREE", "name": "Dirt"}})
    root = tree([user], [])
    group = replace(chain(2), key="node_groups/Dirt")
    both = {root.key: root, group.key: group}
    changed = {root.key: root, group.key: replace(chain(3), key="node_groups/Dirt")}
    assert differences(root, root, both, both) == []
    assert "Dirt" in differences(root, root, both, changed)[0]
    assert differences(root, root, both, {root.key: root}) == ["group “Dirt”: not there"]
    assert graph_hash(root.key, both) != graph_hash(root.key, changed)


def twins(count: int, links: Any) -> Graph:
    """Equal nodes, linked by (source, target): only the whole structure tells them apart."""
    node = Node("", "Twin", {}, (Socket("In", "In", "VALUE"),), (Socket("Out", "Out", "VALUE"),))
    return tree([replace(node, name=f"n{i}") for i in range(count)], [Link(f"n{s}", 0, f"n{t}", 0) for s, t in links])


PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8, unique=True)


@given(PAIRS, PAIRS, st.permutations(range(5)))
def test_twins_hash_alike_exactly_if_one_can_be_laid_over_the_other(a: Any, b: Any, order: Any) -> None:
    """Held against trying every way to lay five nodes over five others."""
    moved = [(order[s], order[t]) for s, t in a]
    assert hashed(twins(5, a)) == hashed(twins(5, reversed(moved)))
    alike = any({(p[s], p[t]) for s, t in a} == set(b) for p in permutations(range(5)))
    assert (hashed(twins(5, a)) == hashed(twins(5, b))) == alike


def ring(first: int, count: int) -> list[tuple[int, int]]:
    return [(first + i, first + (i + 1) % count) for i in range(count)]


def test_a_ring_of_six_is_not_two_rings_of_three() -> None:
    """Every node of both sees the same around it, however far it looks."""
    assert hashed(twins(6, ring(0, 6))) != hashed(twins(6, [*ring(0, 3), *ring(3, 3)]))


def test_too_much_symmetry_still_hashes_equal_trees_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = canonical.canonical(twins(6, ring(0, 6)))
    monkeypatch.setattr(canonical, "SEARCH", 10)
    turned = [((s * 5 + 2) % 6, (t * 5 + 2) % 6) for s, t in ring(0, 6)]
    assert canonical.canonical(twins(6, ring(0, 6))) != whole
    assert hashed(twins(6, ring(0, 6))) == hashed(twins(6, turned))


def test_many_equal_parts_are_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred equal chains behind one node: each part is ordered by itself."""
    links = [link for n in range(1, 201, 2) for link in ((0, n), (n, n + 1))]
    monkeypatch.setattr(canonical, "SEARCH", 201)
    assert hashed(twins(201, links)) == hashed(twins(201, reversed(links)))
    assert len({tuple(link[:3:2]) for link in canonical.canonical(twins(201, links))["links"]}) == 200


def looking_at(node: str, graph: Graph) -> Graph:
    """The same tree with a driver on its last node that looks at a node by name."""
    target = {"data_path": f'node_tree.nodes["{node}"].image.size[0]'}
    driver = {"driver": {"variables": [{"targets": [target]}]}}
    return replace(graph, animation=Animation((Curve("inputs[0].default_value", 0, driver, graph.nodes[-1].name),)))


def test_twins_are_told_apart_by_the_name_that_a_driver_looks_at() -> None:
    """Two equal nodes, one of which goes on to a third: which is called what counts once a driver looks."""
    nodes = [math('left "one"'), math("right"), math("end", "SINE")]
    a, b = (tree(nodes, [Link(source, 0, "end", 0)]) for source in ('left "one"', "right"))
    assert hashed(a) == hashed(b) and not differ(a, b)
    a, b = (looking_at(r"left \"one\"", graph) for graph in (a, b))
    assert hashed(a) != hashed(b) and differ(a, b)
    assert not differ(a, replace(a, nodes=a.nodes[::-1]))


def test_twins_hang_alike_but_for_what_moves_them() -> None:
    nodes = [math("a"), math("b"), math("c", "SINE")]
    graph = tree(nodes, [Link("c", 0, "a", 0), Link("c", 0, "b", 0)])
    assert canonical.twins(graph) == canonical.twins(looking_at("a", graph)) == {"a", "b"}
    assert not canonical.twins(tree(nodes, [Link("c", 0, "a", 0)]))
