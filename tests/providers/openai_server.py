# SPDX-License-Identifier: GPL-3.0-or-later
"""A host on loopback that speaks OpenAI's fine-tuning protocol: a job's whole life, and what can go wrong with it.

`python -m tests.providers.openai_server` serves one life of a job, to try by hand, until Ctrl-C.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from contextlib import AbstractContextManager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests import small_server

TOKEN = "sk-loopback-0123456789"
JOBS = "/fine_tuning/jobs"
LIFE = ("validating_files", "queued", "running", "succeeded")
ENDED = ("succeeded", "failed", "cancelled")
STEERED = {"pause": "paused", "resume": "running", "cancel": "cancelled"}


class Server(ThreadingHTTPServer):
    """A host's memory, and what it should do wrong. `life` is what a job goes through, a word each time that it is
    asked after (one alone: it stays there). `faults` has a status for a method and path as in `asked`, '' for all;
    `headers` go with each answer. `loses` is the number of answers until one gets lost, `cuts` the same before it was
    acted on. `heard` counts the bytes of all bodies."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.life: tuple[str, ...] = LIFE[:1]
        self.keeps = ("metadata", "suffix")
        self.models: list[dict[str, Any]] = [{"id": "open-8b"}, {"id": "text-embedding-3"}]
        self.faults: dict[str, int] = {}
        self.code: str | None = None
        self.turns_pages = True
        self.headers: dict[str, str] = {}
        self.ahead_s = 0.0
        self.loses = self.cuts = -1
        self.forget()

    def forget(self) -> None:
        """As it was at the start."""
        self.files: list[dict[str, Any]] = []
        self.contents: dict[str, bytes] = {}
        self.uploads: list[dict[str, Any]] = []
        self.parts: list[bytes] = []
        self.jobs: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.checkpoints: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.connections = self.heard = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def counts_down(self, name: str) -> bool:
        """Whether it is this request's turn."""
        left = getattr(self, name)
        setattr(self, name, left - 1)
        return left == 0

    def tell(self, words: str, **data: Any) -> None:
        """One more event of the job."""
        number = len(self.events)
        event = {"object": "fine_tuning.job.event", "id": f"ftevent-{number}", "created_at": 1_000 + 10 * number}
        kind = "metrics" if data else "message"
        self.events.append({**event, "level": "info", "message": words, "type": kind, "data": data or None})

    def step(self, step: int, loss: float, held_out: float | None = None, *, in_event: bool = True) -> None:
        """A step of training, with its loss and, at a checkpoint, that on held-out rows."""
        told = {"valid_loss": held_out} if held_out is not None and in_event else {}
        self.tell(f"Step {step}: training loss={loss}", step=step, train_loss=loss, total_steps=30, **told)
        if held_out is not None:
            kept = {"object": "fine_tuning.job.checkpoint", "id": f"ftckpt-{step}", "created_at": 1_000}
            kept |= {"fine_tuned_model_checkpoint": f"ft:open-8b:voxel:ckpt-step-{step}", "step_number": step}
            metrics = {"step": step, "train_loss": loss, "full_valid_loss": held_out}
            self.checkpoints.append({**kept, "fine_tuning_job_id": "ftjob-0", "metrics": metrics})

    def goes_on(self, job: dict[str, Any]) -> None:
        """The next word of a job's life."""
        at = self.life.index(job["status"]) if job["status"] in self.life else len(self.life)
        if job["status"] not in ENDED and at + 1 < len(self.life):
            job["status"] = self.life[at + 1]
        if job["status"] == "succeeded":
            job |= {"fine_tuned_model": f"ft:{job['model']}:voxel", "trained_tokens": 1200}

    # what is answered

    def get(self, path: str, query: dict[str, list[str]]) -> Any:
        if path == "/models":
            return _list([{"object": "model", "created": 0, "owned_by": "us", **model} for model in self.models])
        if path == "/files":
            return _list(self.files)
        if path == JOBS:
            return _list(self.jobs[::-1])
        job = self._job(path)
        if path.endswith("/events"):
            return _page(self.events[::-1], query if self.turns_pages else {})
        if path.endswith("/checkpoints"):
            return _list(self.checkpoints[::-1])
        told = dict(job)
        self.goes_on(job)
        return told

    def post(self, path: str, headers: Message, body: bytes) -> Any:
        kind = headers["Content-Type"]
        if path == "/files":
            return self._keep(*_sent(body))
        if path == "/uploads":
            self.uploads.append({"id": f"upload-{len(self.uploads)}", "object": "upload", **json.loads(body)})
            return {**self.uploads[-1], "status": "pending", "created_at": 0, "expires_at": 3600}
        if path.endswith("/parts"):
            self.parts.append(_sent(body)[1])
            return {"id": f"part-{len(self.parts) - 1}", "object": "upload.part", "created_at": 0, "upload_id": path}
        if path.endswith("/complete"):
            upload, ids = self.uploads[-1], json.loads(body)["part_ids"]
            content = b"".join(self.parts[int(id.rpartition("-")[2])] for id in ids)
            return {**upload, "status": "completed", "file": self._keep(upload["filename"], content)}
        assert kind == "application/json" or path != JOBS
        if path == JOBS:
            return self._create(json.loads(body))
        job, word = self._job(path), path.rpartition("/")[2]
        if job["status"] in ENDED:
            raise Fault(409, f"a job that has {job['status']} cannot {word}")
        job["status"] = STEERED[word]
        return job

    def _job(self, path: str) -> dict[str, Any]:
        found = next((job for job in self.jobs if job["id"] in path.split("/")), None)
        if found is None:
            raise Fault(404, "no such job")
        return found

    def _keep(self, name: str, content: bytes) -> dict[str, Any]:
        file = {"id": f"file-{len(self.files)}", "object": "file", "filename": name, "bytes": len(content)}
        self.files.append({**file, "created_at": 0, "purpose": "fine-tune", "status": "processed"})
        self.contents[file["id"]] = content
        return self.files[-1]

    def _create(self, body: dict[str, Any]) -> dict[str, Any]:
        job = {"id": f"ftjob-{len(self.jobs)}", "object": "fine_tuning.job", "status": self.life[0], "created_at": 0}
        told = {key: value for key, value in body.items() if key not in ("metadata", "suffix")}
        for key in self.keeps:
            told[{"suffix": "user_provided_suffix"}.get(key, key)] = body.get(key)
        self.jobs.append({**job, "error": None, "fine_tuned_model": None, **told})
        return self.jobs[-1]


class Fault(Exception):
    """A status, and the host's words."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: Any) -> None:
        pass

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(time.time() + self.server.ahead_s)

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        self._do("GET", b"")

    def do_POST(self) -> None:
        self._do("POST", self.rfile.read(int(self.headers["Content-Length"] or 0)))

    def _do(self, method: str, body: bytes) -> None:
        server, parts = self.server, urlsplit(self.path)
        path = parts.path.removeprefix("/v1")
        server.asked.append(f"{method} {path}")
        server.heard += len(body)
        if server.counts_down("cuts"):
            return self._hang_up()
        status, value = server.faults.get(server.asked[-1], server.faults.get("", 200)), None
        if status == 200:
            try:
                value = (
                    server.get(path, parse_qs(parts.query))
                    if method == "GET"
                    else server.post(path, self.headers, body)
                )
            except Fault as fault:
                status, value = fault.args[0], {"error": {"message": fault.args[1]}}
        else:
            value = {"error": {"message": f"no, {TOKEN}", "code": server.code}}
        if server.counts_down("loses"):
            return self._hang_up()
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", **server.headers}.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()


def _list(data: list[Any]) -> dict[str, Any]:
    return {"object": "list", "data": data, "has_more": False}


def _page(data: list[Any], query: dict[str, list[str]]) -> dict[str, Any]:
    """A page of at most three, behind the one of the id `after`."""
    after, ids = query.get("after", [""])[0], [one["id"] for one in data]
    begin = ids.index(after) + 1 if after else 0
    return {"object": "list", "data": data[begin : begin + 3], "has_more": begin + 3 < len(data)}


def _sent(body: bytes) -> tuple[str, bytes]:
    """Name and content of the file in a form."""
    _, _, rest = body.partition(b'filename="')
    head, _, rest = rest.partition(b"\r\n\r\n")
    return head.split(b'"')[0].decode(), rest.partition(b"\r\n--")[0]


def serving() -> AbstractContextManager[Server]:
    """A server that runs while the block does."""
    return small_server.serving(Server())


def tell_a_life(server: Server) -> None:
    """Let jobs go from their files to a tuned model, with 30 steps on the way."""
    server.life = LIFE
    server.models[0]["shutdown_date"] = "2027-01-14"
    server.tell("Created fine-tuning job")
    for step in range(1, 31):
        server.step(step, 3.0 / step**0.5, 2.8 / step**0.5 if step % 10 == 0 else None)
    server.tell("The job has successfully completed")


if __name__ == "__main__":
    with serving() as told, contextlib.suppress(KeyboardInterrupt):
        tell_a_life(told)
        print(f"OPENAI_API_KEY={TOKEN} … train --provider openai --model open-8b --base-url {told.url} --follow")
        threading.Event().wait()
