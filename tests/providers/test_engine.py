# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine that answers: several models and adapters in one request, their own messages, samples by chance."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from voxel_trainer_addon.providers.local import child

pytestmark = pytest.mark.torch

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def tiny(training_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "tiny"
    subprocess.run([training_python, "-I", HERE / "tiny_model.py", folder, "good"], check=True, capture_output=True)
    return folder


def test_answers_hang_on_their_own_row_and_model_only(
    training_python: Path, tiny: Path, root: Path, tmp_path: Path
) -> None:
    argv: list[Any] = [training_python, HERE / "engine_inside.py", root, tiny, tmp_path]
    env = child.environment_of_child(False)
    done = subprocess.run(argv, capture_output=True, text=True, env=env)
    assert done.stdout.strip().endswith("all good"), done.stderr


def asked(words: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": words}]


def answers(python: Path, request: dict[str, Any]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    whole = {"max_new_tokens": 8, "batch": 3, "seconds": 0, "threads": 1, **request}
    ended = child.run(python, "generate", whole, lines.append, lambda: True)
    assert ended.ok, ended
    assert ended.body["threads"] == 1 and ended.body["answered"] == ended.body["of"]
    return lines


def test_one_model_is_asked_in_several_ways(training_python: Path, tiny: Path) -> None:
    rows = [{"id": f"r{n}", "messages": asked(f"Make {n}."), "completion": "ä = 1"} for n in range(4)]
    rows[0]["messages_by"] = {"few-shot": asked("An example. Make 0.")}
    rows[1]["messages_by"] = {"few-shot": [asked("long " * 500), asked("short"), asked("none")]}
    rows[2]["messages_by"] = {"few-shot": [asked("long " * 500)]}
    request = {"models": {"base": str(tiny), "few-shot": str(tiny)}, "rows": rows, "loss_rows": ["r0", "r2"]}
    lines = answers(training_python, request)
    found = {(line["model"], line["id"]): line for line in lines if line["kind"] == "answer"}
    assert len(found) == 7 and found["few-shot", "r3"]["text"] == found["base", "r3"]["text"]
    assert found["few-shot", "r0"]["prompt_tokens"] > found["base", "r0"]["prompt_tokens"]
    assert found["few-shot", "r1"]["chosen"] == 1 and found["base", "r1"]["chosen"] == 0
    (over,) = (line for line in lines if line["kind"] == "too_long")
    assert (over["model"], over["id"], over["context"]) == ("few-shot", "r2", 2048) and over["prompt_tokens"] > 2048
    losses = {(line["model"], line["id"]): line for line in lines if line["kind"] == "loss"}
    assert set(losses) == {("base", "r0"), ("few-shot", "r0"), ("base", "r2")}
    for loss in losses.values():
        assert (loss["bytes"], loss["tokens"]) == (6, 7)  # a token for each byte here, and the end
        assert loss["loss_per_byte"] == pytest.approx(loss["loss"] * 7 / 6, rel=1e-4)


def test_samples_are_drawn_again_by_the_same_seed(training_python: Path, tiny: Path) -> None:
    rows = [{"id": f"r{n}", "messages": asked(f"Make {n}."), "completion": "a"} for n in range(3)]
    chance = {"samples": 3, "temperature": 1.0, "top_p": 0.95, "numbers": "float32"}

    def drawn(**more: Any) -> dict[tuple[str, int], str]:
        lines = answers(training_python, {"models": {"base": str(tiny)}, "rows": rows, **chance, **more})
        return {(line["id"], line["sample"]): line["text"] for line in lines if line["kind"] == "answer"}

    first = drawn(seed=4)
    assert set(first) == {(f"r{n}", sample) for n in range(3) for sample in range(3)}
    assert len(set(first.values())) > 6, "samples differ"
    some = [{**row, "samples": [2, 0][: n + 1]} for n, row in enumerate(rows)]
    wanted = {(f"r{n}", sample) for n, row in enumerate(some) for sample in row["samples"]}
    assert drawn(seed=4, rows=some[::-1], batch=2) == {key: text for key, text in first.items() if key in wanted}
    assert first != drawn(seed=5)
