# SPDX-License-Identifier: GPL-3.0-or-later
"""A loop stands for exactly the steps that it was made of."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxel_trainer_addon.graph.fold import Loop, Slot, loop_at
from voxel_trainer_addon.graph.model import Graph, Item, Node
from voxel_trainer_addon.graph.steps import DATA, TREE, At, Call, Place, Set, Step
from voxel_trainer_addon.graph.write import Block, script

pytestmark = pytest.mark.plain

KEYS = st.sampled_from(["Fac", "Color", "Normal", 0, 1, 2])
NODES = st.sampled_from([Place("node/a"), Place("node/b"), Place("node/c")])
VALUES = st.sampled_from([0.0, -0.0, 0.5, 1, True, "X", (1.0, 2.0, 3.0), {"float": "nan"}])


def link(start: Place, output: str | int, entry: str | int) -> list[Step]:
    ends = start / "outputs" / At(output), Place("node/d") / "inputs" / At(entry)
    return [Call(TREE / "links", "new", ends)]


def value(key: str | int, held: object) -> list[Step]:
    return [Set(Place("node/d") / "inputs" / At(key), "default_value", held)]


def stop(index: int, position: object, color: object) -> list[Step]:
    place = Place("node/d") / "color_ramp" / "elements" / At(index)
    return [Set(place, "position", position), Set(place, "color", color)]


def new(name: str, kind: object) -> list[Step]:
    return [Call(Place("node/d") / "capture_items", "new", (kind, name))]


def socket(name: str, low: object) -> list[Step]:
    made = Call(TREE / "interface", "new_socket", (name,), {"socket_type": "NodeSocketFloat"}, "item/0")
    return [made, Set(Place("item/0"), "min_value", low)]


RUNS = st.one_of(
    st.lists(st.builds(link, NODES, KEYS, KEYS), min_size=1, max_size=6),
    st.lists(st.builds(value, KEYS, VALUES), min_size=1, max_size=6),
    st.lists(st.builds(stop, st.integers(0, 3), VALUES, VALUES), min_size=1, max_size=6),
    st.lists(st.builds(new, st.sampled_from(["A", "B"]), st.sampled_from(["FLOAT", 0.5])), min_size=1, max_size=6),
    st.lists(st.builds(socket, st.sampled_from(["A", "B"]), VALUES), min_size=1, max_size=6),
)
ALONE = frozenset({"item/0"})


def unrolled(loop: Loop) -> list[Step]:
    """The steps of a loop, each row with its values in the slots."""

    def fill(value: object, row: dict[str, object]) -> object:
        if isinstance(value, Slot):
            return row[str(value)]
        if isinstance(value, At):
            return At(fill(value.key, row))  # type: ignore[arg-type]
        if isinstance(value, Place):
            base = row[value.base.removeprefix("loop/")] if value.base.startswith("loop/") else Place(value.base)
            assert isinstance(base, Place)
            return Place(base.base, (*base.path, *(fill(part, row) for part in value.path)))  # type: ignore[misc]
        return tuple(fill(part, row) for part in value) if isinstance(value, tuple) else value

    steps: list[Step] = []
    for values in loop.rows:
        row = dict(zip(loop.names, values, strict=True))
        for step in loop.steps:
            place = fill(step.place, row)
            if isinstance(step, Set):
                steps.append(Set(place, step.name, fill(step.value, row)))  # type: ignore[arg-type]
            elif isinstance(step, Call):
                steps.append(Call(place, step.name, fill(step.args, row), step.named, step.result))  # type: ignore[arg-type]
    return steps


@given(st.lists(RUNS, max_size=4))
def test_a_loop_does_what_its_steps_did(runs: list[list[list[Step]]]) -> None:
    steps = [step for run in runs for row in run for step in row]
    for start in range(len(steps)):
        loop = loop_at(steps, start, ALONE)
        if loop is not None:
            assert list(map(repr, unrolled(loop))) == list(map(repr, steps[start : start + loop.length]))


def told(steps: list[Step]) -> str:
    nodes = tuple(Node(name, "ShaderNodeMath", layout={"label": f"node {name}"}) for name in "abcd")
    makers = [Call(TREE / "nodes", "new", (node.type,), result=f"node/{node.name}") for node in nodes]
    opened = Call(DATA / "node_groups", "new", ("G", "ShaderNodeTree"), result=TREE.base)
    graph = Graph("node_groups/G", "ShaderNodeTree", nodes, interface=(Item("INPUT NodeSocketFloat", "A"),))
    return script([Block(graph, (opened, *makers, *steps))])


def test_links_from_many_nodes_and_values_of_one_are_loops() -> None:
    steps = [step for n, name in enumerate("abca") for step in link(Place(f"node/{name}"), "Value", n)]
    assert """
for node, index in ((node_a, 0), (node_b, 1), (node_c, 2), (node_a, 3)):
    link(node.outputs["Value"], node_d.inputs[index])
""" in told(steps)
    assert "for " not in told(steps[:3])
    steps = [*value("Scale", 2.5), *value("Detail", 3.0), *value(4, 0.0)]
    assert """
for socket, value in (("Scale", 2.5), ("Detail", 3), (4, 0)):
    node_d.inputs[socket].default_value = value
""" in told(steps)


def test_sockets_to_and_from_other_keys_are_keys() -> None:
    steps = [step for keys in ("AB", "BC", "CA") for step in link(Place("node/a"), *keys)]
    assert "for " not in told(steps)
    assert """
for from_key, to_key in (("A", "B"), ("B", "C"), ("C", "A"), ("D", "D")):
    link(node_a.outputs[from_key], node_d.inputs[to_key])
""" in told([*steps, *link(Place("node/a"), "D", "D")])


def test_where_all_rows_are_no_loop_some_of_them_are_none() -> None:
    steps = [step for n, name in enumerate("abca") for step in link(Place(f"node/{name}"), f"Long {n}", 0)]
    assert "for " not in told(steps)
    assert "for source in (" in told(steps[1:])


def test_two_links_stay_two_lines() -> None:
    assert "for " not in told([*link(Place("node/a"), "Value", 0), *link(Place("node/a"), "Value", 1)])


@given(st.lists(RUNS, max_size=4))
def test_whatever_repeats_itself_parses_and_fits(runs: list[list[list[Step]]]) -> None:
    code = told([step for run in runs for row in run for step in row])
    ast.parse(code)
    assert max(map(len, code.splitlines())) <= 100


def test_a_loop_holds_no_socket_twice() -> None:
    """The first link of a reroute that hangs loose may replace its sockets."""
    ends = [("a", "Fac"), ("b", "Color"), ("a", "Normal"), ("c", "Fac"), ("b", "Fac")]
    steps = [step for n, (node, output) in enumerate(ends) for step in link(Place(f"node/{node}"), output, n)]
    assert loop_at(steps, 0, frozenset()).length == 5
    again = [*steps[:4], *link(Place("node/a"), "Fac", 4)]
    assert loop_at(again, 0, frozenset()).length == 4
    assert loop_at([*again[:2], *link(Place("node/a"), "Fac", 2), *again[3:]], 0, frozenset()) is None
