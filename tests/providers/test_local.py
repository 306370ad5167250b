# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of the training environment as real children: an adapter is trained, and all answer in pairs."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fine_tuning.told import Told
from voxel_trainer_addon.providers.answering import Answer, Chat, LocalAnswers, named
from voxel_trainer_addon.providers.local import child
from voxel_trainer_addon.providers.refusals import Refusal
from voxel_trainer_addon.stage import Options

pytestmark = pytest.mark.torch

TINY = Path(__file__).with_name("tiny_model.py")
STEPS = 12


@pytest.fixture(scope="module")
def tiny(training_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "tiny"
    subprocess.run([training_python, "-I", TINY, folder, "good"], check=True, capture_output=True)
    return folder


def row(number: int) -> dict[str, Any]:
    asked = [{"role": "system", "content": "Answer."}, {"role": "user", "content": f"Make {number}."}]
    return {"id": f"row-{number}", "messages": asked, "completion": f"made = {number}\n" * (number % 5 + 1)}


def request(model: Path, out: Path, method: str = "full") -> dict[str, Any]:
    return {
        "model": str(model),
        "method": method,
        "rows": [row(number) for number in range(12)],
        "held_out": [row(number) for number in range(100, 104)],
        "rows_limit": 0,
        "held_out_limit": 4,
        "tokens": 512,
        "steps": STEPS,
        "seed": 3,
        "threads": 1,
        "batch_tokens": 256,
        "checkpoint_s": 0.0,
        "out": str(out),
    }


def going() -> bool:
    return True


def test_an_adapter_is_laid_over_its_base_and_all_answer_in_pairs(
    training_python: Path, tiny: Path, tmp_path: Path
) -> None:
    body = request(tiny, tmp_path / "out", "lora")
    ended = child.run(training_python, "train", body, lambda line: None, going)
    assert ended.ok, ended
    assert ended.body["folder"] == "adapter"
    assert 0 < ended.body["parameters_trained"] < ended.body["parameters_count"]
    asked = {
        "models": {"base": str(tiny), "tuned": str(tmp_path / "out" / "adapter")},
        "rows": [*body["held_out"], {**row(5), "id": "long", "completion": "x" * 1000}, row(6), row(7)],
        "loss_rows": ["row-100", "row-6"],
        "budget_tokens": 512,
        "prompts": 5,
        "max_new_tokens": 24,
        "batch": 2,
        "seconds": 600,
        "threads": 1,
    }
    lines: list[dict[str, Any]] = []
    ended = child.run(training_python, "generate", asked, lines.append, going)
    assert ended.ok, ended
    assert [line["id"] for line in lines if line["kind"] == "over_budget"] == ["long"]
    answers = [(line["id"], line["model"]) for line in lines if line["kind"] == "answer"]
    first = [("row-100", "base"), ("row-101", "base"), ("row-100", "tuned"), ("row-101", "tuned")]
    assert answers[:4] == first and len(answers) == 10 and ended.body["answered"] == 5
    losses = {(line["id"], line["model"]): line["loss"] for line in lines if line["kind"] == "loss"}
    assert set(losses) == {(id, model) for id in ("row-100", "row-6") for model in ("base", "tuned")}
    assert losses["row-100", "tuned"] < losses["row-100", "base"], (
        "the adapter was not taken off for the base, or did nothing"
    )


def test_a_local_model_answers_chats(training_python: Path, tiny: Path, tmp_path: Path) -> None:
    work = Told(tmp_path, Options(train_env=str(training_python)))
    who = named(f"local:{tiny}")
    assert isinstance(who, LocalAnswers) and who.near and (who.model, who.licence) == ("tiny", "")
    who.work = work
    heard: dict[str, Answer | Refusal] = {}
    who.ask((Chat(f"c{n}", row(n)["messages"]) for n in range(3)), 12, heard.__setitem__, going)
    work.catalog.close()
    assert sorted(heard) == ["c0", "c1", "c2"]
    for answer in heard.values():
        assert isinstance(answer, Answer) and answer.model == who.hash
        assert answer.prompt_tokens > 10 and 0 < answer.answer_tokens <= 12 and not answer.finished


def test_masks_batches_losses_and_circles(training_python: Path, tiny: Path, root: Path) -> None:
    argv: list[Any] = [training_python, Path(__file__).with_name("checks_inside.py"), root, tiny]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.stdout.strip().endswith("all good"), done.stderr
