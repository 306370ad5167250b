# SPDX-License-Identifier: GPL-3.0-or-later
"""Graphs are read off a row's texts: what is drawn is what the code makes, and an edit is seen before and after."""

from __future__ import annotations

import json
from typing import Any

import pytest

from voxel_trainer_addon.graph.model import Graph
from voxel_trainer_addon.prompts import answer
from voxel_trainer_addon.report.reading import after, of_code, of_json, pictures

pytestmark = pytest.mark.plain

GIVEN = """\
import bpy

tree = bpy.data.node_groups.new("Worn", "ShaderNodeTree")
new, link = tree.nodes.new, tree.links.new
noise = new("ShaderNodeTexNoise")
noise_2 = new("ShaderNodeTexNoise")
multiply = new("ShaderNodeMath"); multiply.operation = "MULTIPLY"
link(noise.outputs["Fac"], multiply.inputs[0])
link(noise_2.outputs["Fac"], multiply.inputs[1])
"""
WORSE = GIVEN.replace("noise_2.outputs", "noise.outputs")
EDIT = """\
import bpy

tree = bpy.data.node_groups["Worn"]
tree.nodes.remove(tree.nodes["Noise Texture.001"])
multiply = tree.nodes["Math"]
multiply.operation = "ADD"
bump = tree.nodes.new("ShaderNodeBump")
tree.links.new(tree.nodes["Noise Texture"].outputs["Color"], multiply.inputs[0])
tree.links.new(multiply.outputs[0], bump.inputs["Height"])
"""


def links(graph: Graph | None) -> list[tuple[str, str, str, str]]:
    assert graph is not None
    nodes = {node.name: node for node in graph.nodes}
    return [
        (
            link.source,
            nodes[link.source].outputs[link.output].name,
            link.target,
            nodes[link.target].inputs[link.input].name,
        )
        for link in graph.links
    ]


def row(
    kind: str, prompt: str = "Make it.", completion: str = GIVEN, form: str = "code", **more: Any
) -> dict[str, Any]:
    return {"kind": kind, "prompt": prompt, "completion": completion, "form": form, **more}


def test_code_gives_nodes_links_and_operations() -> None:
    graph = of_code(GIVEN)
    assert graph is not None and [node.name for node in graph.nodes] == ["noise", "noise_2", "multiply"]
    assert graph.nodes[2].settings["operation"] == "MULTIPLY"
    assert links(graph) == [("noise", "Fac", "multiply", "0"), ("noise_2", "Fac", "multiply", "1")]


def test_an_edit_is_read_against_what_was_given() -> None:
    given = of_code(GIVEN)
    assert given is not None
    changed = after(given, EDIT)
    assert links(changed) == [("noise", "Color", "multiply", "0"), ("multiply", "0", "bump", "Height")]
    assert changed is not None and changed.nodes[1].settings["operation"] == "ADD"
    before, then = pictures(row("edit", f"Less noise.\n\n{answer(GIVEN)}", EDIT))
    assert len(before.graph.nodes) == 3 and then.new == {"bump"}


def test_loops_and_nodes_without_a_name_are_read() -> None:
    given = of_code(GIVEN)
    assert given is not None
    code = 'for n in (0, 1):\n    link(noise.outputs["Color"], multiply.inputs[n])\nnew("ShaderNodeBump")\n'
    changed = after(given, code)
    assert links(changed) == [("noise", "Color", "multiply", "0"), ("noise", "Color", "multiply", "1")]
    assert changed is not None and changed.nodes[-1].type == "ShaderNodeBump"


def test_a_link_that_is_removed_is_gone() -> None:
    given = of_code(GIVEN)
    assert given is not None
    assert len(links(after(given, 'tree.links.remove(tree.nodes["Math"].inputs[1].links[0])'))) == 1
    assert len(links(after(given, 'tree.links.remove(tree.nodes["Math"].inputs[1].links[5])'))) == 2


def test_the_compact_form_gives_the_same() -> None:
    nodes = {"noise": {"type": "ShaderNodeTexNoise"}, "sum": {"type": "ShaderNodeMath", "layout": {"label": "Sum"}}}
    tree = {"key": "materials/M", "type": "ShaderNodeTree", "nodes": nodes, "links": [["noise", "Fac", "sum", "Value"]]}
    graph = of_json(json.dumps({"trees": [tree]}))
    assert links(graph) == [("noise", "Fac", "sum", "Value")]
    assert graph is not None and graph.nodes[1].layout == {"label": "Sum"}


def test_sockets_of_groups_are_called_by_their_names() -> None:
    inner = {"key": "node_groups/In", "type": "ShaderNodeTree", "nodes": {}, "interface": [{"name": "Wear"}]}
    nodes = {
        "entry": {"type": "NodeGroupInput"},
        "used": {"type": "ShaderNodeGroup", "settings": {"node_tree": {"id": "NODETREE", "name": "In"}}},
    }
    outer = {"key": "node_groups/Out", "type": "ShaderNodeTree", "nodes": nodes}
    outer |= {
        "interface": [{"name": "Amount", "identifier": "Socket_7"}],
        "links": [["entry", "Socket_7", "used", "Socket_0"]],
    }
    assert links(of_json(json.dumps({"trees": [inner, outer]}))) == [("entry", "Amount", "used", "Wear")]


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"trees": []}', '{"trees": [{"nodes": 3}]}', '{"trees": [{"key": 1, "type": 2, "nodes": {"a": 5}}]}'],
)
def test_what_is_no_form_gives_nothing(text: str) -> None:
    assert of_json(text) is None


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (row("tree"), ["What the answer makes"]),
        (row("explain", f"What is this?\n{answer(GIVEN)}", "Two noises.", "words"), ["What the code makes"]),
        (row("repair", f"It fails.\n{answer(GIVEN)}"), ["What the answer makes"]),
        (row("preference", rejected={"completion": GIVEN, "what": "worse"}), ["The right answer"]),
        (row("preference", rejected={"completion": WORSE, "what": "worse"}), ["The right answer", "The worse answer"]),
        (row("code", completion="import bpy\nbpy.ops.mesh.primitive_cube_add()\n"), []),
        (row("scene", completion="import bpy\nbpy.data.objects.new('Empty', None)\n"), []),
        (row("edit", "No code is given.", EDIT), []),
        (row("tree", completion="this is no Python"), []),
    ],
)
def test_each_kind_has_its_pictures(held: dict[str, Any], words: list[str]) -> None:
    assert [picture.words for picture in pictures(held)] == words
