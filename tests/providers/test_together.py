# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider together against a server on loopback in its own form: one job whatever happens, its whole life told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.providers.together_server import MODEL, TOKEN, Server, event, serving
from voxel_trainer_addon.errors import Unavailable
from voxel_trainer_addon.providers import together
from voxel_trainer_addon.providers.hosts import Checkpoint, Quote, Standing, Tunable, TuningHost, Wanted
from voxel_trainer_addon.providers.refusals import Refusal

pytestmark = pytest.mark.plain

ID = "0123456789abcdef"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def host(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[together.TogetherHost]:
    monkeypatch.setenv("TOGETHER_API_KEY", TOKEN)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    host = together.host(server.url)
    yield host
    host.close()


@pytest.fixture
def wanted(tmp_path: Path) -> Wanted:
    for name in ("train", "val"):
        (tmp_path / f"{name}.jsonl").write_text(f'{{"messages": "{name}"}}\n')
    train, val = tmp_path / "train.jsonl", tmp_path / "val.jsonl"
    return Wanted(ID, "d" * 64, MODEL, "sft", train, val, "My Voxel" * 9, 7, {"n_epochs": "3", "batch_size": "max"})


def test_files_go_up_once_and_one_job_is_made(host: TuningHost, server: Server, wanted: Wanted) -> None:
    first = host.submit(wanted)
    assert first == host.submit(wanted) == Standing("ft-0", "pending")
    assert server.contents == [b'{"messages": "val"}\n', b'{"messages": "train"}\n'] and len(server.jobs) == 1
    (body,) = (body for place, body in server.asked if place == "POST /v1/fine-tunes")
    assert len(body.pop("suffix")) == 40 and server.jobs[0]["model_output_name"].endswith(f"-{ID}-0a1b2c3d")
    assert body == {
        "model": MODEL,
        "training_file": "file-1",
        "validation_file": "file-0",
        "n_evals": 5,
        "training_method": {"method": "sft", "train_on_inputs": False},
        "random_seed": 7,
        "n_epochs": 3,
        "batch_size": "max",
    }


def test_lost_answers_cost_no_second_job(host: TuningHost, server: Server, wanted: Wanted) -> None:
    server.lose = True
    assert all(host.submit(wanted).id == "ft-0" for _ in range(3)) and len(server.jobs) == 1
    again = replace(wanted, id=ID[::-1])
    server.unlisted = True
    with pytest.raises(Refusal) as refusal:
        host.submit(again)
    assert refusal.value.code == "unreachable" and "Nothing is lost" in refusal.value.sentence
    server.unlisted = False
    assert host.submit(again).id == "ft-1" and len(server.jobs) == 2


def test_a_job_tells_its_life_once(host: TuningHost, server: Server, wanted: Wanted) -> None:
    id = host.submit(wanted).id
    server.jobs[0]["events"] = [event(0, "job_start", "Begins"), event(5, "checkpoint_save", "Kept", step=10)]
    server.metrics = [{"train/global_step": 5.0, "train/loss": 0.5}]
    told = list(host.said(id))
    assert [(one.words, one.step, one.loss) for one in told] == [
        ("Begins", None, None),
        ("", 5, 0.5),
        ("Kept", None, None),
    ]
    assert not host.said(id, told[-1].id)
    server.metrics.append({"train/global_step": 7.0, "eval/loss": 0.4, "train/learning_rate": 1e-5})
    server.jobs[0]["events"].append(event(9, "training_complete", "Trained"))
    later = list(host.said(id, told[-1].id))
    assert [(one.words, one.step, one.held_out) for one in later] == [("", 7, 0.4), ("Trained", None, None)]
    assert not host.said(id, later[-1].id) and list(host.said(id)) and later[0].at < later[1].at


@pytest.mark.parametrize(
    ("status", "end", "model"),
    [
        ("completed", "done", "alice/Qwen3-8B-x-0a1b2c3d"),
        ("error", "failed", ""),
        ("cancelled", "cancelled", ""),
        ("cancel_requested", "", ""),
        ("brand_new_word", "", ""),
    ],
)
def test_every_status(host: TuningHost, server: Server, wanted: Wanted, status: str, end: str, model: str) -> None:
    id = host.submit(wanted).id
    more = {"model_output_name": "alice/Qwen3-8B-x-0a1b2c3d", "token_count": 900}
    server.jobs[0] |= {"status": status, **more, "events": [event(1, "job_error", "out of\x1b money")]}
    assert host.ask(id) == Standing(id, status, end, model, "out of  money", 900)


def test_what_is_known_before_and_after(host: together.TogetherHost, server: Server, wanted: Wanted) -> None:
    assert host.models() == [Tunable(MODEL, ("sft", "dpo"))]
    server.estimate = {"estimation_available": False, "unavailable_reason": "train_file_not_validated"}
    assert host.quote(wanted) is None
    server.estimate = {"estimated_total_price": 4.5, "estimated_train_token_count": 1000.0, "allowed_to_proceed": False}
    assert host.quote(wanted) == Quote(4.5, 1000, allowed=False) and len(server.files) == 2
    assert set(server.asked[-1][1]) == {
        "model",
        "training_file",
        "validation_file",
        "training_method",
        "n_epochs",
        "n_evals",
    }
    id = host.submit(wanted).id
    server.checkpoints = [{"step": 4, "created_at": "", "path": "s3://x", "checkpoint_type": "Intermediate"}]
    server.metrics = [{"train/global_step": 4.0, "eval/loss": 0.3}]
    assert host.checkpoints(id) == [Checkpoint("s3://x", 4, 0.3)]
    assert host.cancel(id).status == "cancel_requested"
    with pytest.raises(Refusal, match="cannot pause"):
        host.pause(id)
    server.models = []
    with pytest.raises(Refusal) as refusal:
        host.models()
    assert refusal.value.code == "closed"


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "token"), (403, "forbidden"), (404, "missing"), (429, "wait"), (500, "host"), (400, "refused")],
)
def test_refusals_have_words_and_no_token(
    host: TuningHost, server: Server, wanted: Wanted, status: int, code: str
) -> None:
    server.fault = status
    with pytest.raises(Refusal) as refusal:
        host.submit(wanted)
    assert refusal.value.code == code and TOKEN not in refusal.value.sentence + refusal.value.detail
    assert not server.jobs


@pytest.mark.parametrize("raw", [b"<html>", b"[]", json.dumps({"data": [{}], "models": 3}).encode()])
def test_what_is_none_of_its_protocol(host: TuningHost, server: Server, wanted: Wanted, raw: bytes) -> None:
    server.raw = raw
    for asked in (host.models, lambda: host.submit(wanted), lambda: host.said("ft-0")):
        with pytest.raises(Refusal, match="none of its protocol"):
            asked()


def test_without_a_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TOGETHER_API_KEY", raising=False)
    monkeypatch.setenv("VOXEL_TRAINER_CONFIG", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unavailable, match="TOGETHER_API_KEY"):
        together.host()
