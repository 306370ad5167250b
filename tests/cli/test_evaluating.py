# SPDX-License-Identifier: GPL-3.0-or-later
"""`evaluate compare` and the report, on what the stage itself wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation import stand_ins
from tests.evaluation.stand_ins import Provider, prose
from voxel_trainer_addon import prompts
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.cli.command import main
from voxel_trainer_addon.errors import Exit
from voxel_trainer_addon.evaluation import benchmark
from voxel_trainer_addon.files import read_json, write_json
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.report import page
from voxel_trainer_addon.report.facts import gather

pytestmark = pytest.mark.plain
TRAINED = {"parameters": {"seed": 0, "rate": 0.0}, "model": "small", "base_hash": "b", "dataset_hash": "d"}


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    """Three versions whose training differed by the seed: the first learnt all, the second nothing, the third all."""
    desk = stand_ins.desk(tmp_path)
    stand_ins.lay_dataset(desk.folder, "voxel", stand_ins.rows(6, 100), stand_ins.rows(10))
    for seed, says in enumerate((prompts.answer, prose, prompts.answer)):
        job: dict[str, Any] = {**TRAINED, "parameters": {**TRAINED["parameters"], "seed": seed}}  # type: ignore[dict-item]
        finished = f"2026-11-2{seed}"
        base = stand_ins.lay_model(desk.folder, "voxel", f"v{seed + 1}", finished_at=finished, **job)
        (desk.folder.model("voxel", f"v{seed + 1}") / "model" / "model.safetensors").write_bytes(b"%d" % seed)
        benchmark.evaluate(desk, Provider(base, prose, says))
    write_json(desk.folder.dataset("voxel") / "dataset.json", {"rows": {"train": 6, "test": 10}})
    page.write(desk.folder, desk.catalog, "voxel")
    desk.catalog.close()
    return desk.folder


def compare(data: DataFolder, *words: str) -> int:
    return main(["evaluate", "compare", *words, "--data", str(data.root)], lambda: None, Path("none"))


def test_the_newer_of_two_that_is_worse_ends_with_4(data: DataFolder, capsys: Any, tmp_path: Path) -> None:
    assert compare(data, "voxel/v1", "voxel/v2", "--out", str(tmp_path / "c.html")) == Exit.ANSWER_IS_NO
    out = capsys.readouterr().out
    assert "voxel/v2 against voxel/v1, on 10 prompts that both answered" in out and "Worse than" in out
    assert "voxel/v1 (seed 0), voxel/v2 (seed 1): mean ± standard deviation" in out
    assert "voxel/v2" in (tmp_path / "c.html").read_text(encoding="utf-8")
    assert compare(data, "voxel/v2", "voxel/v3", "--json") == Exit.DONE
    assert json.loads(capsys.readouterr().out)["comparison"]["verdict"]["result"] == "better"


def test_any_number_of_seeds_shows_their_spread(data: DataFolder, capsys: Any) -> None:
    assert compare(data, "voxel/v1", "voxel/v2", "voxel/v3") == Exit.DONE
    assert "0.67 ± 0.58  (1.00 0.00 1.00; base 0.00;" in capsys.readouterr().out
    place = data.model("voxel", "v3") / "job.json"
    job = read_json(place)
    write_json(place, {**job, "parameters": {**job["parameters"], "rate": 0.5}})
    assert compare(data, "voxel/v1", "voxel/v2", "voxel/v3") == Exit.USAGE
    assert "differ by more than the seed: rate" in capsys.readouterr().err
    assert compare(data, "voxel/v1") == Exit.USAGE


def test_the_report_shows_what_the_stage_wrote(data: DataFolder) -> None:
    shown = (data.dataset("voxel") / "report.html").read_text(encoding="utf-8")
    body = read_json(data.model("voxel", "v3") / "evaluation.json")
    assert body["verdict"]["than"]["base"] == "better" and "etter than the base model" in shown
    assert "The answer holds no code." in shown and shown.count("row-10") >= 1


def test_the_report_is_about_the_model_that_was_evaluated_last(data: DataFolder) -> None:
    with Catalog(data.catalog) as catalog:
        for evaluated, version in (("voxel/v2", "v2"), ("v1", "v1"), ("rocks/v2", "v3"), ("", "v3")):
            write_json(data.runs / "20261128-100000-0000" / "options.json", {"evaluated": evaluated})
            assert gather(data, catalog, "voxel", {}).version == version


def test_a_comparison_of_what_is_not_there_names_what_is(data: DataFolder, capsys: Any) -> None:
    assert compare(data, "voxel/v1", "voxel/v9") == Exit.USAGE
    assert "There are voxel/v1, voxel/v2, voxel/v3." in capsys.readouterr().err
