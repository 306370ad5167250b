# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema that this Blender gives accepts every real compact form and nothing that Blender would not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.graph.blender.read import read_graphs
from voxel_trainer_addon.graph.blender.schema import schema
from voxel_trainer_addon.graph.compact import compact
from voxel_trainer_addon.graph.model import closure
from voxel_trainer_addon.graph.write import variables
from voxel_trainer_addon.worker.inside import empty
from voxel_trainer_addon.worker.inside.compact import built

pytestmark = pytest.mark.bpy
jsonschema = pytest.importorskip("jsonschema")


@pytest.fixture(scope="module")
def judge() -> Any:
    empty()
    made = json.loads(json.dumps(schema()))
    jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made)


def zone() -> None:
    tree = bpy.data.node_groups.new("Zone", "GeometryNodeTree")
    amount = tree.interface.new_socket("Amount", in_out="INPUT", socket_type="NodeSocketFloat")
    amount.subtype, amount.default_value = "FACTOR", 0.25
    nodes, links = tree.nodes, tree.links
    start, end = nodes.new("GeometryNodeRepeatInput"), nodes.new("GeometryNodeRepeatOutput")
    start.pair_with_output(end)
    end.repeat_items.new("FLOAT", "Height")
    start.inputs["Iterations"].default_value = 5
    ramp, math = nodes.new("ShaderNodeValToRGB"), nodes.new("ShaderNodeMath")
    ramp.color_ramp.elements.new(0.3).color = (0.1, 0.2, 0.3, 1.0)
    math.operation = "SINE"
    links.new(start.outputs["Height"], math.inputs[0])
    links.new(math.outputs[0], ramp.inputs[0]).is_muted = True


def forms(found: Any) -> list[dict[str, Any]]:
    made = []
    for graph in found.values():
        blocks = built(closure(graph, found))
        made.append(json.loads(json.dumps(compact(blocks, variables(blocks), bpy.app.version_string))))
    return made


def test_real_forms_are_valid(judge: Any, corpus: Path) -> None:
    file = corpus / "chsh2__nijiGPen" / "res__library.blend"
    bpy.ops.wm.open_mainfile(filepath=str(file), load_ui=False, use_scripts=False)
    made = forms(read_graphs(bpy.data)[0])
    assert len(made) > 20
    faults = [f"{error.json_path}: {error.message}" for form in made for error in judge.iter_errors(form)]
    assert faults == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tree: tree["nodes"]["math"].update(type="ShaderNodeNever"),
        lambda tree: tree["nodes"]["math"].update(type="CompositorNodeComposite"),
        lambda tree: tree["nodes"]["math"]["settings"].update(operation="SINUS"),
        lambda tree: tree["nodes"]["math"]["settings"].update(operatoin="SINE"),
        lambda tree: tree["nodes"]["math"].update(inputs={"Value": "much"}),
        lambda tree: tree["nodes"]["math"].update(color="red"),
        lambda tree: tree["interface"][0].update(kind="INPUT NodeSocketNever"),
        lambda tree: tree["interface"][0]["settings"].update(subtype="BIG"),
        lambda tree: tree["links"].append(["math", "Value"]),
        lambda tree: tree["links"][0].append("often"),
        lambda tree: tree.update(key="Zone"),
        lambda tree: tree.update(type="NodeTree"),
    ],
)
def test_what_blender_would_not_take_is_refused(judge: Any, spoil: Callable[[Any], None]) -> None:
    empty()
    zone()
    (form,) = forms(read_graphs(bpy.data)[0])
    assert list(judge.iter_errors(form)) == []
    tree = copy.deepcopy(form["trees"][0])
    math = next(name for name, node in tree["nodes"].items() if node["type"] == "ShaderNodeMath")
    tree["nodes"] = {"math" if name == math else name: node for name, node in tree["nodes"].items()}
    spoil(tree)
    assert list(judge.iter_errors({**form, "trees": [tree]}))
