# SPDX-License-Identifier: GPL-3.0-or-later
"""A run in a real folder: lock, events, control, and a catalog made again from the JSON files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.deployment import small_models
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.deployment import promotion
from voxel_trainer_addon.errors import Exit, FolderInUse
from voxel_trainer_addon.events import RunState
from voxel_trainer_addon.locks import FolderLock
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.pipeline import status
from voxel_trainer_addon.pipeline.run import Run
from voxel_trainer_addon.stage import Options

pytestmark = pytest.mark.plain


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    (tmp_path / "rocks").mkdir()
    for number in range(5):
        (tmp_path / "rocks" / f"{number}.blend").write_bytes(b"BLENDER-v402" + bytes([number]))
    return DataFolder(tmp_path / "training_data")


def run(data: DataFolder, *stages: str, control: str = "") -> tuple[Exit, list[str], Run]:
    heard: list[str] = []
    source = f"folder:{data.root.parent / 'rocks'}"
    started = Run(data, Options(source=(source,)), None, stages, [lambda line: heard.append(line["kind"])])
    if control:
        started.place.mkdir(parents=True)
        (started.place / "control.jsonl").write_text(json.dumps({"v": 1, "command": control}) + "\n")
    return started.go(), heard, started


def test_a_run_tells_its_story(data: DataFolder) -> None:
    exit, heard, started = run(data, "harvest")
    assert exit == Exit.DONE
    assert (heard[0], heard[-1]) == ("run", "ended")
    state = RunState.from_json(json.loads((started.place / "run.json").read_text()))
    assert state.exit == 0 and state.stages["harvest"].state == "done" and "5 files" in state.words
    assert state.offset == (started.place / "events.jsonl").stat().st_size
    assert not data.scratch.exists()


def test_without_blender_the_stage_is_set_aside_with_the_reason(data: DataFolder) -> None:
    exit, _, started = run(data, "harvest", "parse")
    assert exit == Exit.SET_ASIDE
    assert "needs Blender" in started.state.stages["parse"].words


def test_the_catalog_mirrors_the_registry_after_a_run_and_a_status_counts_what_is_live(data: DataFolder) -> None:
    base = small_models.base(data.root.parent / "base")
    for version in ("v1", "v2"):
        small_models.evaluated(small_models.tuned(data, version, base))
    promotion.promote(data, "voxel/v1")
    run(data, "harvest")
    with Catalog(data.catalog) as catalog:
        assert {model["version"]: model["state"] for model in catalog.models()} == {"v1": "live", "v2": "candidate"}
        promotion.promote(data, "voxel/v2")
        goals = {goal["goal"]: goal["have"] for goal in status.goals(data, catalog)}
    assert (goals["models tuned"], goals["models deployed"]) == (2, 1)
    run(data, "harvest")
    with Catalog(data.catalog) as catalog:
        assert {model["version"]: model["state"] for model in catalog.models()} == {"v1": "retired", "v2": "live"}


def test_cancel_keeps_what_is_done_and_resume_goes_on(data: DataFolder) -> None:
    exit, _, _ = run(data, "harvest", control="cancel")
    assert exit == Exit.INTERRUPTED
    exit, _, _ = run(data, "harvest")
    assert exit == Exit.DONE


def test_a_second_run_is_refused_and_told_who_holds_the_folder(data: DataFolder) -> None:
    with FolderLock(data.lock, "run 7, process 8") as lock:
        assert lock.acquire()
        with pytest.raises(FolderInUse, match="run 7"):
            run(data, "harvest")


def test_a_lost_catalog_is_made_again(data: DataFolder) -> None:
    run(data, "harvest")
    with Catalog(data.catalog) as catalog:
        before = [origin.as_json() for origin in catalog.origins()]
    for path in data.root.glob("catalog.sqlite*"):
        path.unlink()
    _, heard, _ = run(data, "harvest")
    with Catalog(data.catalog) as catalog:
        assert [origin.as_json() for origin in catalog.origins()] == before
    assert "note" in heard


def test_status_goals_and_handoff_hold_figures_and_no_private_path(data: DataFolder) -> None:
    run(data, "harvest")
    with Catalog(data.catalog) as catalog:
        goals = status.goals(data, catalog)
        assert [goal["reached"] for goal in goals] == [False] * 6 and all(goal["lacking"] for goal in goals)
        text = status.handoff(data, catalog)
        assert status.gather(data, catalog)["counts"]["files"] == 5
    assert "OPENAI_API_KEY" in text and "5 files" in text
    assert str(data.root.parent) not in text


def test_a_reason_for_a_whole_stage_goes_when_it_runs(data: DataFolder) -> None:
    run(data, "harvest", "parse")
    with Catalog(data.catalog) as catalog:
        assert [aside.code for aside in catalog.asides("parse")] == ["unavailable"]
        catalog.drop_asides("parse", items="the whole")
        assert not list(catalog.asides("parse"))


def test_a_fault_is_told_logged_and_ends_the_run_resumable(data: DataFolder) -> None:
    data.metadata.mkdir(parents=True)
    exit, heard, started = run(data, "harvest")
    assert exit == Exit.BUG and heard[-1] == "ended"
    assert "fault of Voxel Trainer" in started.state.words
    assert "Traceback" in (started.place / "log.txt").read_text()
    data.metadata.rmdir()
    assert run(data, "harvest")[0] == Exit.DONE
