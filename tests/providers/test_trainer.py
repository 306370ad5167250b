# SPDX-License-Identifier: GPL-3.0-or-later
"""The trainer under faults: killed, starved of memory and disk, repeated from its plan, for both objectives."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from voxel_trainer_addon.files import sha256_of

pytestmark = pytest.mark.torch

HERE = Path(__file__).parent
STEPS = 12
WEIGHTS = {"full": "model/model.safetensors", "lora": "adapter/adapter_model.safetensors"}


@pytest.fixture(scope="module")
def tiny(training_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "tiny"
    subprocess.run([training_python, "-I", HERE / "tiny_model.py", folder, "good"], check=True, capture_output=True)
    return folder


class Runs:
    """Runs of the trainer, one after the other in one start of the training environment."""

    def __init__(self, python: Path, root: Path, model: Path, place: Path) -> None:
        self._argv: list[Any] = [python, HERE / "trainer_inside.py", root]
        self._model, self.place = model, place
        self._cases: list[dict[str, Any]] = []

    def add(self, out: str, body: dict[str, Any], **faults: Any) -> None:
        pairs = body.get("objective") == "dpo"
        rows = [row(number, pairs) for number in [*range(12), *range(100, 104)]]
        whole = {
            "model": str(self._model),
            "method": "full",
            "rows": rows[:12],
            "held_out": rows[12:],
            "rows_limit": 0,
            "held_out_limit": 4,
            "tokens": 512,
            "steps": STEPS,
            "seed": 3,
            "threads": 1,
            "numbers": "float32",
            "batch_tokens": 512 if pairs else 256,
            "checkpoint_s": 0.0,
            "out": str(self.place / out),
            **body,
        }
        self._cases.append({"body": whole, "faults": faults})

    def go(self) -> list[list[dict[str, Any]]]:
        """What each run said since the last call; each that was to be killed was."""
        cases, self._cases = self._cases, []
        done = subprocess.run(self._argv, input=json.dumps(cases), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        for case, one in zip(cases, found, strict=True):
            fatal = any(name.startswith("kill") for name in case["faults"])
            assert one["signal"] == (signal.SIGKILL if fatal else 0), done.stderr
            assert fatal or one["said"][-1]["kind"] in ("done", "refused"), done.stderr
        return [one["said"] for one in found]

    def sha(self, out: str, method: str) -> str:
        return sha256_of(self.place / out / WEIGHTS[method])


@pytest.fixture
def runs(training_python: Path, root: Path, tiny: Path, tmp_path: Path) -> Runs:
    return Runs(training_python, root, tiny, tmp_path)


def row(number: int, pair: bool) -> dict[str, Any]:
    asked = [{"role": "system", "content": "Answer."}, {"role": "user", "content": f"Make {number}."}]
    good = f"made = {number}\n" * (number % 5 + 1)
    answers = {"chosen": good, "rejected": f"oops = {number}\n"} if pair else {"completion": good}
    return {"id": f"row-{number}", "messages": asked, **answers}


def told(said: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [line for line in said if line["kind"] == kind]


@pytest.mark.parametrize("objective", ["sft", "dpo"])
@pytest.mark.parametrize("method", ["full", "lora"])
def test_killed_anywhere_and_resumed_the_weights_are_the_same(runs: Runs, method: str, objective: str) -> None:
    body = {"method": method, "objective": objective, "keep": 1}
    runs.add("whole", body)
    runs.add("step", body, kill_after=9)
    runs.add("step", body)
    runs.add("write", body, kill_in=8)
    runs.add("write", body)
    whole, killed, resumed, torn, mended = runs.go()
    passes = whole[-1]["passes"]
    assert passes * 8 / STEPS > 1, "the kill was not in the second pass"
    assert told(killed, "loss")[-1]["step"] == 9 and told(resumed, "loss")[0]["step"] == 9
    assert list((runs.place / "write").glob(".checkpoint.pt.part")) == [], "the torn file was left"
    assert told(mended, "loss")[0]["step"] == told(torn, "checkpoint")[-1]["step"] + 1 > 1
    assert not told(resumed, "warning") and not told(mended, "warning")
    for other in ("step", "write"):
        assert runs.sha(other, method) == runs.sha("whole", method)
    assert whole[-1]["losses"] == resumed[-1]["losses"] == mended[-1]["losses"]


def test_run_again_by_the_recorded_plan_gives_equal_weights_and_a_clock_may_end_it(runs: Runs) -> None:
    runs.add("first", {"steps": 0, "seconds": 6.0, "threads": 2})
    (first,) = runs.go()
    recorded = told(first, "plan")[-1]
    assert first[-1]["planned_steps"] == recorded["steps"] > 0
    plan = {**recorded, "seconds": None, "steps": 9}
    runs.add("second", {"plan": plan})
    runs.add("third", {"plan": plan})
    runs.add("late", {"plan": {**plan, "seconds": 0.0}})
    second, third, late = runs.go()
    assert runs.sha("second", "full") == runs.sha("third", "full")
    assert not told(second, "probe") and [line["rate"] for line in told(second, "loss")][-1] < plan["rate"]
    assert second[-1]["ended_by"] == "plan" and second[-1]["steps"] == 9
    assert late[-1]["kind"] == "refused" or late[-1]["ended_by"] == "clock"


def test_out_of_memory_halves_what_is_worked_on_at_once_and_a_resume_follows(runs: Runs) -> None:
    body: dict[str, Any] = {"keep": 0}
    runs.add("plain", body)
    runs.add("starved", body, memory=200)
    runs.add("killed", body, memory=200, kill_after=7)
    runs.add("killed", body)
    runs.add("hopeless", body, memory=10)
    plain, starved, _, resumed, hopeless = runs.go()
    assert [line["code"] for line in told(starved, "warning")] == ["memory"]
    assert starved[-1]["plan"]["cuts"] and not plain[-1]["plan"]["cuts"]
    assert starved[-1]["losses"] == pytest.approx(plain[-1]["losses"], rel=1e-3), "the steps are not the same ones"
    assert resumed[-1]["losses"] == starved[-1]["losses"]
    assert runs.sha("starved", "full") == runs.sha("killed", "full")
    assert hopeless[-1]["kind"] == "refused" and hopeless[-1]["code"] == "memory"
    runs.add("again", {"plan": starved[-1]["plan"]})
    runs.go()
    assert runs.sha("again", "full") == runs.sha("starved", "full")


def test_a_full_disk_costs_a_checkpoint_and_not_the_training(runs: Runs) -> None:
    runs.add("short", {"keep": 2}, disk=[20_000, 4, 8])
    runs.add("full", {"keep": 0}, disk=[20_000, 6, -1])
    short, full = runs.go()
    assert {line["code"] for line in told(short, "warning")} == {"disk"}
    assert [line["step"] for line in told(short, "checkpoint")] == [1, 2, 3, *range(8, STEPS + 1)]
    assert short[-1]["kind"] == "done"
    assert full[-1]["kind"] == "refused" and full[-1]["code"] == "disk"
    assert told(full, "checkpoint")[-1]["step"] == 5 and (runs.place / "full" / "checkpoint.pt").is_file()
    assert not list((runs.place / "full").glob("*model*")), "half a model was left"
    runs.add("full", {"keep": 0})
    runs.add("whole", {"keep": 0})
    resumed, _ = runs.go()
    assert told(resumed, "loss")[0]["step"] == 6
    assert runs.sha("full", "full") == runs.sha("whole", "full")


def test_a_damaged_checkpoint_a_gone_base_and_other_rows_are_told(runs: Runs, tiny: Path) -> None:
    moved = runs.place / "base"
    shutil.copytree(tiny, moved)
    body = {"model": str(moved)}
    for out in ("damaged", "orphan", "other"):
        runs.add(out, body, kill_after=5)
    runs.go()
    kept = runs.place / "damaged" / "checkpoint.pt"
    kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    runs.add("damaged", body)
    runs.add("other", {**body, "rows": [row(number, False) for number in range(20, 30)]})
    damaged, other = runs.go()
    assert [line["code"] for line in told(damaged, "warning")] == ["checkpoint"]
    assert told(damaged, "loss")[0]["step"] == 0 and damaged[-1]["kind"] == "done"
    assert other[-1]["code"] == "checkpoint"
    shutil.rmtree(moved)
    runs.add("orphan", body)
    ((*_, orphan),) = runs.go()
    assert orphan["code"] == "model" and "gone" in orphan["sentence"]
    assert (runs.place / "orphan" / "checkpoint.pt").is_file()


def test_the_best_of_the_snapshots_is_saved_unless_the_last_is_asked_for(runs: Runs) -> None:
    spoilt = {"rate": 0.3, "keep": 2, "validations": 6, "steps": 40}
    runs.add("best", spoilt)
    runs.add("last", {**spoilt, "save": "last"})
    runs.add("next", {"start": str(runs.place / "best" / "model"), "objective": "dpo", "method": "lora"})
    runs.add("on", {"start": str(runs.place / "next" / "adapter"), "model": str(runs.place / "best" / "model")})
    best, last, chosen, on = runs.go()
    kept = {one["step"]: one["loss"] for one in best[-1]["snapshots"]}
    losses = {one["step"]: one["loss"] for one in best[-1]["held_out"] if one["step"]}
    assert len(losses) == 5 and len(kept) == 2
    assert set(kept.values()) == set(sorted(losses.values())[:2])
    assert best[-1]["saved_step"] == min(kept, key=kept.__getitem__)
    snapshots = [path.name for path in (runs.place / "best" / "snapshots").iterdir()]
    assert sorted(snapshots) == sorted(f"step-{step}" for step in kept)
    assert last[-1]["saved_step"] == last[-1]["steps"] == 40
    assert (runs.sha("best", "full") != runs.sha("last", "full")) == (best[-1]["saved_step"] != 40)
    assert chosen[-1]["losses"][0] == pytest.approx(0.6931, abs=2e-3), "the reference is not the model at the start"
    assert len(chosen[-1]["margins"]) == len(chosen[-1]["accuracies"]) == STEPS
    assert on[-1]["folder"] == "model" and on[-1]["method"] == "full"
