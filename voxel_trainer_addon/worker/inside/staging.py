# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage that pictures are taken on: the same things, lamps and camera for whatever is shown."""

from __future__ import annotations

from typing import Any

import bmesh
import bpy
from mathutils import Vector

from . import Refused

SCENE = "Voxel Picture"
CLAY = (0.55, 0.5, 0.45, 1.0)
FAR = 1.0e4
"""What reaches farther than this, in metres, is not framed."""


def new_scene(size: int, samples: int) -> Any:
    scene: Any = bpy.data.scenes.new(SCENE)
    scene.render.engine = "CYCLES"
    scene.cycles.samples = samples
    scene.cycles.use_denoising = False  # some builds have no denoiser
    scene.cycles.device = "CPU"
    scene.render.resolution_x = scene.render.resolution_y = size
    scene.render.image_settings.file_format = "PNG"
    scene.view_settings.view_transform = "Standard"
    return scene


def put(scene: Any, *things: Any) -> None:
    for thing in things:
        scene.collection.objects.link(thing)


def ball(material: Any) -> Any:
    mesh = bpy.data.meshes.new("Sphere")
    form = bmesh.new()
    bmesh.ops.create_uvsphere(form, u_segments=64, v_segments=32, radius=1.0, calc_uvs=True)
    form.to_mesh(mesh)
    form.free()
    mesh.shade_smooth()
    mesh.materials.append(material)
    return bpy.data.objects.new("Sphere", mesh)


def clay_grid(half: float, height: float, cells: int) -> Any:
    mesh = bpy.data.meshes.new("Grid")
    steps = [half * (2 * n / cells - 1) for n in range(cells + 1)]
    row = cells + 1
    faces = [
        (y * row + x, y * row + x + 1, (y + 1) * row + x + 1, (y + 1) * row + x)
        for y in range(cells)
        for x in range(cells)
    ]
    mesh.from_pydata([(x, y, height) for y in steps for x in steps], [], faces)
    clay: Any = bpy.data.materials.new("Clay")
    if clay.node_tree is None:
        clay.use_nodes = True
    clay.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = CLAY
    mesh.materials.append(clay)
    return mesh


def grown(group: Any) -> Any:
    """What a geometry node group makes of a plain grid of clay with its default values."""
    thing = bpy.data.objects.new("Thing", clay_grid(1.0, 0.0, 8))
    modifier: Any = thing.modifiers.new("Shown", "NODES")
    modifier.node_group = group
    return thing


def lamps(scene: Any, centre: Vector, radius: float) -> None:
    """Soft light from two sides and all around."""
    lamp(scene, "Key", 560.0, 4.0, Vector((4, -4, 6)), centre, radius)
    lamp(scene, "Fill", 200.0, 4.0, Vector((-6, -3, 3)), centre, radius)
    world: Any = bpy.data.worlds.new("Studio")
    if world.node_tree is None:
        world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.18, 0.19, 0.21, 1.0)
    scene.world = world


def lamp(scene: Any, name: str, watts: float, size: float, towards: Vector, centre: Vector, radius: float) -> None:
    """A square lamp that shines on what is framed, all lengths in radii."""
    data: Any = bpy.data.lights.new(name, "AREA")
    data.energy, data.size = watts * radius**2, size * radius
    thing = bpy.data.objects.new(name, data)
    thing.location = centre + towards * radius
    thing.rotation_euler = towards.to_track_quat("Z", "Y").to_euler()
    put(scene, thing)


def camera(scene: Any, centre: Vector, radius: float) -> None:
    data: Any = bpy.data.cameras.new("Camera")
    data.clip_end = FAR * 10
    data.clip_start = radius / 100
    camera = bpy.data.objects.new("Camera", data)
    towards = Vector((0.55, -1.0, 0.5)).normalized()
    camera.location = centre + towards * radius * 3.2
    camera.rotation_euler = towards.to_track_quat("Z", "Y").to_euler()
    put(scene, camera)
    scene.camera = camera


def bounds(scene: Any) -> tuple[Vector, float]:
    """Centre and radius of what the scene shows, instances included."""
    corners = []
    graph = scene.view_layers[0].depsgraph
    graph.update()
    for instance in graph.object_instances:
        shown = instance.object
        if shown.type in {"CURVE", "CURVES", "POINTCLOUD", "VOLUME"} or (shown.type == "MESH" and shown.data.vertices):
            corners += [instance.matrix_world @ Vector(corner) for corner in shown.bound_box]
    corners = [corner for corner in corners if corner.length < FAR]
    if not corners:
        raise Refused("not-shown", "It makes no geometry from a plain grid with its default values.")
    low = Vector([min(corner[axis] for corner in corners) for axis in range(3)])
    high = Vector([max(corner[axis] for corner in corners) for axis in range(3)])
    return (low + high) / 2, max((high - low).length / 2, 0.01)
