# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever RNA lets a script change of a tree, the exact comparison sees, but for a short list with reasons.

The walk over RNA is this test's own: it shares nothing with the reader.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.graph.blender.read import read_graph
from voxel_trainer_addon.graph.exact import exact_differences
from voxel_trainer_addon.worker.inside import empty

pytestmark = pytest.mark.bpy

WITHOUT_EFFECT = {
    **dict.fromkeys(
        ("select", "active_index", "inspection_index", "is_inspect_output"), "what is picked or looked at in the editor"
    ),
    **dict.fromkeys(
        ("hide_value", "display_shape", "description", "link_limit"), "of sockets: the declaration of the node says it"
    ),
    "height": "computed when the node is drawn",
    "color": "counts once the node has a colour of its own",
    "frame_current": "computed from the scene's frame",
    "mute": "of nodes without outputs",
}
"""What may change unseen, and why."""
OF_THE_TYPE = ("bl_",)
"""Facts about the type that only a registered class sets."""
OF_THE_DATA_BLOCK = {*bpy.types.ID.bl_rna.properties.keys()}
"""Users, marks and preview of a data-block: no part of the tree."""

GEOMETRY = (
    *("ShaderNodeFloatCurve", "GeometryNodeMenuSwitch", "GeometryNodeRepeatOutput", "GeometryNodeBake", "NodeFrame"),
    *("GeometryNodeSimulationOutput", "GeometryNodeImageTexture", "FunctionNodeRandomValue"),
)
SHADER = (
    "ShaderNodeTexImage",
    "ShaderNodeBsdfPrincipled",
    "ShaderNodeAttribute",
    "ShaderNodeTexSky",
    "ShaderNodeValue",
)


def other(p: Any, value: Any) -> Any:
    """Another value that the property could have; None where there is none."""
    if p.type == "BOOLEAN":
        return [not x for x in value] if p.is_array else not value
    if p.type in ("INT", "FLOAT"):
        step: Any = 1 if p.type == "INT" else 0.125
        up = [x + step for x in value] if p.is_array else value + step
        top = p.hard_max
        return up if p.is_array or up <= top else value - step
    if p.type == "STRING":
        return value + "x"
    if p.type == "ENUM" and not p.is_enum_flag:
        return next((item.identifier for item in p.enum_items if item.identifier != value), None)
    return None


Path = tuple[str | int, ...]
Make = Callable[[], tuple[Any, Any]]
"""Makes a tree and what of it is to be changed."""


def paths(thing: Any, path: Path = (), depth: int = 0) -> Iterator[tuple[Path, str]]:
    """Where the properties of a struct and of those nested in it are, data-blocks and other nodes apart."""
    for p in thing.bl_rna.properties:
        below, here = getattr(thing, p.identifier, None), (*path, p.identifier)
        if p.identifier == "internal_links":  # what a muted node would pass on
            continue
        if p.type == "COLLECTION" and depth < 3:
            for n, item in enumerate(below or ()):
                if not isinstance(item, bpy.types.ID | bpy.types.Node):
                    yield from paths(item, (*here, n), depth + 1)
        elif (
            p.type == "POINTER"
            and p.identifier not in ("rna_type", "id_data", "parent")
            and below is not None
            and depth < 3
        ):
            if not isinstance(below, bpy.types.ID | bpy.types.Node | bpy.types.NodeTreeInterface):
                yield from paths(below, here, depth + 1)
        elif not p.is_readonly and not (isinstance(thing, bpy.types.ID) and p.identifier in OF_THE_DATA_BLOCK):
            yield path, p.identifier


def unseen(make: Make) -> Iterator[str]:
    """Properties that change without a difference; each is tried on a fresh tree."""
    empty()
    for path, name in list(paths(make()[1])):
        tree, struct = make()
        for part in path:
            struct = struct[part] if isinstance(part, int) else getattr(struct, part)
        p = struct.bl_rna.properties[name]
        before, old = read_graph(tree, "node_groups/Tree"), value(struct, p)
        want = None if name.startswith(OF_THE_TYPE) else other(p, old)
        if want is not None:
            with contextlib.suppress(TypeError, ValueError, AttributeError, RuntimeError):
                setattr(struct, name, want)
                if value(struct, p) != old and not exact_differences(before, read_graph(tree, "node_groups/Tree")):
                    yield ".".join(map(str, (*path, name)))
        bpy.data.node_groups.remove(tree)


def value(struct: Any, p: Any) -> Any:
    held = getattr(struct, p.identifier)
    return list(held) if getattr(p, "is_array", False) else held


@pytest.mark.parametrize(
    ("tree_type", "kind"),
    [("GeometryNodeTree", kind) for kind in GEOMETRY] + [("ShaderNodeTree", kind) for kind in SHADER],
)
def test_a_change_of_a_node_is_seen(tree_type: str, kind: str) -> None:
    def make() -> tuple[Any, Any]:
        tree: Any = bpy.data.node_groups.new("Tree", tree_type)
        return tree, tree.nodes.new(kind)

    found = {path for path in unseen(make) if path.split(".")[-1] not in WITHOUT_EFFECT}
    if kind != "ShaderNodeValue":  # others compute their outputs
        found = {path for path in found if not path.startswith("outputs")}
    assert not found, found


def test_a_change_of_a_tree_is_seen() -> None:
    def make() -> tuple[Any, Any]:
        tree: Any = bpy.data.node_groups.new("Tree", "GeometryNodeTree")
        return tree, tree

    found = {path for path in unseen(make) if path.split(".")[-1] not in WITHOUT_EFFECT}
    assert not found, found


@pytest.mark.parametrize("kind", ["Panel", "Float", "Int", "Bool", "Vector", "String", "Color", "Object", "Geometry"])
def test_a_change_of_an_interface_item_is_seen(kind: str) -> None:
    def make() -> tuple[Any, Any]:
        tree: Any = bpy.data.node_groups.new("Tree", "GeometryNodeTree")
        panel = tree.interface.new_panel("Panel")
        item = (
            tree.interface.new_socket(kind, in_out="INPUT", socket_type=f"NodeSocket{kind}", parent=panel)
            if (kind != "Panel")
            else panel
        )
        return tree, item

    found = {path for path in unseen(make) if path.split(".")[-1] not in WITHOUT_EFFECT}
    assert not found, found
