# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Geometry Nodes modifier says of its group comes back, and what moves it, whatever its sockets are called."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.graph.every_modifier import DATA, failures, new_object
from tests.graph.stack_dump import curves
from voxel_trainer_addon.graph.blender.read import read_graphs
from voxel_trainer_addon.graph.blender.stacks import read_stack
from voxel_trainer_addon.worker.inside import empty, prove_stacks

pytestmark = pytest.mark.bpy
KINDS = ("Bool", "Int", "Float", "Vector", "Color", "Rotation", "String", "Object", "Collection", "Material", "Image")
BY_RNA = "properties" in bpy.types.NodesModifier.bl_rna.properties


def a_group(name: str = "Grow", gaps: int = 0) -> Any:
    """A group with an input of each kind, a panel with one more, a menu and an output with an attribute. `gaps`: so
    many identifiers are given to nothing before the first."""
    tree: Any = DATA.node_groups.new(name, "GeometryNodeTree")
    socket = tree.interface.new_socket
    for _ in range(gaps):
        tree.interface.remove(socket("Gone", in_out="INPUT", socket_type="NodeSocketFloat"))
    for kind in ("Geometry", *KINDS, "Menu"):
        socket(kind, in_out="INPUT", socket_type=f"NodeSocket{kind}")
    for panel in ("Open", "Closed"):
        inside = tree.interface.new_panel(panel)
        socket(f"In {panel}", in_out="INPUT", socket_type="NodeSocketFloat", parent=inside)
    socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    socket("Height", in_out="OUTPUT", socket_type="NodeSocketFloat")
    switch = tree.nodes.new("GeometryNodeMenuSwitch")
    for item in ("Round", "Square"):
        switch.enum_items.new(item)
    tree.links.new(tree.nodes.new("NodeGroupInput").outputs["Menu"], switch.inputs[0])
    return tree


def with_group(tree: Any) -> tuple[Any, Any]:
    """An object and its modifier."""
    ob = new_object("MESH")
    modifier: Any = ob.modifiers.new("Grow", "NODES")
    modifier.node_group = tree
    return ob, modifier


def identifier(modifier: Any, name: str, in_out: str = "INPUT") -> str:
    items = modifier.node_group.interface.items_tree
    return next(i.identifier for i in items if i.item_type == "SOCKET" and (i.name, i.in_out) == (name, in_out))


def say(modifier: Any, name: str, what: str, value: Any, in_out: str = "INPUT") -> None:
    """Set what the modifier says of a socket: its `value`, `use_attribute` or `attribute_name`."""
    found = identifier(modifier, name, in_out)
    if BY_RNA:
        held = getattr(getattr(modifier.properties, f"{in_out.lower()}s"), found)
        if what == "use_attribute":
            held.type = "ATTRIBUTE" if value else "VALUE"
        else:
            setattr(held, what, value)
    else:
        modifier[found + {"value": ""}.get(what, f"_{what}")] = value


@pytest.mark.parametrize("attribute", (False, True), ids=("values", "attributes"))
@pytest.mark.parametrize("gaps", (0, 3))
def test_inputs_outputs_and_panels_come_back(attribute: bool, gaps: int) -> None:
    empty()
    ob, modifier = with_group(a_group(gaps=gaps))
    values: dict[str, Any] = {
        **{"Bool": True, "Int": 7, "Float": 0.3, "Vector": (1, 2, 3), "Color": (0.1, 0.2, 0.3, 1), "String": "a ü"},
        **{"Object": ob, "Collection": DATA.collections.new("Set"), "Material": DATA.materials.new("Paint")},
        **{"Image": DATA.images.new("Photo", 1, 1), "Rotation": (0.5, 1, 2), "In Closed": 2.5},
        "Menu": "Square" if BY_RNA else 3,
    }
    for name, value in values.items():
        say(modifier, name, "value", value)
        if attribute and name in ("Bool", "Int", "Float", "Vector", "Color", "Rotation"):
            say(modifier, name, "use_attribute", True)
            say(modifier, name, "attribute_name", f"my {name}")
    say(modifier, "Height", "attribute_name", "tall", "OUTPUT")
    panels = [item for item in modifier.node_group.interface.items_tree if item.item_type == "PANEL"]
    if BY_RNA:
        setattr(modifier.properties.panels, f"open_{panels[1].persistent_uid}", False)
    (modifier.panels[0] if BY_RNA else modifier.panels[1]).is_open = False
    stack = read_stack(ob)
    assert stack is not None and len(stack.modifiers[0].inputs) == len(KINDS) + 4
    states = [(name, state) for name, state in stack.modifiers[0].panels if not state]
    assert states == [("Open", False)] * BY_RNA + [("Closed", False)] and stack.modifiers[0].outputs[1][1]
    assert failures([ob]) == []


@pytest.mark.skipif(not BY_RNA, reason="layers as inputs came with 5.2")
def test_layers_come_back() -> None:
    empty()
    ob, modifier = with_group(a_group())
    held = getattr(modifier.properties.inputs, identifier(modifier, "Bool"))
    held.type, held.layer_name = "LAYER", "Lines"
    assert held.type == "LAYER"
    assert failures([ob]) == []


def baked() -> tuple[Any, Any]:
    """A modifier with a bake and a simulation in its group and one in a group below; none has its first name."""
    low, high = (DATA.node_groups.new(name, "GeometryNodeTree") for name in ("Low", "High"))
    for tree in (low, high):
        first = tree.nodes.new("GeometryNodeBake")
        tree.nodes.new("GeometryNodeBake").bake_items.new("FLOAT", "Age")
        tree.nodes.remove(first)
        tree.nodes.new("GeometryNodeSimulationInput").pair_with_output(tree.nodes.new("GeometryNodeSimulationOutput"))
    high.nodes.new("GeometryNodeGroup").node_tree = low
    return with_group(high)


def test_bakes_come_back() -> None:
    """Each goes with its node, in whichever order Blender has them."""
    empty()
    ob, modifier = baked()
    assert len(modifier.bakes) == 4
    for n, bake in enumerate(sorted(modifier.bakes, key=lambda bake: (bake.node.id_data.name, bake.node.name))):
        bake.use_custom_simulation_frame_range, bake.frame_start, bake.frame_end = True, n + 2, n * 10 + 20
        bake.use_custom_path, bake.directory, bake.bake_mode = n % 2 == 0, f"//bakes{n}", ("STILL", "ANIMATION")[n // 2]
    assert failures([ob]) == []


def test_a_group_that_is_baked_twice_is_told_or_refused() -> None:
    """Blender does not say which bake is whose; alike as they are at first it does not matter."""
    empty()
    ob, modifier = baked()
    modifier.node_group.nodes.new("GeometryNodeGroup").node_tree = DATA.node_groups["Low"]
    assert len(modifier.bakes) == 6 and failures([ob]) == []
    ob, modifier = baked()
    modifier.node_group.nodes.new("GeometryNodeGroup").node_tree = DATA.node_groups["Low"]
    next(bake for bake in modifier.bakes if bake.node == DATA.node_groups["Low"].nodes["Bake.001"]).frame_end = 7
    (words,) = failures([ob])
    assert "refused: “Bake.001” is baked in several ways" in words


# Drivers and keyframes


def path_to(modifier: Any, name: str, what: str = "value") -> str:
    """How Blender spells the data path of what a modifier says of an input."""
    start, found = f'modifiers["{bpy.utils.escape_identifier(modifier.name)}"]', identifier(modifier, name)
    if BY_RNA:
        return f"{start}.properties.inputs.{found}.{what}"
    return f'{start}["{found}{"" if what == "value" else f"_{what}"}"]'


def test_what_moves_inputs_finds_them_under_their_new_identifiers() -> None:
    empty()
    ob, modifier = with_group(a_group(gaps=3))
    modifier.name = 'Grow "up"'
    bevel: Any = ob.modifiers.new("Edges", "BEVEL")
    number = ob.driver_add(path_to(modifier, "Float")).driver
    number.expression = "angle * 2 + own"
    for name, path in (("angle", path_to(modifier, "In Open")), ("own", path_to(modifier, "Vector") + "[1]")):
        variable = number.variables.new()
        variable.name = name
        variable.targets[0].id, variable.targets[0].data_path = ob, path
    ob.driver_add(path_to(modifier, "Vector"), 2).driver.expression = "frame / 3"
    bevel.driver_add("width").driver.expression = "0.5"
    ob.keyframe_insert(path_to(modifier, "In Closed"), frame=3)
    ob.keyframe_insert('modifiers["Edges"].segments', frame=9)
    ob.animation_data.drivers.new('modifiers["Grow \\"up\\""]["Socket_99"]').driver.expression = "1"
    names = ("Float", "Vector", "In Open", "In Closed")
    before, old = "\n".join(curves(ob)), [identifier(modifier, name) for name in names]
    stack = read_stack(ob)
    assert stack is not None and len(stack.animation.drivers) == 4 and len(stack.animation.keys) == 2
    body = {"stacks": {stack.key: stack.as_json()}, "roots": [stack.key]}
    graphs = {key: graph.as_json() for key, graph in read_graphs(bpy.data)[0].items()}
    answer = prove_stacks.run({**body, "graphs": graphs}, Path())["scripts"][stack.key]
    assert answer["proven"], f"{answer['reason']}\n{answer['code']}"
    empty()
    exec(compile(answer["code"], "code", "exec"), {"__name__": "__main__"})
    made = DATA.objects["Thing"]
    new = [identifier(made.modifiers[0], name) for name in names]
    assert all(one != other for one, other in zip(new, old, strict=True))
    for n, name in enumerate(old):
        before = re.sub(rf"\b{name}\b", f"@{n}", before)
    for n, name in enumerate(new):
        before = before.replace(f"@{n}", name)
    assert before == "\n".join(curves(made)), answer["code"]
