# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage train on a tiny model, in the real training environment: done, done before, stopped, killed, refused."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fine_tuning.told import Told
from voxel_trainer_addon import checkpoints
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.deployment import registry
from voxel_trainer_addon.errors import Cancelled
from voxel_trainer_addon.files import read_json, write_json, write_jsonl
from voxel_trainer_addon.fine_tuning import training_orchestrator
from voxel_trainer_addon.fine_tuning.jobs import Jobs
from voxel_trainer_addon.stage import Options

pytestmark = pytest.mark.torch

PROGRAM = Path(__file__).parent.parent / "providers" / "tiny_model.py"


def row(number: int) -> dict[str, Any]:
    code = "import bpy\n" + "".join(f"node_{n} = tree.nodes.new('ShaderNodeMath')\n" for n in range(number % 4 + 1))
    return {"kind": "tree", "id": f"row-{number:03}", "prompt": f"Make the node group {number}.", "completion": code}


@pytest.fixture(scope="module")
def tiny(training_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A tiny model's folder, by the kind of its chat template."""
    place = tmp_path_factory.mktemp("tiny")

    def made(template: str) -> Path:
        folder = place / template
        if not folder.is_dir():
            subprocess.run([training_python, "-I", PROGRAM, folder, template], check=True, capture_output=True)
        return folder

    return made


@pytest.fixture
def work(
    tmp_path: Path, training_python: Path, tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Told]:
    """A data folder with a dataset of 24 short rows and one that is too long, and options that take seconds."""
    monkeypatch.setenv("VOXEL_TRAINER_CACHE", str(tmp_path / "cache"))  # no wait for what else trains here
    options = Options(model=str(tiny("good")), preset="tiny", train_s=4.0, train_env=str(training_python), name="rocks")
    told = Told(tmp_path / "data", options)
    place = told.folder.dataset("rocks")
    long = {"kind": "tree", "id": "row-long", "prompt": "Make all of it.", "completion": "pass\n" * 200}
    pairs = [
        {**row(n), "kind": "preference", "id": f"pair-{n}", "rejected": {"completion": "pass\n"}} for n in range(6)
    ]
    write_jsonl(place / "train.jsonl", [*map(row, range(24)), long, *pairs])
    write_jsonl(place / "val.jsonl", map(row, range(100, 108)))
    write_json(place / "dataset.json", {"licences": {"CC0-1.0": 25}})
    yield told
    told.catalog.close()


def test_rows_become_a_model_and_are_not_trained_on_twice(work: Told) -> None:
    outcome = training_orchestrator.run(work)
    assert not outcome.aside, work.asides
    folder = work.folder.model("rocks", "v1")
    job = read_json(folder / "job.json")
    assert job["state"] == "done" and job["method"] == "full" and job["n_rows"] == 24 and job["n_over"] == 1
    assert job["held_out"][-1]["loss"] < job["held_out"][0]["loss"]
    assert (folder / "model" / "model.safetensors").is_file()
    assert "CC0-1.0: 25" in (folder / "README.md").read_text(encoding="utf-8")
    (kept,) = json.loads(work.folder.jobs.read_text(encoding="utf-8"))
    assert [entry["status"] for entry in kept["history"]] == ["running", "done"]
    assert kept["result"] == "models/rocks/v1"
    checkpoint = checkpoints.read(work.folder, "train")
    assert checkpoint["status"] == "done" and checkpoint["progress"]["step"] == job["steps"]
    assert str(Path.home()) not in json.dumps([kept, checkpoint])
    assert len(work.kinds("loss")) > 1 and work.kinds("progress")[-1]["total"] > 0
    (model,) = registry.models(work.folder)
    assert (model.name, model.version, model.path) == ("rocks", "v1", "models/rocks/v1/model")
    began = time.monotonic()
    again = training_orchestrator.run(work)
    words = f"Trained already: models/rocks/v1. To train it once more: train --again {kept['id']}."
    assert again.words == words and time.monotonic() - began < 30
    assert list(work.folder.models.glob("rocks/*")) == [folder]


def test_a_lost_catalog_comes_back_from_the_file_of_jobs(work: Told) -> None:
    Jobs(work.folder, work.catalog).save({"id": "abc", "provider": "local", "model": "x"}, "done")
    work.catalog.close()
    work.folder.catalog.unlink()
    with Catalog(work.folder.catalog) as catalog:
        assert Jobs(work.folder, catalog).get("abc") == read_json(work.folder.jobs)[0]


def test_a_template_that_forgets_is_refused_with_a_sentence(work: Told, tiny: Callable[[str], Path]) -> None:
    work.options = dataclasses.replace(work.options, model=str(tiny("forgetful")))
    outcome = training_orchestrator.run(work)
    assert outcome.aside and work.asides[0].code == "template"
    assert "chat template" in outcome.words
    assert read_json(work.folder.jobs)[0]["status"] == "failed"


def test_pause_holds_and_cancel_keeps_a_checkpoint_that_resume_ends(work: Told) -> None:
    work.options = dataclasses.replace(work.options, train_s=30.0)

    def cancel() -> bool:
        if len(work.kinds("loss")) > 3:
            raise Cancelled
        return True

    work.on_tick = cancel
    with pytest.raises(Cancelled):
        training_orchestrator.run(work)
    (place,) = work.folder.models.glob("rocks/.training-*")
    assert (place / "checkpoint.pt").is_file()
    assert read_json(work.folder.jobs)[0]["status"] == "cancelled"
    work.on_tick = lambda: True
    assert not training_orchestrator.run(work).aside
    job = read_json(work.folder.jobs)[0]
    assert [entry["status"] for entry in job["history"]] == ["running", "cancelled", "running", "done"]
    assert not place.exists()


def test_a_job_done_again_makes_equal_weights(work: Told) -> None:
    assert not training_orchestrator.run(work).aside
    (job,) = read_json(work.folder.jobs)
    work.options = dataclasses.replace(work.options, again=job["id"])
    outcome = training_orchestrator.run(work)
    first, second = (read_json(work.folder.model("rocks", version) / "job.json") for version in ("v1", "v2"))
    common = min(first["steps"], second["steps"])
    assert second["plan"] == first["plan"] and second["losses"][:common] == first["losses"][:common]
    if second["steps"] == first["steps"]:
        assert "The weights are equal, byte for byte, to those of v1." in outcome.words
    else:  # on a busy machine
        assert "The clock ended one of them earlier" in outcome.words


def test_preferences_are_learnt_from_a_version_on(work: Told) -> None:
    assert not training_orchestrator.run(work).aside
    work.options = dataclasses.replace(work.options, objective="dpo", start_from="v1", rate=1e-4)
    outcome = training_orchestrator.run(work)
    assert not outcome.aside, work.asides
    job = read_json(work.folder.model("rocks", "v2") / "job.json")
    assert job["objective"] == "dpo" and job["n_rows"] == 6 and job["margins"][-1] > job["margins"][0]
