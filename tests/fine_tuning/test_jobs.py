# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs, one and many: the queue, doing one again, sweeps, and what happens to them on the way. The trainer is a child
process that only speaks."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fine_tuning.conftest import lay, row
from tests.fine_tuning.told import Told
from voxel_trainer_addon import checkpoints
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.cli import arguments, training
from voxel_trainer_addon.errors import Unavailable, UserError
from voxel_trainer_addon.files import read_json, write_jsonl
from voxel_trainer_addon.fine_tuning import following, orders, sweep, training_orchestrator
from voxel_trainer_addon.fine_tuning import jobs as jobs_module
from voxel_trainer_addon.fine_tuning.jobs import Job, Jobs
from voxel_trainer_addon.fine_tuning.waiting import Waiting
from voxel_trainer_addon.locks import FolderLock
from voxel_trainer_addon.paths import cache_home
from voxel_trainer_addon.providers.local import Local, environment
from voxel_trainer_addon.row_files import OWN_PAIRS
from voxel_trainer_addon.stage import Options

pytestmark = pytest.mark.plain


def queued(told: Told, **changed: Any) -> Job:
    """A job of these options, put into the queue."""
    order = orders.local(told.folder, dataclasses.replace(told.options, **changed), Local())
    return Waiting(told.folder).add(order.job)


def go_through(told: Told) -> Any:
    told.options = Options(queued=True, train_env="here")
    return training_orchestrator.run(told)


def statuses(told: Told) -> dict[str, str]:
    return {job["id"]: job["status"] for job in read_json(told.folder.jobs)}


def request_of(told: Told, version: str) -> Any:
    return read_json(told.folder.model("rocks", version) / "model" / "request.json")


def test_the_queue_goes_on_with_the_next_where_one_fails(told: Told, scripted: Callable[..., Path]) -> None:
    full = scripted("full", refuse=["disk", "The disk is full. Make room and start it again.", ""])
    dead = scripted("dead", die=3)
    first, broken, died = queued(told, seed=1), queued(told, model=str(full)), queued(told, model=str(dead))
    last = queued(told, seed=2)
    outcome = go_through(told)
    assert outcome.words.startswith("2 jobs of the queue done, 2 set aside.") and not outcome.aside
    assert statuses(told) == {first["id"]: "done", broken["id"]: "failed", died["id"]: "failed", last["id"]: "done"}
    assert {aside.code for aside in told.asides} == {"disk", "died"}
    assert [request_of(told, version)["seed"] for version in ("v1", "v2")] == [1, 2]
    assert (told.folder.model("rocks", "v1") / "ATTRIBUTION.md").read_text() == "Whom it comes from.\n"
    assert not Waiting(told.folder).jobs()
    assert str(full.parent) not in told.folder.jobs.read_text(encoding="utf-8")
    (job, *_) = read_json(told.folder.jobs)
    assert [entry["status"] for entry in job["history"]] == ["queued", "running", "done"]
    assert job["cost"] == {"estimated": {"seconds": 30.0}, "real": {"seconds": 6.0}} and job["plan"]["steps"] == 6


@pytest.mark.parametrize(("room", "at_once", "told_of"), [(512, 512, 1), (256, 256, 2), (0, None, 2)])
def test_a_trainer_that_the_system_kills_goes_on_with_less_at_once(
    told: Told, scripted: Callable[..., Path], room: int, at_once: int | None, told_of: int
) -> None:
    told.options = dataclasses.replace(told.options, model=str(scripted("large", killed=4, room=room)))
    outcome = training_orchestrator.run(told)
    (job,) = read_json(told.folder.jobs)
    assert [warning["code"] for warning in job["warnings"]] == ["memory"] * told_of
    if at_once is None:
        assert outcome.aside and job["status"] == "failed" and {aside.code for aside in told.asides} == {"killed"}
    else:
        assert job["status"] == "done" and request_of(told, "v1")["at_once"] == at_once


def test_a_job_whose_dataset_has_changed_is_set_aside_and_says_what_to_do(told: Told) -> None:
    job = queued(told)
    lay(told.folder, rows=7)
    now = queued(told)
    go_through(told)
    assert statuses(told) == {job["id"]: "set aside", now["id"]: "done"}
    (aside,) = told.asides
    assert aside.code == "dataset changed" and f"train --again {job['id']}" in aside.sentence


def test_a_job_goes_on_with_its_rows_where_the_dataset_changes_under_it(
    told: Told, scripted: Callable[..., Path]
) -> None:
    scripted(pace=0.05)
    order = orders.local(told.folder, told.options, Local())

    def change() -> bool:
        if told.kinds("loss"):
            lay(told.folder, rows=9)
        return True

    told.on_tick = change
    training_orchestrator.run(told)
    assert len(request_of(told, "v1")["rows"]) == 5
    assert read_json(told.folder.model("rocks", "v1") / "job.json")["dataset_hash"] == order.dataset.hash


def test_a_job_taken_out_while_it_trains_stops_and_the_next_begins(
    told: Told, scripted: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_orchestrator, "LOOK_S", 0.0)
    scripted(pace=0.05)
    job, other = queued(told, seed=1), queued(told, seed=2)

    def take_out() -> bool:
        if len(told.kinds("loss")) > 1:
            Waiting(told.folder).drop(job["id"])
        return True

    told.on_tick = take_out
    go_through(told)
    assert statuses(told) == {job["id"]: "cancelled", other["id"]: "done"}
    assert [path.name for path in told.folder.models.glob("rocks/*")] == ["v1"]


def test_a_second_training_on_this_computer_waits_and_says_for_whom(told: Told) -> None:
    lock = FolderLock(cache_home() / "training.lock", "the data folder trees, process 7")
    assert lock.acquire()

    def end() -> bool:
        if any("Another training" in note["words"] for note in told.kinds("note")):
            lock.release()
        return True

    told.on_tick = end
    try:
        assert not training_orchestrator.run(told).aside
    finally:
        lock.release()
    assert "(the data folder trees, process 7)" in " ".join(note["words"] for note in told.kinds("note"))


def test_a_killed_queue_goes_on_where_it_was(told: Told, scripted: Callable[..., Path], tmp_path: Path) -> None:
    scripted(pace=0.4)
    first, second = queued(told, seed=1), queued(told, seed=2)
    told.catalog.close()
    drive = [sys.executable, "-m", "tests.fine_tuning.drive_queue", str(told.folder.root)]
    child = subprocess.Popen(drive, cwd=Path(__file__).parents[2])
    checkpoint = told.folder.models / "rocks" / f".training-{first['id']}" / "checkpoint.pt"
    end = time.monotonic() + 60
    while not (checkpoint.is_file() and checkpoint.read_text() in ("2", "3", "4")):
        assert child.poll() is None and time.monotonic() < end
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    scripted()
    for path in told.folder.root.glob("catalog.sqlite*"):
        path.unlink()  # the files of jobs say enough
    again = Told(told.folder.root, told.options)
    assert go_through(again).words.startswith("2 jobs of the queue done.")
    assert statuses(again) == {first["id"]: "done", second["id"]: "done"}
    job, other = again.kinds("job")
    assert job["resumed"] and job["losses"] and not other["resumed"] and not other["losses"]
    again.catalog.close()


def test_training_goes_on_from_the_json_files_alone(told: Told, scripted: Callable[..., Path]) -> None:
    scripted(die=4, warn=["rising", "The loss on held-out rows rises."])
    assert training_orchestrator.run(told).aside
    scripted(die=4)
    checkpoint = checkpoints.read(told.folder, "train")
    assert checkpoint["state"]["plan"]["steps"] == 6 and checkpoint["progress"]["step"] == 3
    told.catalog.close()
    told.folder.catalog.unlink()
    told.catalog = Catalog(told.folder.catalog)
    assert not training_orchestrator.run(told).aside
    (job,) = read_json(told.folder.jobs)
    assert [entry["status"] for entry in job["history"]] == ["running", "failed", "running", "done"]
    assert [warning["code"] for warning in job["warnings"]] == ["rising"]
    assert told.kinds("job")[-1]["resumed"] and [line["step"] for line in told.kinds("loss")][-1] == 6


def test_a_clock_that_was_set_back_changes_no_order(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    first = queued(told, seed=5)
    monkeypatch.setattr(jobs_module, "now", lambda: "1999-01-01T00:00:00Z")
    second = queued(told, seed=4)
    go_through(told)
    assert list(statuses(told)) == [first["id"], second["id"]]
    assert [request_of(told, version)["seed"] for version in ("v1", "v2")] == [5, 4]


def test_a_base_that_is_gone_on_resume_is_named_and_the_checkpoint_kept(
    told: Told, scripted: Callable[..., Path]
) -> None:
    base = scripted(die=3)
    assert training_orchestrator.run(told).aside
    shutil.move(base, base.with_name("elsewhere"))
    with pytest.raises(Unavailable, match="The checkpoint is kept: put the model back"):
        training_orchestrator.run(told)
    shutil.move(base.with_name("elsewhere"), base)
    assert not training_orchestrator.run(told).aside and told.kinds("job")[-1]["resumed"]


def test_without_an_environment_the_whole_queue_waits(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(named: str) -> Path:
        raise Unavailable("There is no PyTorch for this machine.")

    queued(told)
    monkeypatch.setattr(environment, "checked", missing)
    with pytest.raises(Unavailable, match="no PyTorch"):
        go_through(told)
    assert len(Waiting(told.folder).jobs()) == 1


# again


def given(*words: str) -> Any:
    return arguments.parsed(["train", *words])


def asked(told: Told, *words: str) -> Any:
    found = given(*words)
    return training.asked(found, told.folder, arguments.options_of(found), online=lambda: True)


def test_a_job_done_again_follows_its_plan_and_comes_out_the_same(told: Told) -> None:
    training_orchestrator.run(told)
    (job,) = read_json(told.folder.jobs)
    told.options = asked(told, "--again", job["id"][:6], "--train-env", "here")
    outcome = training_orchestrator.run(told)
    assert "The weights are equal, byte for byte, to those of v1." in outcome.words
    assert request_of(told, "v2")["plan"] == job["plan"]
    assert read_json(told.folder.model("rocks", "v2") / "job.json")["repeats"] == job["id"]
    assert training_orchestrator.run(told).words.startswith("Trained already: models/rocks/v2")


def test_a_job_done_again_with_changes_makes_its_own_plan(told: Told) -> None:
    training_orchestrator.run(told)
    (job,) = read_json(told.folder.jobs)
    told.options = asked(told, "--again", job["id"], "--rate", "3e-4", "--train-env", "here")
    training_orchestrator.run(told)
    request = request_of(told, "v2")
    assert request["rate"] == 3e-4 and "plan" not in request and request["seed"] == told.options.seed


def test_a_job_done_again_on_other_rows_says_so(told: Told) -> None:
    training_orchestrator.run(told)
    (job,) = read_json(told.folder.jobs)
    lay(told.folder, rows=8)
    told.options = asked(told, "--again", job["id"], "--train-env", "here")
    training_orchestrator.run(told)
    assert any("other rows now" in note["words"] for note in told.kinds("note"))
    assert len(request_of(told, "v2")["rows"]) == 8 and "plan" not in request_of(told, "v2")


def test_what_is_no_job_is_named(told: Told) -> None:
    Jobs(told.folder, told.catalog).save({"id": "abc", "provider": "local", "model": "x"}, "done")
    with pytest.raises(UserError, match="did not keep all"):
        asked(told, "--again", "abc")
    with pytest.raises(UserError, match="There are: abc"):
        asked(told, "--again", "zzz")


# the words of the command


def test_later_puts_into_the_queue_and_cancel_takes_out(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--model", told.options.model, "--name", "rocks", "--preset", "tiny"]
    assert asked(told, *words, "--later") == 0
    (job,) = Waiting(told.folder).jobs()
    assert statuses(told) == {job["id"]: "queued"} and job["parameters"]["seed"] == 0
    assert asked(told, *words, "--later") == 0 and len(Waiting(told.folder).jobs()) == 1
    assert asked(told, *words, "--seed", "1", "--later") == 0
    other = Waiting(told.folder).jobs()[1]
    assert other["parameters"]["seed"] == 1 and asked(told, "--cancel", other["id"]) == 0
    assert asked(told, "--jobs") == 0
    assert f"{job['id']}  queued, rocks, base" in capsys.readouterr().out
    assert asked(told, "--cancel", job["id"][:5]) == 0
    assert set(statuses(told).values()) == {"cancelled"} and not Waiting(told.folder).jobs()
    with pytest.raises(UserError, match="is cancelled: there is nothing to cancel"):
        asked(told, "--cancel", job["id"])


def test_while_a_run_holds_the_folder_its_queue_takes_more(told: Told) -> None:
    words = ["--model", told.options.model, "--name", "rocks", "--preset", "tiny", "--later"]
    with FolderLock(told.folder.lock, "run 20260101-000000-0000, process 7") as lock:
        assert lock.acquire() and asked(told, *words) == 0
    assert not told.folder.jobs.exists() and len(Waiting(told.folder).jobs()) == 1
    assert asked(told, "--queue").queued
    go_through(told)
    assert list(statuses(told).values()) == ["done"]


def test_a_running_job_is_cancelled_through_its_run(told: Told) -> None:
    Jobs(told.folder, told.catalog).save({"id": "abc", "provider": "local", "model": "x"}, "running")
    place = told.folder.runs / "20260101-000000-0000"
    place.mkdir(parents=True)
    with FolderLock(told.folder.lock, f"run {place.name}, process 7") as lock:
        assert lock.acquire() and asked(told, "--cancel", "abc") == 0
    assert json.loads((place / "control.jsonl").read_text())["command"] == "cancel"


# sweeps


def test_a_sweep_is_trained_and_judged(told: Told) -> None:
    words = ["--model", told.options.model, "--name", "rocks", "--preset", "tiny", "--train-env", "here"]
    told.options = asked(told, *words, "--sweep", "rate=1e-4,4e-4")
    assert len(Waiting(told.folder).jobs()) == 6 and told.options.queued
    outcome = training_orchestrator.run(told)
    assert outcome.words.startswith("6 jobs of the queue done. Sweep, loss on held-out rows: rate 0.0004 0.")
    assert "rate 0.0004 is better than all others with every seed; by chance alone that happens once in 10" in (
        outcome.words
    )
    later = [request_of(told, f"v{n}") for n in range(2, 7)]
    assert all(one["plan"]["steps"] == 6 and one["plan"]["rate"] == one["rate"] for one in later)


def swept(**values: list[float]) -> list[Job]:
    return [
        {"status": "done", "sweep": {"name": "s", "set": {"rank": rank}}, sweep.MEASURE: value}
        for rank, all_ in values.items()
        for value in all_
    ]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"a": [1.0, 1.1, 1.2], "b": [1.15, 1.3, 1.4]}, "rank a is not shown to be better than rank b"),
        ({"a": [1.0, 1.1], "b": [2.0, 2.1, 2.2]}, "With 2 seeds of a setting nothing is called better"),
        ({"a": [1.0, 1.1, 1.2], "b": [2.0, 2.1, 2.2], "c": [1.2, 9.0, 9.0]}, "better than rank c: their seeds overlap"),
        ({"a": [1.0] * 3, "b": [2.0] * 3, "c": [3.0] * 3}, "once in 28 sweeps"),
        ({"a": [1.0, 1.1, 1.2]}, "nothing is compared"),
        ({}, "no result"),
    ],
)
def test_a_sweep_says_no_more_than_its_seeds_show(values: dict[str, list[float]], words: str) -> None:
    assert words in sweep.verdict(swept(**values))


@pytest.mark.parametrize("word", ["rate", "rate=", "colour=red,blue", "rate=fast,slow", "rate=1e-4"])
def test_a_sweep_that_is_none_is_refused(word: str) -> None:
    with pytest.raises(UserError, match="--sweep"):
        sweep.settings([word], 0, 3)


def test_a_sweep_goes_seed_by_seed() -> None:
    made = sweep.settings(["rate=1e-4,2e-4", "rank=8,16"], 7, 3)
    assert len(made) == 12 and [one["seed"] for one in made] == [7] * 4 + [8] * 4 + [9] * 4
    assert made[0] == {"rate": 1e-4, "rank": 8, "seed": 7}


# objectives


def test_dpo_takes_preferences_and_begins_from_a_version(told: Told) -> None:
    training_orchestrator.run(told)
    told.options = dataclasses.replace(told.options, objective="dpo", start_from="v1")
    assert not training_orchestrator.run(told).aside
    request = request_of(told, "v2")
    assert request["objective"] == "dpo" and request["tokens"] == 2 * 384 and "rate" not in request
    assert request["start"] == str(told.folder.model("rocks", "v1") / "model")
    (chat,) = request["rows"]
    assert chat["chosen"] == "```python\nimport bpy\n```" and chat["rejected"] == "```python\npass\n```"
    assert [message["role"] for message in chat["messages"]] == ["system", "user"]
    card = (told.folder.model("rocks", "v2") / "README.md").read_text(encoding="utf-8")
    for words in (
        "preferences (DPO)",
        "| begun from | v1 |",
        "| seed | 0 |",
        "6 steps, followed to its end",
        "--again",
    ):
        assert words in card


def test_dpo_takes_a_models_own_pairs_of_rows_that_train_has(told: Told) -> None:
    training_orchestrator.run(told)
    told.options = dataclasses.replace(told.options, objective="dpo", own_pairs=True)
    for version in ("", "v1"):
        told.options = dataclasses.replace(told.options, start_from=version)
        with pytest.raises(UserError, match="--set :train --samples 8` makes them"):
            training_orchestrator.run(told)
    own = {"completion": "import bpy\nright = 1\n", "rejected": {"completion": "wrong\n", "what": "It fails."}}
    pairs = [{**own, "id": f"pair {id}", "row": id} for id in ("tree-001", "tree-100", "tree-of-another-day")]
    write_jsonl(told.folder.model("rocks", "v1") / OWN_PAIRS, pairs)
    training_orchestrator.run(told)
    (chat,) = request_of(told, "v2")["rows"]
    assert chat["id"] == "pair tree-001" and chat["messages"][-1]["content"] == "Make 1.", "tree-100 is held out"
    assert "right = 1" in chat["chosen"] and "wrong" in chat["rejected"]


def test_what_dpo_lacks_is_said(told: Told) -> None:
    write_jsonl(told.folder.dataset("rocks") / "train.jsonl", [row(1)])
    told.options = dataclasses.replace(told.options, objective="dpo")
    assert "no preferences to train on" in training_orchestrator.run(told).words
    told.options = dataclasses.replace(told.options, objective="sft", start_from="v3")
    with pytest.raises(UserError, match="No model of this dataset is there yet"):
        training_orchestrator.run(told)


def test_the_kept_states_go_into_the_models_folder_and_the_best_is_told(told: Told) -> None:
    told.options = dataclasses.replace(told.options, keep=2)
    outcome = training_orchestrator.run(told)
    folder = told.folder.model("rocks", "v1")
    job = read_json(folder / "job.json")
    assert [(folder / one["folder"]).is_dir() for one in job["snapshots"]] == [True, True]
    assert job["saved_step"] == 3 and "kept is the state after step 3" in (folder / "README.md").read_text()
    at_3 = next(point["loss"] for point in job["held_out"] if point["step"] == 3)
    assert outcome.counts["held_out_loss_after"] == at_3


# what is told


def test_a_curve_goes_on_from_its_checkpoint_without_what_is_trained_again(tmp_path: Path) -> None:
    def loss(step: int, value: float) -> dict[str, Any]:
        return {"kind": "loss", "step": step, "seconds": step * 1.0, "loss": value, "held_out": None}

    checkpoint = {"kind": "checkpoint", "step": 2}
    told = [loss(1, 3.0), loss(2, 2.0), checkpoint, loss(3, 9.0), loss(4, 9.0), loss(3, 1.0), checkpoint, loss(4, 9.0)]
    write_jsonl(tmp_path / "log.jsonl", told)
    assert following.earlier(tmp_path / "log.jsonl") == ([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]], [])
    assert following.earlier(tmp_path / "none") == ([], [])


def test_what_the_trainer_says_is_told_and_kept(told: Told, scripted: Callable[..., Path]) -> None:
    scripted(warn=["rising", "The loss on held-out rows rises."])
    training_orchestrator.run(told)
    line = told.kinds("loss")[-1]
    assert (line["tokens_s"], line["memory_mb"], line["left_s"], line["answer_tokens_s"]) == (200.0, 900.0, 0.0, None)
    assert told.kinds("warning")[0]["words"] == "The loss on held-out rows rises."
    folder = told.folder.model("rocks", "v1")
    kept = [json.loads(text) for text in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["step"] for line in kept if line["kind"] == "loss"] == list(range(7))
    assert read_json(folder / "job.json")["warnings"] == [
        {"code": "rising", "sentence": "The loss on held-out rows rises."}
    ]
