# SPDX-License-Identifier: GPL-3.0-or-later
"""A person looks through examples of a dataset that is there: opens the part, goes on and back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import guikit as g

sys.path.insert(0, str(Path(__file__).parent))
import window_steps as steps


def unfolded() -> Iterator[float]:
    """Open the part of the sidebar: its heading is the lowest one below the big button."""
    module: Any = sys.modules[steps.PACKAGE + ".panel.draw_examples"]
    draw, drawn = module.example, []

    def counting(*words: Any) -> None:
        drawn.append(words)
        draw(*words)

    module.example = counting
    x, y = yield from g.find("voxel.start(")
    for step in range(160, 40, -8):
        yield from g.click(x - 40, y - step)
        if drawn:
            return
    raise LookupError("no heading opens the examples")


def way() -> Iterator[float]:
    yield from steps.prepare()
    yield from steps.wait(lambda: steps.remote().view.example is not None, 20, "the examples")
    yield from unfolded()
    g.facts["first"] = steps.remote().view.example.title
    g.facts["count"] = steps.remote().view.example.count
    yield from steps.shot("example")
    yield from steps.press("next_example(step=1")
    g.facts["then"] = [steps.remote().view.example.at, steps.remote().view.example.title]
    yield from steps.shot("next")
    yield from steps.press("next_example(step=-1")
    g.facts["back"] = steps.remote().view.example.at
    g.facts["report"] = steps.remote().view.report
    at = yield from g.find("voxel.open_report(")
    assert at and bpy.ops.voxel.open_report.poll(), "no way to the report"


g.run(way())
