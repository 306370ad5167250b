# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `save`: a tree is built in an empty Blender, compared, put on a thing that shows it, and saved.

Body: `graphs` (key → graph as JSON) and `root`, the key of the tree. Answer: `path` of a .blend file in the worker's
own folder, which the next job may overwrite. Refused where what was built is not the same tree.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ...graph.model import closure
from . import Refused, empty, staging
from .trial import LazyGraphs, built, compared, refusal


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """See the module. Raises Refused."""
    graphs = LazyGraphs(body["graphs"])
    trees = closure(graphs[body["root"]], graphs)
    empty()
    reason = refusal(trees, layout=True)
    if not reason:
        _, failures = built(trees, layout=True)
        reason = next(iter(failures.values()), "") or compared(trees, trees[-1], {})
    if reason:
        raise Refused("not-built", f"The tree could not be built again: {reason}")
    _show(trees[-1].key, trees[-1].type)
    path = scratch / "answer.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path), check_existing=False, copy=True)
    return {"path": str(path)}


def _show(key: str, kind: str) -> None:
    """A ball of the material, a grid with the geometry nodes; what nothing uses is kept all the same."""
    owner, _, name = key.partition("/")
    block = getattr(bpy.data, owner)[name]
    block.use_fake_user = True
    if owner == "materials":
        staging.put(bpy.context.scene, staging.ball(block))
    elif kind == "GeometryNodeTree":
        staging.put(bpy.context.scene, staging.grown(block))
