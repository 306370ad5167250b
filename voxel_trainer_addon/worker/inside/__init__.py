# SPDX-License-Identifier: GPL-3.0-or-later
"""The inside of a worker: what its jobs share. A job is a module here with `run(body, scratch) -> dict`."""

from __future__ import annotations

from typing import Any

import bpy


class Refused(Exception):
    """A job could not do its unit, and says why: becomes an answer that is not ok; the worker lives on."""

    def __init__(self, code: str, sentence: str, detail: str = "") -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.detail = code, sentence, detail


_worn = False


def wear_out() -> None:
    """Say that this process must not be used again after the unit in hand."""
    global _worn
    _worn = True


def is_worn() -> bool:
    return _worn


def empty() -> None:
    """Bring Blender to factory settings and one empty scene: no other data-block is left. About twelve milliseconds."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    preferences = bpy.context.preferences
    assert preferences
    preferences.filepaths.use_scripts_auto_execute = False
    _scenes_before.clear()
    _scenes_before.update(_scenes())


_scenes_before: dict[str, tuple[Any, ...]] = {}
_STAYING = frozenset({"all_ids", "libraries", "scenes", "screens", "shape_keys", "window_managers", "workspaces"})


def clear() -> None:
    """Remove what was made since `empty()`, in less than a tenth of its time; where scenes were changed, empty anew."""
    kinds = (p.identifier for p in bpy.types.BlendData.bl_rna.properties if p.type == "COLLECTION")
    bpy.data.batch_remove([block for kind in kinds if kind not in _STAYING for block in getattr(bpy.data, kind)])
    if _scenes() != _scenes_before or bpy.data.libraries:
        empty()


def _scenes() -> dict[str, tuple[Any, ...]]:
    """What a script may have done to scenes: their view layers with all switches, their compositor tree."""
    switches = [p.identifier for p in bpy.types.ViewLayer.bl_rna.properties if p.type in ("BOOLEAN", "STRING")]
    return {
        scene.name: (
            getattr(scene, "node_tree", None) is None,
            scene.animation_data is None,
            list(scene.keys()),
            *([getattr(layer, name) for name in switches] for layer in scene.view_layers),
        )
        for scene in bpy.data.scenes
    }
