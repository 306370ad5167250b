# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers and keyframes come back: every type of curve, point, modifier, driver and variable that Blender lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.graph.blender.read import read_graph, read_graphs
from voxel_trainer_addon.graph.canonical import differences, graph_hash
from voxel_trainer_addon.worker.inside import empty, prove

pytestmark = pytest.mark.bpy
TYPES: Any = bpy.types


def choices(struct: Any, name: str) -> list[str]:
    return [item.identifier for item in struct.bl_rna.properties[name].enum_items]


def tree_with_nodes(count: int) -> Any:
    tree: Any = bpy.data.node_groups.new("Moved", "ShaderNodeTree")
    for _ in range(count):
        tree.nodes.new("ShaderNodeVectorMath").operation = "SCALE"
    return tree


def keyed(tree: Any, path: str, index: int = 0) -> Any:
    """A new curve in the tree's action."""
    held = tree.animation_data_create()
    if held.action is None:
        held.action = bpy.data.actions.new("Dance")
    if hasattr(TYPES, "ActionSlot"):
        return held.action.fcurve_ensure_for_datablock(tree, path, index=index)
    return held.action.fcurves.new(path, index=index)


def every_key() -> None:
    """A point of every interpolation, easing and pair of handle types; one that no automatic handle would have."""
    tree = tree_with_nodes(1)
    curve = keyed(tree, 'nodes["Vector Math"].inputs[0].default_value', 2)
    names = [(name, choices(TYPES.Keyframe, name)) for name in ("interpolation", "easing", "type")]
    handles = choices(TYPES.Keyframe, "handle_left_type")
    for n in range(20):
        curve.keyframe_points.insert(n * 7.5, n * n % 5 / 3)
    for n, point in enumerate(curve.keyframe_points):
        for name, values in names:
            setattr(point, name, values[n % len(values)])
        point.handle_left_type, point.handle_right_type = handles[n % len(handles)], handles[n // 3 % len(handles)]
        point.amplitude, point.back, point.period = n / 3, n / 5, n / 7
    curve.update()
    curve.keyframe_points[3].handle_left = (20.0, 9.0)
    curve.extrapolation, curve.mute, curve.auto_smoothing = "LINEAR", True, "NONE"
    held = tree.animation_data
    held.action_influence, held.action_blend_type, held.action_extrapolation = 0.25, "ADD", "HOLD_FORWARD"


def every_modifier() -> None:
    kinds = [kind for kind in choices(TYPES.FModifier, "type") if kind != "NULL"]
    tree = tree_with_nodes(len(kinds))
    for node, kind in zip(tree.nodes, kinds, strict=True):
        curve = keyed(tree, node.inputs[3].path_from_id("default_value"))
        curve.keyframe_points.insert(1, 2)
        change(curve.modifiers.new(kind))
        for frame in (4.0, 2.0) if kind == "ENVELOPE" else ():
            curve.modifiers[0].control_points.add(frame)  # Blender may crash when one is changed


def change(struct: Any) -> None:
    """Every setting of a struct to another value."""
    for p in struct.bl_rna.properties:
        if p.is_readonly or p.identifier in ("active", "name", "coefficients"):
            continue
        value = getattr(struct, p.identifier)
        if p.type == "ENUM":
            setattr(struct, p.identifier, next(i.identifier for i in p.enum_items if i.identifier != value))
        elif p.type == "BOOLEAN":
            setattr(struct, p.identifier, not value)
        elif p.type in ("FLOAT", "INT"):
            setattr(struct, p.identifier, value + 1 if value + 1 <= p.hard_max else value - 1)


def every_driver() -> None:
    kinds, kinds_of_variables = choices(TYPES.Driver, "type"), choices(TYPES.DriverVariable, "type")
    tree = tree_with_nodes(len(kinds))
    tree.nodes[1].name = 'He said "no" \\ ü'
    lamp = bpy.data.objects.new("Lamp", None)
    for n, (node, kind) in enumerate(zip(tree.nodes, kinds, strict=True)):
        curve = node.inputs[0].driver_add("default_value", n % 3)
        curve.driver.type, curve.driver.expression = kind, "a + 1"
        for letter, of in zip("abcdefgh", kinds_of_variables, strict=False):
            variable = curve.driver.variables.new()
            variable.name, variable.type = letter, of
            for m, target in enumerate(variable.targets):
                if of == "SINGLE_PROP":
                    target.id_type, target.id, target.data_path = "NODETREE", tree, 'nodes["Vector Math"].mute'
                elif of == "CONTEXT_PROP":
                    target.context_property = choices(target, "context_property")[-1]
                    target.data_path = "frame_start"
                else:
                    target.id, target.bone_target = lamp, f"Bone {m}"
                    target.transform_type = choices(target, "transform_type")[n + m]
                    target.transform_space = choices(target, "transform_space")[m + 1]
        if n == 0:
            curve.driver.use_self = True
            curve.keyframe_points.insert(3, 5).interpolation = "LINEAR"
            curve.modifiers.new("LIMITS").max_y = 3.0


def odd_paths() -> None:
    """What leads nowhere, or is spelled in another way than Blender would."""
    tree = tree_with_nodes(2)
    held = tree.animation_data_create()
    for n, path in enumerate(
        (
            'nodes["Gone"].inputs[0].default_value',
            'nodes["Vector Math"].nothing',
            '["own"]',
            'nodes["Vector Math"]["own"]',
        )
    ):
        held.drivers.new(path, index=n).driver.expression = "frame"
    keyed(tree, 'nodes["Vector Math.001"].inputs["Scale"].default_value').keyframe_points.insert(1, 2)


def embedded() -> None:
    """A material's tree has no name of its own; its drivers look at the tree, the material and a twin node."""
    material: Any = bpy.data.materials.new("Paint")
    if material.node_tree is None:
        material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    for _ in range(3):
        tree.nodes.new("ShaderNodeValue")
    for n, node in enumerate(tree.nodes):
        node.name = f"Value.{2 - n:03}"
        driver = node.outputs[0].driver_add("default_value").driver
        for kind, block, start in (("NODETREE", tree, ""), ("MATERIAL", material, "node_tree.")):
            target = driver.variables.new().targets[0]
            target.id_type, target.id = kind, block
            target.data_path = f'{start}nodes["Value.{(n + 1) % 3:03}"].outputs[0].default_value'


MADE = [every_key, every_modifier, every_driver, odd_paths, embedded]


@pytest.mark.parametrize("layout", (False, True), ids=("plain", "layout"))
@pytest.mark.parametrize("make", MADE, ids=lambda f: f.__name__)
def test_curves_come_back(make: Callable[[], None], layout: bool, tmp_path: Path) -> None:
    empty()
    make()
    (key,) = read_graphs(bpy.data)[0]
    before = sorted(dump(tree_of(key)))
    graphs = read_graphs(bpy.data)[0]
    assert graphs[key].animation.drivers or graphs[key].animation.keys
    body = {"graphs": {key: graph.as_json() for key, graph in graphs.items()}, "roots": [key], "layout": layout}
    answer = prove.run(body, tmp_path)["scripts"][key]
    assert answer["proven"], f"{answer['reason']}\n{answer['code']}"
    empty()
    exec(compile(answer["code"], "code", "exec"), {"__name__": "__main__"})
    assert sorted(dump(tree_of(key))) == before, answer["code"]


def test_nodes_that_drivers_look_at_keep_their_names(tmp_path: Path) -> None:
    """Whatever usual names the others have: Blender answers a taken name with a free one, the old one perhaps."""
    for order in permutations(("Value", "Value.001", "Value.002", "Value.003")):
        empty()
        tree: Any = bpy.data.node_groups.new("Moved", "ShaderNodeTree")
        made = [tree.nodes.new("ShaderNodeValue") for _ in order]
        for node in made:
            node.name = "away"
        for n, (node, name) in enumerate(zip(made, order, strict=True)):
            node.name, node.outputs[0].default_value = name, n
        driver = made[-1].outputs[0].driver_add("default_value").driver
        for name in ("Value.001", "Value.002"):
            target = driver.variables.new().targets[0]
            target.id_type, target.id = "NODETREE", tree
            target.data_path = f'nodes["{name}"].outputs[0].default_value'
        body = {"graphs": {"node_groups/Moved": read_graph(tree, "node_groups/Moved").as_json()}}
        answer = prove.run({**body, "roots": list(body["graphs"])}, tmp_path)["scripts"]["node_groups/Moved"]
        assert answer["proven"], f"{answer['reason']}\n{answer['code']}"
        empty()
        exec(compile(answer["code"], "code", "exec"), {"__name__": "__main__"})
        nodes = bpy.data.node_groups["Moved"].nodes
        for name in ("Value.001", "Value.002"):
            assert nodes[name].outputs[0].default_value == order.index(name), answer["code"]


def tree_of(key: str) -> Any:
    owner = getattr(bpy.data, key.split("/")[0])[key.split("/")[1]]
    return owner if key.startswith("node_groups/") else owner.node_tree


def dump(tree: Any) -> Iterator[str]:
    """Each curve of a tree as text, by its own walk over RNA; nodes that are moved keep their names in code."""
    held = tree.animation_data
    curves = list(held.drivers)
    if held.action and hasattr(held, "action_slot"):
        curves += held.action.layers[0].strips[0].channelbag(held.action_slot).fcurves
    elif held.action:
        curves += held.action.fcurves
    for curve in curves:
        yield f"{curve.data_path}[{curve.array_index}] {told(curve)}"
    if held.action:
        yield f"{held.action.name} {held.action_influence:.6g} {held.action_blend_type} {held.action_extrapolation}"


QUIET = {"rna_type", "co_ui", "group", "color", "color_mode", "name", "active", "is_valid", "is_name_valid"}
QUIET |= {"show_expanded", "select", "lock", "hide", "is_simple_expression"}


def told(struct: Any) -> str:
    found = []
    for p in sorted(struct.bl_rna.properties, key=lambda p: p.identifier):
        if p.identifier in QUIET or p.identifier.startswith("select_"):
            continue
        value = getattr(struct, p.identifier)
        if p.type == "COLLECTION":
            value = [told(item) for item in value]
        elif p.type == "POINTER" and value is not None:
            value = value.name if isinstance(value, bpy.types.ID) else told(value)
        elif p.type == "FLOAT":
            value = [f"{x:.6g}" for x in value] if p.is_array else f"{value:.6g}"
        found.append(f"{p.identifier}={value}")
    return " ".join(found)


def test_a_changed_curve_is_seen() -> None:
    """Each change of one value alone makes two readings differ, in words and in the hash."""
    empty()
    every_driver()
    every = keyed(bpy.data.node_groups["Moved"], 'nodes["Vector Math"].inputs[3].default_value')
    every.keyframe_points.insert(1, 2)
    before = read_graphs(bpy.data)[0]
    tree: Any = bpy.data.node_groups["Moved"]
    driver = tree.animation_data.drivers[0].driver
    point, target = every.keyframe_points[0], driver.variables[0].targets[0]
    changes: list[tuple[Any, str, Any]] = [
        (driver, "expression", "b"),
        (driver, "type", "MAX"),
        (driver.variables[0], "name", "z"),
        (target, "data_path", "x"),
        (point, "interpolation", "LINEAR"),
        (point, "handle_left", (-9.0, 1.0)),
        (every, "extrapolation", "LINEAR"),
        (tree.animation_data, "action_influence", 0.5),
    ]
    for struct, name, value in changes:
        was = getattr(struct, name)
        was = tuple(was) if name == "handle_left" else was
        setattr(struct, name, value)
        after = read_graphs(bpy.data)[0]
        key = "node_groups/Moved"
        assert differences(before[key], after[key], before, after), name
        assert graph_hash(key, before) != graph_hash(key, after), name
        setattr(struct, name, was)
    graph = before["node_groups/Moved"]
    bare = replace(graph, animation=replace(graph.animation, drivers=graph.animation.drivers[1:]))
    assert differences(graph, bare, {}, {})
