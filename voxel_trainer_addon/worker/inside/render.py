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

import bpy
from mathutils import Vector

from ...graph.blender.read import tree_of
from . import Refused, empty, staging, wear_out


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
    scene = staging.new_scene(int(body.get("size", 256)), int(body.get("samples", 16)))
    show(scene, key.split("/", 1)[1])
    place = scratch / "picture.png"
    scene.render.filepath = str(place)
    bpy.ops.render.render(write_still=True, scene=scene.name)
    return {"picture": str(place)}


def _material(scene: Any, name: str) -> None:
    sphere = staging.ball(bpy.data.materials[name])
    floor = bpy.data.objects.new("Floor", staging.clay_grid(20.0, -1.0, 1))
    staging.put(scene, sphere, floor)
    staging.lamps(scene, Vector(), 1.0)
    staging.camera(scene, Vector(), 1.25)


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
    staging.put(scene, staging.ball(mirror))
    scene.world = bpy.data.worlds[name]
    staging.camera(scene, Vector(), 1.6)


def _geometry(scene: Any, name: str) -> None:
    staging.put(scene, staging.grown(bpy.data.node_groups[name]))
    framed = staging.bounds(scene)
    staging.lamps(scene, *framed)
    staging.camera(scene, *framed)


SHOWS: dict[tuple[str, str], Callable[[Any, str], None]] = {
    ("materials", "ShaderNodeTree"): _material,
    ("worlds", "ShaderNodeTree"): _world,
    ("node_groups", "ShaderNodeTree"): _shader_group,
    ("node_groups", "GeometryNodeTree"): _geometry,
}
