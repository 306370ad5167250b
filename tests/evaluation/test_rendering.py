# SPDX-License-Identifier: GPL-3.0-or-later
"""Wanted trees and answers are pictured once and scored alike; what looks like nothing applies to nobody."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import bpy
import pytest

from tests.blenders import NEWEST, OLDEST, slow_but_in
from tests.worker.test_render import BALL, GLOW
from tests.worker.test_render_answer import ROUGH, WORLD
from voxel_trainer_addon.evaluation import rendering
from voxel_trainer_addon.evaluation.execution import execute
from voxel_trainer_addon.evaluation.quality_metrics import Answered, Wanted, score, to_picture
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.stage import Options
from voxel_trainer_addon.worker.pool import Pool
from voxel_trainer_addon.worker.protocol import Answer, Host, Request

pytestmark = [pytest.mark.bpy, *slow_but_in(OLDEST, NEWEST)]

ROUGHER = ROUGH.format(0.9), "materials/Rough"
GLOWING = GLOW.format("0.8, 0.3, 0.0"), "materials/Glow"
SPHERE = BALL.format(0.5), "node_groups/Ball"
EMPTY = BALL.format(0.5).replace("ball.links.new(", "print("), "node_groups/Ball"
SKY = WORLD, "worlds/Sky"


@dataclass
class Work:
    """What rendering asks of a stage's work."""

    folder: DataFolder
    pool: Pool
    options: Options = field(default_factory=Options)
    asked: list[Request] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def host(self) -> Host:
        return self.pool.host

    def answers(self, requests: Iterable[Request]) -> Iterator[Answer]:
        asked = [*requests]
        self.asked += asked
        yield from self.pool.run(asked, lambda: True)

    def progress(self, *_told: object) -> None:
        """Nobody looks."""

    def note(self, words: str) -> None:
        self.notes.append(words)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    host = Host(sys.executable, True, (bpy.app.version[0], bpy.app.version[1], bpy.app.version[2]))
    with Pool(host, workers=1, memory_mb=2000, scratch=tmp_path_factory.mktemp("scratch")) as pool:
        yield Work(DataFolder(tmp_path_factory.mktemp("data")), pool)


def test_what_looks_like_something_is_pictured_once(work: Any) -> None:
    found = rendering.wanted(work, [ROUGHER, GLOWING, SPHERE, EMPTY, SKY, rendering.BARE["materials"], ROUGHER])
    assert found.keys() == {ROUGHER, GLOWING, SPHERE}
    for shown in found.values():
        assert shown.floor.flip < 0.06 < shown.bare.flip + shown.bare.lab
    assert (count := len(work.asked)) == 5 + 2  # their pictures, and a bare stage of each kind in its frame
    assert rendering.wanted(work, [ROUGHER, SPHERE, EMPTY, rendering.BARE["materials"]]).keys() == {ROUGHER, SPHERE}
    assert len(work.asked) == count
    told = rendering.summary([*found.values()])
    assert told["prompts"] == 3 and told["bare"]["render_flip"] < 0.9 < told["floor"]["render_flip"]


def test_answers_are_scored_by_how_near_they_look(work: Any) -> None:
    answers = {
        "the same": ROUGHER[0],
        "near": ROUGH.format(0.8),
        "far": GLOW.format("0.0, 0.0, 0.9").replace("Glow", "Rough"),
        "fails": ROUGH.format("none"),
    }
    ran = execute(work, answers.values())
    (shown,) = rendering.wanted(work, [ROUGHER]).values()
    graphs = ran[ROUGHER[0]].graphs or {}
    wanted = Wanted(graphs[ROUGHER[1]], graphs, picture=shown.picture)
    judged = {name: Answered(code, True, ran[code]) for name, code in answers.items()}
    trees = {name: ((one.code, key), shown) for name, one in judged.items() if (key := to_picture(one, wanted))}
    assert trees.keys() == {"the same", "near", "far"}
    made = rendering.made(work, trees.values())
    scores = {
        name: score(Answered(one.code, True, one.ran, picture=made.get(((one.code, ROUGHER[1]), shown.frame))), wanted)
        for name, one in judged.items()
    }
    flips, labs = ([getattr(scores[name], metric) for name in answers] for metric in ("render_flip", "render_lab"))
    assert flips == sorted(flips, reverse=True) and labs == sorted(labs, reverse=True)
    assert (flips[0], labs[0], flips[-1], labs[-1]) == (1, 1, 0, 0) and len({*flips}) == 4


def test_a_worker_that_was_lost_is_told_and_asked_again(work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = ROUGH.format(0.11), "materials/Rough"
    monkeypatch.setattr(rendering, "LIMIT_S", 0.0)
    assert not rendering.wanted(work, [slow]) and "1 picture could not be taken" in work.notes[-1]
    monkeypatch.undo()
    assert rendering.wanted(work, [slow])


def test_without_numpy_pictures_apply_to_nobody(work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering.pictures, "available", lambda: False)
    assert not rendering.wanted(work, [ROUGHER]) and "numpy" in work.notes[-1]
