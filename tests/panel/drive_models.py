# SPDX-License-Identifier: GPL-3.0-or-later
"""A person evaluates a model, reads the verdict, promotes models with and against the gate, and rolls back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import guikit as g

sys.path.insert(0, str(Path(__file__).parent))
import window_steps as steps


def evaluating() -> Any:
    return steps.remote().view.evaluating


def models() -> Any:
    return steps.remote().view.models


def settled(note: str) -> Iterator[float]:
    """What came of a move."""
    yield from steps.wait(lambda: not models().busy and models().note and note in models().note[1][0], 60, note)
    yield 2.0  # parts of the sidebar glide to their places


def evaluate() -> Iterator[float]:
    yield from steps.unfolded("draw_evaluating", "evaluating")
    yield from steps.wait(lambda: len(evaluating().models) == 3, 60, "the models")
    bpy.context.window_manager.voxel.evaluated = "voxel/v2"
    yield from steps.wait(lambda: evaluating().plan.startswith("Compares voxel/v2 with the base model"), 60, "the plan")
    g.facts["plan"] = evaluating().plan
    yield 2.0  # parts of the sidebar glide to their places
    yield from steps.shot("evaluate-plan")
    yield from steps.press("voxel.evaluate(")
    yield from steps.wait(lambda: steps.remote().session.phase.alive, 60, "the run")
    yield from steps.wait(lambda: steps.phase() == "finished", 300, "the end")
    yield from steps.wait(lambda: evaluating().of == "voxel/v2", 60, "the verdict")
    g.facts["sentence"], g.facts["report"] = evaluating().sentence, evaluating().report
    g.facts["figures"] = {figure.label: dict(figure.values) for figure in evaluating().figures}
    yield from steps.wait(lambda: evaluating().plan.startswith("Compares"), 60, "the plan of another one")
    yield 2.0
    yield from steps.shot("evaluate")
    x, y = yield from steps.find(".evaluated")
    yield from g.click(x, y + 27)


def promote() -> Iterator[float]:
    yield from steps.unfolded("draw_models", "models", "voxel.open_folder(")
    g.facts["states"] = [(row.id, row.state, row.honest) for row in models().rows]
    yield from steps.press('voxel.promote(model="voxel/v1"')
    yield 0.5
    g.shot("models-asks.png")
    g.xdo("key", "Return")
    yield from settled("voxel/v1 is live")
    bpy.ops.voxel.promote(model="voxel/v3")
    yield from settled("voxel/v3 was not taken")
    g.facts["against"] = models().note[1][1:]
    yield from steps.shot("models-refused")
    yield from steps.press("voxel.promote_anyway(")
    yield 0.5
    g.xdo("type", "--delay", 20, "a trial")
    g.shot("models-anyway.png")
    g.xdo("key", "Return")
    yield 0.3
    g.xdo("key", "Return")
    yield from settled("voxel/v3 is live")
    bpy.ops.voxel.promote(model="voxel/v2")
    yield from settled("voxel/v2 is live")
    yield from steps.shot("models")
    yield from steps.press("voxel.roll_back(")
    yield from settled("voxel/v3 is live")
    g.facts["then"] = [(row.id, row.state) for row in models().rows]


def way() -> Iterator[float]:
    yield from steps.prepare()
    bpy.context.window_manager.voxel.preset = "quick"
    yield from evaluate()
    yield from promote()


g.run(way())
