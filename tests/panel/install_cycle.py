# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the zip into a bpy module's empty settings, switch it off and on, and print what was there at each step."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import Any

import addon_utils
import bpy

PACKAGE = "bl_ext.user_default.voxel_trainer"


def trace() -> dict[str, Any]:
    """Everything that an extension could leave in Blender."""
    lists = {name: getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers)}
    handlers = {name: len(value) for name, value in lists.items() if isinstance(value, list)}
    children = subprocess.run(["ps", "--ppid", str(os.getpid()), "-o", "comm="], capture_output=True, text=True)
    return {
        "types": sorted(dir(bpy.types)),
        "window manager": sorted(dir(bpy.types.WindowManager)),
        "scene": sorted(dir(bpy.types.Scene)),
        "handlers": handlers,
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "children": [line for line in children.stdout.splitlines() if line != "ps"],
    }


def use() -> dict[str, Any]:
    """What a person's first minute shows."""
    registration = sys.modules[PACKAGE + ".panel.registration"]
    fields = bpy.context.window_manager.voxel
    interval = registration.tick()
    fields.folder = os.getcwd()
    fields.licence = "MIT"
    fields.preset = "tiny"
    kept = (fields.folder, fields.licence, fields.preset, fields.bundled)
    bpy.ops.wm.read_homefile(use_empty=True)
    fields = bpy.context.window_manager.voxel
    assert kept == (fields.folder, fields.licence, fields.preset, fields.bundled), "opening a file emptied the fields"
    fields.folder = ""
    assert fields.licence == "own", "another folder kept the licence of the one before"
    bpy.ops.voxel.copy_command()
    bpy.ops.voxel.add_search(text="rocks")
    bpy.ops.voxel.add_search(text="https://example.org/rocks.git")
    bpy.ops.voxel.move_search(up=True)
    listed = [search.name for search in fields.searches]
    bpy.ops.wm.read_homefile(use_empty=True)
    fields = bpy.context.window_manager.voxel
    assert listed == [search.name for search in fields.searches], "opening a file emptied the list"
    fields.searches[0].on = False
    switched = [search.on for search in fields.searches]
    for _ in listed:
        bpy.ops.voxel.remove_search()
    assert not len(fields.searches)
    try:
        bpy.ops.voxel.pause()
    except RuntimeError as error:
        refused = str(error)
    return {
        "timer": bpy.app.timers.is_registered(registration.tick),
        "interval": interval,
        "tooltip": bpy.types.VOXEL_OT_start.description(bpy.context, None),
        "refused": refused,
        "searches": [listed, switched],
        "listed": PACKAGE in [addon.module for addon in bpy.context.preferences.addons],
    }


addon_utils.enable("bl_pkg")
steps: list[dict[str, Any]] = []
bpy.ops.extensions.package_install_files(filepath=sys.argv[1], repo="user_default", enable_on_install=True)
steps.append(use())
addon_utils.disable(PACKAGE, default_set=True)
before = trace()
for _ in range(2):
    addon_utils.enable(PACKAGE, default_set=True)
    steps.append(use())
    tick = sys.modules[PACKAGE + ".panel.registration"].tick
    addon_utils.disable(PACKAGE, default_set=True)
    after = trace()
    left = {key: [before[key], after[key]] for key in before if before[key] != after[key]}
    steps.append({"left": left, "timer": bpy.app.timers.is_registered(tick)})
print("RESULT " + json.dumps(steps))
