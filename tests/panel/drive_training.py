# SPDX-License-Identifier: GPL-3.0-or-later
"""A person watches a training that a terminal started; or, where VOXEL_TEST_RESUME is set, finds one that died with the
machine, resumes it, and sees it to its end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import guikit as g

sys.path.insert(0, str(Path(__file__).parent))
import window_steps as steps


def shown() -> Any:
    return steps.remote().view.training


def picture() -> Any:
    return sys.modules[steps.PACKAGE + ".panel.training"].CURVE


def points() -> int:
    return len(shown().train) if shown() else 0


def tell(name: str) -> None:
    g.facts[name] = {"points": points(), "lines": list(shown().lines), "title": shown().title, "icon": picture().icon}
    g.facts[name] |= {"held": len(shown().held), "resumed": shown().resumed, "phase": steps.phase()}
    g.facts[name]["until"] = shown().train[-1][0]  # a long curve has fewer points when it is read again


def watch() -> Iterator[float]:
    yield from steps.prepare()
    yield from steps.wait(lambda: points() > 12, 240, "a curve")
    tell("first")
    before = picture().icon
    yield from steps.wait(
        lambda: points() > g.facts["first"]["points"] + 60 and picture().icon != before, 120, "more of it"
    )
    yield from steps.shot("train-curve")
    tell("live")


def resume() -> Iterator[float]:
    yield from steps.prepare()
    yield from steps.wait(lambda: steps.phase() == "stopped", 20, "the dead run")
    yield from steps.press("voxel.resume(")
    yield from steps.wait(lambda: shown() and shown().resumed and points() > 12, 240, "the resumed job")
    tell("taken up")
    yield 3.0
    yield from steps.shot("train-resumed")
    yield from steps.wait(lambda: steps.phase() == "finished", 300, "the end")
    tell("ended")
    yield from steps.shot("train-ended")
    g.facts["log"] = str(steps.remote().log())
    assert (yield from g.find("voxel.open_log("))
    yield from steps.press("voxel.train_again(")
    yield from steps.wait(lambda: shown() is not None and not shown().resumed, 60, "the same job again")
    yield from steps.wait(lambda: steps.phase() == "finished", 300, "its end")
    g.facts["words"] = steps.remote().session.run.words


g.run(resume() if os.environ.get("VOXEL_TEST_RESUME") else watch())
