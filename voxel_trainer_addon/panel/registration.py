# SPDX-License-Identifier: GPL-3.0-or-later
"""Into Blender and out of it again, without a trace; and the timer that keeps the panel fresh."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..graph.blender import held
from ..paths import DataFolder
from . import (
    applying,
    ask_panels,
    asking,
    assisting,
    blender,
    clipboard,
    editor,
    evaluating,
    hosting,
    operators,
    panels,
    preferences,
    previewing,
    promoting,
    properties,
    reading,
    searching,
    training,
)
from .blender import ASSIST, REMOTE

CLASSES: tuple[Any, ...] = (
    preferences.VoxelPreferences,
    *properties.CLASSES,
    *operators.CLASSES,
    *panels.CLASSES,
    *ask_panels.CLASSES,
    *assisting.CLASSES,
    *applying.CLASSES,
    *training.CLASSES,
    *searching.CLASSES,
    *hosting.CLASSES,
    *evaluating.CLASSES,
    *promoting.CLASSES,
    *previewing.CLASSES,
    *clipboard.CLASSES,
    *reading.CLASSES,
    *editor.CLASSES,
)


def register(package: str) -> None:
    """Nothing is read or started here: the first tick does that, so that Blender's start waits for nothing."""
    blender.reset(package)
    preferences.VoxelPreferences.bl_idname = package
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.WindowManager.voxel = bpy.props.PointerProperty(type=properties.VOXEL_PG_choices)  # type: ignore[attr-defined]
    editor.register()
    ask_panels.register()
    applying.register()
    bpy.app.handlers.load_post.append(loaded)
    bpy.app.timers.register(tick, first_interval=0.1, persistent=True)


def unregister() -> None:
    """The mirror of `register`. State goes too: modules outlive an extension that is switched off."""
    for timer in (tick, asking.tick):
        if bpy.app.timers.is_registered(timer):
            bpy.app.timers.unregister(timer)
    bpy.app.handlers.load_post.remove(loaded)
    applying.unregister()
    ask_panels.unregister()
    editor.unregister()
    held.unregister()
    del bpy.types.WindowManager.voxel  # type: ignore[attr-defined]
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
    training.CURVE.forget()
    blender.reset("")


@persistent  # type: ignore[untyped-decorator]
def loaded(*_: Any) -> None:
    """Another file brings a window manager whose list of searches is empty."""
    blender.mirror()


def tick() -> float:
    """Read what is new, and draw our regions again where it shows.

    Persistent, so that opening a file does not end it, and caught, as Blender drops a timer that raises without a word.
    """
    try:
        blender.opened()
        REMOTE.offline, REMOTE.blender = blender.offline(), blender.program()
        editor.versions()  # read once, and not while Blender draws
        changed = REMOTE.tick()
        changed |= training.look()
        if ASSIST.seen:
            ASSIST.askables.look(DataFolder(REMOTE.folder))
        blender.mirror()
    except Exception as error:
        changed = REMOTE.failed(error)
    if changed:
        blender.redraw("VIEW_3D")
    return REMOTE.interval
