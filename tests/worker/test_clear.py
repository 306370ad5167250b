# SPDX-License-Identifier: GPL-3.0-or-later
"""Between two proofs everything that was made goes, and a scene that was changed is a new one again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.worker.inside import clear, empty

pytestmark = pytest.mark.bpy


def census() -> dict[str, list[str]]:
    """The names of all data-blocks, and what of the scene scripts change."""
    kinds = [p.identifier for p in bpy.types.BlendData.bl_rna.properties if p.type == "COLLECTION"]
    found = {kind: sorted(block.name for block in getattr(bpy.data, kind)) for kind in kinds}
    scene = bpy.data.scenes["Scene"]
    found["layers"] = [f"{layer.name} {layer.use_pass_z}" for layer in scene.view_layers]
    found["trees"] = [str(getattr(scene, "node_tree", None)), str(getattr(scene, "compositing_node_group", None))]
    return {**found, "keys": list(scene.keys())}


def data() -> None:
    tree = bpy.data.node_groups.new("Scene", "GeometryNodeTree")
    tree.nodes.new("ShaderNodeMath")
    material = bpy.data.materials.new("Rust")
    thing = bpy.data.objects.new("Thing", bpy.data.meshes.new("Mesh"))
    thing.data.materials.append(material)
    thing.shape_key_add(name="Basis")
    bpy.data.scenes[0].collection.objects.link(thing)
    bpy.data.images.new("Image", 1, 1)
    bpy.data.fonts.load("<builtin>")


def compositor() -> None:
    scene: Any = bpy.data.scenes[0]
    if hasattr(scene, "compositing_node_group"):
        scene.compositing_node_group = bpy.data.node_groups.new("C", "CompositorNodeTree")
    else:
        scene.use_nodes = True


def layers() -> None:
    bpy.data.scenes[0].view_layers[0].name = "Beauty"
    bpy.data.scenes[0].view_layers.new("Second")


def passes() -> None:
    layer = bpy.data.scenes[0].view_layers[0]
    layer.use_pass_z = not layer.use_pass_z


def scenes() -> None:
    bpy.data.scenes.new("Other")


def custom() -> None:
    bpy.data.scenes[0]["mark"] = 1


@pytest.mark.parametrize("make", [data, compositor, layers, passes, scenes, custom], ids=lambda f: f.__name__)
def test_nothing_is_left(make: Callable[[], None]) -> None:
    empty()
    before = census()
    make()
    assert census() != before
    clear()
    assert census() == before
