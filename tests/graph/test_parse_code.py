# SPDX-License-Identifier: GPL-3.0-or-later
"""Code comes back as the steps that it was written from; what is not ours is refused by line and never executed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxel_trainer_addon.graph.compact import NotTold, compact, graphs
from voxel_trainer_addon.graph.model import Graph, Item, Node
from voxel_trainer_addon.graph.parse_code import NotUnderstood, parse_code
from voxel_trainer_addon.graph.steps import DATA, TREE, At, Call, Fetch, Place, Set, Step, data
from voxel_trainer_addon.graph.write import Block, script, variables

pytestmark = pytest.mark.plain

HEAD = "import bpy\n\ntree = bpy.data.node_groups.new('G', 'ShaderNodeTree')\nnodes, links = tree.nodes, tree.links\n"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
NUMBERS = st.one_of(
    st.integers(-(2**31), 2**31), st.floats(allow_nan=False, allow_infinity=False), st.just({"float": "-inf"})
)
REFERENCES = st.builds(lambda kind, name: {"id": kind, "name": name}, st.sampled_from(["IMAGE", "OBJECT"]), TEXT)
VALUES = st.one_of(
    st.none(), st.booleans(), NUMBERS, TEXT, st.lists(NUMBERS, max_size=4), REFERENCES, st.just({"set": ["A", "B"]})
)
KINDS = ["ShaderNodeMath", "ShaderNodeTexNoise", "ShaderNodeValue", "ShaderNodeMix"]


@st.composite
def blocks(draw: st.DrawFn) -> list[Block]:
    """A group, and a material that uses it, with every kind of step."""
    group = draw(tree_steps(f"node_groups/{draw(TEXT)}", ()))
    return [group, draw(tree_steps(f"materials/{draw(TEXT)}", (group.graph.name,)))]


@st.composite
def tree_steps(draw: st.DrawFn, key: str, groups: tuple[str, ...]) -> Block:
    collection, name = key.split("/", 1)
    steps: list[Step] = []
    items: list[Item] = []
    if collection == "node_groups":
        steps.append(Call(DATA / "node_groups", "new", (name, "ShaderNodeTree"), result=TREE.base))
        for n in range(draw(st.integers(0, 3))):
            items.append(Item("INPUT NodeSocketFloat", draw(TEXT)))
            named = {"in_out": "INPUT", "socket_type": "NodeSocketFloat"}
            steps.append(Call(TREE / "interface", "new_socket", (items[-1].name,), named, f"item/{n}"))
            if draw(st.booleans()):
                steps.append(Set(Place(f"item/{n}"), "default_value", draw(VALUES)))
    else:
        steps.append(Fetch(TREE.base, data("MATERIAL", name) / "node_tree"))
        steps.append(Call(TREE / "nodes", "clear"))
    nodes = [Node(f"n{n}", kind) for n, kind in enumerate(draw(st.lists(st.sampled_from(KINDS), max_size=6)))]
    nodes += [Node(f"g{n}", "ShaderNodeGroup", {"node_tree": reference(used)}) for n, used in enumerate(groups)]
    for n, node in enumerate(nodes):
        place = Place(f"node/{node.name}")
        steps.append(Call(TREE / "nodes", "new", (node.type,), result=place.base))
        steps += [Set(place, setting, value) for setting, value in node.settings.items()]
        for setting in draw(st.lists(st.sampled_from(["operation", "use_clamp"]), unique=True)):
            steps.append(Set(place, setting, draw(VALUES)))
        if draw(st.booleans()):
            steps.append(Call(place / "color_ramp" / "elements", "new", (draw(NUMBERS),)))
            steps.append(Set(place / "color_ramp" / "elements" / At(1), "color", draw(VALUES)))
        for _ in range(draw(st.integers(0, 2)) if n else 0):
            source = Place(f"node/{nodes[draw(st.integers(0, n - 1))].name}")
            key_ = st.one_of(st.integers(0, 3), TEXT).map(At)
            ends = (source / "outputs" / draw(key_), place / "inputs" / draw(key_))
            muted = draw(st.booleans())
            steps.append(Call(TREE / "links", "new", ends, result="link" if muted else ""))
            if muted:
                steps.append(Set(Place("link"), "is_muted", True))
        if draw(st.booleans()):
            steps.append(Set(place / "inputs" / At(draw(TEXT)), "default_value", draw(VALUES)))
    return Block(Graph(key, "ShaderNodeTree", tuple(nodes), interface=tuple(items)), tuple(steps))


def reference(group: str) -> dict[str, str]:
    return {"id": "NODETREE", "name": group}


@settings(max_examples=40, deadline=None)
@given(blocks())
def test_code_and_compact_form_are_two_views_of_the_same_steps(written: list[Block]) -> None:
    code = script(written)
    read = parse_code(code)
    assert compact(read) == compact(written, variables(written))
    assert compact(parse_code(script(read))) == compact(read)


def test_loops_and_bound_methods_are_unrolled() -> None:
    code = (
        HEAD
        + """
link = tree.links.new
first, second = nodes.new("ShaderNodeMath"), nodes.new("ShaderNodeMath")
for node, operation in ((first, "SINE"), (second, "COSINE")):
    node.operation = operation
    node.use_clamp = True
for index in range(2):
    link(first.outputs["Value"], second.inputs[index])
"""
    )
    (tree,) = compact(parse_code(code))["trees"]
    assert tree["nodes"] == {
        "first": {"type": "ShaderNodeMath", "settings": {"operation": "SINE", "use_clamp": True}},
        "second": {"type": "ShaderNodeMath", "settings": {"operation": "COSINE", "use_clamp": True}},
    }
    assert tree["links"] == [["first", '["Value"]', "second", "[0]"], ["first", '["Value"]', "second", "[1]"]]


@pytest.mark.parametrize(
    "line",
    [
        "import os",
        "from bpy import data",
        "open('x')",
        "__import__('os').system('true')",
        "bpy.ops.wm.quit_blender()",
        "tree.nodes.__class__",
        "exec('1')",
        "nodes.new",
        "def f(): pass",
        "while True: pass",
        "for x in tree.nodes: x.mute = True",
        "for x in range(10 ** 9): nodes.new('ShaderNodeMath')",
        "x = unknown",
        "x = (0,) * 100000000",
        "x = [n for n in (1, 2)]",
        "a, b = nodes.new('ShaderNodeMath')",
        "tree['x'] = 1",
        "x = y = z",
        "nodes.new(*('ShaderNodeMath',))",
    ],
)
def test_what_is_not_ours_is_refused_by_its_line(line: str) -> None:
    with pytest.raises(NotUnderstood) as refused:
        compact(parse_code(f"{HEAD}{line}\n"))
    assert refused.value.line == len(HEAD.splitlines()) + 1 and str(refused.value).startswith("line 5: ")


@pytest.mark.parametrize("code", ["x = (", "\0", "(" * 500, "x = " + "-" * 100_000 + "1"])
def test_what_is_no_python_is_refused(code: str) -> None:
    with pytest.raises(NotUnderstood):
        parse_code(code)


def test_layout_has_no_words() -> None:
    for line, what in (("a.location = (1, 2)", "location"), ("a.inputs[0].hide = True", "hide")):
        with pytest.raises(NotTold, match=what):
            compact(parse_code(f"{HEAD}a = nodes.new('ShaderNodeMath')\n{line}\n"))


def test_a_form_names_what_is_wrong_with_it() -> None:
    tree = {"key": "node_groups/G", "type": "ShaderNodeTree", "links": [["a", "Value", "b", "Value"]]}
    with pytest.raises(ValueError, match="“a”"):
        graphs({"format": "voxel-graph/1", "trees": [tree]})
    with pytest.raises(ValueError, match="voxel-graph/1"):
        graphs({"format": "voxel-graph/9", "trees": []})
