# SPDX-License-Identifier: GPL-3.0-or-later
"""A person has a host tune a model: reads what would be sent, agrees to exactly that, watches the job, and meets a host
that is closed."""

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


def shown() -> Any:
    return steps.remote().view.hosting


def points() -> int:
    training = steps.remote().view.training
    return len(training.train) if training else 0


def closed() -> Iterator[float]:
    fields = bpy.context.window_manager.voxel
    fields.host, fields.host_url = "openai", os.environ["VOXEL_TEST_CLOSED"]
    yield from steps.wait(lambda: shown().closed, 120, "the closed host")
    g.facts["closed"] = shown().why
    yield 2.0  # parts of the sidebar glide to their places
    yield from steps.shot("hosting-closed")


def consent() -> Iterator[float]:
    fields = bpy.context.window_manager.voxel
    fields.host_url = os.environ["VOXEL_TEST_OPEN"]
    yield from steps.wait(lambda: shown().models, 120, "the list of models")
    fields.host_model = shown().models[0]
    yield from steps.wait(lambda: shown().lines, 120, "what would be sent")
    g.facts["lines"], g.facts["why"] = list(shown().lines), shown().why
    yield 2.0
    yield from steps.shot("hosting-grey")
    yield from steps.press("voxel.train_at_host(")
    yield 1.0
    assert not steps.remote().session.phase.alive, "a grey button started a run"
    yield from steps.press(".host_agreed")
    yield from steps.wait(lambda: shown().agreed, 10, "the tick")


def job() -> Iterator[float]:
    yield from steps.press("voxel.train_at_host(")
    yield from steps.wait(lambda: points() > 12 and shown().goes_on, 240, "a curve")
    yield 3.0
    yield from steps.shot("hosting-job")
    yield from steps.wait(lambda: steps.phase() == "finished", 240, "the end")
    yield from steps.wait(lambda: shown().jobs[0].icon == "CHECKMARK", 20, "the job's end")
    g.facts["job"] = [shown().jobs[0].title, shown().jobs[0].words]
    g.facts["words"] = steps.remote().session.run.words


def way() -> Iterator[float]:
    yield from steps.prepare()
    yield from steps.unfolded("draw_hosting", "hosting")
    yield from closed()
    yield from consent()
    yield from job()
    bpy.context.preferences.system.use_online_access = False
    yield from steps.wait(lambda: "Allow Online Access" in shown().why, 20, "the word on the network")


g.run(way())
