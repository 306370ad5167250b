# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of one world as HTTP servers on loopback: api, raw, git and store, each on a port of its own."""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.peers.http_parts import Answer, Request, answer
from tests.peers.world import World

HOSTS = ("api", "raw", "git", "store")


class Host(ThreadingHTTPServer):
    """One host of the world."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, world: World, name: str, port: int = 0) -> None:
        self.world, self.name = world, name
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left is no error of ours; anything else is told."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    server: Host
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    timeout = 120

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def _serve(self) -> None:
        world, host = self.server.world, self.server.name
        body = self._body()
        if host == "api" and self.path.startswith("/_"):
            self._send(self._steer(body))
            return
        request = Request(host, self.command, self.path, self.headers, body, base=self.server.base)
        world.entered(host)
        made, seen = world.answer(request)
        self.sent = 0
        try:
            self._send(made)
        finally:
            world.left(replace(seen, sent=self.sent))

    def _steer(self, body: bytes) -> Answer:
        world = self.server.world
        if self.path.startswith("/_stats"):
            return answer(world.stats("summary" not in self.path))
        if self.path == "/_control" and self.command == "POST":
            return world.control(json.loads(body))
        return answer({}, 404)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _send(self, made: Answer) -> None:
        """Send an answer as it is to be sent, whole or not; `sent` counts the bytes of its body that went out."""
        bare = self.command == "HEAD" or made.status in (204, 304)
        self.send_response_only(made.status)
        self.send_header("Date", formatdate(self.server.world.limits.now(), usegmt=True))
        self.send_header("Server", "test-github")
        for name, value in made.headers.items():
            self.send_header(name, value)
        if made.status not in (204, 304):
            self.send_header("Content-Length", str(max(0, made.size + made.declared)))
        self.close_connection |= bool(made.silence or made.declared or made.cut is not None)
        if made.silence:
            time.sleep(made.silence)
            return
        self.end_headers()
        if not bare:
            self._send_body(made)

    def _send_body(self, made: Answer) -> None:
        end = made.size if made.cut is None else min(made.cut, made.size)
        end = min(end, made.size + made.declared)
        sent = self.sent = 0
        while sent < end:
            piece = min(made.piece, end - sent)
            data = made.content.read(made.start + sent, piece) if made.content else made.body[sent : sent + piece]
            self.wfile.write(data[:-1])
            if made.pause:
                self.wfile.flush()
                time.sleep(made.pause)
            self.wfile.write(data[-1:])  # waits in the buffer: who has the whole answer finds it in the log
            sent = self.sent = sent + len(data)


class Servers:
    """All hosts of a world, each served by a thread while the block runs."""

    def __init__(self, world: World, port: int = 0) -> None:
        self.hosts = {name: Host(world, name, port if name == "api" else 0) for name in HOSTS}
        world.bases |= {name: host.base for name, host in self.hosts.items()}

    @property
    def addresses(self) -> dict[str, str]:
        bases = {name: host.base for name, host in self.hosts.items()}
        return {**bases, "raw": f"{bases['raw']}/raw"}

    def __enter__(self) -> Servers:
        for host in self.hosts.values():
            threading.Thread(target=host.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for host in self.hosts.values():
            host.shutdown()
            host.server_close()
