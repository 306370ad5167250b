# SPDX-License-Identifier: GPL-3.0-or-later
"""A host on loopback that speaks OpenAI's fine-tuning protocol, and can be told what to do wrong."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

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


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """A server that runs while the block does."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
