# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `render`: a small picture of what a tree makes: a material or shader group on a sphere, a world around one,
geometry in clay.

Body: `path` (a .blend file) or `code` (a script that was allowed before), `key` (which tree), `size` (pixels, square),
`samples`. Answer: `picture` (path of a PNG in the scratch folder). The stage is the same for both, so two pictures of
equal trees are equal but for the noise of the render. Refused with `not-shown` where a tree has no look of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bmesh
import bpy
from mathutils import Vector

from ...graph.blender.read import tree_of
from . import Refused, empty, wear_out

SCENE = "Voxel Picture"
CLAY = (0.55, 0.5, 0.45, 1.0)
FAR = 1.0e4
"""What reaches farther than this, in metres, is not framed."""


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """See the module. Raises Refused(`not-shown`) and what a script raises."""
    key = str(body["key"])
    empty()
    if "path" in body:
        wear_out()
        bpy.ops.wm.open_mainfile(filepath=str(body["path"]), load_ui=False, use_scripts=False)
    else:
        exec(compile(str(body["code"]), "<script>", "exec"), {"__name__": "__main__"})
    tree = tree_of(bpy.data, key)
    if tree is None:
        raise Refused("not-shown", f"There is no {key}.")
    show = SHOWS.get((key.split("/", 1)[0], tree.bl_idname))
    if show is None:
        raise Refused("not-shown", f"A picture of {key} would show nothing of its own.")
    scene = _scene(int(body.get("size", 256)), int(body.get("samples", 16)))
    show(scene, key.split("/", 1)[1])
    place = scratch / "picture.png"
    scene.render.filepath = str(place)
    bpy.ops.render.render(write_still=True, scene=scene.name)
    return {"picture": str(place)}


def _scene(size: int, samples: int) -> Any:
    scene: Any = bpy.data.scenes.new(SCENE)
    scene.render.engine = "CYCLES"
    scene.cycles.samples = samples
    scene.cycles.use_denoising = False  # some builds have no denoiser
    scene.cycles.device = "CPU"
    scene.render.resolution_x = scene.render.resolution_y = size
    scene.render.image_settings.file_format = "PNG"
    scene.view_settings.view_transform = "Standard"
    return scene


def _material(scene: Any, name: str) -> None:
    sphere = _sphere(bpy.data.materials[name])
    floor = bpy.data.objects.new("Floor", _clay_grid(20.0, -1.0, 1))
    _stage(scene, sphere, floor)
    _light(scene, Vector(), 1.0)
    _camera(scene, Vector(), 1.25)


def _shader_group(scene: Any, name: str) -> None:
    """The group's first output on a material's surface; Blender takes a colour or a number there as light."""
    material: Any = bpy.data.materials.new("Shown")
    if material.node_tree is None:
        material.use_nodes = True
    nodes = material.node_tree.nodes
    nodes.clear()
    group, surface = nodes.new("ShaderNodeGroup"), nodes.new("ShaderNodeOutputMaterial")
    group.node_tree = bpy.data.node_groups[name]
    if not group.outputs:
        raise Refused("not-shown", "The group has no output.")
    material.node_tree.links.new(group.outputs[0], surface.inputs["Surface"])
    _material(scene, material.name)


def _world(scene: Any, name: str) -> None:
    mirror: Any = bpy.data.materials.new("Mirror")
    if mirror.node_tree is None:
        mirror.use_nodes = True
    shader = mirror.node_tree.nodes["Principled BSDF"]
    shader.inputs["Metallic"].default_value, shader.inputs["Roughness"].default_value = 1.0, 0.1
    _stage(scene, _sphere(mirror))
    scene.world = bpy.data.worlds[name]
    _camera(scene, Vector(), 1.6)


def _geometry(scene: Any, name: str) -> None:
    thing = bpy.data.objects.new("Thing", _clay_grid(1.0, 0.0, 8))
    modifier: Any = thing.modifiers.new("Shown", "NODES")
    modifier.node_group = bpy.data.node_groups[name]
    _stage(scene, thing)
    framed = _bounds(scene)
    _light(scene, *framed)
    _camera(scene, *framed)


SHOWS: dict[tuple[str, str], Callable[[Any, str], None]] = {
    ("materials", "ShaderNodeTree"): _material,
    ("worlds", "ShaderNodeTree"): _world,
    ("node_groups", "ShaderNodeTree"): _shader_group,
    ("node_groups", "GeometryNodeTree"): _geometry,
}


def _stage(scene: Any, *things: Any) -> None:
    for thing in things:
        scene.collection.objects.link(thing)


def _sphere(material: Any) -> Any:
    mesh = bpy.data.meshes.new("Sphere")
    form = bmesh.new()
    bmesh.ops.create_uvsphere(form, u_segments=64, v_segments=32, radius=1.0, calc_uvs=True)
    form.to_mesh(mesh)
    form.free()
    mesh.shade_smooth()
    mesh.materials.append(material)
    return bpy.data.objects.new("Sphere", mesh)


def _clay_grid(half: float, height: float, cells: int) -> Any:
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


def _light(scene: Any, centre: Vector, radius: float) -> None:
    for name, strength, towards in (("Key", 560.0, (4, -4, 6)), ("Fill", 200.0, (-6, -3, 3))):
        data: Any = bpy.data.lights.new(name, "AREA")
        data.energy, data.size = strength * radius**2, 4.0 * radius
        lamp = bpy.data.objects.new(name, data)
        lamp.location = centre + Vector(towards) * radius
        lamp.rotation_euler = Vector(towards).to_track_quat("Z", "Y").to_euler()
        _stage(scene, lamp)
    world: Any = bpy.data.worlds.new("Studio")
    if world.node_tree is None:
        world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.18, 0.19, 0.21, 1.0)
    scene.world = world


def _camera(scene: Any, centre: Vector, radius: float) -> None:
    data: Any = bpy.data.cameras.new("Camera")
    data.clip_end = FAR * 10
    data.clip_start = radius / 100
    camera = bpy.data.objects.new("Camera", data)
    towards = Vector((0.55, -1.0, 0.5)).normalized()
    camera.location = centre + towards * radius * 3.2
    camera.rotation_euler = towards.to_track_quat("Z", "Y").to_euler()
    _stage(scene, camera)
    scene.camera = camera


def _bounds(scene: Any) -> tuple[Vector, float]:
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
