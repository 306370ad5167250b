# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's whole way: choose a folder, start, open other files meanwhile, pause, resume, look at the result."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import bpy
import guikit as g

sys.path.insert(0, str(Path(__file__).parent))
import window_steps as steps


def way() -> Iterator[float]:
    yield from steps.prepare()
    yield from g.enter(".folder", str(steps.folder()))
    assert steps.remote().choices.folder == str(steps.folder()), steps.remote().choices
    yield from steps.shot("idle")

    yield from steps.start()
    yield from steps.wait(lambda: steps.done("parse") > 0, 90, "parse")
    yield from steps.shot("running")
    run = steps.remote().session.id

    yield from steps.press("voxel.pause(")
    yield from steps.wait(lambda: steps.phase() == "paused", 120, "pause")
    yield from steps.shot("paused")
    yield from steps.press("voxel.resume(")
    yield from steps.wait(lambda: steps.phase() == "running", 120, "resume")

    blend = str(g.OUT / "another.blend")
    bpy.ops.wm.save_as_mainfile(filepath=blend)
    bpy.ops.wm.open_mainfile(filepath=blend)
    yield 1
    yield from g.sidebar("Voxel")
    assert (steps.remote().session.id, bpy.context.window_manager.voxel.folder) == (run, str(steps.folder()))
    yield from steps.shot("after-open")
    bpy.ops.wm.read_homefile(app_template="")
    yield 1
    yield from g.sidebar("Voxel")
    heard = steps.remote().session.run.heard
    assert (steps.remote().session.id, bpy.context.window_manager.voxel.preset) == (run, "tiny")
    yield from steps.wait(lambda: steps.remote().session.run.heard > heard, 90, "events after File > New")

    yield from steps.wait(lambda: steps.phase() == "finished", 900, "the end")
    yield from steps.shot("finished")
    g.facts["exit"] = steps.remote().session.run.exit
    g.facts["words"] = steps.remote().session.run.words
    g.facts["asides"] = steps.remote().session.run.asides
    g.facts["report"] = steps.remote().view.report


g.run(way())
