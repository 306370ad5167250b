# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps in Ask Voxel that the window scripts share. Runs inside Blender, beside `guikit` of the shared tools."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

import bpy
import editor_steps as steps
import guikit as g


class Scripted:
    """Stands in for the asking end: what is answered is known when it is asked, and handed out with the next step."""

    starting = False

    def __init__(self, helper: Any, answer: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        self.data, self.blender, self.answer = helper.data, helper.blender, answer
        self.asks: dict[str, Any] = {}

    def ask(self, job: str, body: Mapping[str, Any], reply: Any, heard: Any = None) -> str:
        self.asks["a"] = (reply, self.answer(json.loads(json.dumps(body, default=vars))))
        return "a"

    def drop(self, name: str) -> None:
        self.asks.pop(name, None)

    def step(self) -> None:
        for name in list(self.asks):
            reply, answer = self.asks.pop(name)
            reply(steps.module("runs").Answer(True, answer))


def scripted(answer: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
    """Let a function answer from now on."""
    blender = steps.module("panel.blender")
    blender.DESK.helper = Scripted(blender.helper(), answer)


def assist() -> Any:
    """What is asked and offered."""
    return steps.module("panel.blender").ASSIST


def offered(limit_s: float = 300) -> Iterator[float]:
    yield from steps.wait(lambda: not assist().thinking, limit_s, "an answer")
    assert assist().view.offer or assist().view.duel, assist().view
    yield from steps.wait(lambda: not assist().undrawn, 30, "its picture")


def undo() -> Iterator[float]:
    with steps.over_nodes():
        bpy.ops.ed.undo()
    yield 0.3


def settled() -> Iterator[float]:
    """An undo has Blender work out what it left open when it opened the file."""
    with steps.over_nodes():
        for words in ("before", "nothing"):
            bpy.ops.ed.undo_push(message=words)
        bpy.ops.ed.undo()
    yield 0.3


def told(key: str) -> dict[str, Any]:
    """A tree with its groups, as JSON."""
    read = steps.module("graph.blender.read")
    graphs = read.read_with_groups(read.tree_of(bpy.data, key), key, read.owner_of(bpy.data, key))
    return {name: graph.as_json() for name, graph in graphs.items()}


def made(body: Mapping[str, Any], graphs: Mapping[str, Any], change: Callable[[Any], Any], code: str) -> dict[str, Any]:
    """An answer to a request: `graphs` with one root for a new tree, else the edits that `change` makes of its tree."""
    key = body["tree"]["key"] if body["tree"] else next(iter(graphs))
    return {
        "kind": "edit" if body["tree"] else "new",
        "key": key,
        "graphs": body["tree"]["graphs"] if body["tree"] else graphs,
        "edits": edits(body["tree"]["graphs"][key], change) if body["tree"] else [],
        "code": code,
        "checks": [{"ok": True, "words": "passes the allow-list"}],
        "label": "scripted",
        "honest": "not evaluated",
        "picture": "",
    }


def edits(before: Any, change: Callable[[Any], Any]) -> list[dict[str, Any]]:
    model, diff = steps.module("graph.model"), steps.module("graph.diff")
    after = json.loads(json.dumps(before))
    change(after)
    return [edit.as_json() for edit in diff.diff(*map(model.Graph.from_json, (before, after)))]


def sidebar(kind: str) -> Iterator[float]:
    """Turn the largest area into an editor, with our tab beside it."""
    steps.area().ui_type = kind
    yield 0.4
    steps.area().spaces.active.show_region_ui = True
    yield 0.4
    end = time.time() + 60
    while steps.region("UI").active_panel_category != "Voxel":  # there are no tabs before the sidebar was drawn
        assert time.time() < end, steps.region("UI").active_panel_category
        with contextlib.suppress(AttributeError, TypeError):
            steps.region("UI").active_panel_category = "Voxel"
        yield 0.5
    found.clear()
    g.find.__globals__["area"] = lambda kind="": steps.area()
    g.find.__globals__["region"] = lambda kind="UI", of="": steps.region(kind)


ACROSS = {
    "voxel.ask(": 0.5,
    "voxel.judge_duel(chosen='B'": 0.75,
    "voxel.apply_answer(": 0.25,
    "voxel.edit_answer(": 0.75,
    "voxel.another_answer(": 0.25,
    "voxel.answer_code(": 0.915,
}
"""Button → how far across the sidebar it lies."""


def press(button: str) -> Iterator[float]:
    yield from g.click(*(yield from place(button)))


def place(button: str) -> Generator[float, None, tuple[int, int]]:
    """Where a button lies now: looked for near the place where it was, and those of an answer below Ask; twice more
    where a busy machine was too slow for the sweep."""
    region = steps.region("UI")
    top = region.y + region.height - 4
    x = region.x + int((region.width - 30) * ACROSS[button])
    near = found[button] + 100 if button in found else found.get("voxel.ask(", top)
    for first in (min(top, near), top, top):
        for y in range(first, region.y, -10):
            g.move(x, y)
            yield 0.04
            if button in g.under_mouse(steps.region("UI")):
                found[button] = y
                return x, y - 4
    raise LookupError(f"no button {button}")


found: dict[str, int] = {}
"""Button → how high it lay."""
