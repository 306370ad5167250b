# SPDX-License-Identifier: GPL-3.0-or-later
"""A host on loopback that tunes in Together's form (https://github.com/togethercomputer/openapi, openapi.yaml of
2026-04-28), and can be told what to do wrong."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests import small_server

TOKEN = "tgp-loopback-0123456789"
TIME = "2026-11-29T12:00:0{}.000Z"
MODEL = "Qwen/Qwen3-8B"


def event(number: int, type: str, message: str, **more: Any) -> dict[str, Any]:
    """One of a job's events, told in second `number`."""
    empty = {"param_count": 0, "token_count": 0, "total_steps": 0, "wandb_url": "", "step": 0, "checkpoint_path": ""}
    head = {"object": "fine-tune-event", "created_at": TIME.format(number), "level": "info", "hash": ""}
    return {**head, **empty, "model_path": "", "training_offset": 0, "type": type, "message": message, **more}


class Server(ThreadingHTTPServer):
    """A host's memory. `fault` is the status of every answer to `faulty`; `lose` cuts the connection after a job was
    made, `unlisted` makes the list of jobs lag behind; `raw` is answered to everything."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.models = [MODEL]
        self.files: list[dict[str, Any]] = []
        self.contents: list[bytes] = []
        self.jobs: list[dict[str, Any]] = []
        self.metrics: list[dict[str, float]] = []
        self.checkpoints: list[dict[str, Any]] = []
        self.estimate: dict[str, Any] = {}
        self.asked: list[tuple[str, Any]] = []
        self.fault, self.faulty, self.raw = 0, "POST /v1/fine-tunes", b""
        self.lose = self.unlisted = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        server, path = self.server, self.path.removeprefix("/v1")
        known = {"/files": {"data": server.files}, "/fine-tunes/models/supported": {"models": server.models}}
        listed = [] if server.unlisted else server.jobs
        known["/fine-tunes"] = {"data": [{key: job[key] for key in job if key != "events"} for job in listed]}
        for job in server.jobs:
            place = f"/fine-tunes/{job['id']}"
            known |= {place: job, f"{place}/events": {"data": job["events"]}}
            known |= {f"{place}/metrics": {"metrics": server.metrics}}
            known |= {f"{place}/checkpoints": {"data": server.checkpoints}}
        self._answer(known.get(path), None)

    def do_POST(self) -> None:
        server, path = self.server, self.path.removeprefix("/v1")
        body: Any = self.rfile.read(int(self.headers["Content-Length"]))
        if path == "/files/upload":
            return self._answer(self._taken_in(body), body)
        body = json.loads(body or b"{}")
        if path == "/fine-tunes/estimate-price":
            return self._answer(server.estimate, body)
        if path.endswith("/cancel"):
            server.jobs[0]["status"] = "cancel_requested"
            return self._answer(server.jobs[0], body)
        if not self._is_faulty():
            id = f"ft-{len(server.jobs)}"
            name = f"alice/{body['model'].rpartition('/')[2]}-{body['suffix']}-0a1b2c3d"
            head = {"id": id, "status": "pending", "created_at": TIME.format(0), "updated_at": TIME.format(0)}
            told = {key: body[key] for key in body if key != "suffix"}
            server.jobs.append({**head, **told, "model_output_name": name, "events": []})
        if server.lose:
            self.close_connection = True
            return None
        return self._answer(server.jobs[-1] if server.jobs else None, body)

    def _taken_in(self, body: bytes) -> dict[str, Any]:
        parts = {}
        boundary = self.headers["Content-Type"].partition("boundary=")[2].encode()
        for part in body.split(b"--" + boundary)[1:-1]:
            head, _, content = part.partition(b"\r\n\r\n")
            parts[head.partition(b'name="')[2].partition(b'"')[0].decode()] = content.removesuffix(b"\r\n")
        assert parts["purpose"] == b"fine-tune" and parts["file_type"] == b"jsonl"
        self.server.contents.append(parts["file"])
        head = {"id": f"file-{len(self.server.files)}", "object": "file", "created_at": 0, "purpose": "fine-tune"}
        told = {"filename": parts["file_name"].decode(), "bytes": len(parts["file"]), "Processed": True}
        self.server.files.append({**head, **told, "FileType": "jsonl"})
        return self.server.files[-1]

    def _is_faulty(self) -> bool:
        return bool(self.server.fault) and f"{self.command} {self.path}" == self.server.faulty

    def _answer(self, value: Any, body: Any) -> None:
        server = self.server
        server.asked.append((f"{self.command} {self.path}", body))
        assert self.headers["Authorization"] == f"Bearer {TOKEN}"
        status = server.fault if self._is_faulty() else 404 if value is None and not server.raw else 200
        said = value if status == 200 else {"error": {"type": "invalid_request_error", "message": f"no, {TOKEN}"}}
        data = server.raw or json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def serving() -> AbstractContextManager[Server]:
    """A server that runs while the block does."""
    return small_server.serving(Server())
