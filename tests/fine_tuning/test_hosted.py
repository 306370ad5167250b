# SPDX-License-Identifier: GPL-3.0-or-later
"""Training by a host: asked first, submitted once, asked after, ended, all from the stage's side."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fine_tuning.told import Told, row
from tests.providers import together_server
from tests.providers.openai_server import JOBS, LIFE, TOKEN, Server, serving
from voxel_trainer_addon.cli import training
from voxel_trainer_addon.cli.arguments import parsed
from voxel_trainer_addon.errors import Cancelled, Unavailable, UserError
from voxel_trainer_addon.files import read_json, write_jsonl
from voxel_trainer_addon.fine_tuning import hosted, training_orchestrator
from voxel_trainer_addon.fine_tuning import rows as training_rows
from voxel_trainer_addon.stage import Options
from voxel_trainer_addon.worker.protocol import Host

pytestmark = pytest.mark.plain

TERMS = ("openai", "open-weights", "anthropic")


def worded(number: int, terms: str) -> dict[str, Any]:
    author = {"model": f"of {terms}", "terms": terms}
    return row(number, prompt=f"Make {number} as {terms} says it.", author=author)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def work(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    pytest.importorskip("openai")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", TOKEN)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    told = Told(tmp_path / "data", Options(provider="openai", model="open-8b", base_url=server.url, yes=True))
    place = told.folder.dataset("voxel")
    write_jsonl(place / "train.jsonl", [row(number, "own") for number in range(10)])
    yield told
    told.catalog.close()


def test_one_job_from_the_first_call_to_its_end(work: Told, server: Server) -> None:
    first = training_orchestrator.run(work)
    assert not first.aside and "stands at validating_files" in first.words
    server.jobs[0]["status"] = "running"
    assert "stands at running" in training_orchestrator.run(work).words
    server.life = ("running", "succeeded")
    training_orchestrator.run(work)
    done = training_orchestrator.run(work).words
    assert "has tuned ft:open-8b:voxel" in done
    assert f"evaluate --name voxel --model openai:ft:open-8b:voxel --base-url {server.url}" in done
    assert f"deploy add voxel --asks openai:ft:open-8b:voxel --base-url {server.url} --tuned" in done
    assert training_orchestrator.run(work).words.startswith("Trained already")
    assert len(server.jobs) == 1 and len(server.files) == 1
    (job,) = json.loads(work.folder.jobs.read_text(encoding="utf-8"))
    assert [entry["status"] for entry in job["history"]] == ["submitting", "submitted", "done"]
    assert [entry["status"] for entry in job["host_history"]] == ["validating_files", "running", "succeeded"]
    kept = [path for path in work.folder.root.rglob("*") if path.is_file()]
    assert all(TOKEN.encode() not in path.read_bytes() for path in kept)
    assert server.contents["file-0"].count(b"\n") == 10 and not list(work.folder.models.rglob("train.jsonl"))


def test_nothing_is_heard_at_the_socket_before_a_consent_that_names_it(work: Told, server: Server) -> None:
    train = work.folder.dataset("voxel") / "train.jsonl"
    work.host = Host("blender", False, (5, 2, 0), (), online=False)  # type: ignore[assignment]
    with pytest.raises(Unavailable, match="online access is off"):
        training_orchestrator.run(work)
    work.host = None
    write_jsonl(train, [row(number) for number in range(9)])
    with pytest.raises(Unavailable, match="at least 10 training rows; there are 9"):
        training_orchestrator.run(work)
    write_jsonl(train, [row(number, "CC-BY-NC-4.0") for number in range(10)])
    with pytest.raises(Unavailable, match=r"10 rows may be trained on by nobody: the licence is CC-BY-NC-4.0"):
        training_orchestrator.run(work)
    assert server.connections == 0
    write_jsonl(train, [row(number, "own") for number in range(10)])
    work.options = dataclasses.replace(work.options, yes=False)
    with pytest.raises(Unavailable, match="--yes agrees to all that is told above") as refused:
        training_orchestrator.run(work)
    assert "Made of your own files: 10 rows." in [event["words"] for event in work.kinds("note")]
    assert server.asked == ["GET /models"] and server.heard == 0 and not read_json(work.folder.jobs, [])
    work.options = dataclasses.replace(work.options, agreed=str(refused.value).split("--agreed ")[1][:16])
    write_jsonl(train, [row(number, "own") for number in range(11)])
    with pytest.raises(Unavailable, match="What you agreed to is not what would be sent now"):
        training_orchestrator.run(work)
    assert server.heard == 0
    write_jsonl(train, [row(number, "own") for number in range(10)])
    assert "stands at validating_files" in training_orchestrator.run(work).words and server.heard > 0


def test_a_refusal_is_kept_with_its_reason(work: Told, server: Server) -> None:
    server.faults[f"POST {JOBS}"] = 403
    outcome = training_orchestrator.run(work)
    assert outcome.aside and work.asides[0].code == "closed"
    server.faults.clear()
    assert not training_orchestrator.run(work).aside
    assert read_json(work.folder.jobs)[0]["status"] == "submitted"


def test_what_is_missing_is_named(work: Told, server: Server) -> None:
    server.faults[""] = 401
    assert "does not know the token in OPENAI_API_KEY" in training_orchestrator.run(work).words
    work.options = dataclasses.replace(work.options, model="smollm2-135m")
    with pytest.raises(UserError, match="Name the host's model"):
        training_orchestrator.run(work)
    work.options = dataclasses.replace(work.options, model="open-8b", objective="dpo")
    assert "no preferences to train on" in training_orchestrator.run(work).words
    work.options = dataclasses.replace(work.options, objective="sft", hyper=("n_epochs",))
    with pytest.raises(UserError, match="NAME=VALUE"):
        training_orchestrator.run(work)


def test_what_openais_models_worded_goes_to_no_other_host(work: Told, server: Server) -> None:
    rows = [worded(number, TERMS[number % 3]) for number in range(30)]
    write_jsonl(work.folder.dataset("voxel") / "train.jsonl", rows)
    training_orchestrator.run(work)
    sent = server.contents["file-0"].decode()
    assert "open-weights" in sent and "anthropic" not in sent and sent.count("\n") == 10
    assert any("20 rows left out" in event["words"] for event in work.kinds("note"))


@pytest.mark.parametrize(("platform", "kept"), [("openai", ["0", "1"]), ("claude", ["1", "2"]), ("local", ["1"])])
def test_training_reads_only_the_rows_that_terms_allow(work: Told, platform: str, kept: list[str]) -> None:
    rows = [worded(number, terms) for number, terms in enumerate(TERMS)]
    write_jsonl(work.folder.dataset("voxel") / "train.jsonl", rows)
    dataset = training_rows.read(work.folder, work.options, platform)
    assert [row["id"] for row in dataset.train] == kept and dataset.withheld == len(TERMS) - len(kept)


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The breaks between questions, none of which is taken."""
    seconds: list[float] = []
    monkeypatch.setattr(hosted, "pause", lambda wait, tick: seconds.append(wait))
    return seconds


def follow(work: Told) -> str:
    work.options = dataclasses.replace(work.options, follow=True)
    return training_orchestrator.run(work).words


def test_a_job_is_followed_with_longer_and_longer_breaks(work: Told, server: Server, waited: list[float]) -> None:
    server.life = ("queued",) * 1
    asked = iter(range(100))
    goes_on = server.goes_on

    def then_ends(job: dict[str, Any]) -> None:
        if next(asked) == 12:
            server.life = ("queued", "succeeded")
        goes_on(job)

    server.goes_on = then_ends  # type: ignore[method-assign]
    assert "has tuned ft:open-8b:voxel. It trained on 1,200 tokens, " in follow(work)
    assert waited[:3] == [5.0, 7.5, 11.25] and waited[-1] == 60.0
    (job,) = read_json(work.folder.jobs)
    assert job["cost"]["real"] == {"tokens": 1200} and job["cost"]["estimated"]["tokens_a_pass"] > 0


def test_a_whole_life_is_told_like_training_here(work: Told, server: Server, waited: list[float]) -> None:
    server.life = LIFE
    training_orchestrator.run(work)
    server.tell("Files are checked")
    for step in range(1, 6):
        server.step(step, 3.0 / step, 2.0 / step if step % 2 else None)
    training_orchestrator.run(work)
    for step in range(6, 31):
        server.step(step, 3.0 / step, 0.4 if step == 30 else None)
    follow(work)
    points = work.kinds("loss")
    assert [point["step"] for point in points] == [*range(1, 31)] and points[0]["held_out"] == 2.0
    assert points[-1]["seconds"] == 300.0 and work.kinds("job")[-1]["losses"][0] == [10.0, 3.0]
    assert "Files are checked" in [event["words"] for event in work.kinds("note")]
    (job,) = read_json(work.folder.jobs)
    assert (job["held_out_loss_before"], job["held_out_loss_after"], job["status"]) == (2.0, 0.4, "done")
    assert [one["step"] for one in job["checkpoints"]] == [30, 5, 3, 1] and job["said"] == "ftevent-30"
    log = work.folder.root / work.kinds("job")[-1]["log"]
    assert len(log.read_text(encoding="utf-8").splitlines()) == 33
    checkpoint = read_json(work.folder.checkpoint("train"))
    assert checkpoint["status"] == "done" and checkpoint["state"]["host_id"] == "ftjob-0"


def test_a_host_that_wants_to_be_left_alone_is_waited_for(work: Told, server: Server, waited: list[float]) -> None:
    server.life = LIFE
    server.faults[""], server.headers["Retry-After"] = 429, "90"
    assert "start the same command in 1 min 30 s" in training_orchestrator.run(work).words
    work.waiting = lambda until, words: server.faults.clear()  # type: ignore[attr-defined]
    assert "has tuned" in follow(work) and waited[0] == 90.0
    server.faults[""] = 503
    (job,) = read_json(work.folder.jobs)
    work.catalog.save_job(job["id"], {**job, "status": "submitted"})
    work.waiting = lambda until, words: None  # type: ignore[attr-defined]
    before = len(waited)
    assert "fault of its own" in follow(work) and len(waited) == before + hosted.PATIENCE


def test_what_ends_elsewhere_is_set_aside_and_can_be_made_again(work: Told, server: Server) -> None:
    training_orchestrator.run(work)
    server.jobs[0]["status"] = "cancelled"
    outcome = training_orchestrator.run(work)
    (job,) = read_json(work.folder.jobs)
    assert outcome.aside and "ended as cancelled" in outcome.words and f"train --again {job['id']}" in outcome.words
    work.options = dataclasses.replace(work.options, again=job["id"])
    assert "ftjob-1" in training_orchestrator.run(work).words
    assert read_json(work.folder.jobs)[1]["repeats"] == job["id"]


def test_a_model_that_ends_is_told_of_before_money_is_spent(work: Told, server: Server) -> None:
    today = datetime.date.today()
    server.models[0]["shutdown_date"] = today.isoformat()
    assert "has shut open-8b down" in training_orchestrator.run(work).words
    assert not server.files
    soon = (today + datetime.timedelta(10)).isoformat()
    server.models[0]["shutdown_date"] = soon
    training_orchestrator.run(work)
    words = f"127.0.0.1 shuts open-8b down on {soon}, and what is tuned from it ends with it."
    assert words in [event["words"] for event in work.kinds("note")] and len(server.jobs) == 1


def test_jobs_that_run_are_asked_after_but_not_while_online_access_is_off(
    work: Told, server: Server, waited: list[float]
) -> None:
    training_orchestrator.run(work)
    asked = len(server.asked)
    work.host = Host("blender", False, (5, 2, 0), (), online=False)  # type: ignore[assignment]
    with pytest.raises(Unavailable, match="online access is off"):
        training_orchestrator.run(work)
    work.options = dataclasses.replace(work.options, ask_hosts=True)
    assert "was not asked after" in training_orchestrator.run(work).words and len(server.asked) == asked
    work.host, server.faults[""] = None, 503
    outcome = training_orchestrator.run(work)
    assert outcome.aside and "fault of its own" in outcome.words and not work.asides
    server.faults.clear()
    server.life = LIFE
    work.options = Options(follow=True)
    assert "has tuned ft:open-8b:voxel" in training_orchestrator.run(work).words
    assert training_orchestrator.run(work).words == "No job runs at a host."


def test_a_job_is_steered_from_the_command(work: Told, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    training_orchestrator.run(work)
    (job,) = read_json(work.folder.jobs)
    for word, status in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        training.asked(parsed(["train", f"--{word}", job["id"][:6]]), work.folder, work.options, lambda: True)
        assert server.jobs[0]["status"] == status and f"stands at {status}" in capsys.readouterr().out
    training.asked(parsed(["train", "--jobs"]), work.folder, work.options, lambda: True)
    assert f"cancelled, voxel, open-8b, at {server.url}: cancelled" in capsys.readouterr().out
    with pytest.raises(UserError, match="nothing to resume"):
        training.asked(parsed(["train", "--resume", job["id"]]), work.folder, work.options, lambda: True)


def test_a_break_ends_at_once_when_the_run_is_cancelled() -> None:
    def cancel() -> bool:
        raise Cancelled

    with pytest.raises(Cancelled):
        hosted.pause(60.0, cancel)


@pytest.mark.parametrize(
    ("asks", "allowed", "words"),
    [
        (4.5, True, "stands at pending"),
        (4.5, False, "127.0.0.1 asks 4.50 USD for 1,000 tokens, and the account has not so much"),
        (600.0, True, "127.0.0.1 asks 600.00 USD for 1,000 tokens, above the budget of 500.00. --budget allows more"),
    ],
)
def test_no_job_is_made_that_costs_more_by_the_hosts_own_word(
    work: Told, monkeypatch: pytest.MonkeyPatch, asks: float, allowed: bool, words: str
) -> None:
    monkeypatch.setenv("TOGETHER_API_KEY", together_server.TOKEN)
    with together_server.serving() as server:
        quote = {"estimated_total_price": asks, "estimated_train_token_count": 1000, "allowed_to_proceed": allowed}
        server.estimate = quote
        model, url = together_server.MODEL, server.url
        work.options = dataclasses.replace(work.options, provider="together", model=model, base_url=url)
        try:
            told = training_orchestrator.run(work).words
        except Unavailable as error:
            told = str(error)
        assert words in told and len(server.jobs) == ("stands" in words) and len(server.files) == 1
