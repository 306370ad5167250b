# SPDX-License-Identifier: GPL-3.0-or-later
"""What a training is expected to take, from a folder's own facts, and which models are offered for a machine."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from voxel_trainer_addon.errors import Unavailable
from voxel_trainer_addon.providers.local import Local, memory, offered
from voxel_trainer_addon.providers.local.memory import Room, Shape
from voxel_trainer_addon.stage import Options

pytestmark = pytest.mark.plain
GB = 10**9
SMOLLM2 = Shape(134_515_008, 30, 576, 49_152)


@pytest.mark.parametrize(("method", "least", "most"), [("full", 4.7, 5.3), ("lora", 3.7, 4.1)])
def test_for_the_embedded_model_it_says_what_was_measured(method: str, least: float, most: float) -> None:
    assert least <= memory.needed(SMOLLM2, method) / GB <= most


def test_more_tokens_and_more_parameters_take_more_and_four_bits_less() -> None:
    assert memory.needed(SMOLLM2, "lora", 2048) > memory.needed(SMOLLM2, "lora", 1024)
    large = Shape(7_600_000_000, 28, 3584, 152_064)
    assert memory.needed(large, "full") > memory.needed(large, "lora") > memory.needed(large, "qlora")
    assert memory.method_for("auto", SMOLLM2) == "full" and memory.method_for("auto", large) == "lora"
    assert memory.method_for("qlora", SMOLLM2) == "qlora" and memory.method_for("lora", SMOLLM2) == "lora"
    assert memory.method_for("auto", large, card=True) == memory.method_for("lora", large, card=True) == "qlora"


def lay_model(folder: Path, parameters: int = 600, **config: Any) -> Path:
    """A model folder with the head of a safetensors file; its weights are never read."""
    folder.mkdir()
    shape = {"num_hidden_layers": 2, "hidden_size": 8, "vocab_size": 50}
    (folder / "config.json").write_text(json.dumps(shape | config))
    tensors = {"a": {"dtype": "F32", "shape": [2, parameters // 2]}, "__metadata__": {"format": "pt"}}
    head = json.dumps(tensors).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head)
    return folder


def test_a_folder_tells_its_shape_without_being_loaded(tmp_path: Path) -> None:
    folder = lay_model(tmp_path / "one")
    assert memory.shape_of(folder) == Shape(600, 2, 8, 50)
    inner = {"text_config": {"num_hidden_layers": 3, "hidden_size": 8, "vocab_size": 50}}
    assert memory.shape_of(lay_model(tmp_path / "two", **inner)) == Shape(600, 3, 8, 50)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", 10**12) + b"{}")
    assert memory.shape_of(folder) is None


def test_what_does_not_fit_is_refused_with_the_estimate_and_trained_anyway_when_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = lay_model(tmp_path / "large", 7_600_000_000)
    monkeypatch.setattr(memory, "room", lambda: Room(8 * GB))
    work: Any = SimpleNamespace(options=Options(), note=lambda words: None, tick=lambda: True)
    with pytest.raises(Unavailable, match=r"large \(LoRA\) needs about 1\d\.\d GB.*8\.0 GB.*--anyway"):
        Local().base(str(folder), work)
    work.options = replace(Options(), anyway=True)
    assert Local().base(str(folder), work).folder == folder
    monkeypatch.setattr(memory, "room", lambda: Room(0))
    work.options = Options()
    assert Local().base(str(folder), work).folder == folder


def test_a_model_of_the_table_is_refused_before_it_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "room", lambda: Room(16 * GB))
    work: Any = SimpleNamespace(options=Options(), note=lambda words: None, tick=lambda: True)
    with pytest.raises(Unavailable, match=r"Qwen3-8B \(LoRA\) needs about 22"):
        Local().base("Qwen/Qwen3-8B", work)


def test_what_is_offered_goes_by_the_machine_and_no_research_licence_is_among_it() -> None:
    assert {one.licence for one in offered.OFFERED} == {"Apache-2.0"}
    assert not [one for one in offered.OFFERED if "Coder-3B" in one.name]
    assert offered.best(Room(4 * GB), cards=False).name == "Qwen/Qwen2.5-Coder-0.5B-Instruct"
    assert offered.best(Room(2 * GB), cards=False) is offered.OFFERED[0]
    assert offered.best(Room(500 * GB), cards=False).name == "Qwen/Qwen2.5-Coder-1.5B-Instruct"
    assert offered.best(Room(32 * GB, 8 * GB), cards=True).name == "Qwen/Qwen3.5-4B"
    assert "qlora" not in offered.OFFERED[1].methods(Room(64 * GB), cards=False)
    assert memory.room().machine > GB // 4
