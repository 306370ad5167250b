# SPDX-License-Identifier: GPL-3.0-or-later
"""Row masks under the chat templates of four model families, whose texts lie in TRL's package."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from voxel_trainer_addon.providers.local import base

pytestmark = pytest.mark.torch

HERE = Path(__file__).parent
TRL = "trl==1.16.0"
ENDS = {
    "smollm2": "<|im_end|>",
    "qwen2_5": "<|im_end|>",
    "qwen3": "<|im_end|>",
    "qwen3_instruct_2507": "<|im_end|>",
    "llama3": "<|eot_id|>",
    "llama3_1": "<|eot_id|>",
    "llama3_2": "<|eot_id|>",
}


@pytest.fixture(scope="module")
def templates(training_python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    """Name → text; None is the template of the tokenizer itself. The package is read, not installed."""
    folder = tmp_path_factory.mktemp("trl")
    argv: list[Any] = [training_python, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, TRL]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, f"{TRL} could not be fetched from the package index: {done.stderr}"
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        texts = {name: packed.read(f"trl/chat_templates/{name}.jinja").decode() for name in ENDS if name != "smollm2"}
    return {"smollm2": None, **texts}


def test_counted_tokens_are_the_answer_and_its_end_in_every_template(
    training_python: Path, root: Path, templates: dict[str, str | None], tmp_path: Path
) -> None:
    model = base.named(base.EMBEDDED).folder
    if model is None:  # its tokenizer stands in for all; where it was not made ready yet, one of bytes does
        model = tmp_path / "tiny"
        subprocess.run([training_python, "-I", HERE / "tiny_model.py", model, "good"], check=True, capture_output=True)
    argv: list[Any] = [training_python, HERE / "templates_inside.py", root, model]
    done = subprocess.run(argv, input=json.dumps(templates), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ENDS
