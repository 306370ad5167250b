# SPDX-License-Identifier: GPL-3.0-or-later
"""Cancel is obeyed and offers Resume; switching the extension off leaves nothing behind but the run itself."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import addon_utils
import bpy
import guikit as g

sys.path.insert(0, str(Path(__file__).parent))
import window_steps as steps


def trace() -> dict[str, Any]:
    """Everything that an extension could leave in Blender."""
    gc.collect()
    lists = {name: getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers)}
    handlers = {name: list(map(str, value)) for name, value in lists.items() if isinstance(value, list)}
    return {
        "types": sorted(dir(bpy.types)),
        "window manager": sorted(dir(bpy.types.WindowManager)),
        "scene": sorted(dir(bpy.types.Scene)),
        "operators": sorted(dir(bpy.ops)),
        "handlers": handlers,
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "key maps": len(bpy.context.window_manager.keyconfigs.addon.keymaps),
        "add-ons": sorted(addon.module for addon in bpy.context.preferences.addons),
    }


def way() -> Iterator[float]:
    addon_utils.disable(steps.PACKAGE, default_set=True)
    yield 0.3
    before = trace()
    for _ in range(2):
        addon_utils.enable(steps.PACKAGE, default_set=True)
        yield 0.5
        addon_utils.disable(steps.PACKAGE, default_set=True)
        yield 0.3
        assert trace() == before
    addon_utils.enable(steps.PACKAGE, default_set=True)
    tick = sys.modules[steps.PACKAGE + ".panel.registration"].tick
    yield from steps.prepare()
    steps.remote().choices.folder = str(steps.folder())
    steps.remote().refresh()
    yield from steps.start()
    yield from steps.wait(lambda: steps.phase() == "running", 60, "start")
    run = steps.remote().session.id
    addon_utils.disable(steps.PACKAGE, default_set=True)
    yield 0.5
    assert trace() == before
    assert not bpy.app.timers.is_registered(tick)
    addon_utils.enable(steps.PACKAGE, default_set=True)
    yield from g.sidebar("Voxel")
    yield from steps.wait(lambda: steps.remote().session.id == run, 60, "finding the run again")
    assert steps.phase() == "running"

    yield from steps.press("voxel.cancel(")
    yield from steps.wait(lambda: steps.phase() == "finished", 60, "cancel")
    yield from steps.shot("cancelled")
    assert steps.remote().session.run.exit == 130
    assert steps.remote().view.resumable
    yield from steps.press("voxel.resume(")
    yield from steps.wait(lambda: steps.phase() == "running" and steps.remote().session.id != run, 60, "resume")
    yield from steps.shot("resumed")
    steps.remote().steer("cancel")
    yield from steps.wait(lambda: steps.phase() == "finished", 60, "cancel again")


g.run(way())
