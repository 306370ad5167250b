# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that the window scripts share. Runs inside Blender, beside `guikit` of the shared tools."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import bpy
import guikit as g

PACKAGE = "bl_ext.user_default.voxel_trainer"


def remote():
    """The panel's remote control."""
    return sys.modules[PACKAGE + ".panel.blender"].REMOTE


def phase() -> str:
    return remote().session.phase.value


def wait(until: Callable[[], bool], limit_s: float, what: str) -> Iterator[float]:
    """Let Blender work until something holds."""
    end = time.time() + limit_s
    while not until():
        if time.time() > end:
            session = remote().session
            raise TimeoutError(f"{what}: not after {limit_s} s; {session.phase} {session.message} {session.run}")
        yield 0.2


def prepare() -> Iterator[float]:
    """Fields and preferences as a person would leave them; folders are typed by hand in `drive_run`."""
    preferences = bpy.context.preferences.addons[PACKAGE].preferences
    preferences.data_folder = os.environ["VOXEL_TEST_DATA"]
    preferences.train_env = os.environ.get("VOXEL_TEST_TRAIN_ENV", "")
    bpy.context.window_manager.voxel.preset = "tiny"
    bpy.context.window_manager.voxel.bundled = not os.environ.get("VOXEL_TEST_FOLDER_ALONE")
    bpy.context.preferences.system.use_online_access = True
    yield from g.sidebar("Voxel")


def shot(name: str) -> Iterator[float]:
    """A picture, with the sidebar's place on it."""
    g.park()
    yield 0.6
    r = g.region()
    w = g.window()
    g.facts.setdefault("crops", {})[name] = [r.x, w.height - r.y - r.height, r.width, r.height]
    g.shot(name + ".png")


def done(stage: str) -> int:
    """Units finished in a stage."""
    state = remote().session.run.stages.get(stage)
    return state.done if state else 0


def find(what: str) -> Generator[float, None, tuple[int, int]]:
    """The place of a button. Twice more where a busy machine was too slow for the sweep."""
    for _ in range(3):
        at = yield from g.find(what, columns=3)
        if at:
            return at
    raise LookupError(f"no widget {what!r} found")


def press(what: str) -> Iterator[float]:
    """Press a button."""
    at = yield from find(what)
    yield from g.click(*at)


def unfolded(module: str, name: str, below: str = "voxel.start(") -> Iterator[float]:
    """Open the part of the sidebar that a function draws, somewhere below a button, and fold what was opened on the
    way."""
    drawing = sys.modules[f"{PACKAGE}.panel.{module}"]
    draw, drawn = getattr(drawing, name), []

    def counting(*words: object) -> None:
        drawn.append(words)
        draw(*words)

    setattr(drawing, name, counting)
    _, y = yield from find(below)
    x = g.region().x + g.region().width // 3
    for step in range(36, 240, 10):
        yield from g.click(x, y - step)
        if drawn:
            setattr(drawing, name, draw)
            return
        yield from g.click(x, y - step)
    raise LookupError(f"no heading opens {name}")


def start() -> Iterator[float]:
    """Press the big button, and agree where it asks before a download."""
    yield from press("voxel.start(")
    if not remote().session.phase.alive:
        yield 0.5
        g.shot("asks.png")
        g.xdo("key", "Return")
        yield 0.5
    assert remote().session.phase.alive, "the click did not start a run"


def folder() -> Path:
    return Path(os.environ["VOXEL_TEST_FOLDER"])
