# SPDX-License-Identifier: GPL-3.0-or-later
"""The words to paste say what an exported model was tuned with, and `train export` says what it lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from voxel_trainer_addon import prompts
from voxel_trainer_addon.cli.command import main
from voxel_trainer_addon.errors import Exit
from voxel_trainer_addon.files import write_json
from voxel_trainer_addon.fine_tuning import elsewhere
from voxel_trainer_addon.fine_tuning.export import tuned
from voxel_trainer_addon.paths import DataFolder

pytestmark = pytest.mark.plain


def test_a_modelfile_names_file_template_system_stop_and_temperature() -> None:
    assert elsewhere.modelfile("voxel.gguf", True, "<|im_end|>") == (
        "FROM ./voxel.gguf\n"
        'TEMPLATE """{{- range .Messages }}<|im_start|>{{ .Role }}\n'
        "{{ .Content }}<|im_end|>\n"
        "{{ end }}<|im_start|>assistant\n"
        '"""\n'
        f'SYSTEM """{prompts.SYSTEM}"""\n'
        "PARAMETER temperature 0\n"
        'PARAMETER stop "<|im_end|>"\n'
    )
    assert "TEMPLATE " not in elsewhere.modelfile("x.gguf", False, "<|eot_id|>").replace(elsewhere.TEMPLATE_WITHIN, "")


@pytest.mark.parametrize(
    ("form", "files", "words"),
    [
        ("gguf", ["v.gguf"], ("llama-server -m v.gguf", "ollama create voxel-v1", "lms import v.gguf", "-c 512")),
        ("safetensors", ["model.safetensors"], ("vllm serve", "mlx_lm.generate")),
        ("adapter", ["adapter_model.safetensors"], ("SmolLM2", "PeftModel")),
    ],
)
def test_every_way_to_use_it_tells_the_system_messages(form: str, files: list[str], words: tuple[str, ...]) -> None:
    text = elsewhere.how_to(form, "voxel-v1", files, "SmolLM2", 512)
    for one in (*words, *prompts.SYSTEMS.values()):
        assert one in text


def test_a_name_alone_is_the_newest_version_that_is_done(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    for version, state in (("v2", "done"), ("v10", "done"), ("v11", "running")):
        folder = data.model("Rocks & Co", version)
        (folder / "adapter").mkdir(parents=True)
        write_json(folder / "job.json", {"state": state, "dataset": "Rocks & Co", "version": version})
    found = tuned(data, "Rocks & Co")
    assert (found.folder, found.name) == (data.model("Rocks & Co", "v10"), "rocks-co-v10")
    assert (
        tuned(data, "Rocks & Co/v2").job["version"] == tuned(data, str(data.model("Rocks & Co", "v2"))).job["version"]
    )


def test_export_without_a_model_says_what_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "export", "rocks", "--data", str(tmp_path)]
    assert main(words, lambda: None, tmp_path) == Exit.USAGE
    assert capsys.readouterr().err == "rocks is no model that was tuned here. There is none yet: `train` makes one.\n"
    (tmp_path / "models" / "rocks" / "v1" / "model").mkdir(parents=True)
    write_json(tmp_path / "models" / "rocks" / "v1" / "job.json", {"state": "done"})
    assert main([*words, "--quantise", "q8_0"], lambda: None, tmp_path) == Exit.USAGE
    assert "--form gguf" in capsys.readouterr().err
