# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture shows what the tree makes, and a tree without a look of its own is refused."""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest

from voxel_trainer_addon.worker.inside import Refused, render

pytestmark = pytest.mark.bpy

GLOW = """
import bpy
glow = bpy.data.materials.new("Glow")
if not glow.node_tree:
    glow.use_nodes = True
tree = glow.node_tree
tree.nodes.clear()
light = tree.nodes.new("ShaderNodeEmission")
light.inputs["Color"].default_value = ({}, 1.0)
tree.links.new(light.outputs[0], tree.nodes.new("ShaderNodeOutputMaterial").inputs["Surface"])
"""
BALL = """
import bpy
ball = bpy.data.node_groups.new("Ball", "GeometryNodeTree")
ball.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
sphere = ball.nodes.new("GeometryNodeMeshIcoSphere")
sphere.inputs["Radius"].default_value = {}
ball.links.new(sphere.outputs["Mesh"], ball.nodes.new("NodeGroupOutput").inputs[0])
"""
SIZE = 24


def picture(code: str, key: str, folder: Path) -> list[tuple[float, ...]]:
    """The pixels, four numbers each, from the lower left."""
    made = render.run({"code": code, "key": key, "size": SIZE, "samples": 1}, folder)
    image = bpy.data.images.load(made["picture"])
    flat = list(image.pixels)
    return [tuple(flat[n : n + 4]) for n in range(0, len(flat), 4)]


def test_a_material_is_seen_on_the_sphere(tmp_path: Path) -> None:
    middle = SIZE * SIZE // 2 + SIZE // 2
    red = picture(GLOW.format("0.8, 0.0, 0.0"), "materials/Glow", tmp_path)[middle]
    blue = picture(GLOW.format("0.0, 0.0, 0.8"), "materials/Glow", tmp_path)[middle]
    assert red[0] > 0.5 > red[2] and blue[2] > 0.5 > blue[0]


@pytest.mark.parametrize("radius", [0.01, 50.0])
def test_geometry_is_framed_whatever_its_size(tmp_path: Path, radius: float) -> None:
    pixels = picture(BALL.format(radius), "node_groups/Ball", tmp_path)
    background = pixels[0]
    differ = sum(max(abs(a - b) for a, b in zip(pixel, background, strict=True)) > 0.05 for pixel in pixels)
    assert 0.1 < differ / len(pixels) < 0.9


def test_what_shows_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="grid"):
        picture(BALL.format(0.5).replace("ball.links.new(", "print("), "node_groups/Ball", tmp_path)
    with pytest.raises(Refused, match="no materials/Gone"):
        picture(GLOW.format("0.0, 0.0, 0.0"), "materials/Gone", tmp_path)
