# SPDX-License-Identifier: GPL-3.0-or-later
"""The report is one harmless file, whatever strangers called their things and whatever is still missing."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.evaluation import stand_ins
from tests.report import sample
from tests.report.elements import Elements
from tests.report.graphs import EVIL
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.deployment import requests
from voxel_trainer_addon.deployment.requests import Request
from voxel_trainer_addon.files import read_json, write_json
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.pipeline import stages
from voxel_trainer_addon.report import page

pytestmark = pytest.mark.plain


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    desk = sample.lay(tmp_path_factory.mktemp("whole"))
    text = page.write(desk.folder, desk.catalog, sample.NAME).read_text(encoding="utf-8")
    desk.catalog.close()
    return text


def test_every_element_is_closed_in_order(whole: str) -> None:
    assert Elements(whole).open == []


def test_nothing_runs_and_nothing_is_asked_for(whole: str) -> None:
    found = Elements(whole)
    assert not {tag for tag, _, _ in found.attributes} & {
        "script",
        "link",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "img",
    }
    assert not [name for _, name, _ in found.attributes if name.startswith("on") or name == "style"]
    assert all(value.startswith(("#", "data:")) for _, name, value in found.attributes if name in ("href", "src"))
    assert "url(" not in whole and "@import" not in whole


def test_the_policy_allows_its_own_style_and_nothing_else(whole: str) -> None:
    policy = next(
        value
        for tag, name, value in Elements(whole).attributes
        if (tag, name) == ("meta", "content") and "src" in value
    )
    (style,) = re.findall(r"<style>(.*?)</style>", whole, re.DOTALL)
    hash = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert f"'sha256-{hash}'" in policy
    assert "unsafe" not in policy and "script" not in policy


def test_names_of_strangers_are_whole_and_harmless(whole: str) -> None:
    text = Elements(whole).text
    for name in (EVIL, sample.CHINESE, sample.LONG):
        assert name in text
    assert "\x1b" not in whole and "\u202e" not in whole
    assert "[31mred" in text


def test_it_tells_the_verdict_and_all_figures(whole: str) -> None:
    text = Elements(whole).text
    assert "The tuned model is better than the base model, and not shown to be better or worse than" in text
    assert "nearest training answer" in text
    assert "held-out loss from 1.60 to 0.21" in text
    assert "613 examples" in text
    assert "CC-BY-4.0: 1" in text


@pytest.mark.parametrize(("trained", "evaluated"), [(True, False), (False, False)])
def test_what_is_missing_is_said(tmp_path: Path, trained: bool, evaluated: bool) -> None:
    desk = sample.lay(tmp_path, trained=trained, evaluated=evaluated)
    text = Elements(page.write(desk.folder, desk.catalog, sample.NAME).read_text(encoding="utf-8")).text
    desk.catalog.close()
    assert "The stage evaluate has not been run yet." in text or not trained
    assert ("The stage train has not been run yet." in text) is not trained


def test_the_reason_of_a_stage_that_was_set_aside_stands_in_its_place(tmp_path: Path) -> None:
    desk = sample.lay(tmp_path, trained=False)
    text = Elements(page.write(desk.folder, desk.catalog, sample.NAME).read_text(encoding="utf-8")).text
    desk.catalog.close()
    assert "No model has been tuned on the dataset voxel yet." in text


def test_an_empty_folder_has_a_report_too(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with Catalog(folder.catalog) as catalog:
        text = page.write(folder, catalog, "empty").read_text(encoding="utf-8")
    assert "Nothing has been harvested yet." in text


def test_no_place_of_this_machine_is_told(whole: str, tmp_path: Path) -> None:
    assert str(tmp_path.parent) not in whole
    assert str(Path.home()) not in whole


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[stand_ins.Desk]:
    made = sample.lay(tmp_path)
    yield made
    made.catalog.close()


def test_equal_folders_give_equal_reports(desk: stand_ins.Desk) -> None:
    texts = [page.write(desk.folder, desk.catalog, sample.NAME).read_text(encoding="utf-8") for _ in range(2)]
    first, second = (re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", "", text) for text in texts)
    assert first == second


def test_models_in_use_are_a_part_of_what_a_run_writes(desk: stand_ins.Desk, whole: str) -> None:
    assert "In useNo model has been asked for anything yet." in Elements(whole).text
    requests.answered(desk.folder, Request("1", "voxel/v1", "5.2.3", at="2026-11-20T10:00:00Z"))
    place = stages.write_report(desk.folder, desk.catalog, sample.NAME)
    text = Elements((desk.folder.root / place).read_text(encoding="utf-8")).text
    assert "In use1 request on 2026-11-20. No model is live." in text


def test_all_jobs_are_listed_with_history_and_curve(tmp_path: Path) -> None:
    desk = sample.lay(tmp_path, evaluated=False)
    described = desk.folder.model(sample.NAME, "v1") / "job.json"
    write_json(described, {**read_json(described), "id": "made"})
    history = [{"status": "queued", "at": "2026-01-01T00:00:00Z"}, {"status": "done", "at": "2026-01-01T00:05:00Z"}]
    told = {
        "dataset": sample.NAME,
        "provider": "local",
        "model": "<b>tiny</b>",
        "parameters": {"rate": 2e-4, "seed": 3},
    }
    done = {"result": f"models/{sample.NAME}/v1", "held_out_loss_after": 0.21, "seconds": 246.0, "steps": 48}
    desk.catalog.save_job("1", {**told, **done, "id": "made", "status": "done", "history": history})
    desk.catalog.save_job("2", {**told, "id": "lost", "status": "failed", "history": [], "reason": "The disk is full."})
    desk.catalog.save_job("3", {**told, "id": "3", "dataset": "another", "status": "done", "history": []})
    text = page.write(desk.folder, desk.catalog, sample.NAME).read_text(encoding="utf-8")
    desk.catalog.close()
    for words in ("2026-01-01T00:05:00Z done", "The disk is full.", "rate 0.0002, seed 3", "Curves of 1 job", "0.210"):
        assert words in text
    assert "<b>tiny</b>" not in text and text.index(">lost<") < text.index(">made<")
