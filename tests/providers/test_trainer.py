# SPDX-License-Identifier: GPL-3.0-or-later
"""The trainer under faults: killed, starved of memory and disk, repeated from its plan, for both objectives."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from voxel_trainer_addon.files import sha256_of
from voxel_trainer_addon.providers.local.child import environment_of_child

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
    """Runs of the trainer, all from one start of the training environment, with what they keep below `place`."""

    def __init__(self, program: subprocess.Popen[str], model: Path, place: Path) -> None:
        self._program, self._model, self.place = program, model, place

    def __call__(self, out: str, body: dict[str, Any] | None = None, **faults: Any) -> list[dict[str, Any]]:
        """What a run said; one that was to be killed was."""
        asked = body or {}
        pairs = asked.get("objective") == "dpo"
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
            **asked,
        }
        assert self._program.stdin and self._program.stdout
        self._program.stdin.write(json.dumps({"body": whole, "faults": faults}) + "\n")
        self._program.stdin.flush()
        found = json.loads(self._program.stdout.readline())
        said: list[dict[str, Any]] = found["said"]
        fatal = any(name.startswith("kill") for name in faults)
        assert found["ended"] == (-signal.SIGKILL if fatal else 0), said[-1]
        assert fatal or said[-1]["kind"] in ("done", "refused"), said[-1]
        return said

    def sha(self, out: str, method: str = "full") -> str:
        return sha256_of(self.place / out / WEIGHTS[method])


@pytest.fixture(scope="module")
def program(training_python: Path, root: Path) -> Iterator[subprocess.Popen[str]]:
    argv: list[Any] = [training_python, HERE / "trainer_inside.py", root]
    env = environment_of_child(online=False)
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as running:
        yield running
        assert running.stdin
        running.stdin.close()


@pytest.fixture
def runs(program: subprocess.Popen[str], tiny: Path, tmp_path: Path) -> Runs:
    return Runs(program, tiny, tmp_path)


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
    whole = runs("whole", body)
    runs("step", body, kill_after=9)
    resumed = runs("step", body)
    torn = runs("write", body, kill_in=8)
    mended = runs("write", body)
    assert whole[-1]["passes"] * 8 / STEPS > 1, "the kill was not in the second pass"
    assert told(resumed, "loss")[0]["step"] == 9
    assert told(mended, "loss")[0]["step"] == told(torn, "checkpoint")[-1]["step"] + 1 > 1
    assert not told(resumed, "warning") and not told(mended, "warning")
    assert whole[-1]["losses"] == resumed[-1]["losses"] == mended[-1]["losses"]
    for other in ("step", "write"):
        assert runs.sha(other, method) == runs.sha("whole", method)


def test_run_again_by_the_recorded_plan_gives_equal_weights_and_a_clock_may_end_it(runs: Runs) -> None:
    first = runs("first", {"steps": 0, "seconds": 5.0, "threads": 2, "numbers": "auto"})
    measured = told(first, "plan")[-1]
    assert first[-1]["planned_steps"] == measured["steps"] > 0
    plan = {**measured, "seconds": None, "warm_up": 2, "steps": 9, "mixed": False}
    second = runs("second", {"plan": plan})
    runs("third", {"plan": plan})
    assert runs.sha("second") == runs.sha("third")
    assert not told(second, "probe") and told(second, "loss")[-1]["rate"] < plan["rate"]
    assert second[-1]["ended_by"] == "plan" and second[-1]["steps"] == 9
    late = runs("late", {"plan": {**plan, "seconds": 1e-9}})
    assert late[-1]["ended_by"] == "clock" and late[-1]["steps"] == 1


def test_out_of_memory_halves_what_is_worked_on_at_once_and_a_resume_follows(runs: Runs) -> None:
    large = {"batch_tokens": 512}
    plain = runs("plain", large)
    starved = runs("starved", large, memory=300)
    assert [line["code"] for line in told(starved, "warning")] == ["memory"]
    assert starved[-1]["plan"]["cuts"] and not plain[-1]["plan"]["cuts"]
    assert starved[-1]["losses"] == pytest.approx(plain[-1]["losses"], rel=1e-3), "the steps are not the same ones"
    runs("killed", large, memory=300, kill_after=7)
    resumed = runs("killed", large)
    assert resumed[-1]["losses"] == starved[-1]["losses"]
    runs("again", {"plan": starved[-1]["plan"]})
    assert runs.sha("starved") == runs.sha("killed") == runs.sha("again")
    hopeless = runs("hopeless", large, memory=10)
    assert hopeless[-1]["kind"] == "refused" and hopeless[-1]["code"] == "memory"


def test_a_full_disk_costs_a_checkpoint_and_not_the_training(runs: Runs) -> None:
    short = runs("short", {"keep": 2}, disk=[20_000, 4, 8])
    assert {line["code"] for line in told(short, "warning")} == {"disk"}
    assert [line["step"] for line in told(short, "checkpoint")] == [1, 2, 3, *range(8, STEPS + 1)]
    assert short[-1]["kind"] == "done"
    full = runs("full", disk=[20_000, 6, -1])
    assert full[-1]["kind"] == "refused" and full[-1]["code"] == "disk"
    assert told(full, "checkpoint")[-1]["step"] == 5 and (runs.place / "full" / "checkpoint.pt").is_file()
    assert not list((runs.place / "full").glob("*model*")), "half a model was left"
    resumed = runs("full")
    runs("whole")
    assert told(resumed, "loss")[0]["step"] == 6
    assert runs.sha("full") == runs.sha("whole")


def test_a_damaged_checkpoint_a_gone_base_and_other_rows_are_told(runs: Runs, tiny: Path) -> None:
    moved = runs.place / "base"
    shutil.copytree(tiny, moved)
    body = {"model": str(moved)}
    runs("one", body, kill_after=5)
    other = runs("one", {**body, "rows": [row(number, False) for number in range(20, 30)]})
    assert other[-1]["code"] == "checkpoint"
    moved.rename(runs.place / "elsewhere")
    orphan = runs("one", body)
    assert orphan[-1]["code"] == "model" and "gone" in orphan[-1]["sentence"]
    (runs.place / "elsewhere").rename(moved)
    kept = runs.place / "one" / "checkpoint.pt"
    kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    damaged = runs("one", body)
    assert [line["code"] for line in told(damaged, "warning")] == ["checkpoint"]
    assert told(damaged, "loss")[0]["step"] == 0 and damaged[-1]["kind"] == "done"


def test_the_best_of_the_snapshots_is_saved_unless_the_last_is_asked_for(runs: Runs) -> None:
    spoilt = {"rate": 0.3, "keep": 2, "validations": 6, "steps": 40}
    best = runs("best", spoilt)
    kept = {one["step"]: one["loss"] for one in best[-1]["snapshots"]}
    losses = {one["step"]: one["loss"] for one in best[-1]["held_out"] if one["step"]}
    assert len(losses) == 5 and len(kept) == 2
    assert set(kept.values()) == set(sorted(losses.values())[:2])
    assert best[-1]["saved_step"] == min(kept, key=kept.__getitem__)
    snapshots = [path.name for path in (runs.place / "best" / "snapshots").iterdir()]
    assert sorted(snapshots) == sorted(f"step-{step}" for step in kept)
    last = runs("last", {**spoilt, "save": "last"})
    assert last[-1]["saved_step"] == last[-1]["steps"] == 40
    assert best[-1]["saved_step"] != 40 and runs.sha("best") != runs.sha("last")


def test_training_goes_on_from_a_model_and_from_an_adapter(runs: Runs) -> None:
    first = runs("sft")
    tuned = str(runs.place / "sft" / "model")
    chosen = runs("dpo", {"start": tuned, "objective": "dpo", "method": "lora"})
    assert chosen[-1]["losses"][0] == pytest.approx(0.6931, abs=1e-4), "the reference is not the model at the start"
    assert len(chosen[-1]["margins"]) == len(chosen[-1]["accuracies"]) == STEPS
    adapter = str(runs.place / "dpo" / "adapter")
    further = runs("further", {"model": tuned, "start": adapter, "objective": "dpo", "method": "auto"})
    assert further[-1]["losses"][0] == pytest.approx(0.6931, abs=1e-4) and further[-1]["folder"] == "adapter"
    merged = runs("merged", {"model": tuned, "start": adapter})
    assert merged[-1]["folder"] == "model" and merged[-1]["n_held_out"] == 4
    assert merged[-1]["held_out"][0]["loss"] == pytest.approx(first[-1]["held_out"][-1]["loss"], abs=0.05)
