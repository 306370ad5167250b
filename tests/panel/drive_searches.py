# SPDX-License-Identifier: GPL-3.0-or-later
"""A person searches GitHub: adds searches by clicks, orders them, types a token, plans and reads the plan; and nothing
that Blender itself saves or shows holds the token."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import guikit as g

sys.path.insert(0, str(Path(__file__).parent))
import window_steps as steps

SECRET = os.environ["VOXEL_TEST_TOKEN"]
CONTACT = "jane@example.org"
SIDE = 50
"""Pixels from the right edge of the sidebar to the small buttons beside the list."""


def texts() -> list[str]:
    return [row.text for row in steps.remote().view.searches.rows]


def watched(name: str) -> list[int]:
    """How often a part of the sidebar was drawn, from now on."""
    module: Any = sys.modules[steps.PACKAGE + ".panel.draw_searches"]
    draw, count = getattr(module, name), [0]

    def counting(*words: Any) -> None:
        count[0] += 1
        draw(*words)

    setattr(module, name, counting)
    return count


def unfolded(below: str, name: str, down: int) -> Iterator[float]:
    """Open the part of the sidebar whose heading stands some way below a button."""
    drawn = watched(name)
    x, y = yield from g.find(below)
    for step in range(down, down + 60, 10):
        yield from g.click(x - 40, y - step)
        if drawn[0]:
            return
    raise LookupError(f"no heading below {below}")


def beside(what: str, *, up: int = 0, left: int = 0, times: int = 1) -> Iterator[float]:
    """Press one of the small buttons beside the list, or what stands so many pixels from it: Blender's own commands do
    not tell what lies in a list."""
    r = g.region()
    for y in range(r.height - 4, 0, -8):
        g.move(r.x + r.width - SIDE, r.y + y)
        yield 0.04
        if what in g.under_mouse(g.region()):
            yield from g.click(r.x + r.width - SIDE - left, r.y + y - 5 + up, times)
            return
    raise LookupError(f"no button {what!r} beside the list")


def line(at: int, left: int, times: int = 1) -> Iterator[float]:
    """Press a line of the list, so many pixels left of the buttons."""
    yield from beside("voxel.add_search(", up=-8 - 21 * at, left=left, times=times)


def from_menu(down: int) -> Iterator[float]:
    """Take an entry of the menu, which opens above the arrow up."""
    yield from beside("move_search(up=True)", up=30)
    yield 0.5
    g.shot("menu.png")
    g.xdo("key", *["Down"] * down, "Return")
    yield 0.5


def searches() -> Iterator[float]:
    yield from unfolded("voxel.start(", "searches", 36)
    yield from steps.shot("empty")
    yield from from_menu(2)
    yield from from_menu(5)
    assert texts() == ["blender materials", "blender procedural"], texts()
    yield from beside("voxel.add_search(")
    yield 0.5
    g.xdo("type", "--delay", 30, "topic:blender")
    g.shot("adding.png")
    g.xdo("key", "Return")
    yield 0.3
    g.xdo("key", "Return")
    yield 0.5
    assert texts()[2:] == ["topic:blender"], texts()
    yield from beside("move_search(up=True)")
    assert texts() == ["blender materials", "topic:blender", "blender procedural"], texts()
    yield from line(2, left=120, times=2)
    g.xdo("key", "ctrl+a")
    g.xdo("type", "--delay", 20, "topic:nowhere")
    g.xdo("key", "Return")
    yield 0.4
    assert texts()[2] == "topic:nowhere", texts()
    yield from line(2, left=208)
    assert [row.on for row in steps.remote().view.searches.rows] == [True, True, False]
    assert "token" in steps.remote().view.searches.lacking, steps.remote().view.searches
    assert not bpy.ops.voxel.plan.poll()
    yield from steps.shot("searches")


def token_typed() -> Iterator[float]:
    """Into the preferences' field, which a place in the sidebar lends itself to; then what Blender's log says of it."""
    preferences = bpy.context.preferences.addons[steps.PACKAGE].preferences

    def field(panel: Any, context: Any) -> None:
        panel.layout.operator("voxel.open_folder")
        panel.layout.prop(preferences, "github_token")

    bpy.types.VOXEL_PT_main.prepend(field)
    g.area().tag_redraw()
    yield 0.5
    x, y = yield from g.find("voxel.open_folder(")
    yield from g.click(x + 40, y - 24, times=2)
    g.xdo("key", "ctrl+a")
    g.xdo("type", "--delay", 20, SECRET)
    yield 0.3
    g.shot("typing.png")
    g.xdo("key", "Return")
    yield 0.5
    assert preferences.github_token and SECRET not in preferences.github_token
    bpy.types.VOXEL_PT_main.remove(field)
    g.facts["told"] = yield from log()
    yield from g.sidebar("Voxel")
    preferences.contact = CONTACT
    assert not steps.remote().view.searches.lacking, steps.remote().view.searches


def log() -> Iterator[float]:
    """All that Blender's Info editor lists."""
    area = g.area()
    area.type = "INFO"
    yield 0.3
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=g.window(), area=area, region=region):
        bpy.ops.info.select_all(action="SELECT")
        bpy.ops.info.report_copy()
    area.type = "VIEW_3D"
    return bpy.context.window_manager.clipboard


def planned() -> Iterator[float]:
    yield from steps.press("voxel.plan(")
    yield 0.6
    g.shot("sheet.png")
    g.xdo("key", "Return")
    yield 0.5
    yield from steps.wait(lambda: steps.phase() == "finished", 120, "the plan")
    yield from steps.shot("planned")
    seen = steps.remote().view
    g.facts["plan"], g.facts["headline"] = list(seen.searches.plan), seen.headline
    g.facts["marks"] = [[row.text, row.mark, row.told] for row in seen.searches.rows]
    g.facts["fetched"] = len(list(steps.remote().folder.glob("blobs/*/*")))
    bpy.ops.wm.read_homefile(app_template="")
    yield 1
    yield from g.sidebar("Voxel")
    assert len(bpy.context.window_manager.voxel.searches) == 3
    yield from steps.shot("another-file")


def closed() -> Iterator[float]:
    bpy.context.preferences.system.use_online_access = False
    yield from steps.wait(lambda: bool(steps.remote().view.searches.lacking), 5, "offline")
    assert not bpy.ops.voxel.plan.poll() and not bpy.ops.voxel.start.poll()
    yield from steps.shot("closed")


def saved() -> None:
    """What Blender writes by itself, looked through byte by byte; the contact shows that a text would be seen."""
    bpy.ops.wm.save_as_mainfile(filepath=str(g.OUT / "saved.blend"), compress=False)
    bpy.ops.wm.save_userpref()
    home, user = Path.home(), Path(os.environ["BLENDER_USER_RESOURCES"])
    files = [path for place in (home, user, g.OUT) for path in place.rglob("*") if path.is_file()]
    held = {str(path): path.read_bytes() for path in files}
    g.facts["secret in"] = sorted({path for path, content in held.items() if SECRET.encode() in content})
    g.facts["contact in"] = sorted({Path(path).name for path, content in held.items() if CONTACT.encode() in content})
    g.facts["saved as"] = held[str(g.OUT / "saved.blend")][:7].decode()


def way() -> Iterator[float]:
    yield from steps.prepare()
    bpy.context.window_manager.voxel.bundled = False
    for part in (searches, token_typed, planned, closed):
        g.facts["at"] = part.__name__
        yield from part()
    saved()


g.run(way())
