# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider openai against a real server on loopback: one job whatever happens, each refusal in its own words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.providers.openai_server import TOKEN, Server, serving
from voxel_trainer_addon.providers.openai_api import Hosted, OpenAIHost, Refusal

pytestmark = pytest.mark.plain


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def host(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIHost]:
    pytest.importorskip("openai")
    monkeypatch.setenv("OPENAI_API_KEY", TOKEN)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    host = OpenAIHost(server.url, TOKEN)
    yield host
    host.close()


def created(host: OpenAIHost) -> Hosted:
    return host.create("ours-1", "d" * 64, "gpt-small", "file-0", None, "voxel", 7)


def test_files_go_up_once(host: OpenAIHost, server: Server, tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text('{"messages": []}\n')
    assert host.upload(path, "voxel-a-train.jsonl") == host.upload(path, "voxel-a-train.jsonl") == "file-0"
    assert len(server.files) == 1


def test_a_job_carries_our_id_and_is_created_once(host: OpenAIHost, server: Server) -> None:
    job = created(host)
    assert (job.status, job.end) == ("validating_files", "")
    assert created(host).id == job.id and len(server.jobs) == 1
    sent = server.jobs[0]
    assert sent["metadata"] == {"vt_job": "ours-1", "vt_dataset": "d" * 64}
    assert sent["suffix"] == "voxel" and sent["seed"] == 7 and "validation_file" not in sent


def test_a_lost_answer_costs_no_second_job(host: OpenAIHost, server: Server) -> None:
    host = OpenAIHost(server.url, TOKEN)
    host._client.max_retries = 0
    server.lose_the_answer = True
    with pytest.raises(Refusal) as refusal:
        created(host)
    assert refusal.value.code == "unreachable" and "Nothing is lost" in refusal.value.sentence
    assert created(host).id == "ftjob-0" and len(server.jobs) == 1
    host.close()


@pytest.mark.parametrize(
    ("status", "end"), [("succeeded", "done"), ("failed", "failed"), ("paused", ""), ("brand_new_word", "")]
)
def test_a_status_that_nobody_knows_still_goes_on(host: OpenAIHost, server: Server, status: str, end: str) -> None:
    id = created(host).id
    server.jobs[0] |= {
        "status": status,
        "fine_tuned_model": "ft:x",
        "error": {"code": "c", "message": "m", "param": None},
    }
    told = host.ask(id)
    assert (told.status, told.end, told.model, told.words) == (status, end, "ft:x", "m")


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "token", "does not know the token"),
        (403, "forbidden", "does not allow"),
        (404, "missing", "/v1"),
        (429, "wait", "asks to wait"),
        (500, "host", "fault of its own"),
        (400, "refused", "refused it"),
    ],
)
def test_each_refusal_has_its_words_and_no_token(
    host: OpenAIHost, server: Server, status: int, code: str, words: str
) -> None:
    server.fault, server.lists = status, False
    with pytest.raises(Refusal) as refusal:
        created(host)
    assert refusal.value.code == code and words in refusal.value.sentence
    assert TOKEN not in refusal.value.sentence


def test_closed_to_an_organisation_is_not_a_wrong_token(host: OpenAIHost, server: Server) -> None:
    server.fault = 403
    with pytest.raises(Refusal) as refusal:
        created(host)
    assert refusal.value.code == "closed" and "--base-url" in refusal.value.sentence
