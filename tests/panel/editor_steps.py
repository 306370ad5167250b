# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps in a node editor that the window scripts share. Runs inside Blender, beside `guikit` of the shared tools."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import bpy
import guikit as g

PACKAGE = "bl_ext.user_default.voxel_trainer"
KINDS = {
    "ShaderNodeTree": "ShaderNodeTree",
    "GeometryNodeTree": "GeometryNodeTree",
    "CompositorNodeTree": "CompositorNodeTree",
}
held: dict[str, list[float]] = defaultdict(list)
"""Milliseconds that our code held Blender, by what it did."""
busy: dict[str, list[float]] = defaultdict(list)
"""The same of the processor's time: what a machine that others use does not stretch."""


def module(name: str) -> Any:
    return sys.modules[f"{PACKAGE}.{name}"]


def desk() -> Any:
    """What the node editors show and wait for."""
    return module("panel.blender").DESK


def prepare() -> None:
    bpy.context.preferences.addons[PACKAGE].preferences.data_folder = os.environ["VOXEL_TEST_DATA"]
    measure()


def measure() -> None:
    """Note how long our timer, our drawing and our buttons take."""

    def now() -> tuple[float, float]:
        return time.perf_counter(), time.thread_time()

    def noted(what: str, began: tuple[float, float]) -> None:
        for times, begin, end in zip((held, busy), began, now(), strict=True):
            times[what].append(round(1000 * (end - begin), 2))

    def timed(owner: Any, name: str, what: str) -> None:
        inner = getattr(owner, name)

        def outer(*args: Any, **named: Any) -> Any:
            began = now()
            try:
                return inner(*args, **named)
            finally:
                noted(what, began)

        setattr(owner, name, outer)

    def timed_method(owner: Any, name: str, what: str) -> None:
        """Blender counts the arguments of what it calls."""
        inner = getattr(owner, name)

        def outer(self: Any, context: Any) -> Any:
            began = now()
            try:
                return inner(self, context)
            finally:
                noted(what, began)

        setattr(owner, name, outer)

    timed(module("panel.asking"), "tick", "timer")
    timed(module("panel.ask_panels"), "look", "pictures")
    timed(module("panel.overlay"), "draw_signs", "draw signs")
    for panel in ("VOXEL_PT_tree", "VOXEL_PT_told"):
        timed_method(getattr(module("panel.editor"), panel), "draw", "draw")
    for panel in ("VOXEL_PT_ask", "VOXEL_PT_ask_nodes"):
        timed_method(getattr(module("panel.ask_panels"), panel), "draw", "draw")
    timed_method(module("panel.assisting").VOXEL_OT_ask, "execute", "ask")
    timed_method(module("panel.applying").VOXEL_OT_apply_answer, "execute", "apply")
    for name, what in (("paste_graph", "paste"), ("copy_python", "copy"), ("copy_graph", "copy")):
        timed_method(getattr(module("panel.clipboard"), f"VOXEL_OT_{name}"), "execute", what)


def held_ms() -> dict[str, dict[str, dict[str, float]]]:
    """What our code held Blender for, by what it did, on the clock and of the processor."""

    return {what: {"clock": figures(held[what]), "processor": figures(busy[what])} for what in held}


def figures(times: list[float]) -> dict[str, float]:
    """How often, the median, the 95th percentile, and the most."""
    cuts = statistics.quantiles(times, n=20, method="inclusive") if len(times) > 1 else times
    middle = round(statistics.median(times), 2)
    return {"count": len(times), "median": middle, "p95": round(cuts[-1], 2), "max": max(times)}


def area() -> Any:
    """The largest area: a node editor once `editor` made it one."""
    return max(g.window().screen.areas, key=lambda a: a.width * a.height)


def region(kind: str) -> Any:
    return next(r for r in area().regions if r.type == kind)


def over_nodes() -> Any:
    """A context as it is with the mouse over the nodes."""
    return bpy.context.temp_override(window=g.window(), area=area(), region=region("WINDOW"))


def editor(tree: Any, whole: bool = True) -> Iterator[float]:
    """Show a group in a node editor, with our tab beside it; `whole`: all of its nodes, which takes a while to draw."""
    area().ui_type = KINDS[tree.bl_idname]
    yield 0.3
    space = area().spaces.active
    space.show_region_ui = True
    if tree.bl_idname == "CompositorNodeTree" and bpy.app.version < (5, 0):  # a scene's tree has to be around it
        scene = bpy.context.scene
        scene.use_nodes = True
        node = scene.node_tree.nodes.new("CompositorNodeGroup")
        node.node_tree = tree
        yield 0.3
        space.path.append(tree, node=node)
    else:
        space.pin = True
        space.node_tree = tree
    yield 0.4
    region("UI").active_panel_category = "Voxel"
    yield 0.3
    if whole:
        with over_nodes():
            bpy.ops.node.view_all()
        yield 0.2
    # guikit looks for the 3D viewport
    g.find.__globals__["area"] = lambda kind="": area()
    g.find.__globals__["region"] = lambda kind="UI", of="": region(kind)


def wait(until: Callable[[], Any], limit_s: float, what: str) -> Iterator[float]:
    """Let Blender work until something holds."""
    end = time.time() + limit_s
    while not until():
        if time.time() > end:
            raise TimeoutError(f"{what}: not after {limit_s} s; {desk().view}")
        yield 0.02


places: dict[tuple[str, str], tuple[int, int]] = {}


def press(button: str, columns: int = 4, clipboard: str | None = None) -> Iterator[float]:
    """Press a button of the sidebar; where it lies is looked up once for each tree kind, as that takes a while.
    `clipboard` is laid into the clipboard before the click, as looking for a button empties it."""
    key = (button, area().ui_type)
    for _ in range(3):
        if key not in places:
            at = yield from g.find(button, columns=columns)
            if at is None:
                continue
            places[key] = at
        if clipboard is not None:
            bpy.context.window_manager.clipboard = clipboard
        yield from g.click(*places[key])
        return
    raise LookupError(f"no button {button}")


def clicked(button: str, done: Callable[[], Any], limit_s: float = 90.0) -> Iterator[float]:
    """Press a button and wait for what comes of it; `seconds[0]` is the time from the click."""
    key = (button, area().ui_type)
    if key not in places:
        at = yield from g.find(button, columns=4)
        if at is None:
            raise LookupError(f"no button {button}")
        places[key] = at
    desk().view = type(desk().view)()
    g.move(*places[key])
    yield 0.2
    seconds[0] = -time.perf_counter()
    g.xdo("click", 1)
    yield from wait(done, limit_s, button)
    seconds[0] += time.perf_counter()


seconds = [0.0]


def noted() -> Any:
    """How the last ask ended; nothing while it is waited for."""
    return not desk().waiting and desk().view.note


def shot(name: str) -> Iterator[float]:
    g.park()
    yield 0.7
    g.shot(name + ".png")


def hashes() -> dict[str, str]:
    """The canonical hash of every tree of the file."""
    found, _ = module("graph.blender.read").read_graphs(bpy.data)
    return {key: module("graph.canonical").graph_hash(key, found) for key in found}
