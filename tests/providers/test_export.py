# SPDX-License-Identifier: GPL-3.0-or-later
"""Export of a tuned model by the real programs: it answers the same elsewhere, and a stop leaves nothing."""

from __future__ import annotations

import argparse
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.providers.test_local import TINY, request
from voxel_trainer_addon.errors import Cancelled, Unavailable, UserError
from voxel_trainer_addon.files import read_json, write_json
from voxel_trainer_addon.fine_tuning.export import FACTS, Tuned, export, tuned
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.providers.local import Local, child

pytestmark = pytest.mark.torch

ROOT = Path(__file__).resolve().parents[2]
CHECKS = Path(__file__).with_name("checks_export.py")


class Asker:
    """A person who lets it run, or stops it at a phase."""

    def __init__(self, python: Path, stop_at: str = "") -> None:
        self.options = argparse.Namespace(train_env=str(python), yes=False)
        self.stop_at, self.said = stop_at, [""]

    def note(self, words: str) -> None:
        self.said.append(words)

    def tick(self) -> bool:
        if self.stop_at and self.stop_at in self.said[-1]:
            raise Cancelled
        return True


@pytest.fixture(scope="module")
def data(training_python: Path, tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """A data folder with one model: the tiny Llama with an adapter that was trained for some steps."""
    root = tmp_path_factory.mktemp("data")
    base = root / "base model"
    subprocess.run([training_python, "-I", TINY, base, "good"], check=True, capture_output=True)
    (base / "LICENSE").write_text("MIT License")
    place = DataFolder(root).models / "voxel" / "v3"
    body = {**request(base, root / "job", "lora"), "rate": 0.05}
    ended = child.run(training_python, "train", body, lambda line: None, lambda: True)
    assert ended.ok, ended
    place.mkdir(parents=True)
    (root / "job" / "adapter").rename(place / "adapter")
    job = {
        **{key: value for key, value in ended.body.items() if key not in ("stopped", "folder")},
        **{"id": "0123456789abcdef", "state": "done", "version": "v3", "dataset": "voxel", "dataset_hash": "d" * 64},
        **{"model": "Tiny", "base": str(base), "base_hash": Local().known(str(base)).hash, "base_licence": "MIT"},
        **{"data_licences": {"CC0-1.0": 9, "CC-BY-4.0": 3}, "parameters": {"tokens": 512, "seed": 3}},
    }
    write_json(place / "job.json", job)
    return DataFolder(root)


@pytest.fixture(scope="module")
def merged(data: DataFolder, training_python: Path) -> Path:
    return export(tuned(data, "voxel"), "safetensors", "", None, Local(), Asker(training_python)).folder


def test_merged_and_as_gguf_it_answers_like_base_and_adapter(
    data: DataFolder, merged: Path, training_python: Path, tmp_path: Path
) -> None:
    model, asker = tuned(data, "voxel/v3"), Asker(training_python)
    done = export(model, "gguf", "q8_0", tmp_path / "out", Local(), asker)
    (gguf,) = done.folder.glob("*.gguf")
    assert gguf.name == "voxel-v3-Q8_0.gguf"
    words = [ROOT, model.job["base"], model.weights, merged, gguf]
    ran = subprocess.run([training_python, "-I", CHECKS, *words], capture_output=True, text=True)
    assert ran.stdout.strip().endswith("all good"), ran.stderr
    modelfile = (done.folder / "Modelfile").read_text()
    assert modelfile.startswith("FROM ./voxel-v3-Q8_0.gguf\nTEMPLATE ") and 'PARAMETER stop "<|im_end|>"' in modelfile


def test_tokenizer_template_and_terms_go_along_and_no_path_of_this_machine(data: DataFolder, merged: Path) -> None:
    model = tuned(data, "voxel")
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        assert (merged / name).read_bytes() == (model.weights / name).read_bytes()
    assert (merged / "LICENSE").read_text() == "MIT License"
    for path in merged.iterdir():
        if path.suffix != ".safetensors":
            assert str(data.root) not in path.read_text(encoding="utf-8"), path.name


def test_the_card_tells_base_licences_data_training_and_limits(merged: Path) -> None:
    card = (merged / "README.md").read_text(encoding="utf-8")
    for words in ("license: mit", "Tiny, licence MIT", "CC-BY-4.0: 3", "d" * 64, "12 steps", "## Limits", "float32"):
        assert words in card, words
    facts = read_json(merged / FACTS)
    assert facts["merge_difference"] < 1e-4 and facts["same_best_token"] == 1.0
    assert set(facts["files"]) >= {"model.safetensors", "config.json", "tokenizer.json"}


def test_the_adapter_alone_names_its_base_by_name(data: DataFolder, training_python: Path) -> None:
    done = export(tuned(data, "voxel"), "adapter", "", None, Local(), Asker(training_python))
    assert read_json(done.folder / "adapter_config.json")["base_model_name_or_path"] == "Tiny"
    stored = (done.folder / "adapter_model.safetensors").read_bytes()
    assert stored == (tuned(data, "voxel").weights / "adapter_model.safetensors").read_bytes()


@pytest.mark.parametrize(("phase", "out"), [("Loading", "new"), ("Writing", "out")])
def test_a_stop_leaves_nothing_and_an_earlier_export_as_it_was(
    data: DataFolder, merged: Path, training_python: Path, tmp_path: Path, phase: str, out: str
) -> None:
    shutil.copytree(merged, tmp_path / "out")
    before = (tmp_path / "out" / FACTS).read_bytes()
    with pytest.raises(Cancelled):
        export(tuned(data, "voxel"), "gguf", "", tmp_path / out, Local(), Asker(training_python, phase))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / FACTS).read_bytes() == before


def test_what_gguf_would_not_hold_is_refused_in_a_sentence_and_nothing_is_left(
    data: DataFolder, merged: Path, training_python: Path, tmp_path: Path
) -> None:
    whole = tmp_path / "model"
    shutil.copytree(merged, whole)
    config = read_json(whole / "config.json")
    rope = {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0}
    write_json(whole / "config.json", {**config, "rope_parameters": rope})
    model = replace(tuned(data, "voxel"), weights=whole)
    with pytest.raises(Unavailable, match=r"rotary embeddings that are scaled.*--form safetensors"):
        export(model, "gguf", "", tmp_path / "out", Local(), Asker(training_python))
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_changed_base_and_a_folder_that_is_no_export_are_left_alone(
    data: DataFolder, training_python: Path, tmp_path: Path
) -> None:
    asker, model = Asker(training_python), tuned(data, "voxel")
    (tmp_path / "holiday.txt").write_text("mine")
    with pytest.raises(UserError, match="no export of a model"):
        export(model, "safetensors", "", tmp_path, Local(), asker)
    changed = Tuned(model.folder, {**model.job, "base_hash": "0" * 64}, model.weights)
    with pytest.raises(UserError, match="has changed since"):
        export(changed, "safetensors", "", tmp_path / "out", Local(), asker)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.txt"]
    with pytest.raises(UserError, match="There are voxel/v3"):
        tuned(data, "voxel/v4")
