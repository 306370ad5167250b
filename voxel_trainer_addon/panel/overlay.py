# SPDX-License-Identifier: GPL-3.0-or-later
"""Signs on the nodes that a comparison speaks of: `−` goes, `~` changes; each with a frame in a colour of its own."""

from __future__ import annotations

from typing import Any

import blf
import bpy
import gpu
from gpu_extras.batch import batch_for_shader

from ..graph.blender.beside import corner
from .blender import signs
from .shown import shown

COLOURS = {"−": (0.95, 0.35, 0.25, 1.0), "~": (0.95, 0.75, 0.2, 1.0)}
MARKS_MAX = 300
WIDTH = 3.0
_handle: Any = None


def draw() -> None:
    """What Blender calls for each node editor."""
    draw_signs(bpy.context)


def draw_signs(context: Any) -> None:
    """Frames and signs, in pixels of the region."""
    what = shown(context)
    marks = signs(what.key) if what else {}
    if what is None or not marks:
        return
    view, scale = context.region.view2d, context.preferences.system.ui_scale
    frames: dict[str, list[tuple[float, float]]] = {sign: [] for sign in COLOURS}
    blf.size(0, 18 * scale)
    for name, sign in list(marks.items())[:MARKS_MAX]:
        node = what.tree.nodes.get(name)
        if node is None:
            continue
        left, top = (part * scale for part in corner(node))
        x0, y1 = view.view_to_region(left, top, clip=False)
        x1, y0 = view.view_to_region(left + node.dimensions.x, top - node.dimensions.y, clip=False)
        frames[sign] += [(x0, y0), (x1, y0), (x1, y0), (x1, y1), (x1, y1), (x0, y1), (x0, y1), (x0, y0)]
        blf.color(0, *COLOURS[sign])
        blf.position(0, x1 + 4, y1 - 14 * scale, 0)
        blf.draw(0, sign)
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    gpu.state.line_width_set(WIDTH)
    for sign, corners in frames.items():
        if corners:
            shader.uniform_float("color", COLOURS[sign])
            batch_for_shader(shader, "LINES", {"pos": corners}).draw(shader)
    gpu.state.line_width_set(1.0)


def register() -> None:
    """Draw in every node editor."""
    global _handle
    if not bpy.app.background:
        _handle = bpy.types.SpaceNodeEditor.draw_handler_add(draw, (), "WINDOW", "POST_PIXEL")


def unregister() -> None:
    global _handle
    if _handle is not None:
        bpy.types.SpaceNodeEditor.draw_handler_remove(_handle, "WINDOW")
        _handle = None
