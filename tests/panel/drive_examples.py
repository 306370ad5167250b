# SPDX-License-Identifier: GPL-3.0-or-later
"""A person looks through examples of a dataset that is there: opens the part, goes on and back. Then the packages that
talk to hosts are imported: in this window, and in 5.2 by the command that the panel starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import bpy
import guikit as g

sys.path.insert(0, str(Path(__file__).parent))
import import_packages
import window_steps as steps


def way() -> Iterator[float]:
    yield from steps.prepare()
    yield from steps.wait(lambda: steps.remote().view.example is not None, 20, "the examples")
    yield from steps.unfolded("draw_examples", "example")
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
    g.facts["in the window"] = import_packages.imported(steps.PACKAGE)
    if bpy.app.version >= (5, 2):  # the twelve seconds that it takes are spent once
        g.facts["headless"] = import_packages.by_the_headless_command(steps.PACKAGE, os.environ["VOXEL_TEST_DATA"])


g.run(way())
