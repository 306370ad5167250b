# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider openai against a real server on loopback: one job whatever happens, each refusal in its own words."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from voxel_trainer_addon.providers.openai_api import Hosted, OpenAIHost, Refusal

pytestmark = pytest.mark.plain

TOKEN = "sk-loopback-0123456789"


class Server(ThreadingHTTPServer):
    """A host's memory, and what it should do wrong."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: list[dict[str, Any]] = []
        self.jobs: list[dict[str, Any]] = []
        self.fault = 0
        self.lists = True
        self.lose_the_answer = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        listed = {"/v1/files": self.server.files, "/v1/fine_tuning/jobs": self.server.jobs}
        path = self.path.partition("?")[0]
        if path in listed:
            fault = 0 if self.server.lists else self.server.fault
            self._answer({"object": "list", "data": listed[path], "has_more": False}, fault)
        else:
            self._answer(next(job for job in self.server.jobs if path.endswith(job["id"])))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/files":
            name = body.split(b'filename="')[1].split(b'"')[0].decode()
            content = body.split(b'filename="')[1].partition(b"\r\n\r\n")[2].partition(b"\r\n--")[0]
            file = {"id": f"file-{len(self.server.files)}", "object": "file", "filename": name, "bytes": len(content)}
            self.server.files.append({**file, "created_at": 0, "purpose": "fine-tune", "status": "processed"})
            self._answer(self.server.files[-1])
            return
        if not self.server.fault:
            job = {"id": f"ftjob-{len(self.server.jobs)}", "object": "fine_tuning.job", "status": "validating_files"}
            self.server.jobs.append({**job, **json.loads(body), "error": None, "fine_tuned_model": None})
        if self.server.lose_the_answer:
            self.server.lose_the_answer = False
            self.connection.close()
            return
        self._answer(self.server.jobs[-1] if self.server.jobs else {}, self.server.fault)

    def _answer(self, value: Any, fault: int = 0) -> None:
        data = json.dumps({"error": {"message": f"no, {TOKEN}"}} if fault else value).encode()
        self.send_response(fault or 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("x-should-retry", "false")
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


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
