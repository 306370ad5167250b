# SPDX-License-Identifier: GPL-3.0-or-later
"""The Apple path on the processor of Linux: mlx-lm trains as PyTorch does, and what comes out goes on as usual."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.providers.test_local import STEPS, TINY, request
from voxel_trainer_addon import pythons
from voxel_trainer_addon.files import sha256_of
from voxel_trainer_addon.providers.local import child, mlx_choice


@pytest.fixture(scope="module")
def mlx_python() -> Path:
    named = os.environ.get("VOXEL_TRAINER_MLX_ENV")
    if not named:
        pytest.skip("`build.py test --all --suite torch` makes an environment with mlx-lm")
    return Path(named)


@pytest.fixture(scope="module")
def tiny(training_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "tiny"
    subprocess.run([training_python, "-I", TINY, folder, "good"], check=True, capture_output=True)
    return folder


def trained(python: Path, job: str, body: dict[str, Any]) -> dict[str, Any]:
    ended = child.run(python, job, body, lambda line: None, lambda: True)
    assert ended.ok, ended
    return ended.body


@pytest.mark.torch
@pytest.mark.slow
def test_every_step_of_full_tuning_has_the_loss_that_pytorch_has(
    training_python: Path, mlx_python: Path, tiny: Path, tmp_path: Path
) -> None:
    theirs = trained(training_python, "train", request(tiny, tmp_path / "torch"))
    ours = trained(mlx_python, "mlx_train", request(tiny, tmp_path / "mlx"))
    assert ours["losses"] == pytest.approx(theirs["losses"], abs=1e-3)
    assert ours["n_answer_tokens"] == theirs["n_answer_tokens"]
    assert ours["held_out"][-1]["loss"] == pytest.approx(theirs["held_out"][-1]["loss"], abs=1e-3)


@pytest.mark.torch
@pytest.mark.slow
def test_an_adapter_begins_at_the_same_loss_and_merged_pytorch_finds_the_loss_that_mlx_told(
    training_python: Path, mlx_python: Path, tiny: Path, tmp_path: Path
) -> None:
    body = {**request(tiny, tmp_path / "mlx", "lora"), "rate": 0.02}
    ours = trained(mlx_python, "mlx_train", body)
    theirs = trained(training_python, "train", {**request(tiny, tmp_path / "torch", "lora"), "rate": 0.02})
    assert ours["losses"][0] == pytest.approx(theirs["losses"][0], abs=1e-3)
    assert ours["parameters_trained"] == theirs["parameters_trained"]
    assert ours["held_out"][-1]["loss"] < ours["held_out"][0]["loss"] - 0.1
    found: list[float] = []
    counts: list[int] = []

    def heard(line: dict[str, Any]) -> None:
        if line["kind"] == "loss":
            found.append(line["loss"] * line["tokens"])
            counts.append(line["tokens"])

    rows = body["held_out"]
    asked = {"models": {"tuned": str(tmp_path / "mlx" / ours["folder"])}, "rows": rows, "threads": 1, "batch": 4}
    asked |= {"loss_rows": [row["id"] for row in rows], "max_new_tokens": 1, "seconds": 0}
    assert child.run(training_python, "generate", asked, heard, lambda: True).ok
    assert sum(found) / sum(counts) == pytest.approx(ours["held_out"][-1]["loss"], abs=0.02)  # generate has bfloat16


@pytest.mark.torch
@pytest.mark.slow
def test_killed_and_resumed_the_weights_are_the_same(
    training_python: Path, mlx_python: Path, tiny: Path, tmp_path: Path
) -> None:
    trained(mlx_python, "mlx_train", request(tiny, tmp_path / "whole", "lora"))
    body = request(tiny, tmp_path / "broken", "lora")
    argv = [mlx_python, "-I", child.PROGRAM, "mlx_train"]
    said: list[dict[str, Any]] = []
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
        assert run.stdin and run.stdout
        run.stdin.write(json.dumps(body).encode() + b"\n")
        run.stdin.flush()
        for line in run.stdout:
            said.append(json.loads(line))
            if said[-1]["kind"] == "loss" and said[-1]["step"] == 9:
                run.kill()
    assert 9 <= said[-1].get("step", 0) < STEPS
    resumed = trained(mlx_python, "mlx_train", body)
    assert len(resumed["losses"]) == STEPS
    ours, theirs = (sha256_of(tmp_path / name / "model" / "model.safetensors") for name in ("broken", "whole"))
    assert ours == theirs


@pytest.mark.parametrize(
    ("system", "machine", "has", "change", "job"),
    [
        ("darwin", "arm64", True, {}, "mlx_train"),
        ("darwin", "arm64", True, {"method": "lora", "objective": "sft"}, "mlx_train"),
        ("darwin", "arm64", True, {"objective": "dpo"}, "train"),
        ("darwin", "arm64", True, {"method": "qlora"}, "train"),
        ("darwin", "arm64", False, {}, "train"),
        ("darwin", "x86_64", True, {}, "train"),
        ("linux", "aarch64", True, {}, "train"),
    ],
)
@pytest.mark.plain
def test_only_an_apple_with_mlx_trains_by_it_and_only_what_it_can(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, has: bool, change: dict[str, str], job: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(pythons, "has", lambda python, module: has)
    assert mlx_choice.trainer(Path("python"), {"method": "auto", **change}) == job


@pytest.mark.plain
def test_going_on_from_an_adapter_is_left_to_pytorch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mlx_choice, "is_apple", lambda: True)
    monkeypatch.setattr(pythons, "has", lambda python, module: True)
    body = {"method": "lora", "start": str(tmp_path)}
    assert mlx_choice.trainer(Path("python"), body) == "mlx_train"
    (tmp_path / "adapter_config.json").write_text("{}")
    assert mlx_choice.trainer(Path("python"), body) == "train"
