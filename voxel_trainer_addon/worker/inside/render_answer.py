# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `render_answer`: a model's script runs as in `run_answer`, then a material or geometry that it made is pictured.

Body: `code`, `key` (which tree), `seeds` (a picture for each), `size` (pixels, square), `samples`, `frame` (centre and
radius in metres as this job answers them; empty: what the tree itself fills). Answer: `pictures` (PNG in base64, clear
where nothing is) and `frame`. A material is on a ball, geometry on a plain grid of clay, under soft light and a low
lamp from the side, for without it bumps hardly show. Refused with `unsafe` as `run_answer` does, and with `not-shown`
where there is nothing to picture, or that would take files or run Python.
"""

from __future__ import annotations

from array import array
from base64 import b64encode
from pathlib import Path
from typing import Any

import bpy
from mathutils import Vector

from ...graph.blender.read import tree_of
from ...graph.steps import OWNERS
from .. import png
from . import Refused, run_answer, staging

EXPOSURE = -1.5
"""In stops: a white ball is just not white in its picture."""
TAKING = ("GeometryNodeImport", "ShaderNodeTexIES", "ShaderNodeScript")
"""How the types of nodes begin that take files by name."""


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """See the module. Raises Refused."""
    key = str(body["key"])
    outcome = run_answer.ran(str(body["code"]), scratch)
    kind, _, name = key.partition("/")
    tree = tree_of(bpy.data, key)
    if tree is None or not outcome["ran"]:
        raise Refused("not-shown", f"The script made no {key}.", outcome["error"])
    if (kind, tree.bl_idname) not in (("materials", "ShaderNodeTree"), ("node_groups", "GeometryNodeTree")):
        raise Refused("not-shown", f"{key} is neither a material nor geometry.")
    if reaching := _reaching():
        raise Refused("not-shown", f"A picture of {key} would take files or run Python.", ", ".join(reaching[:3]))
    scene = staging.new_scene(int(body["size"]), int(body["samples"]))
    scene.render.film_transparent = True
    scene.render.image_settings.color_mode = "RGBA"
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    scene.cycles.use_adaptive_sampling = False
    scene.view_settings.exposure = EXPOSURE
    if kind == "materials":
        staging.put(scene, staging.ball(bpy.data.materials[name]))
        centre, radius = Vector(), 1.0
    else:
        staging.put(scene, staging.grown(bpy.data.node_groups[name]))
        own = [float(value) for value in body["frame"]]
        centre, radius = (Vector(own[:3]), own[3]) if own else staging.bounds(scene)
    staging.lamps(scene, centre, radius)
    staging.lamp(scene, "Raking", 120.0, 0.1, Vector((3.0, 0.8, 1.0)), centre, radius)
    staging.camera(scene, centre, radius)
    pictures = [b64encode(_picture(scene, int(seed), scratch / "picture.png")).decode() for seed in body["seeds"]]
    return {"pictures": pictures, "frame": [centre.x, centre.y, centre.z, radius]}


def _reaching() -> list[str]:
    """What of the data names a file, and what in it takes one or runs Python once it is drawn: nothing guards then."""
    owners = [block for kind in OWNERS for block in getattr(bpy.data, kind)]
    trees = [tree for owner in owners if (tree := getattr(owner, "node_tree", None))] + [*bpy.data.node_groups]
    found = sorted({*bpy.utils.blend_paths()} - {"", "<builtin>"})
    found += [node.bl_idname for tree in trees for node in tree.nodes if node.bl_idname.startswith(TAKING)]
    for block in (*bpy.data.user_map(), *trees):
        data = getattr(block, "animation_data", None)
        drivers = [curve.driver for curve in data.drivers] if data else []
        found += [d.expression for d in drivers if d.type == "SCRIPTED" and not d.is_simple_expression]
    return found


def _picture(scene: Any, seed: int, path: Path) -> bytes:
    """A render with its noise from `seed`. What is read back and written anew is the same wherever it was rendered."""
    scene.cycles.seed = seed
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True, scene=scene.name)
    image: Any = bpy.data.images.load(str(path))
    width, height = image.size
    values = array("f", bytes(4 * 4 * width * height))
    image.pixels.foreach_get(values)
    bpy.data.images.remove(image)
    path.unlink()
    return png.png(width, height, bytes(round(255 * value) for value in values))
